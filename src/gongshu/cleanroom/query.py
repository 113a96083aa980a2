"""The resolved query: relations, joins, projections, with every name bound to one column.

Expressions are sqlglot trees in which each `Column` carries the alias of its relation and the
column's own spelling. Common table expressions are written out at their place of use, so that
the query is a tree and every use of a source is one node of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from sqlglot import exp

from gongshu.cleanroom.model import ItemRef, ItemRule, Source


@dataclass(frozen=True, slots=True)
class Base:
    """A use of a source under an alias."""

    alias: str
    source: Source


@dataclass(frozen=True, slots=True)
class Derived:
    """A subquery or common table expression under an alias."""

    alias: str
    query: Query


Relation = Base | Derived


@dataclass(frozen=True, slots=True)
class Joining:
    """An equi-join: the relation is joined to those before it on pairs of equal columns."""

    left: bool
    pairs: tuple[tuple[exp.Column, exp.Column], ...]


@dataclass(frozen=True, slots=True)
class Projection:
    name: str
    expression: exp.Expr


@dataclass(frozen=True, slots=True)
class Ordering:
    expression: exp.Expr
    descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class Query:
    """`joins[i]` tells how `relations[i + 1]` is joined."""

    relations: tuple[Relation, ...]
    joins: tuple[Joining, ...]
    projections: tuple[Projection, ...]
    where: exp.Expr | None = None
    group: tuple[exp.Expr, ...] = ()
    order: tuple[Ordering, ...] = ()
    limit: int | None = None
    offset: int | None = None
    distinct: bool = False

    def relation(self, alias: str) -> Relation:
        return next(r for r in self.relations if r.alias == alias)

    def projection(self, name: str) -> Projection:
        return next(p for p in self.projections if p.name == name)

    @property
    def aggregates(self) -> bool:
        found = (p.expression.find(exp.AggFunc) for p in self.projections)
        return bool(self.group) or any(node is not None for node in found)

    def with_projections(self, projections: tuple[Projection, ...]) -> Query:
        return replace(self, projections=projections)


@dataclass(frozen=True, slots=True)
class Origin:
    """A column of a source, at the end of the way that a name took through the query.

    `path` are the aliases from the outermost query down to the source: it tells two uses of the
    same source apart, and one path has one source.
    """

    source: Source = field(compare=False)
    column: str
    path: tuple[str, ...]

    @property
    def ref(self) -> ItemRef:
        return (self.source.resource, self.column)

    @property
    def rule(self) -> ItemRule | None:
        return self.source.item(self.column)

    @property
    def is_subject(self) -> bool:
        return self.column in self.source.subjects.values()

    @property
    def title(self) -> str:
        return f"《{self.source.title}》的“{self.column}”"


def columns_of(expression: exp.Expr) -> Iterator[exp.Column]:
    """This function will yield the columns of a bound expression."""
    yield from expression.find_all(exp.Column)


def origins(query: Query, expression: exp.Expr, path: tuple[str, ...] = ()) -> tuple[Origin, ...]:
    """This function will return every source column whose value flows into `expression`.

    Each column of each subquery is followed once: a name that is used forty times at every level
    would otherwise be followed forty times forty times, and so on.
    """
    found: dict[Origin, None] = {}
    _follow(query, expression, path, found, set())
    return tuple(found)


def _follow(
    query: Query,
    expression: exp.Expr,
    path: tuple[str, ...],
    found: dict[Origin, None],
    seen: set[tuple[tuple[str, ...], str]],
) -> None:
    for column in columns_of(expression):
        relation = query.relation(column.table)
        here = (*path, relation.alias)
        if (here, column.name) in seen:
            continue
        seen.add((here, column.name))
        if isinstance(relation, Base):
            found.setdefault(Origin(relation.source, column.name, here))
        else:
            inner = relation.query.projection(column.name).expression
            _follow(relation.query, inner, here, found, seen)


def bare_origin(query: Query, expression: exp.Expr, path: tuple[str, ...] = ()) -> Origin | None:
    """This function will return the source column that `expression` hands on unchanged, if so."""
    while isinstance(expression, exp.Paren):
        expression = expression.this
    if not isinstance(expression, exp.Column):
        return None
    relation = query.relation(expression.table)
    here = (*path, relation.alias)
    if isinstance(relation, Base):
        return Origin(relation.source, expression.name, here)
    return bare_origin(relation.query, relation.query.projection(expression.name).expression, here)


def levels(query: Query, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Query]]:
    """This function will yield the query and every query below it, each with its path."""
    yield path, query
    for relation in query.relations:
        if isinstance(relation, Derived):
            yield from levels(relation.query, (*path, relation.alias))


def bases(query: Query) -> Iterator[Base]:
    """This function will yield every use of a source in the query."""
    for _, level in levels(query):
        yield from (r for r in level.relations if isinstance(r, Base))
