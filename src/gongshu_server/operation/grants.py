"""From agreements and scenarios to grants: the ceiling, and what is asked for under it.

The same values are compared when a scenario is submitted and issued when it is approved.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from gongshu.policy import Grant, Reason, Undertaking, contained
from gongshu.vocabulary.errors import Conflict
from gongshu_server.catalogue.models import Resource
from gongshu_server.journal.ids import ulid
from gongshu_server.operation.models import Agreement, Scenario
from gongshu_server.operation.scope import ScopeEntry, entries
from gongshu_server.usage import queries as usage

AGREEMENT_CLAUSE = "27-14"
OUT_OF_SCOPE_CLAUSE = "27-21"
# Which clause a broken limit of an agreement rests on; the others rest on its Article 14.
CLAUSES: Mapping[str, str] = MappingProxyType(
    {
        "items": OUT_OF_SCOPE_CLAUSE,
        "action": OUT_OF_SCOPE_CLAUSE,
        "purpose": OUT_OF_SCOPE_CLAUSE,
        "region": OUT_OF_SCOPE_CLAUSE,
        "scenario": "opinions-3.4",
        "business": "opinions-3.8",
    }
)


def ceiling_grants(agreement: Agreement, at: datetime) -> list[Grant]:
    """Return the agreement's ceiling, one grant for each resource.

    The grantee is the agreement itself, an id under which nobody can act: a ceiling allows no use.
    """
    return [
        Grant(
            id=ulid(at),
            grantee=agreement.pk,
            object=entry.object,
            actions=entry.actions(),
            items=frozenset(entry.items),
            purposes=frozenset(agreement.purposes),
            businesses=frozenset(agreement.businesses),
            regions=frozenset(agreement.regions),
            valid_from=agreement.valid_from,
            valid_until=agreement.valid_until,
            quota=None,
            minimum=agreement.minimum,
            max_rows=agreement.max_rows,
            subject_authorisation=False,
            undertakings=(),
            clause=AGREEMENT_CLAUSE,
            clauses=CLAUSES,
            case=agreement.case,
            parent=None,
            scenario=None,
        )
        for entry in entries(agreement.scope)
    ]


def live_ceilings(agreement_id: str, objects: list[str], *, at: datetime) -> dict[str, Grant]:
    """Return the agreement's issued ceilings by object, those that journal and period bear out."""
    index = usage.index_for({agreement_id}, objects, at=at)
    return {
        grant.object: grant
        for grant in index.grants_of(agreement_id)
        if grant.valid_from <= at < grant.ends
    }


def scenario_grants(scenario: Scenario, at: datetime) -> list[Grant]:
    """Return the grants that the scenario yields, each under the agreement's ceiling.

    Raises Conflict when a resource has no live ceiling: a grant without one would know no bounds.
    """
    scope = entries(scenario.scope)
    ceilings = live_ceilings(scenario.agreement_id, [e.object for e in scope], at=at)
    if any(entry.object not in ceilings for entry in scope):
        raise Conflict(
            "授权运营协议对其中的数据资源已不再有效，请先续订或变更协议。",
            code="no_ceiling",
            clause=AGREEMENT_CLAUSE,
        )
    return [_under(scenario, entry, ceilings[entry.object], at=at) for entry in scope]


def _under(scenario: Scenario, entry: ScopeEntry, ceiling: Grant, *, at: datetime) -> Grant:
    return Grant(
        id=ulid(at),
        grantee=scenario.developer_id,
        object=entry.object,
        actions=entry.actions(),
        items=frozenset(entry.items),
        purposes=frozenset({scenario.purpose}),
        businesses=frozenset(scenario.businesses),
        regions=frozenset(scenario.regions),
        valid_from=at,
        valid_until=scenario.valid_until,
        quota=None,
        minimum=scenario.minimum,
        max_rows=scenario.max_rows,
        subject_authorisation=False,
        undertakings=tuple(Undertaking(**said) for said in scenario.undertakings),
        clause="opinions-3.4",
        clauses=CLAUSES,
        case=scenario.case,
        parent=ceiling.id,
        scenario=scenario.pk,
    )


def beyond_agreement(scenario: Scenario, at: datetime) -> tuple[Reason, ...]:
    """Return every limit of the agreement that the scenario would break, over all its resources."""
    scope = entries(scenario.scope)
    ceilings = live_ceilings(scenario.agreement_id, [e.object for e in scope], at=at)
    titles = dict(
        Resource.objects.filter(pk__in=[e.resource for e in scope]).values_list("id", "title")
    )
    reasons: list[Reason] = []
    for entry in scope:
        title = titles.get(entry.resource, entry.resource)
        ceiling = ceilings.get(entry.object)
        if ceiling is None:
            reasons.append(_not_in_agreement(title))
            continue
        decision = contained(_under(scenario, entry, ceiling, at=at), ceiling)
        reasons += [_about(title, reason) for reason in decision.reasons]
    return tuple(dict.fromkeys(reasons))


def _not_in_agreement(title: str) -> Reason:
    return Reason(
        limit="no_grant",
        zh="数据资源",
        asked=title,
        allowed="协议所列数据资源",
        clause=AGREEMENT_CLAUSE,
        sentence=f"《{title}》不在授权运营协议的数据资源范围内。请去掉该资源，或先变更协议。",
    )


def _about(title: str, reason: Reason) -> Reason:
    return Reason(
        limit=reason.limit,
        zh=reason.zh,
        asked=reason.asked,
        allowed=reason.allowed,
        clause=reason.clause,
        sentence=f"《{title}》：{reason.sentence}",
    )
