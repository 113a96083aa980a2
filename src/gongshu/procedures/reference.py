"""The generated reference pages: procedures, clauses, duties, matrix, permissions.

`python -m gongshu.procedures.reference --write DIR` writes them, `--check DIR` compares the
committed ones and exits 1 when one differs, is missing or is left over.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from gongshu.procedures import all_clauses, all_procedures, clause, duties
from gongshu.procedures.clauses import Clause
from gongshu.procedures.diagrams import mermaid
from gongshu.procedures.matrix import anchor
from gongshu.procedures.matrix import markdown as matrix_markdown
from gongshu.vocabulary.permissions import (
    INCOMPATIBLE_ROLES,
    ORGANISATION_ROLES,
    PERMISSIONS,
    POST_DUTIES,
    SCOPES,
    scope_of,
)
from gongshu.workflow.limits import Limit, Unit
from gongshu.workflow.procedure import Procedure, Transition

NOTICE = "<!-- 由 python -m gongshu.procedures.reference 生成，请勿手工修改。 -->"
UNITS = {
    Unit.working_day: "个工作日",
    Unit.calendar_day: "日",
    Unit.hour: "小时",
    Unit.month: "个月",
    Unit.year: "年",
}


def pages() -> dict[str, str]:
    """Return every generated page: its path below the reference folder, and its text."""
    made = {f"procedures/{p.code}.md": procedure_page(p) for p in all_procedures()}
    return {
        "procedures/index.md": index_page(),
        **made,
        "clauses.md": clauses_page(),
        "duties.md": duties_page(),
        "matrix.md": _page("依据、职责、环节与权限对照表", [matrix_markdown()]),
        "permissions.md": permissions_page(),
    }


def index_page() -> str:
    """Return the list of procedures."""
    rows = [
        (f"[{p.zh}]({p.code}.md)", f"`{p.code}`", str(len(p.transitions)), _codes(p))
        for p in all_procedures()
    ]
    return _page("办理流程", [_table(("流程", "代码", "环节数", "依据"), rows)])


def _codes(procedure: Procedure) -> str:
    return "、".join(
        _cited(code) for code in dict.fromkeys(t.clause for t in procedure.transitions)
    )


def procedure_page(procedure: Procedure) -> str:
    """Return the page of one procedure: diagram, steps, limits, documents."""
    steps = [_step(procedure, t) for t in procedure.transitions]
    parts = [
        f"代码 `{procedure.code}`，对象 `{procedure.subject}`。",
        f"## 状态图\n\n```mermaid\n{mermaid(procedure)}\n```",
        "## 环节",
        _table(("环节", "从", "到", "由谁办理", "依据", "条件与时限"), steps),
    ]
    if procedure.limits:
        rows = [(f"`{x.code}`", x.zh, amount(x), _cited(x.clause)) for x in procedure.limits]
        parts += ["## 时限", _table(("代码", "时限", "长度", "依据"), rows)]
    if procedure.documents:
        papers = [(f"`{k}`", d.zh, _cited(d.clause)) for k, d in procedure.documents.items()]
        parts += ["## 材料", _table(("代码", "材料", "依据"), papers)]
    return _page(procedure.zh, parts)


def _step(procedure: Procedure, step: Transition) -> tuple[str, ...]:
    return (
        f"{step.zh}<br>`{step.name}`",
        "、".join(procedure.states[s] for s in step.source),
        procedure.states[step.target],
        _granted(step.permission),
        _cited(step.clause),
        "；".join(_conditions(procedure, step)) or "—",
    )


def _conditions(procedure: Procedure, step: Transition) -> Iterable[str]:
    named = {
        "“{}”届满后才能办": step.after,
        "限“{}”届满前": step.within,
        "停止“{}”": step.stops,
        "暂停“{}”": step.pauses,
        "恢复“{}”": step.resumes,
        "起算“{}”": step.starts,
    }
    for kind in step.documents:
        yield f"须有{procedure.documents[kind].zh}"
    if step.reason_required:
        yield "须写明理由"
    for name in step.requires:
        yield f"须已{procedure.transition(name).zh}"
    if step.once:
        yield "只能办理一次"
    for sentence, codes in named.items():
        for code in codes:
            yield sentence.format(procedure.limit(code).zh)


def amount(limit: Limit) -> str:
    """Return the length of a limit in words."""
    if limit.unit is Unit.fixed:
        month, day = divmod(limit.amount, 100)
        return f"每年{month}月{day}日前"
    words = f"{limit.amount}{UNITS[limit.unit]}"
    return f"不超过{words}" if limit.ceiling else words


def clauses_page() -> str:
    """Return every clause, by instrument, with whether its text was read."""
    parts = [
        "各条要点用自己的话概括，不是原文。“未核实”表示没有读到原文，引用前请核对。",
    ]
    for instrument, group in groupby(all_clauses(), key=lambda one: one.instrument):
        rows = list(group)
        until = rows[0].until
        term = f"{rows[0].in_force} 起施行" + (f"，{until} 起失效" if until else "")
        table = _table(("代码", "条", "要点", "职责", "核实"), [_clause_row(c) for c in rows])
        parts += [f"## {instrument}", f"{term}。", table]
    return _page("依据", parts)


def _clause_row(one: Clause) -> tuple[str, ...]:
    read = "已读原文" if one.read else "**未核实**"
    return (
        f'<a id="{anchor(one.code)}"></a>`{one.code}`',
        one.article,
        f"{one.zh}<br><small>{one.en}</small>",
        "、".join(f"[{d}](duties.md#{anchor(d)})" for d in one.duties) or "—",
        read + (f"（{one.note}）" if one.note else ""),
    )


def duties_page() -> str:
    """Return the duties of the 2024 Opinions, each with the clauses that serve it."""
    served: dict[str, list[str]] = {}
    for one in all_clauses():
        for code in one.duties:
            served.setdefault(code, []).append(f"[{one.code}](clauses.md#{anchor(one.code)})")
    rows = [
        (
            f'<a id="{anchor(d.code)}"></a>{d.code}',
            d.zh,
            d.duty,
            d.proof,
            "、".join(served.get(d.code, ())),
        )
        for d in duties()
    ]
    head = ("编号", "职责", "要做到什么", "怎样算做到", "依据")
    intro = "《关于加快公共数据资源开发利用的意见》要求、可以由软件承担的职责，用自己的话概括。"
    return _page("职责", [f"{intro}编号是条号加序号。", _table(head, rows)])


def permissions_page() -> str:
    """Return who may do what, and which roles may not be held together."""
    rows = [
        (f"`{code}`", p.zh, *_who(code), f"`{scope_of(code)}`") for code, p in PERMISSIONS.items()
    ]
    scopes = [(f"`{code}`", zh) for code, zh in SCOPES.items()]
    pairs = [(ORGANISATION_ROLES[a], ORGANISATION_ROLES[b]) for a, b in INCOMPATIBLE_ROLES]
    parts = [
        "机构角色和岗位职责同时具备，才有相应权限；没有超级用户。",
        _table(("代码", "权限", "机构角色（任一）", "岗位职责（任一）", "凭证范围"), rows),
        "## 凭证的权限范围",
        "个人的接口凭证只在范围之内有效，并且不超过岗位职责。每个凭证都可以查询自己的范围（`/api/v1/me`）。",
        _table(("代码", "含义"), scopes),
        "## 不能同时承担的角色",
        f"依据 {_cited('opinions-11.1')}，同一控制关系下的机构不能同时承担：",
        _table(("运营一侧", "不能同时承担"), pairs),
    ]
    return _page("权限", parts)


def _who(code: str) -> tuple[str, str]:
    one = PERMISSIONS[code]
    roles = "、".join(
        zh for role, zh in ORGANISATION_ROLES.items() if role in one.organisation_roles
    )
    posts = "、".join(zh for post, zh in POST_DUTIES.items() if post in one.duties)
    return roles, posts


def _granted(code: str) -> str:
    roles, posts = _who(code)
    return f"{roles}的{posts}<br>`{code}`"


def _cited(code: str) -> str:
    # Raises KeyError for a clause that is not there: a page never cites into the void.
    mark = "" if clause(code).read else "（未核实）"
    return f"`{code}`{mark}"


def _page(title: str, parts: Sequence[str]) -> str:
    return "\n\n".join((NOTICE, f"# {title}", *parts)) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = (head, ["---"] * len(head), *rows)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def write(folder: Path) -> int:
    """Write every page below the folder; return how many."""
    made = pages()
    for name, text in made.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return len(made)


def differences(folder: Path) -> tuple[str, ...]:
    """Return the pages below the folder that differ, are missing or belong to no procedure."""
    made = pages()
    found = []
    for name, text in made.items():
        path = folder / name
        if not path.is_file():
            found.append(f"{name}: missing")
        elif path.read_text(encoding="utf-8") != text:
            found.append(f"{name}: differs")
    for path in sorted((folder / "procedures").glob("*.md")):
        if f"procedures/{path.name}" not in made:
            found.append(f"procedures/{path.name}: left over")
    return tuple(found)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the reference pages; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m gongshu.procedures.reference")
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("--write", metavar="DIR", type=Path)
    chosen.add_argument("--check", metavar="DIR", type=Path)
    options = parser.parse_args(arguments)
    if options.write is not None:
        sys.stdout.write(f"{write(options.write)} pages written\n")
        return 0
    found = differences(options.check)
    for line in found:
        sys.stdout.write(f"{line}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
