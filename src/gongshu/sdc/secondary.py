"""Secondary suppression: which further cells to hide so that no protected one can be worked out.

The least that has to be hidden is an integer program. Its constraints are found as they are needed:
hide, let the attacker work out every hidden cell, and for each that is told too closely demand
what the attacker's own dual says has to give way; until nothing is told too closely. What comes
out has passed the attacker, whatever the program found. Beyond the solver's limits nothing is
shown at all. Source: Fischetti and Salazar 2000, §4; disclosure-control §4.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gongshu.cleanroom.failures import RunFailed
from gongshu.sdc.attacker import (
    Attacker,
    Linked,
    Reach,
    add_columns,
    add_rows,
    components,
    solver,
)
from gongshu.sdc.rules import Amounts, Mask

MOST_CELLS = 3_000
MOST_ROUNDS = 200
MOST_NODES = 20_000
GAP = 0.02
"""How much more than the least may be hidden; searching on would take far longer."""
_NEAR = 1e-6


@dataclass(frozen=True, slots=True)
class Suppression:
    """`hidden` are all cells that are not shown, `reaches` how far each of them can be."""

    hidden: Mask
    reaches: Mapping[int, Reach]


def suppress(linked: Linked, primary: Mask, width: int) -> Suppression:
    """This function will hide what protects `primary`, and audit every hidden cell.

    No hidden cell can be worked out to an interval narrower than `width`. Tables that share no
    total are judged one by one. Raises `RunFailed` where that cannot be had, or not within the
    limits: then nothing may be shown.
    """
    hidden: Mask = np.zeros_like(primary)
    reaches: dict[int, Reach] = {}
    for cells in components(linked):
        if not primary[cells].any():
            continue
        found = _suppress(linked.part(cells), primary[cells], width)
        hidden[cells] = found.hidden
        reaches |= {int(cells[cell]): reach for cell, reach in found.reaches.items()}
    return Suppression(hidden, reaches)


def _suppress(linked: Linked, primary: Mask, width: int) -> Suppression:
    if len(primary) > MOST_CELLS:
        raise RunFailed("too_many_cells")
    attacker, program = Attacker(linked), _Program(linked, primary, width)
    for _ in range(MOST_ROUNDS):
        hidden = program.cheapest()
        reaches = attacker.reaches(hidden, np.flatnonzero(hidden).tolist())
        told = {cell: reach for cell, reach in reaches.items() if told_too_closely(reach, width)}
        if not told:
            return Suppression(hidden, reaches)
        for cell, reach in told.items():
            program.demand(cell, reach)
    raise RunFailed("suppression")


def told_too_closely(reach: Reach, width: int) -> bool:
    """This function will say whether an attacker knows a cell better than the protection width."""
    return reach.high - reach.low < width - _NEAR


class _Program:
    """The integer program: one yes or no per cell, at the price of what its hiding loses."""

    def __init__(self, linked: Linked, primary: Mask, width: int) -> None:
        import highspy  # Only a table with totals pays for the solver.

        self._width, self._size = width, len(primary)
        self._solved = (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kSolutionLimit)
        self._solver = solver()
        for option, value in (("mip_rel_gap", GAP), ("mip_max_nodes", MOST_NODES)):
            self._solver.setOptionValue(option, value)
        prices = 1.0 + linked.values.astype(np.float64)
        add_columns(self._solver, prices, primary.astype(np.float64), np.ones(self._size))
        whole = np.full(self._size, highspy.HighsVarType.kInteger)
        everything = np.arange(self._size, dtype=np.int32)
        self._solver.changeColsIntegrality(self._size, everything, whole)
        self._demand_company(linked)

    def _demand_company(self, linked: Linked) -> None:
        """One hidden cell alone in a line of a total is the total less the others."""
        rows = []
        for total, parts in linked.totals:
            line = (total, *parts)
            rows += [tuple((o, -1.0 if o == cell else 1.0) for o in line) for cell in line]
        add_rows(self._solver, rows, lower=0.0, upper=math.inf)

    def demand(self, cell: int, reach: Reach) -> None:
        """Where `cell` is hidden, enough of what holds it must give way for it to move."""
        wanted: Amounts = np.minimum(reach.leeway, self._width)
        wanted[cell] -= self._width
        used = np.flatnonzero(wanted)
        row: Any = tuple((int(index), float(wanted[index])) for index in used)
        add_rows(self._solver, [row], lower=0.0, upper=math.inf)

    def cheapest(self) -> Mask:
        self._solver.run()
        if self._solver.getModelStatus() not in self._solved:
            raise RunFailed("suppression")
        if not math.isfinite(self._solver.getInfo().objective_function_value):
            raise RunFailed("suppression")
        found: Mask = np.array(self._solver.getSolution().col_value) > 1 / 2
        return found
