"""The commands that assess files where there is no node: profile, quality and risk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gongshu.lake.parts import located
from gongshu.vocabulary.errors import Invalid, NotFound


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(profile)
    app.command()(quality)
    app.command()(risk)


def quality(  # noqa: PLR0917 - one option each; typer calls it by name
    file: Annotated[Path, typer.Argument(help="任何表格文件，不需要节点 / any table")],
    rules: Annotated[
        Path | None,
        typer.Option(help="数据合约（ODCS YAML）；不写就按文件提出规则 / a contract with rules"),
    ] = None,
    reference: Annotated[
        list[Path] | None, typer.Option(help="被引用的表，文件名即表名 / referenced tables")
    ] = None,
    failing: Annotated[
        str, typer.Option(help="列出不合这条规则的前20行 / list the rows that fail a rule")
    ] = "",
    as_of: Annotated[
        str, typer.Option(help="按哪一天评价及时性，默认今天 / the day of timeliness, YYYY-MM-DD")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")] = False,
    report: Annotated[
        Path | None, typer.Option("--html", help="写一份 HTML 报告 / an HTML report")
    ] = None,
    write_rules: Annotated[
        Path | None, typer.Option("--write-rules", help="把规则写成数据合约 / write the contract")
    ] = None,
) -> None:
    """检查文件的数据质量；0 全部合格，3 有不合格 / check the quality of a file."""
    references = tuple(reference or ())
    _require([file, *references, *([rules] if rules else [])])
    from gongshu_server.commands import qualities

    asked = qualities.Asked(
        rules=rules,
        references=references,
        as_of=_day(as_of),
        failing=failing,
        as_json=as_json,
        report=report,
        write_rules=write_rules,
    )
    raise typer.Exit(qualities.run(file, asked, Console()))


def risk(  # noqa: PLR0917 - one option each; typer calls it by name
    file: Annotated[Path, typer.Argument(help="任何表格文件，不需要节点 / any table")],
    quasi: Annotated[str, typer.Option(help="准标识符，以逗号分隔 / quasi-identifiers")],
    sensitive: Annotated[str, typer.Option(help="敏感项 / sensitive items")] = "",
    ordered: Annotated[str, typer.Option(help="其中有序的 / those with an order")] = "",
    subject: Annotated[
        str, typer.Option(help="主体列，按不同主体计数 / the subject's column")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")] = False,
    report: Annotated[Path | None, typer.Option(help="写一份 HTML 报告 / an HTML report")] = None,
) -> None:
    """评估一个文件的重标识风险；0 有形式可以共享，3 没有 / assess re-identification risk."""
    _require([file])
    from gongshu_server.commands import risks

    parts = risks.Parts.named(quasi, sensitive=sensitive, ordered=ordered, subject=subject)
    raise typer.Exit(risks.run(file, parts, as_json=as_json, report=report, console=Console()))


def profile(
    files: Annotated[list[Path], typer.Argument(help="任何表格文件，不需要节点 / any tables")],
    department: Annotated[
        str, typer.Option(help="提供单位，帮助判断行业领域 / who provides them")
    ] = "",
    values: Annotated[
        bool,
        typer.Option("--values", help="列出全部取值，只供数据提供单位 / all values, for the owner"),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")] = False,
    report: Annotated[
        Path | None, typer.Option("--html", help="写一份 HTML 报告 / an HTML report")
    ] = None,
) -> None:
    """探查文件：统计、敏感内容、分类分级建议；1 有文件读不了 / profile files without a node."""
    _require(files)
    from gongshu_server.commands import profiles

    raise typer.Exit(
        profiles.run(
            files,
            department=department,
            values=values,
            as_json=as_json,
            report=report,
            console=Console(),
        )
    )


def _require(files: Sequence[Path]) -> None:
    """Raise NotFound for the first path that is no file."""
    for file in files:
        if not located(file)[0].is_file():
            raise NotFound(f"没有这个文件：{file}。请核对路径。", code="no_such_file")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text) if text else date.today()  # noqa: DTZ011 - the user's day
    except ValueError as fault:
        raise Invalid(f"日期“{text}”要写成2026-01-31的样子。", code="not_a_day") from fault
