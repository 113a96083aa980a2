"""Pass 11, second check: the text that will run is judged as if somebody else had written it.

Property: the rewritten text parses, binds, keeps the cohort and output rules; taking away what the
rewrite may add leaves, word for word, the query that was checked; lists of contributors are those
of that query and are put together as fixed; and the engine reads no column that is not loaded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from sqlglot import exp

from gongshu.cleanroom import cohorts, families, output_rule
from gongshu.cleanroom import second_opinion as opinions
from gongshu.cleanroom.contributors import compose
from gongshu.cleanroom.model import Finding, ItemRef, Plan, Source
from gongshu.cleanroom.parse import FINAL_CAPS, parse
from gongshu.cleanroom.query import Base, Derived, Joining, Query, Relation
from gongshu.cleanroom.resolve import HIDDEN_PREFIX, resolve
from gongshu.cleanroom.rewrite import Additions, Path, injected
from gongshu.cleanroom.second_opinion import Opinion
from gongshu.cleanroom.texts import rendered
from gongshu.cleanroom.usage import walk


@dataclass(frozen=True, slots=True)
class Loaded:
    """The columns, and their types, that the text names: table -> in the order of the source."""

    columns: Mapping[str, tuple[str, ...]]
    types: Mapping[str, tuple[str, ...]]


Conditions = Mapping[Path, str]
NOTHING = Loaded(MappingProxyType({}), MappingProxyType({}))


def judge(
    checked: Query,
    sources: Sequence[Source],
    plan: Plan,
    *,
    additions: Additions,
    listings: Sequence[Query],
    opinion: Opinion,
) -> tuple[Loaded, Finding | None]:
    """This function will return what the text of the plan reads, or why it may not run.

    `listings` are the queries that the lists of contributors have to be.
    """
    text = plan.counting
    parts = [read(part, sources) for part in (text, *(c.sql for c in plan.contributions))]
    final, *listed = (query for query, _ in parts)
    if final is None:
        return NOTHING, _broken("unreadable")
    names = by_table(sources, frozenset[ItemRef]().union(*(mentioned for _, mentioned in parts)))
    faults = [*families.check(text, final), *cohorts.join_keys(text, final)]
    conditions = injected(checked, additions)
    if plan.shape == "statistics":
        faults += cohorts.judge(text, final, frozenset(conditions.values()))
    faults += output_rule.judge(text, final, plan.shape, walk(final))[1]
    faults += opinions.compare(opinion, plan.sql, names)
    if faults:
        return NOTHING, _broken(faults[0].code)
    if not _same(checked, final, conditions):
        return NOTHING, _broken("difference")
    if plan.sql != _composed(plan, final):
        return NOTHING, _broken("composition")
    if not _listed(listed, listings, conditions):
        return NOTHING, _broken("contributors")
    return _loaded(sources, names), None


def _loaded(sources: Sequence[Source], names: Mapping[str, frozenset[str]]) -> Loaded:
    columns = {s.table: [c for c in s.columns() if c[0] in names[s.table]] for s in sources}
    return Loaded(
        MappingProxyType({t: tuple(name for name, _ in c) for t, c in columns.items()}),
        MappingProxyType({t: tuple(kind for _, kind in c) for t, c in columns.items()}),
    )


def read(text: str, sources: Sequence[Source]) -> tuple[Query | None, frozenset[ItemRef]]:
    """This function will bind a text of the rewrite; the query is None when it cannot be read."""
    parsed = parse(text, FINAL_CAPS)
    if parsed.findings or parsed.tree is None:
        return None, frozenset()
    resolved = resolve(text, parsed.tree, sources, allow_hidden=True)
    return resolved.query, resolved.mentioned


def _listed(
    found: Sequence[Query | None], expected: Sequence[Query], conditions: Conditions
) -> bool:
    """Say whether the lists of contributors are the ones that there have to be."""
    return len(found) == len(expected) and all(
        listing is not None and _same(wanted, listing, conditions, whole=True)
        for listing, wanted in zip(found, expected, strict=True)
    )


def _composed(plan: Plan, final: Query) -> str:
    if not plan.contributions or plan.key is None:
        return plan.counting
    names = tuple(p.name for p in final.projections)
    return compose(plan.counting, names, plan.key, plan.contributions)


def _same(
    checked: Query,
    final: Query,
    conditions: Conditions,
    path: Path = (),
    *,
    whole: bool = False,
) -> bool:
    """Say whether `final` is `checked` plus hidden columns, row conditions and an order; with
    `whole` it has no hidden columns but those of `checked`.

    Below the outermost SELECT, columns that nobody uses may have gone.
    """
    before = {p.name: _text(p.expression) for p in checked.projections}
    after = {p.name: _text(p.expression) for p in final.projections if whole or not _hidden(p.name)}
    kept = before == after if not path else after.items() <= before.items()
    return (
        kept
        and _text(checked.where) == _text(final.where)
        and [_text(e) for e in checked.group] == [_text(e) for e in final.group]
        and [_joined(j) for j in checked.joins] == [_joined(j) for j in final.joins]
        and (checked.limit, checked.offset, checked.distinct)
        == (final.limit, final.offset, final.distinct)
        and len(checked.relations) == len(final.relations)
        and all(
            _same_relation(one, other, conditions, path)
            for one, other in zip(checked.relations, final.relations, strict=True)
        )
    )


def _same_relation(checked: Relation, final: Relation, conditions: Conditions, path: Path) -> bool:
    if checked.alias != final.alias:
        return False
    here = (*path, checked.alias)
    if isinstance(checked, Derived):
        return isinstance(final, Derived) and _same(checked.query, final.query, conditions, here)
    table, condition = checked.source.table, conditions.get(here)
    if isinstance(final, Base):
        return final.source.table == table and condition is None
    return _wraps(final.query, table) and _text(final.query.where) == condition


def _wraps(query: Query, table: str) -> bool:
    """Say whether a subquery is one source under a condition, and nothing more."""
    (inner, *others) = query.relations
    plain = all(
        isinstance(p.expression, exp.Column) and p.expression.name == p.name
        for p in query.projections
    )
    uncut = (query.limit, query.offset, query.distinct) == (None, None, False)
    return (
        plain
        and uncut
        and not others
        and not query.group
        and isinstance(inner, Base)
        and inner.source.table == table
    )


def _text(expression: exp.Expr | None) -> str:
    return "" if expression is None else rendered(expression)


def _joined(joining: Joining) -> tuple[bool, tuple[tuple[str, str], ...]]:
    return joining.left, tuple((_text(one), _text(other)) for one, other in joining.pairs)


def _hidden(name: str) -> bool:
    return name.startswith(HIDDEN_PREFIX)


def by_table(
    sources: Sequence[Source], mentioned: frozenset[ItemRef]
) -> Mapping[str, frozenset[str]]:
    """This function will turn item references into table -> columns."""
    return {
        source.table: frozenset(item for resource, item in mentioned if resource == source.resource)
        for source in sources
    }


def _broken(where: str) -> Finding:
    sentence = "改写后的查询没有通过复核，为安全起见不予执行；请联系平台管理员。"
    return Finding("rewrite.broken", sentence, "dc-3", None, (where,))
