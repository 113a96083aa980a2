"""The matrix clause → duty → step → permission, as rows and as Markdown.

Tests and pages are known elsewhere (pytest markers, page templates) and are passed in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gongshu.procedures import all_clauses, all_procedures
from gongshu.procedures.clauses import Clause
from gongshu.workflow.procedure import Procedure


@dataclass(frozen=True, slots=True)
class Basis:
    """One thing in a procedure that rests on a clause: a step, a limit or a kind of document.

    `permission` is the code of the step's permission, empty for the other two.
    """

    procedure: str
    kind: str
    name: str
    zh: str
    permission: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One clause with what rests on it in the procedures."""

    clause: Clause
    bases: tuple[Basis, ...]


def rows() -> tuple[Row, ...]:
    """Return one row for every clause, in the order of the clauses."""
    resting: dict[str, list[Basis]] = {}
    for procedure in all_procedures():
        for code, basis in _bases(procedure):
            resting.setdefault(code, []).append(basis)
    return tuple(Row(one, tuple(resting.get(one.code, ()))) for one in all_clauses())


def _bases(procedure: Procedure) -> Iterator[tuple[str, Basis]]:
    for step in procedure.transitions:
        yield step.clause, Basis(procedure.code, "环节", step.name, step.zh, step.permission)
    for limit in procedure.limits:
        yield limit.clause, Basis(procedure.code, "时限", limit.code, limit.zh)
    for kind, document in procedure.documents.items():
        yield document.clause, Basis(procedure.code, "材料", kind, document.zh)


def markdown(
    *,
    tests: Mapping[str, Sequence[str]] | None = None,
    pages: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """Return the matrix as a Markdown table.

    `tests` and `pages` map clause codes to names; a column is left out when its mapping is None.
    """
    more = [(zh, found) for zh, found in (("测试", tests), ("页面", pages)) if found is not None]
    head = ["依据", "职责", "环节、时限、材料", "权限", *(zh for zh, _ in more)]
    lines = [_line(head), _line(["---"] * len(head))]
    for row in rows():
        permissions = dict.fromkeys(f"`{b.permission}`" for b in row.bases if b.permission)
        cells = [
            f"[{row.clause.code}](clauses.md#{anchor(row.clause.code)})",
            "、".join(f"[{d}](duties.md#{anchor(d)})" for d in row.clause.duties) or "—",
            "<br>".join(_basis(basis) for basis in row.bases) or "—",
            "<br>".join(permissions) or "—",
        ]
        cells += ["<br>".join(found.get(row.clause.code, ())) or "—" for _, found in more]
        lines.append(_line(cells))
    return "\n".join(lines)


def anchor(code: str) -> str:
    """Return the page anchor of a clause or duty."""
    return "c-" + code.replace(".", "-")


def _basis(basis: Basis) -> str:
    page = f"procedures/{basis.procedure}.md"
    return f"[{basis.procedure}]({page}) · {basis.kind} · {basis.zh}（`{basis.name}`）"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
