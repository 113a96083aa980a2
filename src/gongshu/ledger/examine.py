"""The examination of all tiles of a log against each other and against one signed root.

Every hash is known twice: from below (an entry's hash, a full tile's root) and from its own tile.
Where the two differ the level above decides which file was changed; at the right edge, where no
full tile is above, the signed root decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product

from gongshu.ledger.canonical import first_difference
from gongshu.ledger.faults import Fault, LedgerFault
from gongshu.ledger.layout import ENTRIES, FULL, TileName, decode_bundle, levels, row
from gongshu.ledger.listing import RESTORE, Listing
from gongshu.ledger.proofs import HASH_LENGTH, fold, leaf_hashes, pair_up, peaks
from gongshu.ledger.tree import Tree


@dataclass(frozen=True, slots=True)
class Choice:
    """One reading of a tile's hashes and the faults that it implies for the other reading."""

    hashes: bytes
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle as read: leaf hashes packed, where each entry begins, whether its end is right."""

    name: TileName
    hashes: bytes
    starts: tuple[int, ...]
    torn: bool


class Examination:
    """Reads every tile of a log of `size` entries once, from the entries upwards.

    `reference` is the root that settles the right edge (None without one); `wanted` names leaf
    tiles that are kept for roots at earlier sizes. Faults are added to the listing.
    """

    def __init__(
        self, listing: Listing, size: int, reference: bytes | None, wanted: Iterable[int] = ()
    ) -> None:
        self._listing = listing
        self._size = size
        self._reference = reference
        self._wanted = set(wanted)
        self._kept: dict[int, bytes] = {}
        self._above: dict[int, list[bytes | None]] = {}
        self._edges: list[tuple[TileName, list[Choice]]] = []

    def run(self) -> bytes | None:
        """Examine everything and return the root that the files give, None when it is unknown."""
        for level, count in levels(self._size):
            roots: list[bytes | None] = []
            for name in row(level, 0, count):
                choices = self._choices(name)
                if name.width == FULL:
                    chosen = self._settle(name, choices)
                    roots.append(None if chosen is None else subtree_root(chosen))
                else:
                    self._edges.append((name, choices))
            self._above[level + 1] = roots
        return self._settle_edges()

    def root_at(self, size: int) -> bytes | None:
        """Return the root at an earlier size whose leaf tile was `wanted`, None when unknown."""
        found: list[bytes] = []
        for level, count in reversed(list(levels(size))):
            first = count // FULL * FULL
            if level == 0:
                leaves = self._kept.get(count // FULL, b"")[: (count - first) * HASH_LENGTH]
            else:
                leaves = b"".join(each or b"" for each in self._above[level][first:count])
            if len(leaves) != (count - first) * HASH_LENGTH:
                return None
            found += edge_peaks(leaves)
        return fold(found)

    def _choices(self, name: TileName) -> list[Choice]:
        """Return the readings of a tile: none, one where both sources agree, else two."""
        stored = self._listing.tile(name)
        blame: Callable[[bytes, bytes], Fault] = partial(_blame_child, name)
        if name.level == 0:
            bundle = self._read_bundle(TileName(ENTRIES, name.index, name.width))
            below = None if bundle is None else bundle.hashes
            if bundle is not None:
                blame = partial(_blame_bundle, bundle)
        else:
            below = self._from_below(name, stored)
        if below is None or stored is None or below == stored:
            single = stored if below is None else below
            whole = single is not None and len(single) == name.width * HASH_LENGTH
            return [Choice(single)] if single is not None and whole else []
        trust_stored = Choice(stored, (blame(below, stored),))
        if len(below) != len(stored):
            return [trust_stored]
        return [Choice(below, (_blame_tile(name, below, stored),)), trust_stored]

    def _from_below(self, name: TileName, stored: bytes | None) -> bytes | None:
        parts = self._above[name.level][name.start : name.stop]
        if None not in parts:
            return b"".join(part for part in parts if part is not None)
        if stored is None:
            return None
        return b"".join(
            stored[at * HASH_LENGTH : (at + 1) * HASH_LENGTH] if part is None else part
            for at, part in enumerate(parts)
        )

    def _settle(self, name: TileName, choices: list[Choice]) -> bytes | None:
        """Choose the reading of a full tile that the level above confirms."""
        if len(choices) > 1:
            above = self._stored_hash(name.level + 1, name.index)
            confirmed = [each for each in choices if subtree_root(each.hashes) == above]
            choices = confirmed or _undecided(choices)
        return self._take(name, choices[0] if choices else None)

    def _settle_edges(self) -> bytes | None:
        """Choose at the right edge the readings that together give the reference root."""
        readings = [choices for _, choices in self._edges]
        picked = next(
            (each for each in product(*readings) if _root_over(each) == self._reference), None
        )
        undecided = [_undecided(choices) for choices in readings]
        for at, (name, _) in enumerate(self._edges):
            last = undecided[at][0] if undecided[at] else None
            self._take(name, last if picked is None else picked[at])
        if picked is not None:
            return self._reference
        if not all(undecided):
            return None
        return _root_over([each[0] for each in undecided])

    def _take(self, name: TileName, choice: Choice | None) -> bytes | None:
        """Record the faults of the chosen reading and compare what is left of earlier sizes."""
        if choice is None:
            return None
        self._listing.faults += choice.faults
        if name.level == 0 and name.index in self._wanted:
            self._kept[name.index] = choice.hashes
        for older in self._listing.older.get((name.level, name.index), ()):
            self._check_older_tile(older, choice.hashes)
        if name.level == 0:
            for older in self._listing.older.get((ENTRIES, name.index), ()):
                self._check_older_bundle(older, choice.hashes)
        return choice.hashes

    def _check_older_tile(self, name: TileName, hashes: bytes) -> None:
        stored = self._listing.tile(name)
        right = hashes[: name.width * HASH_LENGTH]
        if stored is not None and stored != right:
            self._listing.faults.append(_blame_tile(name, right, stored))

    def _check_older_bundle(self, name: TileName, hashes: bytes) -> None:
        bundle = self._read_bundle(name)
        right = hashes[: name.width * HASH_LENGTH]
        if bundle is not None and bundle.hashes != right:
            self._listing.faults.append(_blame_bundle(bundle, bundle.hashes, right))

    def _read_bundle(self, name: TileName) -> Bundle | None:
        data = self._listing.content(name)
        if data is None:
            return None
        try:
            entries, torn = decode_bundle(data, name.width), False
        except LedgerFault as fault:
            entries, torn = list(fault.details), True
        starts, at = [], 0
        for entry in entries:
            starts.append(at)
            at += 2 + len(entry)
        # A torn bundle must not look whole, even when all its entries were read.
        hashes = b"".join(leaf_hashes(entries)) + (b"\x00" if torn else b"")
        return Bundle(name, hashes, (*starts, at), torn)

    def _stored_hash(self, level: int, index: int) -> bytes | None:
        """Return what the tile of a level states for one place, whether or not it is right."""
        count = self._size >> (8 * level)
        place = index // FULL
        data = self._listing.tile(TileName(level, place, min(FULL, count - place * FULL)))
        at = index % FULL * HASH_LENGTH
        return None if data is None else data[at : at + HASH_LENGTH]


def subtree_root(hashes: bytes) -> bytes:
    """Return the root over the hashes of a full tile."""
    while len(hashes) > HASH_LENGTH:
        hashes = pair_up(hashes)
    return hashes


def edge_peaks(hashes: bytes) -> list[bytes]:
    """Return the largest complete subtrees over the hashes of a partial tile, left to right."""
    tree = Tree()
    tree.extend_packed(hashes)
    return peaks(tree.node, 0, tree.size)


def _root_over(edge: Sequence[Choice]) -> bytes:
    """Return the root over the partial tiles of all levels, given from the lowest upwards."""
    return fold([peak for each in reversed(edge) for peak in edge_peaks(each.hashes)])


def _undecided(choices: list[Choice]) -> list[Choice]:
    """Return one reading that blames both files, where nothing says which of them is right."""
    if len(choices) < 2:
        return choices
    return [Choice(choices[0].hashes, tuple(f for each in choices for f in each.faults))]


def _blame_tile(name: TileName, right: bytes, stored: bytes) -> Fault:
    offset = first_difference(right, stored)
    place = name.start + offset // HASH_LENGTH
    sentence = f"第 {offset // HASH_LENGTH} 个散列与签名的树不符；{RESTORE}。"
    return Fault(name.path, offset, sentence, "hash", entry=place << name.height)


def _blame_bundle(bundle: Bundle, below: bytes, right: bytes) -> Fault:
    count = len(bundle.starts) - 1
    wrong = [at for at in range(count) if _hash(below, at) != _hash(right, at)]
    place = wrong[0] if wrong else count
    entry = min(bundle.name.start + place, bundle.name.stop - 1)
    more = f"（共 {len(wrong)} 条不符）" if len(wrong) > 1 and not bundle.torn else ""
    what = "起结构不对" if bundle.torn else "内容被改动"
    sentence = f"第 {entry} 个条目{what}{more}；{RESTORE}。"
    return Fault(bundle.name.path, bundle.starts[place], sentence, "entry", entry=entry)


def _blame_child(name: TileName, below: bytes, stored: bytes) -> Fault:
    place = name.start + first_difference(below, stored) // HASH_LENGTH
    child = TileName(name.level - 1, place)
    sentence = f"条目与散列被一起改动（这一块与上一层不符）；{RESTORE}，连同同号的条目文件。"
    return Fault(child.path, None, sentence, "subtree", entry=child.start << child.height)


def _hash(hashes: bytes, at: int) -> bytes:
    return hashes[at * HASH_LENGTH : (at + 1) * HASH_LENGTH]
