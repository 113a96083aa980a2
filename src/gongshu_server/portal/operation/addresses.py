"""Addresses of authorised operation's pages."""

from __future__ import annotations

from django.urls import path

from gongshu_server.portal.operation import agreements, grants, plans, scenarios

urlpatterns = [
    path("plans/", plans.listing, name="plans"),
    path("plans/new/", plans.draft, name="draft_plan"),
    path("plans/<str:plan_id>/", plans.plan, name="plan"),
    path("plans/<str:plan_id>/edit/", plans.edit, name="edit_plan"),
    path("plans/<str:plan_id>/keep/", plans.keep, name="keep_plan"),
    path("plans/<str:plan_id>/agreement/", agreements.draft, name="draft_agreement"),
    path("agreements/", agreements.listing, name="agreements"),
    path("agreements/<str:agreement_id>/", agreements.agreement, name="agreement"),
    path("agreements/<str:agreement_id>/apply/", scenarios.apply, name="apply"),
    path("scenarios/", scenarios.listing, name="scenarios"),
    path("scenarios/<str:scenario_id>/", scenarios.scenario, name="scenario"),
    path("opinions/", scenarios.opinions, name="opinions"),
    path("developers/", scenarios.developers, name="developers"),
    path("grants/<str:grant_id>/", grants.grant, name="grant"),
    path("grants/<str:grant_id>/revoke/", grants.revoke, name="revoke"),
]
STEPS = {"operation.give_opinion": scenarios.give_opinion}
SUBJECTS = {
    "operation_plan": "operation:plan",
    "agreement": "operation:agreement",
    "scenario": "operation:scenario",
    "grant": "operation:grant",
}
