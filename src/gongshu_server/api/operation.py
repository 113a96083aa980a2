"""Authorised operation over the API: plans, agreements, scenarios, and grants with their use."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from gongshu.policy.grants import Quota, Undertaking
from gongshu_server.api.answers import present
from gongshu_server.api.reading import PAGING, Paging, listed, with_states
from gongshu_server.api.shapes import page_of, shape, with_fields
from gongshu_server.api.writing import acting, tag
from gongshu_server.journal import clock
from gongshu_server.operation import queries
from gongshu_server.operation.models import Agreement, Plan, ProviderOpinion, Scenario
from gongshu_server.usage import queries as usage

router = Router(tags=["operation"])
PlanShown: Any = with_fields("PlanShown", Plan, state=str, state_zh=str)
AgreementShown: Any = with_fields("AgreementShown", Agreement, state=str, state_zh=str)
AgreementOverview: Any = with_fields(
    "AgreementOverview", AgreementShown, reviewing_bodies=dict[str, str]
)
ScenarioShown: Any = with_fields("ScenarioShown", Scenario, state=str, state_zh=str)
ScenarioOverview: Any = with_fields(
    "ScenarioOverview", ScenarioShown, opinions=list[ProviderOpinion]
)


class GrantShown(Schema):
    """A grant: its limits, what was undertaken, and the use so far."""

    id: str
    grantee: str
    giver: str
    object: str
    actions: list[str]
    items: list[str]
    purposes: list[str]
    businesses: list[str]
    regions: list[str]
    valid_from: datetime
    valid_until: datetime
    revoked_at: datetime | None
    issued_at: datetime
    quota: shape(Quota) | None  # type: ignore[valid-type] # a type made at run time
    minimum: int
    max_rows: int | None
    subject_authorisation: bool
    undertakings: list[shape(Undertaking)]  # type: ignore[valid-type] # as above
    clause: str
    clauses: dict[str, str]
    case: str
    parent: str | None
    scenario: str | None
    used: int
    left: int | None


@router.get("/plans", response=page_of(PlanShown), summary="实施方案")
def plans(request: HttpRequest, paging: Paging = PAGING) -> Any:
    """Return the plans that the caller may see, the newest first."""
    return listed(queries.plans(by=acting(request)), paging, show=with_states)


@router.get("/plans/{plan_id}", response=PlanShown, summary="一份实施方案")
def plan(request: HttpRequest, response: HttpResponse, plan_id: str) -> Any:
    """Return a plan with its mandatory items and its state."""
    row = queries.plan(plan_id, by=acting(request))
    tag(response, row.case)
    return with_states([row])[0]


@router.get("/agreements", response=page_of(AgreementShown), summary="授权运营协议")
def agreements(request: HttpRequest, paging: Paging = PAGING) -> Any:
    """Return the agreements that the caller may see, the newest first."""
    return listed(queries.agreements(by=acting(request)), paging, show=with_states)


@router.get(
    "/agreements/{agreement_id}",
    response=AgreementOverview,
    summary="一份协议：范围、期限、审核单位",
)
def agreement(request: HttpRequest, response: HttpResponse, agreement_id: str) -> Any:
    """Return an agreement with scope, limits, and the bodies that review under it."""
    row = queries.agreement(agreement_id, by=acting(request))
    tag(response, row.case)
    return with_states([row])[0] | {"reviewing_bodies": queries.reviewing_bodies(row.pk)}


@router.get("/scenarios", response=page_of(ScenarioShown), summary="场景申请")
def scenarios(request: HttpRequest, paging: Paging = PAGING) -> Any:
    """Return the scenario applications that the caller may see, the newest first."""
    return listed(queries.scenarios(by=acting(request)), paging, show=with_states)


@router.get(
    "/scenarios/{scenario_id}", response=ScenarioOverview, summary="一个场景申请和数据提供单位意见"
)
def scenario(request: HttpRequest, response: HttpResponse, scenario_id: str) -> Any:
    """Return a scenario application with scope, undertakings and the opinions given so far."""
    by = acting(request)
    row = queries.scenario(scenario_id, by=by)
    tag(response, row.case)
    opinions = present(queries.opinions(row.pk, by=by))
    return with_states([row])[0] | {"opinions": opinions}


@router.get("/grants", response=page_of(GrantShown), summary="取得、授出或监督的用数许可")
def grants(request: HttpRequest, paging: Paging = PAGING) -> Any:
    """Return the grants that the caller may see with their use so far, the newest first."""
    show = partial(_grants, at=clock.now())
    return listed(usage.grants(by=acting(request)), paging, ("-issued_at", "-id"), show)


@router.get("/grants/{grant_id}", response=GrantShown, summary="一项用数许可：限制、承诺和已用量")
def grant(request: HttpRequest, grant_id: str) -> Any:
    """Return a grant with its limits, undertakings, clauses and use so far."""
    return _grant(usage.grant(grant_id, by=acting(request), at=clock.now()))


def _grants(rows: Any, *, at: datetime) -> list[dict[str, Any]]:
    return [_grant(view) for view in usage.grant_views(rows, at=at)]


def _grant(view: usage.GrantView) -> dict[str, Any]:
    said = {"giver": view.giver, "issued_at": view.issued_at, "used": view.used, "left": view.left}
    shown: dict[str, Any] = view.grant.canonical() | said
    return shown
