"""What a class tells of a sensitive item: k-anonymity alone hides who, not what.

Formulas, with p the share of a value in the whole table, q its share in a class, r1 ≥ r2 ≥ … the
rows of the values of a class: distinct l = number of values; entropy l = exp(−Σ q ln q);
recursive (c, l): the smallest whole c with r1 < c·(rl + … + rm) (Machanavajjhala et al. 2007);
α = max q (Wong et al. 2006); basic β = max (q − p)/p, enhanced β the same capped at −ln p (Cao and
Karras 2012); δ = max |ln(q/p)| over the values that are there (Brickell and Shmatikov 2008); t =
the largest distance between class and table, ½ Σ|q − p| for categories, the ordered earth mover's
distance 1/(m−1) Σ|cumulated q − p| for ranks (Li et al. 2007).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gongshu.risk.cells import Cells


@dataclass(frozen=True, slots=True)
class Diversity:
    """The measures of one sensitive item over all classes, the worst class each.

    `entropy_l` is a real number, at most `distinct_l`; `recursive_c` belongs to l = `distinct_l`
    and is None where that is 1, for then no c exists. `t_ordered` is None unless the values have
    an order that means something. `enhanced_beta` caps the gain in a value at −ln of its own share.
    """

    distinct_l: int
    entropy_l: float
    recursive_c: int | None
    alpha: float
    basic_beta: float
    enhanced_beta: float
    delta: float
    t_categorical: float
    t_ordered: float | None = None

    @property
    def recursive_l(self) -> int:
        """Return the l that `recursive_c` belongs to."""
        return self.distinct_l


def measure_diversity(cells: Cells, *, ordered: bool = False) -> Diversity | None:
    """Measure one sensitive item; None when there is no class."""
    if not len(cells.starts):
        return None
    sizes, owners = cells.sizes, cells.owners
    share = cells.counts / sizes[owners]
    usual = (cells.overall / cells.overall.sum())[cells.values]
    entropy = np.add.reduceat(-share * np.log(share), cells.starts)
    gain = share / usual - 1
    distinct = int(np.diff(np.append(cells.starts, len(share))).min())
    apart = np.add.reduceat(np.maximum(share - usual, 0), cells.starts)
    return Diversity(
        distinct_l=distinct,
        entropy_l=float(np.exp(entropy.min())),
        recursive_c=_recursive_c(cells, owners, distinct),
        alpha=float(share.max()),
        basic_beta=float(gain.max()),
        enhanced_beta=float(np.minimum(gain, -np.log(usual)).max()),
        delta=float(np.abs(np.log(share / usual)).max()),
        t_categorical=float(apart.max()),
        t_ordered=_ordered_distance(cells, sizes, owners) if ordered else None,
    )


def _recursive_c(cells: Cells, owners: NDArray[np.int64], distinct: int) -> int | None:
    """Return the smallest whole c over the classes for l = `distinct`."""
    if distinct < 2:
        return None
    order = np.lexsort((-cells.counts, owners))
    falling = cells.counts[order]
    place = np.arange(len(falling)) - cells.starts[owners]
    tail = np.add.reduceat(np.where(place >= distinct - 1, falling, 0), cells.starts)
    return math.floor(float((falling[cells.starts] / tail).max())) + 1


def _ordered_distance(cells: Cells, sizes: Any, owners: NDArray[np.int64]) -> float:
    """Return the largest ordered earth mover's distance without spelling out absent values.

    Between two values that a class has, its cumulated share stays level while the table's rises;
    so the sum of their differences over the gap is two triangles, cut where the table's passes.
    """
    levels = len(cells.overall)
    if levels < 2:
        return 0.0
    usual = np.cumsum(cells.overall) / cells.overall.sum()
    area = np.concatenate(([0.0], np.cumsum(usual)))
    running = np.cumsum(cells.counts)
    before = (running - cells.counts)[cells.starts]
    level = (running - before[owners]) / sizes[owners]
    first = cells.values
    following = np.append(first[1:], levels)
    following[np.append(cells.starts[1:], len(first)) - 1] = levels
    cut = np.clip(np.searchsorted(usual, level), first, following)
    below = level * (cut - first) - (area[cut] - area[first])
    above = (area[following] - area[cut]) - level * (following - cut)
    distance = np.add.reduceat(below + above, cells.starts) + area[first[cells.starts]]
    return float(distance.max() / (levels - 1))
