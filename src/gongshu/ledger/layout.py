"""Where everything of a log stands and in which form (C2SP tlog-tiles): names, tiles, bundles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gongshu.ledger.faults import LedgerFault
from gongshu.vocabulary.errors import Invalid

CHECKPOINT = "checkpoint"
TILE = "tile"
ENTRIES = -1
FULL = 256
LONGEST_ENTRY = 0xFFFF
LARGEST_BUNDLE = FULL * (2 + LONGEST_ENTRY)

_NAME = re.compile(
    r"tile/(?P<level>entries|0|[1-9]|[1-5]\d|6[0-3])/"
    r"(?P<index>(?:x\d{3}/){0,6}\d{3})(?:\.p/(?P<width>[1-9]\d{0,2}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, order=True)
class TileName:
    """A tile of hashes at `level`, or with level ENTRIES a bundle of entries.

    `index` counts tiles of the level, `width` the hashes or entries in it; below 256 it is partial.
    """

    level: int
    index: int
    width: int = FULL

    @property
    def path(self) -> str:
        """The path relative to the log's folder, with `/`."""
        digits = f"{self.index:d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        number = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        level = "entries" if self.level == ENTRIES else str(self.level)
        suffix = "" if self.width == FULL else f".p/{self.width}"
        return f"{TILE}/{level}/{number}{suffix}"

    @property
    def height(self) -> int:
        """The level of the tree in which the hashes of this tile lie (0 for entries)."""
        return max(self.level, 0) * 8

    @property
    def start(self) -> int:
        """The place of the first hash within its level, or of the first entry."""
        return self.index * FULL

    @property
    def stop(self) -> int:
        """The place after the last."""
        return self.start + self.width

    def whole(self) -> TileName:
        """Return the name of the full tile at this place."""
        return TileName(self.level, self.index)


def parse_tile_name(path: str) -> TileName | None:
    """Return the tile that a relative path names, None when no tile is written that way."""
    match = _NAME.fullmatch(path)
    if match is None:
        return None
    level = ENTRIES if match["level"] == "entries" else int(match["level"])
    index = int(match["index"].replace("/", "").replace("x", ""))
    width = int(match["width"] or FULL)
    name = TileName(level, index, width)
    return name if name.path == path and width <= FULL else None


def row(level: int, start: int, stop: int) -> Iterator[TileName]:
    """Yield the tiles of one level that hold the hashes [start, stop) when `stop` is their number.

    The last one is partial unless it is full.
    """
    for index in range(start // FULL, -(-stop // FULL)):
        yield TileName(level, index, min(FULL, stop - index * FULL))


def levels(size: int) -> Iterator[tuple[int, int]]:
    """Yield (level, number of hashes at it) for each tile level of a log of `size` entries."""
    level = 0
    while size:
        yield level, size
        level, size = level + 1, size // FULL


def tiles_of(size: int, since: int = 0) -> Iterator[TileName]:
    """Yield every tile and bundle of a log of `size` entries that its state at `since` had not."""
    if size > since:
        yield from row(ENTRIES, since, size)
    for level, stop in levels(size):
        start = since >> (8 * level)
        if stop > start:
            yield from row(level, start, stop)


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Return entries as a bundle: each with its length as two bytes before it.

    Raises Invalid for an entry above 65,535 bytes.
    """
    if entries and max(map(len, entries)) > LONGEST_ENTRY:
        raise Invalid("一个存证条目不能超过 65535 字节。", code="ledger_entry")
    return b"".join([len(entry).to_bytes(2, "big") + entry for entry in entries])


def decode_bundle(data: bytes, width: int) -> list[bytes]:
    """Return the `width` entries of a bundle.

    Raises LedgerFault when it ends early or goes on after them; `details` then holds the entries
    read so far, and `offset` is where reading stopped.
    """
    entries: list[bytes] = []
    at = 0
    while len(entries) < width:
        start = at + 2
        stop = start + int.from_bytes(data[at:start], "big")
        if start > len(data) or stop > len(data):
            raise _torn(entries, at)
        entries.append(data[start:stop])
        at = stop
    if at != len(data):
        raise _torn(entries, at)
    return entries


def _torn(entries: list[bytes], offset: int) -> LedgerFault:
    return LedgerFault(
        f"条目包从第 {offset} 字节起结构不对；请从备份或其他节点取回该文件。",
        code="ledger_bundle",
        offset=offset,
        details=tuple(entries),
    )
