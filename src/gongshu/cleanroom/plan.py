"""Pass 10, plan: the hidden counts that the output check needs, and everything a worker needs.

Property: for every measure and every source relation that can change it, the plan counts the
canonical subjects of its cohort, of its group, and of each two cohorts together; for every sum and
mean it also takes down what each group's subjects contribute, and for several cohorts how many are
in each combination of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import MappingProxyType

from sqlglot import exp

from gongshu.cleanroom.contributors import (
    FEWEST_COHORTS,
    Addend,
    columns_of,
    compose,
    dominance_of,
    listing,
    regions_of,
)
from gongshu.cleanroom.model import (
    HALF,
    Amount,
    Contributions,
    Finding,
    Measure,
    Plan,
    Population,
)
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
    """Collects hidden counts; the same cohort of the same lane is counted once.

    Where subjects are listed anyway (`listed`), those of lanes that are always there are counted in
    the list: `flags` are its conditions by their names, `members` what is counted on each lane.
    """

    query: Query
    lanes: tuple[Lane, ...]
    carried: Mapping[Place, str]
    listed: bool = False
    hidden: dict[str, Hidden] = field(default_factory=dict)
    flags: dict[str, exp.Expr] = field(default_factory=dict)
    members: dict[int, dict[str, str | None]] = field(default_factory=dict)

    def column(self, aggregate: exp.Expr, condition: exp.Expr | None) -> str:
        """Return the name of the hidden column that holds an aggregate of one cohort."""
        counted = aggregate
        if condition is not None:
            counted = exp.Filter(this=aggregate, expression=exp.Where(this=condition.copy()))
        name = f"{HIDDEN_PREFIX}n{len(self.hidden)}"
        return self.hidden.setdefault(counted.sql("duckdb"), Hidden(name, counted)).name

    def different(self, column: exp.Column, condition: exp.Expr | None) -> str:
        counted = exp.Count(this=exp.Distinct(expressions=[column.copy()]), big_int=True)
        return self.column(counted, condition)

    def count(self, lane: Lane, condition: exp.Expr | None) -> str:
        if not self.listed or lane.optional:
            return self.different(lane_column(self.query, lane, self.carried), condition)
        flag = self.flag(condition) if condition is not None else None
        end = flag.removeprefix(HIDDEN_PREFIX) if flag is not None else "all"
        name = f"{HIDDEN_PREFIX}p{lane.number}_{end}"
        self.members.setdefault(lane.number, {})[name] = flag
        return name

    def flag(self, condition: exp.Expr) -> str:
        """Return the name of the listed column with a subject's rows under a condition."""
        known = next((name for name, other in self.flags.items() if other == condition), None)
        name = known or f"{HIDDEN_PREFIX}f{len(self.flags)}"
        self.flags.setdefault(name, condition)
        return name

    def rows(self, condition: exp.Expr) -> str:
        return self.column(exp.Count(this=exp.Star(), big_int=True), condition)

    def populations(self, numbers: Set[int], condition: exp.Expr | None) -> tuple[Population, ...]:
        return tuple(
            Population(self.count(lane, condition), lane.number, lane.kind, lane.optional)
            for lane in self.lanes
            if lane.number in numbers
        )


@dataclass(frozen=True, slots=True)
class Statistics:
    """The measures of a statistical result with their populations, and the groups'; of its sums
    and means the items, of its counts the cohorts with the measures that count them; the lanes
    whose subjects are listed one by one, if any, and what is listed and counted of them."""

    groups: tuple[Population, ...]
    measures: tuple[Measure, ...]
    hidden: tuple[Hidden, ...]
    findings: tuple[Finding, ...]
    addends: tuple[Addend, ...] = ()
    cohorts: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    lanes: tuple[Lane, ...] = ()
    flags: Mapping[str, exp.Expr] = field(default_factory=dict)
    members: Mapping[int, Mapping[str, str | None]] = field(default_factory=dict)


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
    cohorts = [_cohort(counting, measure) for measure in output.measures]
    added = [m for m in output.measures if m.item is not None and m.statistic != "quantile"]
    addends = tuple(dict.fromkeys(_addend(measure) for measure in added))
    chosen = _chosen(cohorts)
    counting.listed = bool(addends) or len(chosen) >= FEWEST_COHORTS
    groups = counting.populations(grouped, None)
    measures: list[Measure] = []
    for index, (measure, cohort) in enumerate(zip(output.measures, cohorts, strict=True)):
        concerned = mandatory | touched[index]
        unions = tuple(
            (first, counting.populations(concerned & (mandatory | touched[first]), either))
            for first, either in _either(cohorts, index)
        )
        populations = counting.populations(concerned, cohort.condition)
        amount = _amount(counting, measure, addends, concerned) if measure.item else None
        measures.append(Measure(measure.name, populations, cohort.selective, unions, amount))
    return Statistics(
        groups,
        tuple(measures),
        tuple(counting.hidden.values()),
        faults,
        addends,
        cohorts={counting.flag(c): m for c, m in chosen.items()} if counting.listed else {},
        lanes=tuple(lane for lane in counting.lanes if counting.listed and not lane.optional),
        flags=counting.flags,
        members=counting.members,
    )


def _chosen(cohorts: list[_Cohort]) -> dict[exp.Expr, tuple[int, ...]]:
    """Return each part of a group that is counted, with the indices of the measures that do so."""
    found: dict[exp.Expr, tuple[int, ...]] = {}
    for index, cohort in enumerate(cohorts):
        if cohort.condition is not None and not cohort.added:
            found[cohort.condition] = (*found.get(cohort.condition, ()), index)
    return found


def _addend(measure: Counted) -> Addend:
    if measure.item is None:
        raise ValueError("a count adds nothing up")
    return Addend(measure.item, measure.condition)


def _amount(
    counting: _Counting, measure: Counted, addends: tuple[Addend, ...], concerned: Set[int]
) -> Amount:
    """Lay out what decides about one sum, mean or quantile on every lane that it concerns."""
    addend = _addend(measure)
    whole = replace(addend, condition=None)
    quantile = measure.statistic == "quantile"
    origin = bare_origin(counting.query, addend.item)
    rule = origin.rule if origin is not None else None
    lanes = [lane for lane in counting.lanes if lane.number in concerned and not quantile]
    total = measure.call if quantile and measure.call else exp.Sum(this=addend.item.copy())
    return Amount(
        statistic=measure.statistic or "sum",
        total=counting.column(total, addend.condition),
        rows=counting.rows(addend.present),
        values=counting.different(addend.item, addend.condition),
        whole_numbers=rule is not None and rule.sql_type == "BIGINT",
        group=counting.populations(concerned, whole.present if quantile else whole.contributing),
        dominances=tuple(dominance_of(lane, addends.index(addend)) for lane in lanes),
        tail=_tail(measure) if quantile else 0,
    )


def _tail(measure: Counted) -> int:
    """Return the smaller part, in hundredths, of the rows on one side of a quantile."""
    place = measure.call.args.get("expression") if measure.call is not None else None
    below = HALF if place is None else int(Decimal(place.name) * 100)
    return min(below, 100 - below)


@dataclass(frozen=True, slots=True)
class _Cohort:
    """`condition` holds for the subjects of a measure (None: for all of the group); `selective`
    says that the author chose a part of the group, `asked` is what the author wrote of it, `added`
    that an item is added up."""

    condition: exp.Expr | None
    selective: bool
    asked: exp.Expr | None
    added: bool


def _cohort(counting: _Counting, measure: Counted) -> _Cohort:
    if measure.item is not None:
        addend = _addend(measure)
        ranked = measure.statistic == "quantile"
        condition = addend.present if ranked else addend.contributing
        return _Cohort(condition, measure.condition is not None, measure.condition, True)
    counted = _counted(counting, measure)
    return _Cohort(counted, counted is not None, measure.condition, False)


def _counted(counting: _Counting, measure: Counted) -> exp.Expr | None:
    """Return the condition that a subject of a count fulfils, None where all of the group do.

    Counting the subjects of a source that was joined with LEFT JOIN counts those with a match:
    that is a condition, too.
    """
    origin = bare_origin(counting.query, measure.subject) if measure.subject is not None else None
    if origin is None or measure.subject is None or not lane_of(counting.lanes, origin).optional:
        return measure.condition
    matched = exp.Is(this=measure.subject.copy(), expression=exp.Null()).not_()
    return matched if measure.condition is None else exp.and_(matched, measure.condition)


def _either(cohorts: list[_Cohort], index: int) -> Iterator[tuple[int, exp.Expr]]:
    """Yield each earlier cohort together with this one: two measures whose cohorts differ by a few
    subjects tell about these few, and only the size of both together shows it.

    Those of whom an item is not known are no cohort that anybody chose: under one condition a
    count and a sum, or the sums of two items, are not held against each other.
    """
    this = cohorts[index]
    for first, earlier in enumerate(cohorts[:index]):
        if this.condition is None or earlier.condition is None:
            continue
        same = (this.added or earlier.added) and this.asked == earlier.asked
        if this.selective and earlier.selective and not same:
            yield first, exp.or_(earlier.condition, this.condition)


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
    nodes = (measure.subject, measure.condition, measure.item)
    named = [node for node in nodes if node is not None]
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
    counting, contributions = render(query, additions), _contributions(query, counted, additions)
    names = (*(p.name for p in query.projections), *(h.name for h in additions.hidden))
    plan = Plan(
        sql=compose(counting, names, key.name, contributions)
        if contributions and key
        else counting,
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
        counting=counting,
        contributions=contributions,
    )
    return plan, additions


def _contributions(
    query: Query, counted: Statistics | None, additions: Additions
) -> tuple[Contributions, ...]:
    """Return one list for each lane of a result that depends on single subjects."""
    if counted is None:
        return ()
    numbers = range(len(counted.addends))
    flags, measures = tuple(counted.cohorts), tuple(counted.cohorts.values())
    return tuple(
        Contributions(
            render(listed, additions.without_counts(), ordered=False),
            tuple(columns_of(number) for number in numbers),
            tuple(dominance_of(lane, number) for number in numbers),
            tuple(counted.members.get(lane.number, {}).items()),
            regions_of(lane, measures, flags),
        )
        for lane, listed in listings(query, counted, additions.carried)
    )


def listings(
    query: Query, counted: Statistics, carried: Mapping[Place, str]
) -> Iterator[tuple[Lane, Query]]:
    """This function will yield for each lane the query that lists who contributes to what."""
    for lane in counted.lanes:
        subject = lane_column(query, lane, carried)
        yield lane, listing(query, subject, counted.addends, counted.flags)
