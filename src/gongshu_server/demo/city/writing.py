"""Writes tables in the containers departments use; the same input always gives the same bytes."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import xlsxwriter

from gongshu_server.demo.city.xls import workbook_bytes


def write_csv(
    path: Path,
    items: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    titles: Sequence[str] = (),
    encoding: str = "utf-8",
) -> None:
    """Write a CSV with CRLF line ends, gzipped when the name ends so; title rows fill one cell."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([title] + [""] * (len(items) - 1) for title in titles)
    writer.writerow(items)
    writer.writerows(rows)
    body = text.getvalue().encode(encoding)
    if path.suffix == ".gz":
        body = gzip.compress(body, compresslevel=1, mtime=0)
    path.write_bytes(body)


def write_xls(path: Path, items: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Write a real BIFF8 workbook of one sheet, under whatever name `path` has."""
    path.write_bytes(workbook_bytes([list(items), *rows]))


def write_xlsx(
    path: Path,
    items: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    titles: Sequence[str] = (),
) -> None:
    """Write an .xlsx workbook of one sheet with the title merged across the columns."""
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        book.set_properties({"created": datetime(2000, 1, 1, tzinfo=UTC)})
        sheet = book.add_worksheet()
        for place, title in enumerate(titles):
            sheet.merge_range(place, 0, place, len(items) - 1, title)
        for place, row in enumerate([list(items), *rows], start=len(titles)):
            for column, cell in enumerate(row):
                text = cell.isoformat() if isinstance(cell, date) else cell
                write = sheet.write_number if isinstance(cell, int | float) else sheet.write_string
                write(place, column, text)
