"""The clean room: from a query text to a checked plan, one pass a file.

    parse -> resolve -> usage -> second opinion -> scope -> regimes -> cohorts -> output rule
          -> rewrite -> plan -> second check of the text that runs

Each module opens with the property that its pass guarantees; `tests/spec/cleanroom` holds the
pairs of accepted and refused queries. `check` is the one door.
"""

from gongshu.cleanroom.checking import check
from gongshu.cleanroom.forms import grants_of, sources_of, verdict_form
from gongshu.cleanroom.lattices import Lattice, LatticeKind
from gongshu.cleanroom.model import (
    Finding,
    ItemRule,
    Measure,
    OutputColumn,
    Plan,
    Population,
    RowCondition,
    Source,
    Verdict,
)
from gongshu.cleanroom.second_opinion import SecondOpinion

__all__ = [
    "Finding",
    "ItemRule",
    "Lattice",
    "LatticeKind",
    "Measure",
    "OutputColumn",
    "Plan",
    "Population",
    "RowCondition",
    "SecondOpinion",
    "Source",
    "Verdict",
    "check",
    "grants_of",
    "sources_of",
    "verdict_form",
]
