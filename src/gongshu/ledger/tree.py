"""The Merkle tree of RFC 6962 in memory: every complete subtree's hash, one byte array per level.

64 bytes per leaf. A proof at a million entries reads some twenty hashes and computes few.
"""

from __future__ import annotations

from collections.abc import Iterable

from gongshu.ledger.proofs import (
    EMPTY_ROOT,
    HASH_LENGTH,
    consistency_path,
    fold,
    inclusion_path,
    leaf_hash,
    leaf_hashes,
    node_hash,
    pair_up,
    peaks,
    verify_consistency,
    verify_inclusion,
)
from gongshu.vocabulary.errors import Invalid

__all__ = [
    "EMPTY_ROOT",
    "Tree",
    "leaf_hash",
    "leaf_hashes",
    "node_hash",
    "verify_consistency",
    "verify_inclusion",
]


class Tree:
    """A growing tree that remembers all its earlier sizes."""

    def __init__(self, hashes: Iterable[bytes] = ()) -> None:
        self._levels: list[bytearray] = [bytearray()]
        self.extend(hashes)

    @property
    def size(self) -> int:
        """The number of leaves."""
        return len(self._levels[0]) // HASH_LENGTH

    def append(self, leaf: bytes) -> int:
        """Add one leaf hash and return its index. Raises Invalid unless it has 32 bytes."""
        self.extend((leaf,))
        return self.size - 1

    def extend(self, hashes: Iterable[bytes]) -> None:
        """Add leaf hashes in order. Raises Invalid, adding nothing, unless each has 32 bytes."""
        batch = hashes if isinstance(hashes, list | tuple) else list(hashes)
        if not set(map(len, batch)) <= {HASH_LENGTH}:
            raise Invalid("每个叶子都必须是 32 字节的散列值。", code="ledger_leaf")
        self.extend_packed(b"".join(batch))

    def extend_packed(self, hashes: bytes) -> None:
        """Add leaf hashes that stand one after another. Raises Invalid for a torn last one."""
        if len(hashes) % HASH_LENGTH:
            raise Invalid("每个叶子都必须是 32 字节的散列值。", code="ledger_leaf")
        self._levels[0] += hashes
        self._grow()

    def _grow(self) -> None:
        level, pair = 0, 2 * HASH_LENGTH
        while len(self._levels[level]) >= pair:
            if level + 1 == len(self._levels):
                self._levels.append(bytearray())
            below, above = self._levels[level], self._levels[level + 1]
            above += pair_up(bytes(below[2 * len(above) :]))
            level += 1

    def truncate(self, size: int) -> None:
        """Forget the leaves from `size` on. Raises Invalid when there are not as many."""
        self._within(size)
        for level, hashes in enumerate(self._levels):
            del hashes[(size >> level) * HASH_LENGTH :]

    def node(self, level: int, index: int) -> bytes:
        """Return the hash of the complete subtree (level, index); the caller knows it is there."""
        at = index * HASH_LENGTH
        return bytes(self._levels[level][at : at + HASH_LENGTH])

    def packed(self, level: int, start: int, stop: int) -> bytes:
        """Return the hashes [start, stop) of a level, one after another: the content of a tile."""
        return bytes(self._levels[level][start * HASH_LENGTH : stop * HASH_LENGTH])

    def root(self, size: int | None = None) -> bytes:
        """Return the root at `size` (now, when None). Raises Invalid beyond the present size."""
        return fold(peaks(self.node, 0, self._within(size)))

    def inclusion_proof(self, index: int, size: int | None = None) -> list[bytes]:
        """Return the audit path of a leaf in the tree at `size`. Raises Invalid out of range."""
        return inclusion_path(self.node, index, self._within(size))

    def consistency_proof(self, old: int, new: int | None = None) -> list[bytes]:
        """Return the proof that the tree at `old` is a prefix of that at `new`.

        Raises Invalid unless 1 ≤ old ≤ new ≤ the present size.
        """
        return consistency_path(self.node, old, self._within(new))

    def _within(self, size: int | None) -> int:
        if size is None:
            return self.size
        if not 0 <= size <= self.size:
            raise Invalid(f"日志现有 {self.size} 个条目，没有 {size} 个。", code="ledger_range")
        return size
