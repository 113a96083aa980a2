"""A minimal writer of the old Excel format: one BIFF8 sheet inside a compound file.

Departments still send `.xls` under other names, no maintained package writes it, and a reader must
be tried on the real thing. Sources: [MS-XLS] records BOF, CODEPAGE, XF, BOUNDSHEET8, DIMENSIONS,
NUMBER, LABEL, EOF; [MS-CFB] header, FAT and directory.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from math import ceil
from struct import pack
from typing import Final

_SECTOR: Final = 512
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_SMALL_STREAM: Final = 4096  # Shorter streams would have to live in a mini stream.
_DAY_ZERO: Final = date(1899, 12, 30)
_PLAIN, _DAY = 0, 1  # Indices of the two XF records.


def workbook_bytes(rows: Sequence[Sequence[object]], sheet: str = "Sheet1") -> bytes:
    """Lay out rows of text, numbers, days and None as an `.xls` file.

    At most 65,536 rows and 256 columns; raises `ValueError` beyond, or for a text over 8,000
    characters, which would not fit one record.
    """
    if len(rows) > 65_536 or max(map(len, rows), default=0) > 256:
        raise ValueError("a BIFF8 sheet has at most 65,536 rows of 256 columns")
    body = _sheet(rows)
    name = sheet.encode("utf-16-le")
    head = _bof(0x0005) + _record(0x0042, pack("<H", 1200))
    head += _record(0x00E0, pack("<HH16x", 0, 0)) + _record(0x00E0, pack("<HH16x", 0, 14))
    after = len(head) + 4 + 8 + len(name) + 4
    head += _record(0x0085, pack("<IBBBB", after, 0, 0, len(sheet), 1) + name)
    return _compound_file(head + _record(0x000A, b"") + body)


def _record(kind: int, body: bytes) -> bytes:
    return pack("<HH", kind, len(body)) + body


def _bof(kind: int) -> bytes:
    return _record(0x0809, pack("<HHHHII", 0x0600, kind, 0x0DBB, 0x07CC, 0, 0x0600))


def _sheet(rows: Sequence[Sequence[object]]) -> bytes:
    width = max(map(len, rows), default=0)
    parts = [_bof(0x0010), _record(0x0200, pack("<IIHHH", 0, len(rows), 0, width, 0))]
    for r, row in enumerate(rows):
        parts.extend(_cell(r, c, value) for c, value in enumerate(row) if value not in (None, ""))
    return b"".join([*parts, _record(0x000A, b"")])


def _cell(row: int, column: int, value: object) -> bytes:
    if isinstance(value, date):
        value, style = (value - _DAY_ZERO).days, _DAY
    else:
        style = _PLAIN
    if isinstance(value, int | float):
        return pack("<HHHHHd", 0x0203, 14, row, column, style, value)
    text = str(value).encode("utf-16-le")
    if len(text) > 16_000:
        raise ValueError("a cell of an .xls file holds at most 8,000 characters here")
    head = pack("<HHHHHHB", 0x0204, 9 + len(text), row, column, style, len(text) // 2, 1)
    return head + text


def _compound_file(stream: bytes) -> bytes:
    """Wrap one stream named Workbook: header, stream sectors, directory sector, FAT sectors."""
    stream = stream.ljust(_SMALL_STREAM, b"\0")
    used = ceil(len(stream) / _SECTOR)
    tables = 1
    while (used + 1 + tables) * 4 > tables * _SECTOR:
        tables += 1
    if tables > 109:
        raise ValueError("an .xls of more than 7 MB would need a second allocation index")
    chain = [*range(1, used), _END, _END, *[_FAT] * tables]
    chain += [_FREE] * (tables * _SECTOR // 4 - len(chain))
    directory = _entry("Root Entry", 5, child=1, start=_END, size=0)
    directory += _entry("Workbook", 2, child=_FREE, start=0, size=len(stream))
    return b"".join(
        (
            _header(directory_at=used, tables_at=used + 1, tables=tables),
            stream.ljust(used * _SECTOR, b"\0"),
            directory.ljust(_SECTOR, b"\0"),
            pack(f"<{len(chain)}I", *chain),
        )
    )


def _header(*, directory_at: int, tables_at: int, tables: int) -> bytes:
    signature = bytes.fromhex("d0cf11e0a1b11ae1")
    sizes = pack("<16xHHHHH6x", 0x003E, 3, 0xFFFE, 9, 6)
    places = pack("<IIIIIIIII", 0, tables, directory_at, 0, _SMALL_STREAM, _END, 0, _END, 0)
    index = [*range(tables_at, tables_at + tables), *[_FREE] * (109 - tables)]
    return signature + sizes + places + pack("<109I", *index)


def _entry(name: str, kind: int, *, child: int, start: int, size: int) -> bytes:
    spelled = (name + "\0").encode("utf-16-le")
    links = pack("<BBIII", kind, 1, _FREE, _FREE, child)
    return spelled.ljust(64, b"\0") + pack("<H", len(spelled)) + links + pack("<36xIQ", start, size)
