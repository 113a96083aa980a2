"""Pass 5, scope: the grant decides on the items that are really used, source by source.

Property: a query passes only if `policy.decide` says yes for every source, for every action that
its exit needs, and for every region whose rows it will see. Row conditions come from the decided
regions, never from the query.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from gongshu.cleanroom.model import Exit, Family, Finding, RowCondition, Source
from gongshu.cleanroom.query import Origin, Query, bases
from gongshu.policy import Decision, GrantIndex, Use, decide
from gongshu.policy.index import Entitlement
from gongshu.vocabulary.actions import Action

MINIMUM = 10
MINIMUM_PUBLISHED = 21
MAX_ROWS = 1_000_000
_ACTIONS: Mapping[Exit, tuple[Action, ...]] = MappingProxyType(
    {"export": (Action.query, Action.export), "service": (Action.build,)}
)


@dataclass(frozen=True, slots=True)
class Situation:
    """Who asks, for what, when, and by which exit the result is to leave."""

    index: GrantIndex
    party: str
    purpose: str
    business: str | None
    region: str | None
    at: datetime
    spent: Mapping[str, int]
    exit: Exit
    scenario: str | None
    published: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """`grants`: resource -> the grant that the yes rests on; `rows`: table -> row condition."""

    findings: tuple[Finding, ...]
    grants: Mapping[str, str]
    rows: Mapping[str, RowCondition]
    k: int
    max_rows: int


def visible(sources: Sequence[Source], situation: Situation) -> tuple[Source, ...]:
    """This function will return the sources on which the party holds any grant at all.

    All others do not exist for it: naming one is answered like naming nothing (S10).
    """
    return tuple(s for s in sources if situation.index.held(situation.party, s.resource))


def judge(query: Query, used: Sequence[Origin], situation: Situation) -> Scope:
    """This function will ask for every source in FROM whether its grant covers the used items.

    A source of which no item is used is asked about, too: counting its rows is a use.
    """
    sources = {base.source.resource: base.source for base in bases(query)}
    items = {
        resource: frozenset(
            o.column for o in used if o.source.resource == resource and o.rule is not None
        )
        for resource in sources
    }
    live = [e for resource in sources for e in _live(resource, situation)]
    k = max((e.terms.minimum for e in live), default=0)
    k = max(k, MINIMUM_PUBLISHED if situation.published else MINIMUM)
    max_rows = min(
        (e.terms.max_rows for e in live if e.terms.max_rows is not None), default=MAX_ROWS
    )
    findings: list[Finding] = []
    grants: dict[str, str] = {}
    rows: dict[str, RowCondition] = {}
    for resource, source in sources.items():
        asked = _Asked(source, items[resource], situation, k, min(max_rows, MAX_ROWS))
        prefixes, decisions = asked.regions()
        findings += _refusals(source, decisions)
        for decision in decisions:
            if decision.allowed and decision.grant is not None:
                grants.setdefault(resource, decision.grant)
        if prefixes:
            condition, fault = _condition(source, prefixes)
            findings += [fault] if fault else []
            rows.update({source.table: condition} if condition else {})
    return Scope(
        tuple(findings),
        MappingProxyType(grants),
        MappingProxyType(rows),
        k,
        min(max_rows, MAX_ROWS),
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """One source's question to the policy."""

    source: Source
    items: frozenset[str]
    situation: Situation
    k: int
    max_rows: int

    def regions(self) -> tuple[tuple[str, ...], tuple[Decision, ...]]:
        """Return the region prefixes to which rows are cut, and the decisions that allow them.

        A region that the caller names is decided as named. Otherwise the rows are not cut where
        the grant is not limited, and are cut to the grant's own regions where it is; each of
        those is decided.
        """
        if self.situation.region is not None:
            return (self.situation.region,), self.decisions(self.situation.region)
        whole = self.decisions(None)
        if all(decision.allowed for decision in whole):
            return (), whole
        nearest: tuple[tuple[str, ...], tuple[Decision, ...]] | None = None
        for entitlement in _live(self.source.resource, self.situation):
            regions = entitlement.terms.regions
            if regions:
                cut = tuple(d for prefix in regions for d in self.decisions(prefix))
                if all(decision.allowed for decision in cut):
                    return regions, cut
                nearest = nearest or (regions, cut)
        if nearest is not None and any(_breaks_region(decision) for decision in whole):
            return nearest
        return (), whole

    def decisions(self, region: str | None) -> tuple[Decision, ...]:
        asked = self.situation
        return tuple(
            decide(
                asked.index,
                Use(
                    party=asked.party,
                    object=self.source.resource,
                    action=action,
                    items=self.items,
                    purpose=asked.purpose,
                    business=asked.business,
                    region=region,
                    at=asked.at,
                    # No number leaves that rests on fewer: opened copies carry no protected
                    # number, and a serving table does not leave.
                    minimum=self.k,
                    rows=0 if asked.exit == "service" else self.max_rows,
                    # Building a service answers nobody yet; each call is authorised by itself.
                    subject_authorised=asked.exit == "service",
                    scenario=asked.scenario,
                ),
                asked.spent,
            )
            for action in _ACTIONS[asked.exit]
        )


def _live(resource: str, situation: Situation) -> tuple[Entitlement, ...]:
    return tuple(
        e
        for e in situation.index.held(situation.party, resource)
        if e.valid_from <= situation.at < min(e.valid_until, e.revoked_at)
        and not e.terms.actions.isdisjoint(_ACTIONS[situation.exit])
    )


def _breaks_region(decision: Decision) -> bool:
    return any(reason.limit == "region" for reason in decision.reasons)


def _refusals(source: Source, decisions: Sequence[Decision]) -> list[Finding]:
    found: dict[str, Finding] = {}
    for decision in decisions:
        for reason in decision.reasons:
            sentence = f"《{source.title}》：{reason.sentence}"
            finding = Finding(
                f"scope.{reason.limit}", sentence, reason.clause or None, None, (reason,)
            )
            found.setdefault(f"{reason.limit}:{reason.asked}", finding)
    return list(found.values())


def _condition(
    source: Source, prefixes: tuple[str, ...]
) -> tuple[RowCondition | None, Finding | None]:
    rule = source.item(source.region_item) if source.region_item else None
    if rule is None or rule.family is not Family.TEXT or not all(p.isdigit() for p in prefixes):
        sentence = (
            f"许可限定了地区，但《{source.title}》没有可用的行政区划代码项，无法按地区取数；"
            "请数据提供单位补充该项，或申请不限地区的许可。"
        )
        return None, Finding("scope.region_not_evaluable", sentence, "dc-3")
    return RowCondition(rule.name, tuple(sorted(prefixes))), None
