"""`gongshu risk`: read any file in the locked worker, assess it, print, and write a report."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from rich.console import Console
from rich.table import Table

from gongshu.procedures import clause
from gongshu.risk import CLAUSE, Assessment, assess, minimal_risky
from gongshu_server.commands import riskpage
from gongshu_server.commands.files import taken

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Parts:
    """Which part the columns of the file play."""

    quasi: tuple[str, ...]
    sensitive: tuple[str, ...] = ()
    ordered: tuple[str, ...] = ()
    subject: str | None = None

    @classmethod
    def named(cls, quasi: str, *, sensitive: str, ordered: str, subject: str) -> Self:
        """Read the lists as they are typed, parted by commas of either width."""

        def names(text: str) -> tuple[str, ...]:
            parts = (one.strip() for one in re.split("[,，、]", text))
            return tuple(one for one in parts if one)

        return cls(names(quasi), names(sensitive), names(ordered), subject.strip() or None)

    @property
    def columns(self) -> list[str]:
        """Return the names of all columns that are needed."""
        return [*self.quasi, *self.sensitive, *([self.subject] if self.subject else [])]


def run(file: Path, parts: Parts, *, as_json: bool, report: Path | None, console: Console) -> int:
    """Assess one file; return 0 when it may be shared in some form, else 3."""
    table = read(file, parts.columns)
    found = assess(
        table,
        parts.quasi,
        sensitive=parts.sensitive,
        ordered=parts.ordered,
        subject=parts.subject,
    )
    if report is not None:
        report.write_text(riskpage.render(found, file.name), encoding="utf-8")
    if as_json:
        said = json.dumps(found.as_json(), ensure_ascii=False, indent=1)
        console.file.write(said + "\n")
    else:
        show(found, file.name, console)
        if report is not None:
            console.print(f"报告已写入 {report}。")
    return 0 if any(one.acceptable for one in found.verdicts) else 3


def read(file: Path, names: Sequence[str]) -> Any:
    """Return the named columns of a received file; all of them when one of the names is not there.

    The file is read in the locked worker into a folder that is gone when this returns.
    """
    with taken(file) as one:
        held = {column.name for column in one.received.schema.columns}
        columns = list(dict.fromkeys(names)) if names and set(names) <= held else None
        return one.open(columns).read_all()


def show(found: Assessment, name: str, console: Console) -> None:
    """Print the summary: classes, the sensitive items, what may be shared, what singles out."""
    sizes, risk = found.sizes, found.risk
    console.print(f"[bold]{name}[/bold]：{sizes.rows:,}行，准标识符 {'、'.join(found.quasi)}")
    console.print(
        f"等价类 {sizes.count:,} 个，最小 k = {sizes.k}，唯一 {sizes.uniques:,} 个，"
        f"抑制 {sizes.suppressed:,} 行"
    )
    console.print(f"最高风险 {risk.highest:.2%}，平均 {risk.average:.2%}")
    for item, one in found.diversity.items():
        t = one.t_categorical if one.t_ordered is None else one.t_ordered
        console.print(
            f"敏感项 {item}：l = {one.distinct_l}，熵 l = {one.entropy_l:.2f}，"
            f"t = {t:.3f}，α = {one.alpha:.2f}"
        )
    rule = clause(CLAUSE)
    console.print(f"\n依据 {rule.short}（{rule.code}）：{rule.zh}")
    for verdict in found.verdicts:
        mark = "[green]可以[/green]" if verdict.acceptable else "[red]不可以[/red]"
        console.print(f"{mark}  {verdict.model.zh}")
        for reason in verdict.reasons:
            console.print(f"        {reason}")
    smallest = minimal_risky(found.combinations)
    if smallest:
        console.print("\n认得出人的最小组合（有不足20个的等价类）")
        console.print(_combinations(smallest))


def _combinations(sets: Sequence[Any]) -> Table:
    table = Table("组合", "唯一的行", "等价类", "平均风险", "", box=None)
    for one in sets[:SHOWN]:
        table.add_row(
            "、".join(one.columns),
            f"{one.uniques:,}",
            f"{one.classes:,}",
            f"{one.average:.2%}",
            "" if one.exact else "估计",
        )
    if len(sets) > SHOWN:
        table.add_row(f"……另有 {len(sets) - SHOWN} 个", "", "", "", "")
    return table
