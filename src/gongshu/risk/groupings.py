"""Exact class counts of many column sets: a coarser set is grouped from a finer one's classes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gongshu.risk.codes import Codes, packed

_DENSE = 1 << 24
"""Up to so many possible keys are counted in an array, without sorting."""


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """The classes of one column set: the codes of each column and the number of rows."""

    columns: tuple[int, ...]
    codes: tuple[NDArray[np.int64], ...]
    rows: NDArray[np.int64]

    def below(self, k: int) -> int:
        """Return how many rows are in classes of fewer than `k`."""
        return int(self.rows[self.rows < k].sum())


def group(codes: Codes, columns: Sequence[int], within: Grouping | None = None) -> Grouping:
    """Group by the columns; from the classes of `within`, which must have them all, when given."""
    radix = [codes.radix[at] for at in columns]
    if within is None:
        parts = [codes.codes[at] for at in columns]
        weight = None
    else:
        parts = [within.codes[within.columns.index(at)] for at in columns]
        weight = within.rows
    if math.prod(radix) <= _DENSE:
        counted = np.bincount(packed(parts, radix), weight, minlength=1)
        keys = np.flatnonzero(counted)
        return Grouping(tuple(columns), _unpacked(keys, radix), counted[keys].astype(np.int64))
    keys, first, place = np.unique(packed(parts, radix), return_index=True, return_inverse=True)
    rows = np.bincount(place, weight, minlength=len(keys)).astype(np.int64)
    return Grouping(tuple(columns), tuple(part[first] for part in parts), rows)


def _unpacked(keys: NDArray[np.int64], radix: Sequence[int]) -> tuple[NDArray[np.int64], ...]:
    """Return the codes that `packed` made the keys of."""
    parts = []
    for base in reversed(radix):
        keys, code = np.divmod(keys, base)
        parts.append(code)
    return tuple(reversed(parts))
