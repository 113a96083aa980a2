"""`gongshu check` and `gongshu sdc`: the library's verdicts on files, without a node.

Exit status: 0 allowed, 2 refused, 1 could not judge.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperCommand

from gongshu.cleanroom import Verdict, check, grants_of, sources_of, verdict_form
from gongshu.cleanroom.failures import RunFailed
from gongshu.policy import PUBLIC, GrantIndex
from gongshu.sdc import MARKER, Checked, judge_crossed, judge_table, read_table
from gongshu.vocabulary.errors import Invalid

ALLOWED, NOT_JUDGED, REFUSED = 0, 1, 2
EXITS: Mapping[str, Literal["export", "service"]] = {"export": "export", "service": "service"}
KINDS = {
    "key": "分组项",
    "count": "计数",
    "amount": "合计、平均或分位数",
    "copy": "原样",
    "answer": "答案",
}
# Why of a whole table nothing may be shown: the cause of a run that failed, in words.
NOTHING_SHOWN = {
    "one_group_per_subject": "“{}”几乎一个主体一组，分组后等于把这一列逐个抄出；请换更粗的分组。",
    "too_many_cells": "表太大，核对不了能不能由合计推算出被保护的数；请用更粗的分组，或不出合计。",
    "suppression": "没有找到能保护全部格子的办法；请用更粗的分组，或不出合计。",
    "audit": "核对不了能不能由合计推算出被保护的数；请用更粗的分组，或不出合计。",
}


class Judging(TyperCommand):
    """A command whose wrong usage is "could not judge": status 2 is kept for a refusal."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except Exception as error:
            if hasattr(error, "exit_code"):
                error.exit_code = error.exit_code and NOT_JUDGED
            raise


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except OSError:
        raise Invalid(f"读不了文件“{path}”，请核对路径。", code="unreadable") from None
    except ValueError:
        raise Invalid(f"“{path}”不是 JSON 文件，请核对。", code="unreadable") from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise Invalid(
            f"读不了查询文件“{path}”，请核对路径和 UTF-8 编码。", code="unreadable"
        ) from None


def _moment(text: str) -> datetime:
    if not text:
        return datetime.now(UTC)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.utcoffset() is None:
        raise Invalid("--at 要写成带时区的时间，如 2026-09-01T12:00:00+08:00。", code="unreadable")
    return at


def _one(named: list[str], what: str) -> str:
    """Return the only name there is, or ask for a choice among several."""
    if len(named) == 1:
        return named[0]
    listed = "、".join(named) or "无"
    raise Invalid(f"请用选项写明{what}；许可里的是：{listed}。", code="unclear")


def check_query(  # noqa: PLR0917 - one option each; typer calls it by name
    query: Annotated[Path, typer.Argument(help="查询文件（SQL）/ the query")],
    grant: Annotated[Path, typer.Option(help="许可文件（JSON）/ the grants")],
    schema: Annotated[Path, typer.Option(help="表结构文件（JSON）/ the tables")],
    party: Annotated[str, typer.Option(help="用数单位，默认取许可的被许可方 / who asks")] = "",
    purpose: Annotated[str, typer.Option(help="用途，默认取许可唯一的用途 / what for")] = "",
    business: Annotated[str, typer.Option(help="业务，默认取许可唯一的业务 / the business")] = "",
    region: Annotated[str, typer.Option(help="取数地区的行政区划代码 / region")] = "",
    scenario: Annotated[str, typer.Option(help="应用场景，默认取许可的 / scenario")] = "",
    exit: Annotated[str, typer.Option(help="出口：export 或 service / the exit")] = "export",
    at: Annotated[str, typer.Option(help="用数时间，默认现在 / when")] = "",
    published: Annotated[bool, typer.Option("--published", help="结果将向社会公布")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / as JSON")] = False,
) -> None:
    """检查一条查询；0 可以，2 不可以，1 无法判断 / judge a query without a node."""
    grants = grants_of(_json(grant))
    parties = sorted({one.grantee for one in grants} - {PUBLIC}) or [PUBLIC]
    asked = party or _one(parties, "用数单位（--party）")
    own = [one for one in grants if one.grantee in (asked, PUBLIC)] or list(grants)
    businesses = sorted({code for one in own for code in one.businesses})
    scenarios = sorted({one.scenario for one in own if one.scenario is not None})
    if exit not in EXITS:
        raise Invalid("--exit 只能写 export 或 service。", code="unreadable")
    verdict = check(
        _text(query),
        sources=sources_of(_json(schema)),
        index=GrantIndex.build(grants),
        party=asked,
        purpose=purpose or _one(sorted({p for o in own for p in o.purposes}), "用途（--purpose）"),
        business=business or (_one(businesses, "业务（--business）") if businesses else None),
        region=region or None,
        at=_moment(at),
        spent={},
        exit=EXITS[exit],
        scenario=scenario or (_one(scenarios, "应用场景（--scenario）") if scenarios else None),
        published=published,
    )
    form = json.dumps(verdict_form(verdict), ensure_ascii=False, indent=2)
    typer.echo(form if as_json else _told(verdict))
    raise typer.Exit(ALLOWED if verdict.allowed else REFUSED)


def _told(verdict: Verdict) -> str:
    lines = ["可以运行。" if verdict.allowed else f"不可以运行，共 {len(verdict.findings)} 处："]
    for finding in verdict.findings:
        place = "第{}行第{}列：".format(*finding.where) if finding.where else ""
        clause = f"（依据 {finding.clause}）" if finding.clause else ""
        lines.append(f"  {place}{finding.sentence}{clause}")
        if finding.rewrite:
            lines.append(f"    可以改写成：{finding.rewrite}")
    if verdict.lineage:
        lines.append("来龙去脉：")
    for column in verdict.lineage:
        values = "、".join(f"{r}.{n}" for r, n in column.values) or "无"
        others = [ref for ref in column.influences if ref not in column.values]
        rows = "、".join(f"{r}.{n}" for r, n in others) or "无"
        lines.append(f"  {column.name}（{KINDS[column.kind]}）：取值自 {values}；行由 {rows} 决定")
    return "\n".join([*lines, *verdict.opened_copies, *verdict.notes])


def judge_file(  # noqa: PLR0917 - one option each; typer calls it by name
    table: Annotated[Path, typer.Argument(help="表（CSV 或 Parquet），一行一条记录 / the table")],
    subject: Annotated[str, typer.Option(help="主体列 / the column that names the subject")],
    by: Annotated[
        list[str], typer.Option(help="分组列；写两次是两个维度 / the columns to group by")
    ],
    of: Annotated[str, typer.Option(help="再按这一列的每个取值计数 / count each value of it")] = "",
    totals: Annotated[
        bool, typer.Option("--totals", help="同时给出合计 / show the totals, too")
    ] = False,
    added: Annotated[
        str, typer.Option("--sum", help="求这一列的合计和平均 / sum and mean of it")
    ] = "",
    controller: Annotated[
        str, typer.Option(help="控制关系列：同一控制下的算一家 / who controls the subject")
    ] = "",
    k: Annotated[int, typer.Option(min=10, help="每个数至少涉及几个主体 / smallest cohort")] = 10,
    key_opened: Annotated[
        bool, typer.Option("--key-opened", help="（第一个）分组列已开放 / the group is public")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / as JSON")] = False,
) -> None:
    """按披露控制规则判断一张表；0 可以，2 有要保护的，1 无法判断 / judge a table."""
    crossed = totals or len(by) > 1
    if crossed and (of or added or controller):
        raise Invalid("--totals 和两个 --by 只用于计数，不能与 --of、--sum 同用。", code="unclear")
    asked: dict[str, Any] = {"subject": subject, "k": k, "key_opened": key_opened}
    if crossed:
        asked |= {"by": by, "totals": totals}
    else:
        asked |= {"by": by[0], "of": of or None, "amount": added or None}
        asked["controller"] = controller or None
    judge = judge_crossed if crossed else judge_table
    checked, sentence = _judged(judge, read_table(table), asked)
    form = _table_form(checked, k, sentence.format(by[0]))
    typer.echo(json.dumps(form, ensure_ascii=False, indent=2) if as_json else _explained(form))
    raise typer.Exit(ALLOWED if form["allowed"] else REFUSED)


def _judged(
    judge: Callable[..., Checked], rows: Any, asked: dict[str, Any]
) -> tuple[Checked | None, str]:
    """Return the judged table, or why nothing of it may be shown."""
    try:
        return judge(rows, **asked), ""
    except RunFailed as failed:
        if failed.cause not in NOTHING_SHOWN:
            raise
        return None, NOTHING_SHOWN[failed.cause]


def _table_form(checked: Checked | None, k: int, sentence: str) -> dict[str, Any]:
    if checked is None:
        return {"allowed": False, "k": k, "sentence": sentence, "protected": [], "shown": []}
    cells = [
        {
            "group": cell.key,
            "count": cell.measure,
            "subjects": cell.subjects,
            "causes": [cause.value for cause in cell.causes],
            "sentence": "；".join(cause.zh for cause in cell.causes),
        }
        for cell in checked.for_reviewer.protected
    ]
    review = checked.for_reviewer
    sentence = f"{review.groups} 组、{review.cells} 个数中，{len(cells)} 个要保护，其余按规则取整。"
    shown = checked.table.drop_columns([MARKER]).to_pylist()
    shown = [
        {n: v if isinstance(v, int | float) else _cell(v) for n, v in r.items()} for r in shown
    ]
    return {"allowed": not cells, "k": k, "sentence": sentence, "protected": cells, "shown": shown}


def _cell(value: Any) -> str | None:
    return None if value is None else str(value)


def _explained(form: dict[str, Any]) -> str:
    lines = ["可以公布。" if form["allowed"] else "不可以原样公布。", form["sentence"]]
    for cell in form["protected"]:
        group = "空" if cell["group"] is None else cell["group"]
        lines.append(f"  “{group}”组的“{cell['count']}”：{cell['sentence']}")
    return "\n".join(lines)


def register(app: typer.Typer) -> None:
    """Add both commands to the command line."""
    app.command(name="check", cls=Judging)(check_query)
    app.command(name="sdc", cls=Judging)(judge_file)
