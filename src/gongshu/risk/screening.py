"""Every combination of up to eight quasi-identifiers: which of them single people out.

An estimate first: each value of each column gets a random 64-bit number, the hash of a row in a
set is the exclusive or of its columns', and walking the sets in Gray code makes each step one
operation. Only rows whose mixed hash is small are kept: that samples whole classes, so counting
among them is unbiased, where a sample of rows would make everybody look unique. Sets in which too
few unique rows fell into the sample are sampled again, more densely. Every set that is near a
threshold is then counted exactly, from the classes of a finer set where one is known; an estimate
never decides.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gongshu.risk.classes import require_columns
from gongshu.risk.codes import Codes, encode
from gongshu.risk.groupings import Grouping, group
from gongshu.vocabulary.errors import Invalid

MOST: Final = 8
_CHUNK = 1 << 16
_SAMPLE = 1 << 17
_PRECISION = 0.01
"""Standard error that is aimed at for the number of unique rows, relative to it."""
_NEGLIGIBLE = 0.001
"""Below this share of the rows only the absolute error matters."""
_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class SetRisk:
    """One combination: `classes`, `uniques` and `small` (rows in classes below `least`).

    `exact` tells counts from estimates. `singles_out` — some class is smaller than `least` — is
    never an estimate: such a class has been seen, or all have been counted.
    """

    columns: tuple[str, ...]
    rows: int
    classes: int
    uniques: int
    small: int
    exact: bool
    singles_out: bool

    @property
    def average(self) -> float:
        """Return the average prosecutor risk of a row."""
        return self.classes / self.rows if self.rows else 0.0


def screen(
    table: Any,
    quasi: Sequence[str],
    *,
    least: int = 20,
    overall: float = 0.05,
    sample: int = _SAMPLE,
) -> tuple[SetRisk, ...]:
    """Screen all combinations of the quasi-identifiers of a `pyarrow.Table`, small sets first.

    `least` is the smallest class that is allowed, `overall` the average risk; sets whose average
    is near it, and sets in which no smaller class was seen, are counted exactly. `sample` is the
    number of rows of the first sample. Raises `Invalid` for more than eight columns.
    """
    require_columns(table, list(quasi), quasi)
    if len(quasi) > MOST:
        raise Invalid(
            f"一次最多筛查{MOST}个准标识符的全部组合，收到{len(quasi)}个。请先去掉几个。",
            code="too_many_quasi_identifiers",
        )
    codes = encode(table, quasi)
    rows = table.num_rows
    bits = max(0, (rows // max(sample, 1)).bit_length() - 1)
    found = _estimate(codes, range(1, 1 << len(quasi)), bits, least)
    while denser := _too_coarse(found, rows):
        for again, sets in denser.items():
            found |= _estimate(codes, sets, again, least)
    doubtful = [mask for mask, seen in found.items() if seen.near(overall, rows)]
    exact = _exact(codes, doubtful)
    results = []
    for mask in sorted(found, key=lambda mask: (mask.bit_count(), mask)):
        names = tuple(codes.names[at] for at in _columns(mask))
        if mask in exact:
            results.append(_counted_result(names, exact[mask], least))
        else:
            results.append(_result(names, found[mask], rows))
    return tuple(results)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a sample of one in 2**bits classes showed; `squares` sums the squares of their sizes."""

    bits: int
    rows: int
    classes: int
    uniques: int
    small: int
    squares: int

    @property
    def _errors(self) -> tuple[float, float]:
        """Return the squared relative errors of the unique rows, by the odds and by the ratio."""
        if not self.uniques:
            return 1.0, 1.0
        share = self.uniques / self.rows
        others = self.squares - self.uniques
        residual = self.uniques * (1 - share) ** 2 + share**2 * others
        return 1 / self.uniques, residual / self.uniques**2

    def scaled(self, part: int, rows: int) -> int:
        """Return the estimate for the whole table, by the odds or by the rows of the sample.

        Where unique rows are most of the sample, its rows say better how large it is.
        """
        by_odds, by_ratio = self._errors
        if self.bits and by_ratio < by_odds:
            return min(rows, round(part * rows / self.rows))
        return min(rows, part << self.bits)

    def wanted_bits(self, rows: int) -> int:
        """Return the bits of a sample that would be large enough for the precision."""
        if self.scaled(self.uniques, rows) < _NEGLIGIBLE * rows:
            return self.bits
        worse = min(self._errors) / _PRECISION**2
        return self.bits if worse <= 1 else max(0, self.bits - math.ceil(math.log2(worse)))

    def near(self, overall: float, rows: int) -> bool:
        """Tell whether only counting can decide."""
        if not self.bits:
            return False
        if not self.small:
            return True
        share = self.scaled(self.classes, rows) / rows
        return abs(share - overall) <= overall * max(0.1, 4 / math.sqrt(self.classes))


def _too_coarse(found: dict[int, _Seen], rows: int) -> dict[int, list[int]]:
    """Return the sets whose sample is too small for the precision, by the bits that they need."""
    denser: dict[int, list[int]] = {}
    for mask, seen in found.items():
        if (wanted := seen.wanted_bits(rows)) < seen.bits:
            denser.setdefault(wanted, []).append(mask)
    return denser


def _estimate(codes: Codes, masks: Iterable[int], bits: int, least: int) -> dict[int, _Seen]:
    """Sample one in 2**bits classes of each set."""
    wanted = _gray(masks)
    chance = np.random.default_rng(20_240_921)
    numbers = [chance.integers(0, 1 << 64, base, np.uint64, endpoint=False) for base in codes.radix]
    rows = len(codes.codes[0])
    starts = range(0, max(rows, 1), _CHUNK)
    with ThreadPoolExecutor(2) as threads:
        kept = list(threads.map(lambda at: _chunk(codes, numbers, wanted, bits, at), starts))
        parts = threads.map(
            lambda at: _counted(np.concatenate([chunk[at] for chunk in kept]), bits, least),
            range(len(wanted)),
        )
        return dict(zip(wanted, parts, strict=True))


def _gray(masks: Iterable[int]) -> list[int]:
    """Return the sets in the order of the Gray code, neighbours differing in few columns."""

    def place(mask: int) -> int:
        at = 0
        while mask:
            at ^= mask
            mask >>= 1
        return at

    return sorted(masks, key=place)


def _chunk(
    codes: Codes, numbers: list[Any], masks: list[int], bits: int, start: int
) -> list[NDArray[np.uint64]]:
    """Return, for each set, the mixed hashes of the chunk's rows that fall into the sample."""
    columns = [
        number[code[start : start + _CHUNK]]
        for number, code in zip(numbers, codes.codes, strict=True)
    ]
    limit = np.uint64((1 << (64 - bits)) - 1)
    hashed = np.zeros(len(columns[0]), np.uint64)
    mixed = np.empty_like(hashed)
    kept, last = [], 0
    for mask in masks:
        for at, column in enumerate(columns):
            if (mask ^ last) >> at & 1:
                np.bitwise_xor(hashed, column, out=hashed)
        last = mask
        np.multiply(hashed, _MIX, out=mixed)
        kept.append(mixed[mixed <= limit] if bits else mixed.copy())
    return kept


def _counted(hashes: NDArray[np.uint64], bits: int, least: int) -> _Seen:
    hashes.sort()
    edges = np.flatnonzero(np.append(True, hashes[1:] != hashes[:-1])) if len(hashes) else hashes
    sizes = np.diff(np.append(edges, len(hashes))) if len(hashes) else np.zeros(0, np.int64)
    small = int(sizes[sizes < least].sum())
    squares = int((sizes * sizes).sum())
    return _Seen(bits, len(hashes), len(sizes), int((sizes == 1).sum()), small, squares)


def _exact(codes: Codes, masks: Iterable[int]) -> dict[int, Grouping]:
    """Count the sets exactly, fine ones first, each from the smallest finer one that is known."""
    known: dict[int, Grouping] = {}
    for mask in sorted(masks, key=int.bit_count, reverse=True):
        finer = [one for held, one in known.items() if held & mask == mask]
        within = min(finer, key=lambda one: len(one.rows), default=None)
        known[mask] = group(codes, _columns(mask), within)
    return known


def _columns(mask: int) -> list[int]:
    return [at for at in range(MOST) if mask >> at & 1]


def _result(names: tuple[str, ...], seen: _Seen, rows: int) -> SetRisk:
    return SetRisk(
        columns=names,
        rows=rows,
        classes=seen.scaled(seen.classes, rows),
        uniques=seen.scaled(seen.uniques, rows),
        small=seen.scaled(seen.small, rows),
        exact=not seen.bits,
        singles_out=seen.small > 0,
    )


def _counted_result(names: tuple[str, ...], exact: Grouping, least: int) -> SetRisk:
    small, rows = exact.below(least), int(exact.rows.sum())
    return SetRisk(names, rows, len(exact.rows), exact.below(2), small, True, small > 0)


def minimal_risky(sets: Iterable[SetRisk]) -> tuple[SetRisk, ...]:
    """Return the sets that single somebody out while no part of them does."""
    risky: list[SetRisk] = []
    for one in sorted((each for each in sets if each.singles_out), key=lambda s: len(s.columns)):
        if not any(set(held.columns) < set(one.columns) for held in risky):
            risky.append(one)
    return tuple(risky)
