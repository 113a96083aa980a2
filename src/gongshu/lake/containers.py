"""What a received file is, by its first bytes and never by its name, and how far it may unfold."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from gongshu.lake.refusals import Refused

MIB: Final = 1024 * 1024
READ_BYTES: Final = MIB
INFLATED_BYTES: Final = 4096 * MIB  # of a text file
WORKBOOK_BYTES: Final = 1024 * MIB  # of everything inside a workbook
RATIO: Final = 200  # departments' tables stay below 60
RATIO_FROM: Final = 32 * MIB
ENTRIES: Final = 10_000

FOREIGN: Final = (
    (b"%PDF", "PDF 文件"),
    (b"\x89PNG", "图片"),
    (b"\xff\xd8\xff", "图片"),
    (b"GIF8", "图片"),
    (b"Rar!", "RAR 压缩包"),
    (b"7z\xbc\xaf", "7z 压缩包"),
    (b"SQLite format 3", "SQLite 数据库"),
    (b"PAR1", "Parquet 文件"),
)
# An object begins with a key, a list of rows with a row or a word; `[15, 20[` is a table's cell.
_JSON: Final = re.compile(rb"\s*(?:\{\s*[\"}]|\[\s*[\[{\"\]])")


@dataclass(frozen=True, slots=True)
class Container:
    """A file's inner content: `kind` is text, json or workbook, `packing` the wrapper or None.

    `open` starts reading the inner bytes from their beginning and may be called again.
    """

    kind: str
    packing: str | None
    open: Callable[[], BinaryIO]


class Bounded(io.RawIOBase):
    """Reads inflated bytes and refuses as soon as they are too many for what they came from."""

    def __init__(self, inner: BinaryIO, packed: int, limit: int) -> None:
        super().__init__()
        self._inner = inner
        self._packed = max(packed, 1)
        self._limit = limit
        self._count = 0

    def readable(self) -> bool:
        """Return True: this stream is for reading."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Read into the buffer; raises `Refused`."""
        view = memoryview(buffer)
        try:
            piece = self._inner.read(len(view))
        except (EOFError, gzip.BadGzipFile, zlib.error, zipfile.BadZipFile) as broken:
            raise Refused("damaged_archive") from broken
        view[: len(piece)] = piece
        self._count += len(piece)
        check_unfolding(self._count, self._packed, self._limit)
        return len(piece)


def check_unfolding(inflated: int, packed: int, limit: int) -> None:
    """Refuse content that unfolds beyond the limit or faster than any table does."""
    if inflated > limit or (inflated > RATIO_FROM and inflated > RATIO * packed):
        raise Refused("unfolds_too_far", limit=limit // MIB)


def recognise(file: BinaryIO) -> Container:
    """Find out what a file holds; raises `Refused` for what is not a table."""
    head = _head(file)
    if not head:
        raise Refused("empty")
    if head.startswith(b"\x1f\x8b"):
        packed = file.seek(0, io.SEEK_END)
        unzip = _opener(lambda: gzip.GzipFile(fileobj=_rewound(file)), packed, INFLATED_BYTES)
        return _inner(unzip, "gzip")
    if head.startswith(b"PK\x03\x04"):
        return _zipped(file)
    return _inner(lambda: _rewound(file), None)


def _inner(open_: Callable[[], BinaryIO], packing: str | None) -> Container:
    head = _head(open_())
    if not head:
        raise Refused("empty")
    for magic, kind in FOREIGN:
        if head.startswith(magic):
            raise Refused("not_a_table", kind=kind)
    if head.startswith((b"\xd0\xcf\x11\xe0", b"PK\x03\x04")):
        if packing is None:
            return Container("workbook", None, open_)
        inside = io.BytesIO(_whole(open_()))
        if head.startswith(b"PK"):
            return _zipped(inside)
        return Container("workbook", packing, lambda: _rewound(inside))
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<table", b"<?xml", b"<meta", b"<head")):
        raise Refused("web_page")
    return Container("json" if _JSON.match(_readable(head)) else "text", packing, open_)


def _readable(head: bytes) -> bytes:
    """Return the beginning of a text without its mark and the zero bytes of wide encodings."""
    return head.lstrip(b"\xef\xbb\xbf\xff\xfe\0").replace(b"\0", b"")


def _zipped(file: BinaryIO) -> Container:
    """Tell a workbook from a packed text file and size every entry by inflating it."""
    try:
        archive = zipfile.ZipFile(_rewound(file))
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    except (zipfile.BadZipFile, ValueError, UnicodeDecodeError) as broken:
        raise Refused("damaged_archive") from broken
    if any(entry.flag_bits & 1 for entry in entries):
        raise Refused("password")
    names = {entry.filename for entry in entries}
    if "[Content_Types].xml" in names or "mimetype" in names:
        if not any(name.startswith("xl/") for name in names) and "content.xml" not in names:
            raise Refused("not_a_table", kind="文档或演示文稿")
        _size_entries(archive, entries)
        return Container("workbook", None, lambda: _rewound(file))
    if len(entries) != 1:
        raise Refused("several_members", members=len(entries))
    (entry,) = entries
    unzip = _opener(lambda: archive.open(entry), entry.compress_size, INFLATED_BYTES)
    return _inner(unzip, "zip")


def _size_entries(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> None:
    """Inflate everything once, piece by piece, because the declared sizes may lie."""
    if len(entries) > ENTRIES:
        raise Refused("damaged_workbook")
    total = 0
    for entry in entries:
        try:
            opened: Any = archive.open(entry)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as broken:
            raise Refused("damaged_workbook") from broken
        reader = Bounded(opened, entry.compress_size, WORKBOOK_BYTES - total)
        buffer = bytearray(READ_BYTES)
        while count := reader.readinto(buffer):
            total += count


def _opener(open_: Callable[[], Any], packed: int, limit: int) -> Callable[[], BinaryIO]:
    def start() -> BinaryIO:
        return io.BufferedReader(Bounded(open_(), packed, limit), READ_BYTES)

    return start


def _rewound(file: BinaryIO) -> BinaryIO:
    file.seek(0)
    return file


def _head(file: BinaryIO) -> bytes:
    file.seek(0) if file.seekable() else None
    return file.read(512)


def _whole(file: BinaryIO) -> bytes:
    """Read a packed workbook, which its reader needs at hand as a whole."""
    content = file.read(WORKBOOK_BYTES + 1)
    if len(content) > WORKBOOK_BYTES:
        raise Refused("unfolds_too_far", limit=WORKBOOK_BYTES // MIB)
    return content
