"""Pass 11, second check: the text that will run is judged as if somebody else had written it.

Property: the rewritten text parses, binds, keeps the cohort and output rules, is influenced by
nothing that the checked query was not, and the engine reads no column that is not loaded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from gongshu.cleanroom import cohorts, families, output_rule
from gongshu.cleanroom import second_opinion as opinions
from gongshu.cleanroom.model import Finding, ItemRef, Plan, Source
from gongshu.cleanroom.parse import FINAL_CAPS, parse
from gongshu.cleanroom.query import Query
from gongshu.cleanroom.resolve import HIDDEN_PREFIX, resolve
from gongshu.cleanroom.rewrite import Additions, injected_texts
from gongshu.cleanroom.second_opinion import Opinion
from gongshu.cleanroom.usage import walk


@dataclass(frozen=True, slots=True)
class Loaded:
    """The columns, and their types, that the text names: table -> in the order of the source."""

    columns: Mapping[str, tuple[str, ...]]
    types: Mapping[str, tuple[str, ...]]


NOTHING = Loaded(MappingProxyType({}), MappingProxyType({}))


def judge(
    checked: Query, sources: Sequence[Source], plan: Plan, additions: Additions, opinion: Opinion
) -> tuple[Loaded, Finding | None]:
    """This function will return what the text of the plan reads, or why it may not run."""
    parsed = parse(plan.sql, FINAL_CAPS)
    if parsed.findings or parsed.tree is None:
        return NOTHING, _broken("parse")
    resolved = resolve(plan.sql, parsed.tree, sources, allow_hidden=True)
    if resolved.query is None:
        return NOTHING, _broken("resolve")
    final, names = resolved.query, by_table(sources, resolved.mentioned)
    faults = [*families.check(plan.sql, final), *cohorts.join_keys(plan.sql, final)]
    if plan.shape == "statistics":
        faults += cohorts.judge(plan.sql, final, injected_texts(checked, additions))
    usage = walk(final)
    faults += output_rule.judge(plan.sql, final, plan.shape, usage)[1]
    faults += opinions.compare(opinion, plan.sql, names)
    if faults:
        return NOTHING, _broken(faults[0].code)
    if not same_influences(checked, final, sources, additions):
        return NOTHING, _broken("influences")
    columns = {s.table: [c for c in s.columns() if c[0] in names[s.table]] for s in sources}
    return (
        Loaded(
            MappingProxyType({t: tuple(name for name, _ in c) for t, c in columns.items()}),
            MappingProxyType({t: tuple(kind for _, kind in c) for t, c in columns.items()}),
        ),
        None,
    )


def same_influences(
    checked: Query, final: Query, sources: Sequence[Source], additions: Additions
) -> bool:
    """This function will say whether released columns rest on what was checked and on nothing
    else, but for the row conditions of the grant and an order by released values."""
    resources = {source.table: source.resource for source in sources}
    added = {(resources[table], condition.item) for table, condition in additions.rows.items()}
    added |= {origin.ref for column in walk(checked).columns for origin in column.values}
    before, after = _influences(checked), _influences(final)
    released = {name for name in after if not name.startswith(HIDDEN_PREFIX)}
    return released == set(before) and all(
        before[name] <= after[name] and after[name] - before[name] <= added for name in before
    )


def _influences(query: Query) -> dict[str, set[ItemRef]]:
    return {c.name: {origin.ref for origin in c.influences} for c in walk(query).columns}


def by_table(
    sources: Sequence[Source], mentioned: frozenset[ItemRef]
) -> Mapping[str, frozenset[str]]:
    """This function will turn item references into table -> columns."""
    return {
        source.table: frozenset(item for resource, item in mentioned if resource == source.resource)
        for source in sources
    }


def _broken(where: str) -> Finding:
    sentence = "改写后的查询没有通过复核,为安全起见不予执行;请联系平台管理员。"
    return Finding("rewrite.broken", sentence, "dc-3", None, (where,))
