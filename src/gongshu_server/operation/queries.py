"""Reads on plans, agreements and scenarios."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet

from gongshu.vocabulary.errors import NotFound
from gongshu_server.accounts.actors import Actor
from gongshu_server.cases.models import Case, Party
from gongshu_server.operation.grants import beyond_agreement, ceiling_grants, scenario_grants
from gongshu_server.operation.models import (
    Agreement,
    Plan,
    ProviderOpinion,
    ReviewingBody,
    Scenario,
)
from gongshu_server.operation.scenarios import providers
from gongshu_server.operation.scope import ScopeEntry, entries

__all__ = [
    "active_agreements",
    "agreement",
    "agreements",
    "asked_for_opinion",
    "beyond_agreement",
    "ceiling_grants",
    "developers",
    "expired_agreements",
    "opinions",
    "plan",
    "plans",
    "providers",
    "reviewers",
    "reviewing_bodies",
    "scenario",
    "scenario_grants",
    "scenarios",
    "scope_of",
    "state",
]


def plans(*, by: Actor) -> QuerySet[Plan]:
    """Return the plans whose case the actor may see."""
    return Plan.objects.visible_to(by)


def agreements(*, by: Actor) -> QuerySet[Agreement]:
    """Return the agreements whose case the actor may see."""
    return Agreement.objects.visible_to(by)


def scenarios(*, by: Actor) -> QuerySet[Scenario]:
    """Return the scenario applications whose case the actor may see."""
    return Scenario.objects.visible_to(by)


def plan(plan_id: str, *, by: Actor) -> Plan:
    """Return one plan that the actor may see; NotFound otherwise."""
    found = Plan.objects.visible_to(by).filter(pk=plan_id).first()
    if found is None:
        raise NotFound("没有这份实施方案。", code="plan_not_found")
    return found


def agreement(agreement_id: str, *, by: Actor) -> Agreement:
    """Return one agreement that the actor may see; NotFound otherwise."""
    found = Agreement.objects.visible_to(by).filter(pk=agreement_id).first()
    if found is None:
        raise NotFound("没有这份授权运营协议。", code="agreement_not_found")
    return found


def scenario(scenario_id: str, *, by: Actor) -> Scenario:
    """Return one scenario that the actor may see; NotFound otherwise."""
    found = Scenario.objects.visible_to(by).filter(pk=scenario_id).first()
    if found is None:
        raise NotFound("没有这个场景申请。", code="scenario_not_found")
    return found


def state(row: Plan | Agreement | Scenario) -> str:
    """Return the state of the row's case; states live there only."""
    return Case.objects.values_list("state", flat=True).get(pk=row.case)


def opinions(scenario_id: str, *, by: Actor) -> list[ProviderOpinion]:
    """Return the opinions given so far on a scenario that the actor may see."""
    found = scenario(scenario_id, by=by)
    return list(ProviderOpinion.objects.filter(scenario=found).order_by("at"))


def asked_for_opinion(*, by: Actor) -> QuerySet[Scenario]:
    """Return the scenarios that ask for data of the actor's own organisation."""
    asked = Party.objects.filter(
        case_id=OuterRef("case"), organisation_id=by.organisation, part="consulted"
    )
    rows = Scenario.objects.filter(Exists(asked)).exclude(developer_id=by.organisation)
    return rows.select_related("developer")


def developers(*, by: Actor, most: int = 200) -> list[dict[str, Any]]:
    """Return who develops under the actor's agreements: id, name, number of scenarios."""
    rows = Scenario.objects.filter(applicant_id=by.organisation).values(
        "developer_id", "developer__name"
    )
    counted = rows.annotate(scenarios=Count("id")).order_by("developer__name")
    return [dict(row) for row in counted[:most]]


def scope_of(row: Agreement | Scenario) -> tuple[ScopeEntry, ...]:
    """Return the resources, items and exits that an agreement or scenario covers."""
    return entries(row.scope)


def reviewing_bodies(agreement_id: str) -> dict[str, str]:
    """Return the bodies that review releases under the agreement: organisation id -> kind."""
    rows = ReviewingBody.objects.filter(agreement_id=agreement_id)
    return dict(rows.values_list("organisation_id", "kind"))


def reviewers(agreement_id: str) -> list[ReviewingBody]:
    """Return the same as rows, each with its organisation at hand."""
    rows = ReviewingBody.objects.filter(agreement_id=agreement_id)
    return list(rows.select_related("organisation").order_by("pk"))


def active_agreements() -> list[Agreement]:
    """Return every agreement in force: what the implementing body has to disclose (27号 第18条)."""
    active = Case.objects.filter(procedure="agreement", state="active")
    return list(Agreement.objects.filter(case__in=active.values("id")).order_by("valid_from"))


def expired_agreements(at: datetime) -> list[Agreement]:
    """Return the agreements in force whose term has run out, for the job that closes them."""
    return [found for found in active_agreements() if found.valid_until <= at]
