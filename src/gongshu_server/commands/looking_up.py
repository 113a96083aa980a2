"""What can be looked up without a node: clauses, and what this host offers."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from gongshu.procedures import all_clauses, clause
from gongshu.procedures.clauses import Clause
from gongshu.sandbox import check_host as host_checks
from gongshu.vocabulary.errors import NotFound


def clauses(code: str, console: Console) -> None:
    """Print one clause in full, or the list of all."""
    if code:
        one = _clause(code)
        console.print(f"[bold]{one.instrument} {one.article}[/bold]  （{one.code}）")
        console.print(one.zh)
        console.print(one.en, style="dim")
        seen = "已对照原文" if one.read else "未对照原文，仅凭记忆，引用前请核对"
        console.print(
            f"施行日期 {one.in_force}；{seen}；服务的职责：{'、'.join(one.duties) or '—'}"
        )
        return
    table = Table("编号", "出处", "要点", box=None)
    for one in all_clauses():
        table.add_row(one.code, one.short, one.zh)
    console.print(table)


def _clause(code: str) -> Clause:
    try:
        return clause(code)
    except KeyError:
        raise NotFound(
            f"没有编号为“{code}”的条款。不带参数运行 gongshu clauses 可列出全部。",
            code="clause_not_found",
        ) from None


def check_host(console: Console) -> int:
    """Print each isolation measure; return 0 when all that are required are there."""
    checks = host_checks()
    for check in checks:
        console.print(
            f"{'[green]可用[/green]' if check.ok else '[yellow]不可用[/yellow]'}  {check.zh}"
        )
    return 0 if all(check.ok for check in checks) else 1
