"""Lattices: the literals that an item which is not opened may be compared with.

A query may cut a cohort only along lines that were drawn before it was written. Three kinds of
line exist (disclosure-control §3.2): listed values (code levels), first days of a month, and the
edges of number bands.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum


class LatticeKind(StrEnum):
    """How the permitted cutting lines of an item are described."""

    VALUES = "values"
    MONTHS = "date-month"
    BANDS = "number-bands"

    @property
    def zh(self) -> str:
        return {
            "values": "列明的取值",
            "date-month": "月份的第一天",
            "number-bands": "数值分段的边界",
        }[self.value]


@dataclass(frozen=True, slots=True)
class Lattice:
    """The lines along which an item may be cut.

    `values` are canonical literal texts (numbers without trailing zeros, `true`/`false`);
    `edges` are the borders of half-open bands [a, b).
    """

    kind: LatticeKind
    values: frozenset[str] = frozenset()
    edges: frozenset[Decimal] = frozenset()

    @classmethod
    def of_values(cls, values: Iterable[str | int | bool | Decimal]) -> Lattice:
        """This function will return the lattice of a code list."""
        return cls(LatticeKind.VALUES, values=frozenset(canonical_literal(v) for v in values))

    @classmethod
    def of_months(cls) -> Lattice:
        """This function will return the lattice whose lines are the first days of months."""
        return cls(LatticeKind.MONTHS)

    @classmethod
    def of_bands(cls, edges: Iterable[int | Decimal]) -> Lattice:
        """This function will return the lattice of half-open number bands with these edges."""
        return cls(LatticeKind.BANDS, edges=frozenset(Decimal(edge) for edge in edges))

    def holds(self, literal: str | Decimal | date | bool) -> bool:
        """This function will say whether a literal lies on one of the permitted lines."""
        if self.kind is LatticeKind.VALUES:
            return canonical_literal(literal) in self.values
        if self.kind is LatticeKind.MONTHS:
            return isinstance(literal, date) and literal.day == 1
        return isinstance(literal, Decimal) and literal in self.edges

    @property
    def is_ordered(self) -> bool:
        """Ordered lattices are cut with `>=` and `<` only: bands are half-open, so `=`, `<=` and
        `>` would single out the subjects that sit exactly on an edge."""
        return self.kind is not LatticeKind.VALUES


def canonical_literal(value: str | int | bool | Decimal | date) -> str:
    """This function will return the one text by which a literal is compared with a code list."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return value.isoformat() if isinstance(value, date) else value
