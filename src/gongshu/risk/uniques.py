"""Special uniques: rows that few of their values already single out (SUDA, Elliot et al. 2002).

A minimal sample unique of a row is a set of quasi-identifiers in which the row is alone while in
no smaller part of the set it is. The fewer columns it takes, the easier the row is found by
accident; the score of a row adds (M − m)! for each of its minimal sets of m out of M columns, as
sdcMicro's `suda2` does by default.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gongshu.risk.classes import require_columns
from gongshu.risk.codes import Codes, encode, packed
from gongshu.risk.screening import MOST
from gongshu.vocabulary.errors import Invalid


@dataclass(frozen=True, slots=True, eq=False)
class SpecialUniques:
    """The scores of all rows, in their order.

    `minimal` counts the minimal sample uniques of each size from 1; `columns` is each column's
    share in the sum of scores, 0 when nobody is unique.
    """

    scores: NDArray[np.float64]
    smallest: NDArray[np.int64]
    minimal: tuple[int, ...]
    columns: dict[str, float]

    @property
    def uniques(self) -> int:
        """Return the number of rows that are unique in all columns together."""
        return int((self.smallest > 0).sum())


def find_special_uniques(table: Any, quasi: Sequence[str]) -> SpecialUniques:
    """Find the minimal sample uniques of each row of a `pyarrow.Table`.

    `smallest` of the result is the size of a row's smallest set, 0 for a row that is not unique.
    Raises `Invalid` for more than eight columns.
    """
    require_columns(table, list(quasi), quasi)
    if len(quasi) > MOST:
        raise Invalid(
            f"一次最多查找{MOST}个准标识符的特殊唯一，收到{len(quasi)}个。请先去掉几个。",
            code="too_many_quasi_identifiers",
        )
    codes, most = encode(table, quasi), len(quasi)
    scores, smallest = np.zeros(table.num_rows), np.zeros(table.num_rows, np.int64)
    weight, minimal = np.zeros(most), []
    coarser: dict[tuple[int, ...], NDArray[np.bool_]] = {}
    for size in range(1, most + 1):
        finer, found = {}, 0
        for columns in combinations(range(most), size):
            alone = _alone(codes, columns)
            finer[columns] = alone
            least = alone.copy()
            for part in combinations(columns, size - 1):
                least &= ~coarser[part] if part else True
            gained = math.factorial(most - size)
            scores[least] += gained
            smallest[least & (smallest == 0)] = size
            found += int(least.sum())
            weight[list(columns)] += gained * least.sum() / size
        coarser = finer
        minimal.append(found)
    whole = float(weight.sum()) or 1.0
    shares = {name: float(part / whole) for name, part in zip(quasi, weight, strict=True)}
    return SpecialUniques(scores, smallest, tuple(minimal), shares)


def _alone(codes: Codes, columns: Sequence[int]) -> NDArray[np.bool_]:
    """Return which rows are alone in these columns."""
    key = packed([codes.codes[at] for at in columns], [codes.radix[at] for at in columns])
    _, place, count = np.unique(key, return_inverse=True, return_counts=True)
    return np.asarray(count[place] == 1)
