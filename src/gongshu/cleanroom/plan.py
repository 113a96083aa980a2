"""Pass 10, plan: the hidden counts that the output check needs, and everything a worker needs.

Property: for every measure and every source relation that can change it, the plan counts the
canonical subjects of its cohort, of its group, and of each two cohorts together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from types import MappingProxyType

from sqlglot import exp

from gongshu.cleanroom.model import Finding, Measure, Plan, Population
from gongshu.cleanroom.output_rule import Counted, Output
from gongshu.cleanroom.populations import Lane, Place, lane_of, lanes
from gongshu.cleanroom.query import Query, bare_origin, bases, levels, origins
from gongshu.cleanroom.regimes import Shape, is_open
from gongshu.cleanroom.resolve import HIDDEN_PREFIX
from gongshu.cleanroom.rewrite import (
    Additions,
    Hidden,
    carried_names,
    code_lists,
    lane_column,
    render,
)
from gongshu.cleanroom.scope import Scope

CLAUSE = "dc-3"


@dataclass(slots=True)
class _Counting:
    """Collects hidden counts; the same cohort of the same lane is counted once."""

    query: Query
    lanes: tuple[Lane, ...]
    carried: Mapping[Place, str]
    hidden: dict[str, Hidden] = field(default_factory=dict)

    def count(self, lane: Lane, condition: exp.Expr | None) -> str:
        column = lane_column(self.query, lane, self.carried)
        counted: exp.Expr = exp.Count(this=exp.Distinct(expressions=[column]), big_int=True)
        if condition is not None:
            counted = exp.Filter(this=counted, expression=exp.Where(this=condition.copy()))
        name = f"{HIDDEN_PREFIX}n{len(self.hidden)}"
        return self.hidden.setdefault(counted.sql("duckdb"), Hidden(name, counted)).name

    def populations(self, numbers: Set[int], condition: exp.Expr | None) -> tuple[Population, ...]:
        return tuple(
            Population(self.count(lane, condition), lane.number, lane.kind, lane.optional)
            for lane in self.lanes
            if lane.number in numbers
        )


@dataclass(frozen=True, slots=True)
class Statistics:
    """The measures of a statistical result with their populations, and the groups'."""

    groups: tuple[Population, ...]
    measures: tuple[Measure, ...]
    hidden: tuple[Hidden, ...]
    findings: tuple[Finding, ...]


def statistics(query: Query, output: Output) -> Statistics:
    """This function will lay out the counts that decide about each measure of a result.

    Source: disclosure-control §3.1 (every rule for every aggregate and every source relation).
    """
    counting = _Counting(query, lanes(query), carried_names(query))
    faults = tuple(_uncountable(query, counting.lanes))
    shaping = _shaping_lanes(query, counting.lanes)
    touched = [_touched(query, counting.lanes, measure) | shaping for measure in output.measures]
    mandatory = {lane.number for lane in counting.lanes if not lane.optional}
    grouped = mandatory.union(*touched) if touched else mandatory
    groups = counting.populations(grouped, None)
    measures: list[Measure] = []
    conditions = [_cohort(counting, measure) for measure in output.measures]
    for index, (measure, condition) in enumerate(zip(output.measures, conditions, strict=True)):
        concerned = mandatory | touched[index]
        unions = tuple(
            (first, counting.populations(concerned & (mandatory | touched[first]), either))
            for first, either in _either(conditions, index)
        )
        populations = counting.populations(concerned, condition)
        measures.append(Measure(measure.name, populations, condition is not None, unions))
    return Statistics(groups, tuple(measures), tuple(counting.hidden.values()), faults)


def _cohort(counting: _Counting, measure: Counted) -> exp.Expr | None:
    """Return the condition that a subject of the measure fulfils, None where all of the group do.

    Counting the subjects of a source that was joined with LEFT JOIN counts those with a match:
    that is a condition, too.
    """
    origin = bare_origin(counting.query, measure.subject) if measure.subject is not None else None
    if origin is None or measure.subject is None or not lane_of(counting.lanes, origin).optional:
        return measure.condition
    matched = exp.Is(this=measure.subject.copy(), expression=exp.Null()).not_()
    return matched if measure.condition is None else exp.and_(matched, measure.condition)


def _either(conditions: list[exp.Expr | None], index: int) -> Iterator[tuple[int, exp.Expr]]:
    """Yield each earlier cohort together with this one: two counts whose cohorts differ by a few
    subjects tell about these few, and only the size of both together shows it."""
    condition = conditions[index]
    for first, earlier in enumerate(conditions[:index]):
        if condition is not None and earlier is not None:
            yield first, exp.or_(earlier, condition)


def _uncountable(query: Query, found: tuple[Lane, ...]) -> list[Finding]:
    """A source without subjects has nobody to count, so only its opened items may be used."""
    faults = []
    for base in bases(query):
        if not base.source.subjects and not all(
            item.opened
            for item in base.source.items
            if _is_used(query, base.source.resource, item.name)
        ):
            sentence = (
                f"《{base.source.title}》没有主体对应（企业或个人），它未开放的项不能用于统计导出。"
            )
            faults.append(Finding("output.no_subject", sentence, CLAUSE))
    if not found:
        sentence = "查询里没有一张表带主体列，无法核对每个组别有多少个不同的主体。"
        faults.append(Finding("output.no_subject", sentence, CLAUSE))
    return list(dict.fromkeys(faults))


def _is_used(query: Query, resource: str, item: str) -> bool:
    return any(
        origin.ref == (resource, item)
        for _, level in levels(query)
        for expression in _all_expressions(level)
        for origin in origins(level, expression)
    )


def _all_expressions(level: Query) -> list[exp.Expr]:
    found = [p.expression for p in level.projections] + list(level.group)
    found += [side for joining in level.joins for pair in joining.pairs for side in pair]
    return [*found, level.where] if level.where is not None else found


def _shaping_lanes(query: Query, found: tuple[Lane, ...]) -> frozenset[int]:
    """Lanes whose sources decide rows at any level: a filter or inner join on a source that was
    joined with LEFT JOIN makes every measure depend on it."""
    paths: set[tuple[str, ...]] = set()
    for path, level in levels(query):
        shaping = [level.where] if level.where is not None else []
        shaping += [s for j in level.joins if not j.left for pair in j.pairs for s in pair]
        shaping += list(level.group)
        for expression in shaping:
            paths |= {origin.path for origin in origins(level, expression, path)}
    return _lanes_at(found, paths)


def _touched(query: Query, found: tuple[Lane, ...], measure: Counted) -> frozenset[int]:
    named = [node for node in (measure.subject, measure.condition) if node is not None]
    paths = {origin.path for node in named for origin in origins(query, node)}
    return _lanes_at(found, paths)


def _lanes_at(found: tuple[Lane, ...], paths: set[tuple[str, ...]]) -> frozenset[int]:
    return frozenset(lane.number for lane in found if any(path in paths for path, _ in lane.places))


def assemble(
    query: Query, shape: Shape, output: Output, counted: Statistics | None, scope: Scope
) -> tuple[Plan, Additions]:
    """This function will put together the plan of a query that passed every rule."""
    carried = carried_names(query) if counted is not None else {}
    additions = Additions(
        rows=scope.rows,
        codes=code_lists(output) if counted is not None else {},
        carried=carried,
        hidden=counted.hidden if counted is not None else (),
    )
    sources = {base.source.table: base.source for base in bases(query)}
    key = output.key
    populations = [p for m in counted.measures for p in m.populations] if counted else []
    plan = Plan(
        sql=render(query, additions),
        shape=shape,
        sources=MappingProxyType({}),
        types=MappingProxyType({}),
        resources=MappingProxyType({t: s.resource for t, s in sources.items()}),
        columns=tuple(p.name for p in query.projections),
        key=key.name if key is not None else None,
        key_opened=key is not None and all(is_open(o) for o in origins(query, key.expression)),
        groups=counted.groups if counted else (),
        measures=counted.measures if counted else (),
        subjects=tuple(sorted({p.kind for p in populations})),
        rows=scope.rows,
        k=scope.k if shape == "statistics" else 0,
        max_rows=scope.max_rows if shape != "service" else None,
    )
    return plan, additions
