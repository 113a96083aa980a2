"""Proofs straight from the tiles, for whoever does not hold the tree in memory."""

from __future__ import annotations

from pathlib import Path

from gongshu.ledger.checkpoints import Checkpoint
from gongshu.ledger.faults import LedgerFault
from gongshu.ledger.layout import FULL, TileName
from gongshu.ledger.proofs import (
    HASH_LENGTH,
    consistency_path,
    inclusion_path,
    pair_up,
    verify_inclusion,
)


class TileReader:
    """A source of proofs under one checkpoint that reads the few tiles each proof needs.

    Tiles read are kept, so use one reader for a handful of proofs.
    """

    def __init__(self, folder: Path, checkpoint: Checkpoint) -> None:
        self._folder = folder
        self._checkpoint = checkpoint
        self._tiles: dict[tuple[int, int], bytes] = {}

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint under which the proofs hold."""
        return self._checkpoint

    def inclusion_proof(self, index: int) -> list[bytes]:
        """Return the audit path of an entry, checked against the checkpoint.

        Raises Invalid out of range, LedgerFault when tiles are missing or damaged.
        """
        size, root = self._checkpoint.size, self._checkpoint.root
        path = inclusion_path(self.node, index, size)
        verify_inclusion(self.node(0, index), index, size, path=path, root=root)
        return path

    def consistency_proof(self, old: int) -> list[bytes]:
        """Return the proof that the log at `old` is a prefix; the caller knows the old root.

        Raises Invalid out of range, LedgerFault when tiles are missing.
        """
        return consistency_path(self.node, old, self._checkpoint.size)

    def node(self, level: int, index: int) -> bytes:
        """Return the hash of the complete subtree (level, index), computed within one tile."""
        tile_level, above = divmod(level, 8)
        first, count = index << above, 1 << above
        at = first % FULL * HASH_LENGTH
        hashes = self._tile(tile_level, first // FULL)[at : at + count * HASH_LENGTH]
        for _ in range(above):
            hashes = pair_up(hashes)
        return hashes

    def _tile(self, level: int, index: int) -> bytes:
        key = (level, index)
        if key not in self._tiles:
            self._tiles[key] = self._read(level, index)
        return self._tiles[key]

    def _read(self, level: int, index: int) -> bytes:
        hashes = self._checkpoint.size >> (8 * level)
        name = TileName(level, index, min(FULL, hashes - index * FULL))
        # A partial tile may be deleted once the full one is there (tlog-tiles, Partial Tiles).
        for path in (self._folder / name.path, self._folder / name.whole().path):
            if path.is_file():
                return path.read_bytes()[: name.width * HASH_LENGTH]
        raise LedgerFault(
            f"散列文件 {name.path} 缺失；请运行 gongshu ledger verify，并从备份或其他节点取回。",
            code="ledger_tile",
        )
