"""The dirt that departments really send, planted in known amounts.

Every kind gets its own rows, drawn without replacement, so what a reader finds can be compared
with `Planted` number by number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from math import ceil
from typing import Final

import numpy as np

from gongshu_server.demo.city.model import Planted

Row = list[object]

SPELLINGS: Final[tuple[Callable[[str], str], ...]] = (
    lambda s: "".join(chr(ord(c) + 0xFEE0) for c in s),
    lambda s: f"{s[:6]} {s[6:14]} {s[14:]}",
    lambda s: f"{s[:6]}-{s[6:14]}-{s[14:]}",
    lambda s: f"{s[:8]}\u200b{s[8:]}",
    lambda s: s + "\u00a0",
    lambda s: "\u3000" + s,
    lambda s: f"{s[:2]}\ufeff{s[2:]}",  # Readers of .xls may drop a leading one.
    lambda s: s + "\t",
    lambda s: f"{s[:9]}\u00ad{s[9:]}",
    lambda s: s.lower() if s.lower() != s else f"{s[:17]} {s[17]}",
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Which kinds of dirt a file gets, as shares of its rows, and in which items."""

    id_item: str | None = None
    blank_items: tuple[str, ...] = ()
    month_item: str | None = None
    thousands_item: str | None = None
    blank: float = 0.0
    duplicate: float = 0.0
    wrong: float = 0.0
    respelled: float = 0.0
    ragged: float = 0.0
    month: float = 0.0
    thousands: float = 0.0


def plant(
    rng: np.random.Generator,
    items: tuple[str, ...],
    rows: list[Row],
    recipe: Recipe,
    *,
    spared: frozenset[int] = frozenset(),
) -> tuple[list[Row], Planted]:
    """Dirty `rows` in place by `recipe`, leaving the positions `spared` clean.

    Returns the rows with duplicates mixed in, and the counts. Ragged rows and duplicates keep
    valid identifiers.
    """
    order = iter([i for i in rng.permutation(len(rows)).tolist() if i not in spared])

    def some(share: float) -> list[int]:
        wanted = ceil(share * len(rows))
        return [i for _, i in zip(range(wanted), order, strict=False)]

    blanks, wrong, respelled = some(recipe.blank), some(recipe.wrong), some(recipe.respelled)
    months, thousands = some(recipe.month), some(recipe.thousands)
    ragged, copied = some(recipe.ragged), some(recipe.duplicate)
    _blank(rows, [items.index(name) for name in recipe.blank_items], blanks)
    if recipe.id_item is not None:
        _misspell(rows, items.index(recipe.id_item), wrong, respelled)
    if recipe.month_item is not None:
        _write_months(rows, items.index(recipe.month_item), months)
    separated = 0
    if recipe.thousands_item is not None:
        separated = _write_thousands(rows, items.index(recipe.thousands_item), thousands)
    _tear(rows, ragged)
    return _with_copies(rng, rows, copied), Planted(
        blank_cells=len(blanks),
        duplicate_rows=len(copied),
        wrong_check_digits=len(wrong),
        respelled_ids=len(respelled),
        ragged_rows=len(ragged),
        month_dates=len(months),
        thousands=separated,
    )


def month_of(day: date) -> str:
    """Write a day the way a form with no day field does: 2023年7月."""
    return f"{day.year}年{day.month}月"


def _blank(rows: list[Row], columns: list[int], places: list[int]) -> None:
    for nth, i in enumerate(places):
        rows[i][columns[nth % len(columns)]] = ("", " ")[nth // len(columns) % 2]


def _tear(rows: list[Row], places: list[int]) -> None:
    for nth, i in enumerate(places):
        rows[i] = rows[i][:-1] if nth % 2 else [*rows[i], "见备注"]


def _misspell(rows: list[Row], column: int, wrong: list[int], respelled: list[int]) -> None:
    for i in wrong:
        number = str(rows[i][column])
        rows[i][column] = number[:-1] + ("1" if number[-1] != "1" else "2")
    for nth, i in enumerate(respelled):
        rows[i][column] = SPELLINGS[nth % len(SPELLINGS)](str(rows[i][column]))


def _write_months(rows: list[Row], column: int, places: list[int]) -> None:
    for i in places:
        day = rows[i][column]
        rows[i][column] = month_of(day if isinstance(day, date) else date.fromisoformat(str(day)))


def _write_thousands(rows: list[Row], column: int, places: list[int]) -> int:
    """Write separators and count them; numbers under a thousand have nothing to separate."""
    for i in places:
        rows[i][column] = f"{float(str(rows[i][column])):,.2f}"
    return sum("," in str(rows[i][column]) for i in places)


def _with_copies(rng: np.random.Generator, rows: list[Row], copied: list[int]) -> list[Row]:
    """Put each copy somewhere behind its original."""
    places = [(int(rng.integers(i, len(rows))), list(rows[i])) for i in copied]
    result = list(rows)
    for place, row in sorted(places, key=lambda pair: -pair[0]):
        result.insert(place + 1, row)
    return result
