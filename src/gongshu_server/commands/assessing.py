"""The commands that assess files where there is no node: profile and risk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gongshu.vocabulary.errors import NotFound


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(profile)
    app.command()(risk)


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
        if not file.is_file():
            raise NotFound(f"没有这个文件：{file}。请核对路径。", code="no_such_file")
