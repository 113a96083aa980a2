"""Scenario applications on pages: applying within the agreement, opinions, one scenario."""

from __future__ import annotations

from dataclasses import replace

from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from gongshu.procedures import procedure
from gongshu.vocabulary.errors import NotFound
from gongshu_server.accounts.directory import holders
from gongshu_server.cases import queries as cases
from gongshu_server.cases.documents import kinds_present
from gongshu_server.cases.models import Case
from gongshu_server.catalogue.models import Resource
from gongshu_server.operation import queries
from gongshu_server.operation.coverage import Coverage, of_scenario, offered_items
from gongshu_server.operation.models import Agreement, ProviderOpinion, Scenario
from gongshu_server.portal import sessions
from gongshu_server.portal.asking import ask
from gongshu_server.portal.cases import head_context
from gongshu_server.portal.doing import Done, done, signed_in
from gongshu_server.portal.forms import StepForm, paper_kinds
from gongshu_server.portal.lists import page_of
from gongshu_server.portal.operation.forms import Offer, ScenarioForm
from gongshu_server.portal.stepping import take

MOST = 20


@signed_in
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Show the scenario applications that the reader takes part in, newest first."""
    by = sessions.actor(request)
    rows = Scenario.objects.visible_to(by).select_related("developer", "agreement__plan")
    if developer := request.GET.get("developer", ""):
        rows = rows.filter(developer_id=developer)
    if agreement := request.GET.get("agreement", ""):
        rows = rows.filter(agreement_id=agreement)
    page = page_of(rows, request)
    active = Agreement.objects.none()
    if by.may("scenario.submit"):
        active = Agreement.objects.visible_to(by).filter(operator_id=by.organisation)
    context = {
        "page": page,
        "states": cases.states_of([row.case for row in page.rows]),
        "agreements": active.select_related("plan").order_by("-pk")[:MOST],
    }
    return render(request, "portal/operation/scenarios.html", context)


@signed_in
@require_safe
def scenario(request: HttpRequest, scenario_id: str) -> HttpResponse:
    """Show one scenario: what it asks for under its agreement, who said what, where it stands."""
    by, at = sessions.actor(request), sessions.now(request)
    rows = Scenario.objects.visible_to(by).select_related(
        "developer", "applicant", "agreement__plan", "agreement__implementing_body"
    )
    agreement = Agreement.objects.visible_to(by).filter(pk=OuterRef("agreement_id"))
    rows = rows.annotate(sees_agreement=Exists(agreement))
    row = rows.filter(pk=scenario_id).first()
    if row is None:
        raise NotFound(_("没有这个场景申请。"), code="scenario_not_found")
    head = cases.heading(row.case, by=by, at=at)
    coverage = of_scenario(row, by=by)
    given = {
        one.provider_id: one
        for one in ProviderOpinion.objects.filter(scenario=row).select_related("provider")
    }
    asked = {one.provider_id: one.provider for one in coverage.resources if one.provider_id}
    context = {
        **head_context(head, at=at),
        "scenario": row,
        "coverage": coverage,
        "opinions": [(name, given.get(pk)) for pk, name in asked.items()],
        "may_work": head is not None
        and head.case.state == "approved"
        and row.developer_id == by.organisation
        and by.may("workshop.draft"),
    }
    return render(request, "portal/operation/scenario.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def apply(request: HttpRequest, agreement_id: str) -> HttpResponse:
    """Ask for a scenario under an agreement; only what its ceiling allows can be picked."""
    by, at = sessions.actor(request), sessions.now(request)
    agreement = queries.agreement(agreement_id, by=by)
    if agreement.operator_id != by.organisation:
        raise NotFound(_("没有这份授权运营协议。"), code="agreement_not_found")
    developers = holders("developer", at=at)
    own = (by.organisation, _("本机构（运营机构自行开发）"))
    form = ScenarioForm(
        request.POST or None,
        developers=[*(one for one in developers if one[0] != by.organisation), own],
        purposes=agreement.purposes,
        businesses=agreement.businesses,
        regions=agreement.regions,
        offers=_offers(agreement),
    )

    def then(outcome: Done) -> HttpResponse:
        sentence = _("场景申请已提交。数据提供单位出具意见后，由实施机构决定。")
        return done(request, sentence, reverse("operation:scenario", args=[outcome.id]))

    page = {
        "title": _("提出场景申请"),
        "lead": _("一个场景一份申请。下面只列出协议允许的数据、用途和出口。"),
        "button": _("提交场景申请"),
        "back": reverse("operation:agreement", args=[agreement.pk]),
        "clause": "opinions-3.4",
        "agreement": agreement,
    }
    return ask(
        request,
        "operation.submit_scenario",
        form,
        given={"agreement_id": agreement.pk},
        then=then,
        page=page,
        template="portal/operation/apply.html",
    )


def _offers(agreement: Agreement) -> list[Offer]:
    """Return the agreement's resources with its own items and exits alone."""
    scope = queries.scope_of(agreement)
    ids = [entry.resource for entry in scope]
    titles = dict(Resource.objects.filter(pk__in=ids).values_list("id", "title"))
    items = offered_items(ids)
    return [
        Offer(
            entry.resource,
            titles.get(entry.resource, entry.resource),
            tuple(one for one in items.get(entry.resource, ()) if one.name in set(entry.items)),
            entry.exits,
        )
        for entry in scope
    ]


@signed_in
@require_safe
def opinions(request: HttpRequest) -> HttpResponse:
    """Show a provider the scenarios that ask for its data, and what it has said to them."""
    by = sessions.actor(request)
    page = page_of(queries.asked_for_opinion(by=by), request)
    given = ProviderOpinion.objects.filter(provider_id=by.organisation, scenario__in=page.rows)
    context = {
        "page": page,
        "states": cases.states_of([row.case for row in page.rows]),
        "given": {one.scenario_id: one for one in given},
        "may": by.may("scenario.provider_opinion"),
    }
    return render(request, "portal/operation/opinions.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def give_opinion(request: HttpRequest, case: Case, transition: str) -> HttpResponse:
    """Show a provider which of its items are asked for what, and ask for its opinion."""
    by = sessions.actor(request)
    row = queries.scenario(case.subject_id, by=by)
    table = procedure(case.procedure)
    name = "operation.give_opinion"
    form = StepForm(
        request.POST or None,
        action=name,
        given={"scenario_id": row.pk},
        kinds=paper_kinds(table, table.transition(transition), kinds_present(case)),
    )
    more = {"scenario": row, "coverage": _own(of_scenario(row, by=by), by.organisation)}
    return take(
        request, case, transition, form, template="portal/operation/opinion.html", more=more
    )


def _own(coverage: Coverage, organisation: str) -> Coverage:
    """Return the coverage with the organisation's own resources alone."""
    own = tuple(one for one in coverage.resources if one.provider_id == organisation)
    return replace(coverage, resources=own)


@signed_in
@require_safe
def developers(request: HttpRequest) -> HttpResponse:
    """Show an operator who develops under its agreements."""
    rows = queries.developers(by=sessions.actor(request))
    return render(request, "portal/operation/developers.html", {"rows": rows})
