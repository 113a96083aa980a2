"""The nearest lawful wording of a condition that does not follow the lines of its item.

What is offered counts a whole month or a whole band where one day or one value was asked for; it
never depends on data. Where two wordings would be as near, the wider cohort is offered.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlglot import exp

from gongshu.cleanroom.families import Value
from gongshu.cleanroom.lattices import Lattice, LatticeKind


def nearest(
    column: exp.Expr, kind: type[exp.Expr], values: tuple[Value | None, ...], lattice: Lattice
) -> str | None:
    """This function will return the condition on the lines of `lattice` that is nearest to a
    comparison of `column` with `values`, None where there is none."""
    bounds = _bounds(kind, values)
    if bounds is None or not lattice.is_ordered:
        return None
    low, high = bounds
    lower = None if low is None else _line(lattice, low, after=kind is exp.GT)
    upper = None if high is None else _line(lattice, high, after=kind is not exp.LT)
    if (low is not None and lower is None) or (high is not None and upper is None):
        return None
    name = column.sql("duckdb")
    parts = [] if lower is None else [f"{name} >= {lower}"]
    parts += [] if upper is None else [f"{name} < {upper}"]
    return " AND ".join(parts)


def _bounds(
    kind: type[exp.Expr], values: tuple[Value | None, ...]
) -> tuple[Value | None, Value | None] | None:
    """Return from where to where the comparison reaches; None for one that has no such form."""
    if not values or any(value is None for value in values):
        return None
    if kind in (exp.GT, exp.GTE):
        return values[0], None
    if kind in (exp.LT, exp.LTE):
        return None, values[0]
    if kind is exp.EQ:
        return values[0], values[0]
    return (values[0], values[1]) if kind is exp.Between else None


def _line(lattice: Lattice, value: Value, *, after: bool) -> str | None:
    """Return the line at or before `value`, or the next one behind it."""
    if lattice.kind is LatticeKind.MONTHS and isinstance(value, date):
        first = value.replace(day=1)
        if not after:
            return f"DATE '{first.isoformat()}'"
        if (first.year, first.month) == (9999, 12):
            return None
        following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
        return f"DATE '{following.isoformat()}'"
    if lattice.kind is LatticeKind.BANDS and isinstance(value, Decimal):
        edges = sorted(lattice.edges)
        found = [e for e in edges if e > value][:1] if after else [e for e in edges if e <= value]
        return f"{found[-1]:f}" if found else None
    return None
