"""`gongshu profile`: read any files in the locked worker, study them, print, and write a report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gongshu.procedures import clause
from gongshu.profile import ColumnProfile, Study, protect, study
from gongshu.profile.statistics import ColumnValues
from gongshu.vocabulary.errors import DomainError
from gongshu_server.commands import profilepage
from gongshu_server.commands.files import taken

SCHEMA = "gongshu-profile-1"
LAW = ("gbt43697", "gbt43697-h", "gbt37964")


@dataclass(frozen=True, slots=True)
class Studied:
    """One file, and what was found in it or why it could not be read."""

    name: str
    study: Study | None
    rejected: int = 0
    notes: tuple[str, ...] = ()
    refusal: str | None = None


def run(
    files: Sequence[Path],
    *,
    department: str,
    values: bool,
    as_json: bool,
    report: Path | None,
    console: Console,
) -> int:
    """Study the files one after the other; return 0, or 1 when one could not be read.

    Without `values` what is printed and written is protected, for a report is a file that travels.
    """
    found = [take(file, department=department, values=values) for file in files]
    if report is not None:
        report.write_text(profilepage.render(found, LAW), encoding="utf-8")
    if as_json:
        said = {"schema": SCHEMA, "files": [_json(one) for one in found]}
        console.file.write(json.dumps(said, ensure_ascii=False, indent=1) + "\n")
    else:
        for one in found:
            show(one, console)
        if report is not None:
            console.print(f"报告已写入 {escape(str(report))}。")
    return 1 if any(one.study is None for one in found) else 0


def take(file: Path, *, department: str, values: bool) -> Studied:
    """Study one file; a file that cannot be read gives its sentence."""
    try:
        with taken(file) as one:
            rows, notes = one.received.rows, one.received.notes
            found = study(one.open, rows=rows, title=file.stem, department=department)
            rejected = one.received.rejected
    except DomainError as refusal:
        return Studied(file.name, None, refusal=refusal.sentence)
    said = tuple(note.sentence for note in notes)
    return Studied(file.name, found if values else protect(found), rejected, said)


def show(one: Studied, console: Console) -> None:
    """Print the summary: what each column is, the evidence, the proposal, the law."""
    if one.study is None:
        console.print(f"[bold]{escape(one.name)}[/bold]：[red]{escape(one.refusal or '')}[/red]")
        return
    profile = one.study.profile
    rejected = f"，另有{one.rejected:,}行没有读进来" if one.rejected else ""
    console.print(f"[bold]{escape(one.name)}[/bold]：{profile.rows:,}行{rejected}")
    for note in one.notes:
        console.print(f"  {escape(note)}")
    console.print(_columns(one.study))
    console.print(f"能区分每一行的数据项：{escape(profilepage.keys(one.study))}")
    evidence = [
        f"{column.name}：{finding.sentence}"
        for column in profile.columns
        for finding in column.findings
    ]
    if evidence:
        console.print("\n[bold]敏感内容[/bold]")
        for sentence in evidence:
            console.print(f"  {escape(sentence)}")
    console.print(f"\n[bold]建议[/bold]：{escape(proposal(one.study))}，由人确认后生效")
    for reason in profile.proposal.reasons:
        console.print(f"  {escape(reason)}")
    for code in LAW:
        rule = clause(code)
        console.print(f"依据 {rule.short}（{rule.code}）：{rule.zh}", style="dim")
    console.print()


def proposal(found: Study) -> str:
    """Return category, level and grade of the whole."""
    said = found.profile.proposal
    return f"类别 {said.category}，级别 {said.level.zh}，{said.grade}级，{said.subject.zh}"


def _columns(found: Study) -> Table:
    table = Table("数据项", "类型", "空值", "不同值", "范围或常见值", "发现", "建议", box=None)
    for column, held in zip(found.profile.columns, found.values, strict=True):
        table.add_row(
            escape(column.name),
            profilepage.kind(column),
            profilepage.share(column.nulls + column.blanks, column.rows),
            profilepage.distinct(column),
            escape(_range(column, held)),
            "、".join(dict.fromkeys(finding.kind.zh for finding in column.findings)),
            f"{column.proposal.grade}级 {column.proposal.identifier.zh}",
        )
    return table


def _range(column: ColumnProfile, held: ColumnValues) -> str:
    if held.spread is not None:
        return f"{held.spread.minimum} … {held.spread.maximum}"
    if held.frequent:
        return "、".join(one.value[:12] for one in held.frequent[:3])
    if column.maximum_length is None:
        return "（不列出）" if held.withheld else ""
    return f"长度{column.minimum_length}–{column.maximum_length}"


def _json(one: Studied) -> dict[str, Any]:
    if one.study is None:
        return {"file": one.name, "error": one.refusal}
    head = {"file": one.name, "rejected": one.rejected, "notes": list(one.notes)}
    return head | one.study.as_json()
