"""Where the table begins under its title rows, and what its columns are called."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Final

from gongshu.lake import levels
from gongshu.lake.refusals import Refused

COLUMNS: Final = 2000
SAMPLE_ROWS: Final = 200
TITLE_ROWS: Final = 20
REMARK: Final = "# "  # begins a line about the file, as programs write it
RESERVED: Final = frozenset({"主体_企业", "主体_个人"})

_DATA = re.compile(
    r"-?\d+(\.\d+)?%?|\d{4}[-/.年]\d{1,2}([-/.月]\d{1,2}日?)?.*|[0-9A-HJ-NPQRTUWXY]{18}|\d{17}[\dXx]"
)
_YEAR = re.compile(r"(19|20)\d\d年?|(19|20)\d\d[-/年]\d{1,2}月?")
_MARKUP = re.compile(r"</?[a-zA-Z][^<>]{0,200}>")  # pages write units as <br/><span>(mg/L)</span>
_UNIT = re.compile(r"单位\s*[:：]\s*(\S{1,10})")


@dataclass(frozen=True, slots=True)
class Header:
    """The names of the columns, made unique, and what stood above them.

    `row` is the index of the header (of its first row, when it has several `levels`) among the
    sampled rows, or None when the file has none; `first` the index of the first data row. `changed`
    maps a name to the header as received. A data row may be as short as `least` cells, because the
    columns beyond have no header.
    """

    names: tuple[str, ...]
    row: int | None
    first: int
    least: int
    titles: tuple[str, ...] = ()
    unit: str | None = None
    changed: dict[str, str] = field(default_factory=dict)
    duplicates: tuple[str, ...] = ()
    levels: int = 1

    @property
    def unnamed(self) -> frozenset[str]:
        """Return the columns whose header cell was empty."""
        return frozenset(name for name, source in self.changed.items() if not source)


def find(rows: list[list[str]]) -> Header:
    """Find the header among the first rows of a file; raises `Refused`."""
    filled = [sum(1 for cell in row if cell.strip()) for row in rows]
    if not any(filled):
        raise Refused("no_header")
    row = _header_row(rows, filled)
    cells, top, last = _levels(rows, row)
    above = [cell.strip() for title in rows[:top] for cell in title if cell.strip()]
    unit = next((found[1] for cell in above if (found := _UNIT.search(cell))), None)
    if _is_data(cells):
        width = Counter(len(sample) for sample in rows[row:]).most_common(1)[0][0]
        check_width(width)
        names = tuple(f"列{number}" for number in range(1, width + 1))
        return Header(names, None, row, width, tuple(above), unit)
    check_width(len(cells))
    names, changed, duplicates = _name(cells)
    least = max(at for at, cell in enumerate(cells, 1) if cell.strip())
    header = Header(names, top, last + 1, least, tuple(above), unit, changed, duplicates)
    return replace(header, levels=last + 1 - top)


def _levels(rows: list[list[str]], row: int) -> tuple[list[str], int, int]:
    """Return the header's cells, its rows joined into one, with its first and last row."""
    cells, top, last = rows[row], row, row
    if _has_data(cells):
        return cells, top, last
    if row + 2 < len(rows) and not _has_data(rows[row + 1]):
        below = levels.joined(cells, rows[row + 1])
        if below and all(below) and any(map(_has_data, rows[row + 2 :])):
            cells, last = below, row + 1
    found = cells, top, last
    while top and last - top + 1 < levels.LEVELS and not _has_data(rows[top - 1]):
        above = levels.joined(rows[top - 1], cells)
        if above is None:
            break
        cells, top = above, top - 1
        found = (cells, top, last) if all(cells) else found
    return found


def _header_row(rows: list[list[str]], filled: list[int]) -> int:
    """Return the first row that is as full as the table, or a fuller one just below without data.

    A title has one or two cells where the table has many; in a narrow table two cells may be most
    of them, and then only what stands below tells a title from a header.
    """
    remarks = 0
    while remarks < len(rows) - 1 and rows[remarks] and rows[remarks][0].startswith(REMARK):
        remarks += 1
    filled = [0] * remarks + filled[remarks:]
    counts = [count for count in filled if count]
    needed = 0.6 * median(counts[1:] or counts or [1])
    row = next(
        (
            at
            for at, count in enumerate(filled[: remarks + TITLE_ROWS])
            if count and count >= needed
        ),
        next((at for at, count in enumerate(filled) if count), 0),
    )
    for below in range(row + 1, min(row + 3, len(rows) - 1)):
        fuller = filled[below] > filled[row]
        if fuller and not _has_data(rows[below]) and any(map(_has_data, rows[below + 1 :])):
            return below
    return row


def _has_data(cells: list[str]) -> bool:
    return any(_DATA.fullmatch(cell.strip()) for cell in cells)


def named(names: list[str]) -> Header:
    """Return the header of a table whose columns have names of their own; raises `Refused`."""
    if not names:
        raise Refused("no_header")
    check_width(len(names))
    unique, changed, duplicates = _name(names)
    return Header(unique, 0, 1, len(names), changed=changed, duplicates=duplicates)


def check_width(width: int) -> None:
    """Raise `Refused` for more columns than any table has."""
    if width > COLUMNS:
        raise Refused("too_many_columns", columns=width, limit=COLUMNS)


def _is_data(cells: list[str]) -> bool:
    """Return whether what should be the header reads like a data row."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    years = {cell for cell in filled if _YEAR.fullmatch(cell)}
    if len(years) > 1:
        filled = [cell for cell in filled if cell not in years]
    data = sum(1 for cell in filled if _DATA.fullmatch(cell))
    return data * 2 >= max(len(filled), 1)


def _name(cells: list[str]) -> tuple[tuple[str, ...], dict[str, str], tuple[str, ...]]:
    """Return unique names, the received header of each changed one, and which names repeated."""
    names: list[str] = []
    taken = {name.casefold() for name in RESERVED}
    changed: dict[str, str] = {}
    duplicates: list[str] = []
    plain = {_plain(cell).casefold() for cell in cells}
    for number, cell in enumerate(cells, 1):
        wanted = _plain(cell) or f"列{number}"
        name, suffix = wanted, 2
        while name.casefold() in taken or (suffix > 2 and name.casefold() in plain):
            name, suffix = f"{wanted}_{suffix}", suffix + 1
        if name != wanted:
            duplicates.append(wanted)
        if name != cell.strip():
            changed[name] = cell.strip()[:200]
        taken.add(name.casefold())
        names.append(name)
    return tuple(names), changed, tuple(dict.fromkeys(duplicates))


def _plain(cell: str) -> str:
    """Return a header cell on one line, without marks or invisible characters, cut to 100."""
    text = _MARKUP.sub("", re.sub(r"[\r\n]+\s*", "", cell.strip()))
    return "".join(char for char in text if char.isprintable())[:100].strip()
