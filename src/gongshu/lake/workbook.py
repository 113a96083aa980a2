"""Spreadsheets: `.xls`, `.xlsx` and `.ods` under any name, read by calamine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Final

import python_calamine as calamine

from gongshu.lake import header as headers
from gongshu.lake.batches import OnReject, TextBatch, numbered_batch
from gongshu.lake.header import Header
from gongshu.lake.refusals import Refused

BATCH_ROWS: Final = 8192
MERGES: Final = 100_000  # in more than that no table is left to be read
EXACT: Final = 10**15  # spreadsheets keep fifteen digits of a number


def _number(value: float) -> str:
    """Return a number as the sheet shows it: fifteen digits, never in powers of ten."""
    if value.is_integer() and abs(value) < EXACT:
        return str(int(value))
    short = format(value, ".15g")
    if "e" not in short:
        return short
    return format(float(short), ".0f") if abs(value) >= 1 else f"{value:.20f}".rstrip("0")


def cell_text(value: Any) -> str:
    """Return a cell as text, dates in ISO form and a date without a time of day as a date."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, dt.datetime):
        midnight = value.time() == dt.time()
        return value.date().isoformat() if midnight else value.isoformat(" ")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value)


class Workbook:
    """The first sheet with content (or the one asked for) as a `TextTable`."""

    def __init__(self, open_: Callable[[], BinaryIO], sheet: str | None = None) -> None:
        try:
            book = calamine.CalamineWorkbook.from_filelike(open_())
            self._sheet, self._others = _choose(book, sheet)
        except calamine.PasswordError as locked:
            raise Refused("password") from locked
        except (calamine.CalamineError, OSError, ValueError) as broken:
            raise Refused("damaged_workbook") from broken
        if self._sheet is None:
            raise Refused("no_header")
        if self._sheet.width > headers.COLUMNS:
            raise Refused("too_many_columns", columns=self._sheet.width, limit=headers.COLUMNS)
        sample = [row for row, _ in zip(self._rows(), range(headers.SAMPLE_ROWS), strict=False)]
        self.header: Header = headers.find(sample)
        self._blank = 0
        self._merges = _merges(self._sheet, self.header.first)

    @property
    def merged(self) -> int:
        """Return how many cells of the table span several rows."""
        return sum(map(len, self._merges.values()))

    def _rows(self) -> Iterator[list[str]]:
        if self._sheet is not None:
            for row in self._sheet.iter_rows():
                yield [cell_text(cell) for cell in row]

    @property
    def blank_rows(self) -> int:
        """Return how many rows of the last complete reading held nothing."""
        return self._blank

    def understood(self) -> dict[str, Any]:
        """Return the sheet that was read, and the others that hold something."""
        row = self.header.row
        return {
            "format": "workbook",
            "encoding": None,
            "sheet": self._sheet.name if self._sheet else None,
            "other_sheets": self._others,
            "header_line": None if row is None else row + 1,
        }

    def batches(self, on_reject: OnReject) -> Iterator[TextBatch]:
        """Yield the rows under the header; only a cell too long makes a reject."""
        self._blank = 0
        width = len(self.header.names)
        rows: list[list[str]] = []
        line = 1 + self.header.first
        for at, row in enumerate(self._filled()):
            if at < self.header.first:
                continue
            rows.append(row[:width] + [""] * (width - len(row)))
            if len(rows) == BATCH_ROWS:
                yield self._batch(rows, line, on_reject)
                line += len(rows)
                rows = []
        if rows:
            yield self._batch(rows, line, on_reject)

    def _filled(self) -> Iterator[list[str]]:
        """Yield the rows with what a merged cell holds in every row that it spans."""
        spanning: dict[int, tuple[int, str]] = {}
        for at, row in enumerate(self._rows()):
            for column, (last, value) in list(spanning.items()):
                if at > last:
                    del spanning[column]
                elif column < len(row) and not row[column]:
                    row[column] = value
            for column, last in self._merges.get(at, ()):
                if column < len(row):
                    spanning[column] = (last, row[column])
            yield row

    def _batch(self, rows: list[list[str]], line: int, on_reject: OnReject) -> TextBatch:
        batch, empty = numbered_batch(rows, line, on_reject)
        self._blank += empty
        return batch


def _choose(
    book: calamine.CalamineWorkbook, wanted: str | None
) -> tuple[calamine.CalamineSheet | None, list[dict[str, Any]]]:
    """Return the sheet to read, and name and rows of every other sheet with content."""
    visible = [
        data.name
        for data in book.sheets_metadata
        if data.typ == calamine.SheetTypeEnum.WorkSheet
        and data.visible == calamine.SheetVisibleEnum.Visible
    ]
    if wanted is not None and wanted not in book.sheet_names:
        raise Refused("no_such_sheet", sheet=wanted)
    names = [wanted] if wanted is not None else visible or book.sheet_names
    chosen: calamine.CalamineSheet | None = None
    for name in names:
        sheet = book.get_sheet_by_name(name)
        if sheet.height:
            chosen = sheet
            break
    others = []
    for name in book.sheet_names[:50]:
        if chosen is None or name != chosen.name:
            sheet = book.get_sheet_by_name(name)
            if sheet.height:
                others.append({"name": name[:60], "rows": sheet.height})
    return chosen, others


def _merges(sheet: calamine.CalamineSheet, first: int) -> dict[int, list[tuple[int, int]]]:
    """Return column and last row of every cell that spans rows of the table, by its first row.

    A cell that spans several columns is a heading or a remark, and means none of them.
    """
    found: dict[int, list[tuple[int, int]]] = {}
    ranges = sheet.merged_cell_ranges or []
    offset = sheet.start[1] if sheet.start else 0
    for (top, left), (bottom, right) in ranges if len(ranges) <= MERGES else []:
        if left == right and first <= top < bottom and left >= offset:
            found.setdefault(top, []).append((left - offset, bottom))
    return found
