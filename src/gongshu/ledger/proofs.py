"""Merkle proofs of RFC 6962 / RFC 9162: built from any source of nodes, verified from nothing.

`Node` is a function (level, index) → 32-byte hash of the *complete* subtree that covers the leaves
[index·2^level, (index+1)·2^level). The tree in memory and the tiles on disk both provide one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

from gongshu.ledger.faults import LedgerFault
from gongshu.vocabulary.errors import Invalid

Node = Callable[[int, int], bytes]
HASH_LENGTH = 32
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """Return the leaf hash SHA-256(0x00 ‖ entry) (RFC 6962 §2.1)."""
    return sha256(b"\x00" + entry).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """Return the leaf hashes of many entries, in order: the fast form of `leaf_hash`."""
    digest_of = sha256
    return [digest_of(b"\x00" + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node SHA-256(0x01 ‖ left ‖ right) (RFC 6962 §2.1)."""
    return sha256(b"\x01" + left + right).digest()


def pair_up(hashes: bytes) -> bytes:
    """Return the level above: one hash for each complete pair of the packed 32-byte `hashes`."""
    digest_of = sha256
    end = len(hashes) - len(hashes) % 64
    return b"".join(
        [digest_of(b"\x01" + hashes[at : at + 64]).digest() for at in range(0, end, 64)]
    )


def peaks(node: Node, start: int, stop: int) -> list[bytes]:
    """Return the complete subtrees, largest first, that cover the leaves [start, stop).

    `start` must be a multiple of the largest power of two that fits in the range.
    """
    found = []
    while start < stop:
        level = (stop - start).bit_length() - 1
        found.append(node(level, start >> level))
        start += 1 << level
    return found


def fold(hashes: Sequence[bytes]) -> bytes:
    """Return the root over peaks ordered from left to right; of nothing, the empty tree's root."""
    if not hashes:
        return EMPTY_ROOT
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


def inclusion_path(node: Node, index: int, size: int) -> list[bytes]:
    """Return the audit path of leaf `index` in the tree of `size` leaves (RFC 6962 §2.1.1).

    Raises Invalid unless 0 ≤ index < size.
    """
    if not 0 <= index < size:
        raise Invalid(f"日志只有 {size} 个条目，没有第 {index} 个。", code="ledger_range")
    return _climb(node, 0, index, size)


def consistency_path(node: Node, old: int, new: int) -> list[bytes]:
    """Return the proof that the tree of `old` leaves is a prefix of that of `new` (§2.1.2).

    Raises Invalid unless 1 ≤ old ≤ new: the empty tree is a prefix of everything.
    """
    if not 1 <= old <= new:
        raise Invalid(f"不能证明 {old} 个条目的日志是 {new} 个条目的前段。", code="ledger_range")
    if old == new:
        return []
    level, index = 0, old - 1
    while index & 1:
        level, index = level + 1, index >> 1
    path = _climb(node, level, index, new)
    return path if index == 0 else [node(level, index), *path]


def _climb(node: Node, level: int, index: int, size: int) -> list[bytes]:
    """Return the siblings met from the node (level, index) up to the root of `size` leaves."""
    path = []
    last = (size - 1) >> level
    while last:
        if index & 1:
            path.append(node(level, index - 1))
        elif index + 1 < last or (index + 1 == last and size == (last + 1) << level):
            path.append(node(level, index + 1))
        elif index + 1 == last:
            path.append(fold(peaks(node, last << level, size)))
        level, index, last = level + 1, index >> 1, last >> 1
    return path


def verify_inclusion(
    leaf: bytes, index: int, size: int, *, path: Sequence[bytes], root: bytes
) -> None:
    """Check that the leaf hash `leaf` stands at `index` of the tree (size, root).

    The algorithm of RFC 9162 §2.1.3.2. Raises LedgerFault when it does not.
    """
    if not 0 <= index < size or not _all_hashes(leaf, root, *path):
        raise _not_included()
    at, last, running = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise _not_included()
        if at & 1 or at == last:
            running = node_hash(sibling, running)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            running = node_hash(running, sibling)
        at, last = at >> 1, last >> 1
    if last or running != root:
        raise _not_included()


def verify_consistency(
    old: int, new: int, *, old_root: bytes, new_root: bytes, path: Sequence[bytes]
) -> None:
    """Check that the tree (old, old_root) is a prefix of the tree (new, new_root).

    The algorithm of RFC 9162 §2.1.4.2. A proof from the empty tree says nothing and is refused.
    Raises LedgerFault when it does not hold.
    """
    if not 1 <= old <= new or (old == new) != (not path):
        raise _not_consistent()
    if old == new:
        if old_root != new_root:
            raise _not_consistent()
        return
    if not _all_hashes(old_root, new_root, *path):
        raise _not_consistent()
    complete = old & (old - 1) == 0
    hashes = [old_root, *path] if complete else list(path)
    _walk_consistency(old, new, hashes, roots=(old_root, new_root))


def _walk_consistency(old: int, new: int, hashes: list[bytes], roots: tuple[bytes, bytes]) -> None:
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    first = second = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            raise _not_consistent()
        if at & 1 or at == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        at, last = at >> 1, last >> 1
    if last or (first, second) != roots:
        raise _not_consistent()


def _all_hashes(*hashes: bytes) -> bool:
    return all(len(item) == HASH_LENGTH for item in hashes)


def _not_included() -> LedgerFault:
    return LedgerFault(
        "条目不在签名锚点所覆盖的日志之中，或证明已被改动；请向日志的运行单位重新索取回执。",
        code="ledger_inclusion",
    )


def _not_consistent() -> LedgerFault:
    return LedgerFault(
        "两个签名锚点不是同一日志的前后两段：日志被改写或证明已被改动；请保留两个锚点并报告审计机关。",
        code="ledger_consistency",
    )
