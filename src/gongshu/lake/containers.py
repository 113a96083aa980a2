"""What a received file is, by its first bytes and never by its name, and how far it may unfold."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, Final

from gongshu.lake import members
from gongshu.lake.refusals import Refused

MIB: Final = 1024 * 1024
READ_BYTES: Final = MIB
INFLATED_BYTES: Final = 4096 * MIB  # of a text file
WORKBOOK_BYTES: Final = 1024 * MIB  # of everything inside a workbook
HELD_BYTES: Final = 256 * MIB  # of an archive, database or workbook inside an archive
DEPTH: Final = 3  # archives inside archives
RATIO: Final = 200  # departments' tables stay below 60
RATIO_FROM: Final = 32 * MIB
ENTRIES: Final = 10_000

# Formats that are read at many places; the engine must be able to seek.
SEEKING: Final = (
    (b"\xd0\xcf\x11\xe0", "workbook"),
    (b"SQLite format 3\0", "sqlite"),
    (b"PAR1", "parquet"),
)
FOREIGN: Final = (
    (0, b"%PDF", "PDF 文件"),
    (0, b"\x89PNG", "图片"),
    (0, b"\xff\xd8\xff", "图片"),
    (0, b"GIF8", "图片"),
    (0, b"Rar!", "RAR 压缩包"),
    (0, b"7z\xbc\xaf", "7z 压缩包"),
    (0, b"BZh", "bzip2 压缩文件"),
    (0, b"\xfd7zXZ", "xz 压缩文件"),
    (0, b"\x28\xb5\x2f\xfd", "zstd 压缩文件"),
    (257, b"ustar", "tar 打包文件"),
    (0, b"Obj\x01", "Avro 文件"),
    (0, b"RDX", "R 数据文件"),
    (0, b"RDA", "R 数据文件"),
    (0, b"X\n\0\0\0", "R 数据文件"),
    (0, b"ORC", "ORC 文件"),
    (0, b"ARROW1", "Arrow 文件"),
    (0, b"FEA1", "Feather 文件"),
    (0, b"\x89HDF", "HDF5 文件"),
    (8, b"DUCK", "DuckDB 数据库"),
    (0, b"\0\x01\0\0Standard", "Access 数据库"),
    (0, b"$FL", "SPSS 文件"),
    (0, b"<stata_dta>", "Stata 文件"),
    (0, b"\xac\xed\0\x05", "Java 序列化文件"),
)

# An object begins with a key, a list of rows with a row or a word; `[15, 20[` is a table's cell.
_JSON: Final = re.compile(rb"\s*(?:\{\s*[\"}]|\[\s*[\[{\"\]])")


@dataclass(frozen=True, slots=True)
class Container:
    """A file's inner content: its `kind`, and `packing`, the outermost wrapper, or None.

    Kinds are text, json, workbook, sqlite and parquet. `member` is the file that was chosen in an
    archive, `others` are those that were not. `open` starts reading the inner bytes from their
    beginning and may be called again.
    """

    kind: str
    packing: str | None
    open: Callable[[], BinaryIO]
    member: str | None = None
    others: tuple[str, ...] = ()


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


def recognise(file: BinaryIO, member: str | None = None) -> Container:
    """Find out what a file holds; raises `Refused` for what is not a table.

    `member` names the file to read in an archive of several.
    """
    return _inner(lambda: _rewound(file), None, member, 0)


def _inner(
    open_: Callable[[], BinaryIO], packing: str | None, member: str | None, depth: int
) -> Container:
    head = _head(open_())
    if not head:
        raise Refused("empty")
    if depth > DEPTH:
        raise Refused("nested_archives", limit=DEPTH)
    if head.startswith(b"\x1f\x8b"):
        file = _at_hand(open_, depth)
        packed = file.seek(0, io.SEEK_END)
        unzip = _opener(lambda: gzip.GzipFile(fileobj=_rewound(file)), packed, INFLATED_BYTES)
        return _inner(unzip, packing or "gzip", member, depth + 1)
    if head.startswith(b"PK\x03\x04"):
        return _zipped(_at_hand(open_, depth), packing, member, depth)
    kind = next((kind for magic, kind in SEEKING if head.startswith(magic)), None)
    if kind is not None:
        held = _at_hand(open_, depth)
        return Container(kind, packing, lambda: _rewound(held))
    _refuse_foreign(head)
    return Container("json" if _JSON.match(_readable(head)) else "text", packing, open_)


def _refuse_foreign(head: bytes) -> None:
    head = _unpacked(head)
    for at, magic, kind in FOREIGN:
        if head.startswith(magic, at):
            raise Refused("not_a_table", kind=kind)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<table", b"<meta", b"<head")):
        raise Refused("web_page")
    if start.startswith(b"<?xml"):
        if b"<rdf:rdf" in start or b"rdf-syntax-ns" in start:
            raise Refused("not_a_table", kind="RDF/XML 文件")
        raise Refused("web_page")


def _unpacked(head: bytes) -> bytes:
    """Return the first bytes inside a packing that only R files come in, or the head itself."""
    packings = {b"BZh": bz2.BZ2Decompressor, b"\xfd7zXZ": lzma.LZMADecompressor}
    for magic, decompressor in packings.items():
        if head.startswith(magic):
            try:
                return decompressor().decompress(head, 16) or head
            except (OSError, lzma.LZMAError):
                return head
    return head


def _readable(head: bytes) -> bytes:
    """Return the beginning of a text without its mark and the zero bytes of wide encodings."""
    return head.lstrip(b"\xef\xbb\xbf\xff\xfe\0").replace(b"\0", b"")


def _zipped(file: BinaryIO, packing: str | None, member: str | None, depth: int) -> Container:
    """Tell a workbook from packed files and size every entry by inflating it."""
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
        return Container("workbook", packing, lambda: _rewound(file))
    chosen, others = members.choose(entries, member)
    try:
        archive.open(chosen).close()
    except (zipfile.BadZipFile, NotImplementedError) as broken:
        raise Refused("damaged_archive") from broken
    unzip = _opener(lambda: archive.open(chosen), chosen.compress_size, INFLATED_BYTES)
    inner = _inner(unzip, packing or "zip", None, depth + 1)
    return replace(inner, member=members.name_of(chosen), others=others)


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


def _at_hand(open_: Callable[[], BinaryIO], depth: int) -> BinaryIO:
    """Return a file to seek in: the received one itself, or what an archive holds, in memory."""
    if not depth:
        return open_()
    content = open_().read(HELD_BYTES + 1)
    if len(content) > HELD_BYTES:
        raise Refused("unfolds_too_far", limit=HELD_BYTES // MIB)
    return io.BytesIO(content)
