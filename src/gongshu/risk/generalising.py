"""The best levels of generalisation: k-anonymous, few rows suppressed, least utility lost.

Each choice of one level for each column is a node of a lattice. Coarser nodes have larger classes,
so whatever is below a node that fails fails too, and they lose more utility. The search takes the
nodes by their loss and looks, on a path from each to the top, for the place where failing ends:
the last failing node rules out all below it, the first good one bounds the loss (Flash,
Kohlmayer et al. 2012). The result is the optimum, not an approximation.

The loss is non-uniform entropy in bits: Σ −n·log2(n of the value / n of what it becomes) over the
columns (Gionis and Tassa 2009), as ARX computes it in its monotonic form; suppressed rows do not
add to it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gongshu.risk.classes import SUPPRESSED, require_columns
from gongshu.risk.codes import Codes, encode, packed
from gongshu.risk.groupings import Grouping, group
from gongshu.risk.hierarchies import Hierarchy
from gongshu.vocabulary.errors import Invalid

Levels = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Generalisation:
    """The chosen level of each hierarchy, the loss in bits, and the rows to be suppressed.

    `checked` nodes of `nodes` were grouped; the others followed from them.
    """

    levels: Levels
    loss: float
    suppressed: int
    nodes: int
    checked: int


def find_generalisation(
    table: pa.Table, hierarchies: Sequence[Hierarchy], k: int, *, suppression: float = 0.0
) -> Generalisation | None:
    """Find the optimal levels; None when not even the coarsest are k-anonymous.

    At most the share `suppression` of the rows may be suppressed. Raises `Invalid` when a value
    is in no hierarchy.
    """
    lattice = _Lattice(table, hierarchies, k, int(table.num_rows * suppression))
    best: Levels | None = None
    for node in lattice.by_loss():
        if best is not None and lattice.loss(node) >= lattice.loss(best):
            break
        if lattice.is_ruled_out(node):
            continue
        good = lattice.first_good(node)
        if good is not None and (best is None or lattice.loss(good) < lattice.loss(best)):
            best = good
    if best is None:
        return None
    return Generalisation(
        best, lattice.loss(best), lattice.small_rows(best), lattice.size, lattice.checked
    )


def generalise(
    table: pa.Table, hierarchies: Sequence[Hierarchy], levels: Levels, k: int
) -> pa.Table:
    """Return the table at the levels, rows of classes below `k` suppressed in all these columns."""
    coded, maps = _mapped(table, hierarchies)
    parts = [
        steps[level][code] for steps, level, code in zip(maps, levels, coded.codes, strict=True)
    ]
    key = packed(parts, [int(part.max(initial=0)) + 1 for part in parts], rows=table.num_rows)
    _, place, counts = np.unique(key, return_inverse=True, return_counts=True)
    small = pa.array(counts[place] < k)
    for at, (hierarchy, level) in enumerate(zip(hierarchies, levels, strict=True)):
        become = [None, *(hierarchy.steps[str(v)][level] for v in coded.values[at].to_pylist())]
        column = pa.array(become, pa.string()).take(pa.array(coded.codes[at]))
        column = pc.if_else(small, SUPPRESSED, column)
        place_in = table.schema.get_field_index(hierarchy.column)
        table = table.set_column(place_in, hierarchy.column, column)
    return table


def _mapped(
    table: pa.Table, hierarchies: Sequence[Hierarchy]
) -> tuple[Codes, list[list[NDArray[np.int64]]]]:
    """Return the coded columns and, for each, the code that each code becomes at each level."""
    names = [one.column for one in hierarchies]
    require_columns(table, names, names)
    coded = encode(table, names)
    maps = []
    for hierarchy, values in zip(hierarchies, coded.values, strict=True):
        texts = [str(value) for value in values.to_pylist()]
        if lost := [text for text in texts if text not in hierarchy.steps]:
            raise Invalid(
                f"“{hierarchy.column}”的泛化层次里没有取值“{lost[0][:40]}”等{len(lost)}个。请补上。",
                code="hierarchy_incomplete",
            )
        maps.append([_level(hierarchy, texts, level) for level in range(hierarchy.levels)])
    return coded, maps


def _level(hierarchy: Hierarchy, texts: Sequence[str], level: int) -> NDArray[np.int64]:
    """Return the map of codes at one level; null, code 0, stays null at every level."""
    numbers: dict[str, int] = {}
    become = [numbers.setdefault(hierarchy.steps[t][level], len(numbers) + 1) for t in texts]
    return np.array([0, *become], np.int64)


class _Lattice:
    """The nodes, what each loses, and what has been found out about them."""

    def __init__(
        self, table: pa.Table, hierarchies: Sequence[Hierarchy], k: int, allowed: int
    ) -> None:
        coded, self._maps = _mapped(table, hierarchies)
        self._finest: Grouping = group(coded, range(len(hierarchies)))
        self._k, self._allowed = k, allowed
        self._losses = [
            [_entropy(np.bincount(code), step) for step in steps]
            for code, steps in zip(coded.codes, self._maps, strict=True)
        ]
        self._top = tuple(len(steps) - 1 for steps in self._maps)
        self.size = int(np.prod([top + 1 for top in self._top]))
        self._small: dict[Levels, int] = {}
        self._failing: list[Levels] = []

    @property
    def checked(self) -> int:
        """Return how many nodes have been grouped."""
        return len(self._small)

    def loss(self, node: Levels) -> float:
        """Return the utility that the node loses, in bits."""
        return sum(losses[level] for losses, level in zip(self._losses, node, strict=True))

    def by_loss(self) -> list[Levels]:
        """Return all nodes, those that lose least first."""
        nodes = itertools.product(*(range(top + 1) for top in self._top))
        return sorted(nodes, key=lambda node: (self.loss(node), node))

    def is_ruled_out(self, node: Levels) -> bool:
        """Tell whether a coarser node is known to fail."""
        return any(
            all(a <= b for a, b in zip(node, failing, strict=True)) for failing in self._failing
        )

    def small_rows(self, node: Levels) -> int:
        """Return the rows in classes below k."""
        if node not in self._small:
            parts: list[Any] = [
                steps[level][code]
                for steps, level, code in zip(self._maps, node, self._finest.codes, strict=True)
            ]
            key = packed(parts, [int(part.max(initial=0)) + 1 for part in parts])
            _, place = np.unique(key, return_inverse=True)
            rows = np.bincount(place, self._finest.rows)
            self._small[node] = int(rows[rows < self._k].sum())
        return self._small[node]

    def first_good(self, node: Levels) -> Levels | None:
        """Return the lowest good node of a path to the top, None when its top fails."""
        path = [node]
        while path[-1] != self._top:
            path.append(min(self._above(path[-1]), key=self.loss))
        low, high = 0, len(path)
        while low < high:
            middle = (low + high) // 2
            if self.small_rows(path[middle]) <= self._allowed:
                high = middle
            else:
                low = middle + 1
        if low:
            self._failing.append(path[low - 1])
        return path[low] if low < len(path) else None

    def _above(self, node: Levels) -> list[Levels]:
        return [
            (*node[:at], level + 1, *node[at + 1 :])
            for at, level in enumerate(node)
            if level < self._top[at]
        ]


def _entropy(counts: NDArray[np.int64], become: NDArray[np.int64]) -> float:
    """Return the bits that one column loses at one level."""
    merged = np.bincount(become, np.pad(counts, (0, len(become) - len(counts))))
    present = np.flatnonzero(counts)
    odds = counts[present] / merged[become[present]]
    return float(-(counts[present] * np.log2(odds)).sum())
