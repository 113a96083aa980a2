"""How often each row's key occurs when an unknown value may be any value.

A row of which an attacker cannot see one quasi-identifier fits every row that agrees in the rest,
and the other way round. So frequencies here are not sizes of classes: the relation is not
transitive. Sample frequency fk counts rows, population frequency Fk sums weights (Templ 2017).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gongshu.risk.classes import require_columns
from gongshu.risk.codes import encode, packed


@dataclass(frozen=True, slots=True, eq=False)
class KeyFrequencies:
    """The frequency of each row's key, in the order of the rows: `sample` fk, `population` Fk."""

    sample: NDArray[np.int64]
    population: NDArray[np.float64]

    @property
    def uniques(self) -> int:
        """Return the number of rows that no other row fits."""
        return int((self.sample == 1).sum())

    @property
    def pairs(self) -> int:
        """Return the number of rows that exactly one other row fits."""
        return int((self.sample == 2).sum())


def key_frequencies(
    table: pa.Table, quasi: Sequence[str], *, weights: NDArray[np.float64] | None = None
) -> KeyFrequencies:
    """Count the rows that fit each row's quasi-identifiers, null fitting everything.

    `weights` has one number of represented subjects for each row, 1 when left out. Raises
    `Invalid` for a column that is not there.
    """
    require_columns(table, list(quasi), quasi)
    weight = np.ones(table.num_rows) if weights is None else weights
    coded = encode(table, quasi)
    missing = np.stack([code == 0 for code in coded.codes])
    pattern = packed([row.astype(np.int64) for row in missing], [2] * len(missing))
    sample = np.zeros(table.num_rows, np.int64)
    population = np.zeros(table.num_rows)
    present = np.unique(pattern)
    groups = {int(mask): np.flatnonzero(pattern == mask) for mask in present}
    for own in groups.values():
        for other in groups.values():
            seen = [
                at for at in range(len(quasi)) if not (missing[at, own[0]] | missing[at, other[0]])
            ]
            codes, radix = [coded.codes[at] for at in seen], [coded.radix[at] for at in seen]
            mine = packed([code[own] for code in codes], radix, rows=len(own))
            theirs = packed([code[other] for code in codes], radix, rows=len(other))
            keys, place = np.unique(theirs, return_inverse=True)
            found = np.searchsorted(keys, mine).clip(max=len(keys) - 1)
            fits = keys[found] == mine
            sample[own] += np.where(fits, np.bincount(place)[found], 0)
            population[own] += np.where(fits, np.bincount(place, weight[other])[found], 0.0)
    return KeyFrequencies(sample, population)
