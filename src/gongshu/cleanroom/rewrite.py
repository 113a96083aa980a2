"""Pass 9, rewrite: the text that runs, made from the checked query and nothing else.

Property: the text names every column in full, reads only used columns, holds the row conditions of
the grant around each source, sorts by the group key, and counts the canonical subjects of every
cohort in hidden columns; taking these additions away leaves the checked query.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlglot import exp

from gongshu.cleanroom.families import is_literal
from gongshu.cleanroom.lattices import LatticeKind
from gongshu.cleanroom.model import RowCondition
from gongshu.cleanroom.output_rule import Output
from gongshu.cleanroom.populations import Lane, Place, lanes
from gongshu.cleanroom.query import Base, Joining, Query, Relation
from gongshu.cleanroom.resolve import HIDDEN_PREFIX

Path = tuple[str, ...]
WRAPPED = f"{HIDDEN_PREFIX}t"


@dataclass(frozen=True, slots=True)
class Hidden:
    """A hidden column of the outermost SELECT."""

    name: str
    expression: exp.Expr


@dataclass(frozen=True, slots=True)
class Additions:
    """What is added to a checked query: row conditions by table, code-list conditions by place,
    subject columns carried up through subqueries, hidden counts."""

    rows: Mapping[str, RowCondition]
    codes: Mapping[Place, tuple[str, ...]]
    carried: Mapping[Place, str]
    hidden: tuple[Hidden, ...] = ()

    def without_counts(self) -> Additions:
        return replace(self, hidden=())


def carried_names(query: Query) -> Mapping[Place, str]:
    """This function will name, once for the whole query, each subject column that is carried up."""
    places = [place for lane in lanes(query) for place in lane.places]
    return {place: f"{HIDDEN_PREFIX}s{number}" for number, place in enumerate(places)}


def code_lists(output: Output) -> Mapping[Place, tuple[str, ...]]:
    """This function will return the code list that rows must follow where a closed item is the
    group key, so that a stray cell never becomes the name of a group."""
    origin = output.key_origin
    rule = origin.rule if origin is not None else None
    if origin is None or rule is None or rule.opened or rule.lattice is None:
        return {}
    if rule.lattice.kind is not LatticeKind.VALUES:
        return {}
    return {(origin.path, origin.column): tuple(sorted(rule.lattice.values))}


def render(query: Query, additions: Additions, *, ordered: bool = True) -> str:
    """This function will return the text of a query that runs, or of a part of one; a part whose
    rows another text puts together needs no order."""
    select = _Writer(additions, ordered).select(query, (), _all_names(query), top=True)
    return select.sql("duckdb", pretty=True, comments=False)


def injected(query: Query, additions: Additions) -> Mapping[Path, str]:
    """This function will return, by the path of each source, the condition that the text holds on
    top of the query, so that the second check can tell it from an author's."""
    writer = _Writer(additions)
    conditions = ((path, writer.condition(base, path)) for path, base in _base_places(query, ()))
    return {path: c.sql("duckdb") for path, c in conditions if c is not None}


def _base_places(query: Query, path: Path) -> list[tuple[Path, Base]]:
    found: list[tuple[Path, Base]] = []
    for relation in query.relations:
        here = (*path, relation.alias)
        if isinstance(relation, Base):
            found.append((here, relation))
        else:
            found += _base_places(relation.query, here)
    return found


def _all_names(query: Query) -> frozenset[str]:
    return frozenset(p.name for p in query.projections)


@dataclass(frozen=True, slots=True)
class _Writer:
    additions: Additions
    ordered: bool = True

    def select(
        self, query: Query, path: tuple[str, ...], wanted: frozenset[str], *, top: bool = False
    ) -> exp.Select:
        projections = [p for p in query.projections if p.name in wanted]
        columns: list[exp.Expr] = [_named(p.expression.copy(), p.name) for p in projections]
        columns += [
            _named(h.expression.copy(), h.name) for h in (self.additions.hidden if top else ())
        ]
        if not top:
            columns += self.carried_through(query, path)
        needed = _needed(query, columns)
        select = exp.Select(
            expressions=columns,
            from_=exp.From(this=self.relation(query.relations[0], path, needed)),
        )
        for joining, relation in zip(query.joins, query.relations[1:], strict=True):
            select.append("joins", self.join(joining, relation, path, needed))
        if query.where is not None:
            select.set("where", exp.Where(this=query.where.copy()))
        if query.group:
            group = [expression.copy() for expression in query.group]
            select.set("group", exp.Group(expressions=group))
        return self.finish(select, query) if top and self.ordered else select

    def finish(self, select: exp.Select, query: Query) -> exp.Select:
        """Rows of a statistical result come in the order of the key, whatever order was asked;
        others in the order asked and then of all columns or keys, so that two runs are alike."""
        ordered = [(o.expression, o.descending, o.nulls_first) for o in query.order]
        columns = [p.expression for p in query.projections]
        terms = list(query.group) if query.aggregates else columns
        if self.additions.hidden:
            ordered = []
        for node in terms:
            if not is_literal(node) and node not in [asked for asked, _, _ in ordered]:
                ordered.append((node, False, False))
        if ordered:
            order = [
                exp.Ordered(this=node.copy(), desc=descending, nulls_first=nulls_first)
                for node, descending, nulls_first in ordered
            ]
            select.set("order", exp.Order(expressions=order))
        if query.limit is not None:
            select.set("limit", exp.Limit(expression=exp.Literal.number(query.limit)))
        if query.offset is not None:
            select.set("offset", exp.Offset(expression=exp.Literal.number(query.offset)))
        if query.distinct:
            select.set("distinct", exp.Distinct())
        return select

    def join(
        self,
        joining: Joining,
        relation: Relation,
        path: tuple[str, ...],
        needed: Mapping[str, frozenset[str]],
    ) -> exp.Join:
        pairs = [exp.EQ(this=a.copy(), expression=b.copy()) for a, b in joining.pairs]
        return exp.Join(
            this=self.relation(relation, path, needed),
            side="LEFT" if joining.left else None,
            kind=None if joining.left else "INNER",
            on=exp.and_(*pairs, copy=False, wrap=False),
        )

    def relation(
        self, relation: Relation, path: tuple[str, ...], needed: Mapping[str, frozenset[str]]
    ) -> exp.Expr:
        here = (*path, relation.alias)
        wanted = needed.get(relation.alias, frozenset())
        alias = exp.TableAlias(this=exp.to_identifier(relation.alias, quoted=True))
        if not isinstance(relation, Base):
            inner = self.select(relation.query, here, wanted)
            return exp.Subquery(this=inner, alias=alias)
        condition = self.condition(relation, here)
        if condition is None:
            name = exp.to_identifier(relation.source.table, quoted=True)
            return exp.Table(this=name, alias=alias)
        return exp.Subquery(this=_wrapped(relation, wanted, condition), alias=alias)

    def condition(self, relation: Base, here: tuple[str, ...]) -> exp.Expr | None:
        """Return the conditions around one use of a source: grant's regions, codes of the key."""
        table, parts = WRAPPED, []
        rows = self.additions.rows.get(relation.source.table)
        if rows is not None:
            starts: list[exp.Expr] = [
                exp.StartsWith(this=_column(table, rows.item), expression=exp.Literal.string(p))
                for p in rows.prefixes
            ]
            parts.append(exp.paren(exp.or_(*starts, wrap=False), copy=False))
        for (path, item), codes in self.additions.codes.items():
            rule = relation.source.item(item)
            if path == here and rule is not None:
                literals = [_code(code, rule.family.value) for code in codes]
                listed = exp.In(this=_column(table, item), expressions=literals)
                empty = exp.Is(this=_column(table, item), expression=exp.Null())
                parts.append(exp.paren(exp.or_(listed, empty, wrap=False), copy=False))
        return exp.and_(*parts, wrap=False) if parts else None

    def carried_through(self, query: Query, path: tuple[str, ...]) -> list[exp.Expr]:
        """Hand every subject column below on under its own name: without grouping below the top,
        an extra column changes no row."""
        found: list[exp.Expr] = []
        for place, name in self.additions.carried.items():
            below = place[0]
            if below[: len(path)] == path:
                relation = query.relation(below[len(path)])
                inner = place[1] if isinstance(relation, Base) else name
                found.append(_named(_column(relation.alias, inner), name))
        return found


def _needed(query: Query, columns: list[exp.Expr]) -> Mapping[str, frozenset[str]]:
    """Return for each relation the columns that one SELECT takes from it."""
    taken: dict[str, set[str]] = {}
    expressions = [*columns, *query.group, *(o.expression for o in query.order)]
    expressions += [side for joining in query.joins for pair in joining.pairs for side in pair]
    if query.where is not None:
        expressions.append(query.where)
    for expression in expressions:
        for column in expression.find_all(exp.Column):
            taken.setdefault(column.table, set()).add(column.name)
    return {alias: frozenset(names) for alias, names in taken.items()}


def _wrapped(relation: Base, wanted: frozenset[str], condition: exp.Expr) -> exp.Select:
    name = exp.to_identifier(relation.source.table, quoted=True)
    alias = exp.TableAlias(this=exp.to_identifier(WRAPPED, quoted=True))
    # A source of which nothing but its rows is used still needs a column to be a relation.
    first = relation.source.columns()[0][0]
    columns = sorted(wanted) or [first]
    return exp.Select(
        expressions=[_column(WRAPPED, column) for column in columns],
        from_=exp.From(this=exp.Table(this=name, alias=alias)),
        where=exp.Where(this=condition),
    )


def lane_column(query: Query, lane: Lane, carried: Mapping[Place, str]) -> exp.Column:
    """This function will return the column by which the outermost SELECT sees a lane."""
    path, column = lane.places[0]
    relation = query.relation(path[0])
    name = column if isinstance(relation, Base) else carried[lane.places[0]]
    return _column(relation.alias, name)


def _column(table: str, name: str) -> exp.Column:
    return exp.column(exp.to_identifier(name, quoted=True), exp.to_identifier(table, quoted=True))


def _code(code: str, family: str) -> exp.Expr:
    if family == "number":
        return exp.Literal.number(code)
    if family == "boolean":
        return exp.Boolean(this=code == "true")
    return exp.Literal.string(code)


def _named(expression: exp.Expr, name: str) -> exp.Alias:
    return exp.Alias(this=expression, alias=exp.to_identifier(name, quoted=True))
