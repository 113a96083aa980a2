"""What somebody can work out about the hidden cells of a table whose totals are known.

The attacker knows every cell that is shown, to the unit; which cells add up to which totals; that
no cell is negative; and that none is larger than everybody together. A linear program over these
gives for each hidden cell the least and the most that it can be: for tables of one or two
dimensions its ends are whole numbers, so no count outside them is possible and both ends are.
Source: Fischetti and Salazar 2000 (suppression as optimisation); disclosure-control §4, §5.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gongshu.cleanroom.failures import RunFailed
from gongshu.sdc.rules import Amounts, Counts, Mask

Total = tuple[int, tuple[int, ...]]
"""(index of a total, indices of the cells that add up to it)."""
Indices = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Linked:
    """Cells that add up: `values` (counts), and `totals`, which say what adds up to what.

    A cell may be part of several totals, and a total a part of others; a number that is known from
    elsewhere is a cell that is shown. `largest` is a bound on any cell that everybody knows.
    """

    values: Counts
    totals: tuple[Total, ...]
    largest: int

    def __post_init__(self) -> None:
        for total, parts in self.totals:
            if self.values[total] != self.values[list(parts)].sum():
                raise ValueError("the parts of a total do not add up to it")
        if len(self.values) and (self.values.min() < 0 or self.values.max() > self.largest):
            raise ValueError("a cell outside its bounds")

    def part(self, cells: Indices) -> Linked:
        """This function will return the table of some cells with all totals that they are in."""
        place = {int(cell): number for number, cell in enumerate(cells)}
        totals = tuple(
            (place[total], tuple(place[part] for part in parts))
            for total, parts in self.totals
            if total in place
        )
        return Linked(self.values[cells], totals, self.largest)


def components(linked: Linked) -> list[Indices]:
    """This function will return the cells of each table that shares no total with another."""
    leader = list(range(len(linked.values)))

    def led(cell: int) -> int:
        while leader[cell] != cell:
            leader[cell] = leader[leader[cell]]
            cell = leader[cell]
        return cell

    for total, parts in linked.totals:
        for part in parts:
            leader[led(part)] = led(total)
    groups: dict[int, list[int]] = {}
    for cell in range(len(leader)):
        groups.setdefault(led(cell), []).append(cell)
    return [np.array(cells, dtype=np.int32) for cells in groups.values()]


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a hidden cell can move, and what each cell's being hidden contributes to that.

    `high - low` never exceeds the sum of `leeway` over all cells that are hidden, whichever these
    are: the dual of the two linear programs.
    """

    low: float
    high: float
    leeway: Amounts


class Attacker:
    """Holds the linear program of one table; only the hidden cells change from try to try."""

    def __init__(self, linked: Linked) -> None:
        import highspy  # Only a table with totals pays for the solver.

        self._linked = linked
        self._optimal = highspy.HighsModelStatus.kOptimal
        self._solver = solver()
        size = len(linked.values)
        values = linked.values.astype(np.float64)
        add_columns(self._solver, np.zeros(size), values, values)
        rows = [((total, -1.0), *((part, 1.0) for part in parts)) for total, parts in linked.totals]
        add_rows(self._solver, rows, lower=0.0, upper=0.0)

    def reaches(self, hidden: Mask, cells: Iterable[int]) -> dict[int, Reach]:
        """This function will return the reach of each of `cells` when `hidden` are hidden.

        Raises `RunFailed` when the solver cannot say: then nothing may be shown.
        """
        self._hide(hidden)
        found = {}
        for cell in cells:
            low, first = self._extreme(cell, 1.0)
            high, second = self._extreme(cell, -1.0)
            found[cell] = Reach(low, -high, first + second)
        return found

    def _hide(self, hidden: Mask) -> None:
        values = self._linked.values.astype(np.float64)
        lower = np.where(hidden, 0.0, values)
        upper = np.where(hidden, float(self._linked.largest), values)
        everything = np.arange(len(values), dtype=np.int32)
        self._solver.changeColsBounds(len(values), everything, lower, upper)

    def _extreme(self, cell: int, cost: float) -> tuple[float, Amounts]:
        self._solver.changeColCost(cell, cost)
        self._solver.run()
        if self._solver.getModelStatus() != self._optimal:
            raise RunFailed("audit")
        reduced = np.array(self._solver.getSolution().col_dual)
        extreme = float(self._solver.getInfo().objective_function_value)
        self._solver.changeColCost(cell, 0.0)  # Forgets the solution, so it comes last.
        values = self._linked.values.astype(np.float64)
        down, up = np.maximum(reduced, 0.0), np.maximum(-reduced, 0.0)
        leeway = down * values + up * (self._linked.largest - values)
        return extreme, leeway


def solver() -> Any:
    """This function will return a silent solver that gives the same answer every time."""
    import highspy

    make: Any = highspy.Highs
    found = make()
    for option, value in (("output_flag", False), ("threads", 1), ("random_seed", 0)):
        found.setOptionValue(option, value)
    return found


def add_columns(to: Any, costs: Amounts, lower: Amounts, upper: Amounts) -> None:
    """This function will add variables without entries in any row."""
    none = np.zeros(0, dtype=np.int32)
    starts = np.zeros(len(costs), dtype=np.int32)
    to.addCols(len(costs), costs, lower, upper, 0, starts, none, np.zeros(0))


def add_rows(
    to: Any, rows: list[tuple[tuple[int, float], ...]], *, lower: float, upper: float
) -> None:
    """This function will add rows of (variable, coefficient) between two bounds."""
    starts = np.cumsum([0, *(len(row) for row in rows[:-1])]).astype(np.int32)
    indices = np.array([index for row in rows for index, _ in row], dtype=np.int32)
    entries = np.array([entry for row in rows for _, entry in row], dtype=np.float64)
    bounds = (np.full(len(rows), bound) for bound in (lower, upper))
    to.addRows(len(rows), *bounds, len(indices), starts, indices, entries)
