"""The ledger as it was at an earlier checkpoint, put together from the present, longer one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gongshu.ledger.layout import (
    CHECKPOINT,
    ENTRIES,
    FULL,
    TileName,
    decode_bundle,
    encode_bundle,
    parse_tile_name,
    tiles_of,
)
from gongshu.ledger.proofs import HASH_LENGTH
from gongshu.vocabulary.errors import Unavailable
from gongshu_server.upkeep.writing import Writer

_ATTEMPTS: Final = 20


def copy(ledger: Path, place: str, writer: Writer, *, size: int, checkpoint: str) -> None:
    """Write the first `size` entries of a ledger below `place`, under their own checkpoint.

    Full tiles never change and are copied or linked; of a partial one the beginning is taken, since
    a tile only grows. Raises Unavailable when a tile is not there.
    """
    for name in tiles_of(size):
        if name.width == FULL:
            writer.copy(ledger / name.path, f"{place}/{name.path}")
        else:
            writer.put(f"{place}/{name.path}", _beginning(ledger, name))
    if checkpoint:
        writer.put(f"{place}/{CHECKPOINT}", checkpoint.encode())


def _beginning(ledger: Path, name: TileName) -> bytes:
    """Return the content of a partial tile from whichever wider one is there now."""
    for _ in range(_ATTEMPTS):
        for found in _at_least(ledger, name):
            try:
                data = (ledger / found.path).read_bytes()
            except FileNotFoundError:
                continue  # The sealer has just put a wider one in its place.
            if name.level != ENTRIES:
                return data[: name.width * HASH_LENGTH]
            return encode_bundle(decode_bundle(data, found.width)[: name.width])
    raise Unavailable(
        "存证日志的文件不全，没有备份。请运行 gongshu ledger verify 定位，再从备份或镜像取回。",
        code="ledger_incomplete",
    )


def _at_least(ledger: Path, name: TileName) -> Iterator[TileName]:
    """Yield the tiles at the place of `name` that are at least as wide, the full one last."""
    folder = (ledger / name.path).parent
    try:
        names = sorted(folder.iterdir())
    except FileNotFoundError:
        names = []
    for path in names:
        found = parse_tile_name(path.relative_to(ledger).as_posix())
        if found is not None and found.width >= name.width:
            yield found
    yield name.whole()
