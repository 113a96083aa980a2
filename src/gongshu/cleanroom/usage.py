"""Pass 3, usage walk: which items influence each output column, and which the query uses at all.

Property: an item that could change an output cell, or decide whether the row is there, is in the
influences of that column. Output lineage alone would miss filters, joins and groups.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlglot import exp

from gongshu.cleanroom.query import Base, Origin, Query, columns_of, origins


@dataclass(frozen=True, slots=True)
class ColumnUsage:
    """`values` flow into the column; `rows` decide which rows it has."""

    name: str
    values: tuple[Origin, ...]
    rows: tuple[Origin, ...]

    @property
    def influences(self) -> tuple[Origin, ...]:
        return tuple(dict.fromkeys((*self.values, *self.rows)))


@dataclass(frozen=True, slots=True)
class Usage:
    columns: tuple[ColumnUsage, ...]

    @property
    def origins(self) -> tuple[Origin, ...]:
        """Every use of a source column that influences the output."""
        return tuple(dict.fromkeys(o for column in self.columns for o in column.influences))


def walk(query: Query) -> Usage:
    """This function will return the influences of every output column.

    Output lineage is not enough: filters, joins and groups decide on rows as well.
    """
    rows = tuple(dict.fromkeys(_row_origins(query, ())))
    columns = tuple(
        ColumnUsage(p.name, origins(query, p.expression), rows) for p in query.projections
    )
    return Usage(columns)


def _row_origins(query: Query, path: tuple[str, ...]) -> Iterable[Origin]:
    """A filter, join or group at any level decides rows of the outermost output."""
    for expression in row_expressions(query):
        yield from origins(query, expression, path)
    for relation in query.relations:
        if not isinstance(relation, Base):
            yield from _row_origins(relation.query, (*path, relation.alias))


def row_expressions(query: Query) -> Iterable[exp.Expr]:
    """This function will yield the expressions of one SELECT that decide its rows."""
    if query.where is not None:
        yield query.where
    for joining in query.joins:
        for pair in joining.pairs:
            yield from pair
    yield from query.group
    for ordering in query.order:
        yield ordering.expression
    if query.distinct:
        for projection in query.projections:
            yield from columns_of(projection.expression)
