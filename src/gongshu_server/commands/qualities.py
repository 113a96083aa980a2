"""`gongshu quality`: check any file against rules, or propose them, and say the metrics."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gongshu.procedures import clause
from gongshu.profile import study
from gongshu.quality import (
    CLAUSE,
    Measure,
    Report,
    Rule,
    check,
    failing_rows,
    from_odcs,
    propose_rules,
    to_odcs,
)
from gongshu.vocabulary.errors import NotFound
from gongshu_server.commands import contracts, qualitypage
from gongshu_server.commands.files import Taken, taken

SCHEMA = "gongshu-quality-1"
FAILING = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for beside the file."""

    rules: Path | None = None
    references: tuple[Path, ...] = ()
    as_of: date = date.min
    failing: str = ""
    as_json: bool = False
    report: Path | None = None
    write_rules: Path | None = None


def run(file: Path, asked: Asked, console: Console) -> int:
    """Check one file; return 0 when every rule was read and holds, else 3."""
    with taken(file) as one:
        rules, left = _rules(one, file, asked)
        if asked.write_rules is not None:
            contracts.write(to_odcs(rules, one.open().schema, table=file.stem), asked.write_rules)
        tables = {path.stem: _whole(path) for path in asked.references}
        found = check(one.open(), rules, as_of=asked.as_of, tables=tables)
        rows = _failing(one, rules, asked, tables) if asked.failing else None
    if asked.report is not None:
        asked.report.write_text(qualitypage.render(found, file.name, left), encoding="utf-8")
    if asked.as_json:
        said = as_json(found, file.name, left)
        console.file.write(json.dumps(said, ensure_ascii=False, indent=1) + "\n")
    else:
        show(found, file.name, left, console)
        for path in (asked.report, asked.write_rules):
            if path is not None:
                console.print(f"已写入 {escape(str(path))}。")
    if rows is not None and not asked.as_json:
        console.print(_rows(rows))
    # A rule that was not read was not kept either.
    return 3 if left or any(result.failed for result in found.results) else 0


def _rules(one: Taken, file: Path, asked: Asked) -> tuple[tuple[Rule, ...], tuple[str, ...]]:
    """Return the rules of the contract, or those that the file itself suggests."""
    if asked.rules is None:
        rows = one.received.rows
        return propose_rules(study(one.open, rows=rows, title=file.stem)), ()
    read = from_odcs(contracts.read(asked.rules))
    return read.rules, read.left


def _whole(path: Path) -> Any:
    with taken(path) as one:
        return one.open().read_all()


def _failing(one: Taken, rules: tuple[Rule, ...], asked: Asked, tables: dict[str, Any]) -> Any:
    named = [rule for rule in rules if rule.name == asked.failing]
    if not named:
        names = "、".join(rule.name for rule in rules[:40])
        raise NotFound(f"没有规则“{asked.failing}”。现有规则：{names}。", code="rule_not_found")
    return failing_rows(one.open(), named[0], as_of=asked.as_of, tables=tables, limit=FAILING)


def show(found: Report, name: str, left: tuple[str, ...], console: Console) -> None:
    """Print the summary: rules, metrics with their counts, the law."""
    console.print(f"[bold]{escape(name)}[/bold]：{found.rows:,}行，{len(found.results):,}条规则")
    for sentence in left:
        console.print(f"  [red]没有读入[/red] {escape(sentence)}")
    for result in found.results:
        mark = "[red]不合格[/red]" if result.failed else "[green]合格[/green]  "
        mark = mark if result.tested else "无法评估"
        console.print(f"  {mark} {escape(result.sentence)}")
    table = Table("代码", "指标", "标准", "公式", "A", "B", "结果", box=None)
    for measure in found.measures:
        table.add_row(*qualitypage.cells(measure))
    console.print(table)
    rule = clause(CLAUSE)
    console.print(f"依据 {rule.short}（{rule.code}）：{rule.zh}", style="dim")


def _rows(rows: Any) -> Table:
    table = Table(*map(escape, rows.schema.names), box=None)
    for row in rows.to_pylist():
        table.add_row(*("" if value is None else escape(str(value)) for value in row.values()))
    return table


def as_json(found: Report, name: str, left: tuple[str, ...]) -> dict[str, Any]:
    """Return the report as JSON-able values."""
    return {
        "schema": SCHEMA,
        "file": name,
        "rows": found.rows,
        "incomplete": found.incomplete,
        "dirty": found.dirty,
        "left": list(left),
        "rules": [
            {"rule": one.rule.to_json(), "tested": one.tested, "failed": one.failed}
            for one in found.results
        ],
        "metrics": [_measure(one) for one in found.measures],
    }


def _measure(one: Measure) -> dict[str, Any]:
    return {
        "metric": one.metric.key,
        "formula": one.metric.formula.value,
        "lower_is_better": one.metric.lower_is_better,
        "a": one.a,
        "b": one.b,
        "value": None if one.value is None else float(one.value),
        "said": one.said,
    }
