"""Agreements on pages: listed, drafted from an approved plan, shown with scope and use so far."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from gongshu.procedures.agreement import MANDATORY_ITEMS
from gongshu.vocabulary.errors import NotFound
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.directory import holders
from gongshu_server.cases import queries as cases
from gongshu_server.catalogue.models import Resource
from gongshu_server.operation import queries
from gongshu_server.operation.coverage import of_agreement, offered_items
from gongshu_server.operation.models import Agreement, Plan, ReviewingBody
from gongshu_server.operation.terms import SELECTIONS
from gongshu_server.portal import sessions
from gongshu_server.portal.asking import ask
from gongshu_server.portal.cases import head_context
from gongshu_server.portal.doing import Done, done, signed_in
from gongshu_server.portal.lists import page_of
from gongshu_server.portal.operation.forms import Offer, TermsForm

MOST_OFFERED = 200
MOST_CHOSEN = 30


@signed_in
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Show the agreements that the reader takes part in or watches over, newest first."""
    by = sessions.actor(request)
    rows = Agreement.objects.visible_to(by).select_related("plan", "operator", "implementing_body")
    page = page_of(rows, request)
    context = {
        "page": page,
        "states": cases.states_of([row.case for row in page.rows]),
        "may_draft": by.may("agreement.draft"),
    }
    return render(request, "portal/operation/agreements.html", context)


@signed_in
@require_safe
def agreement(request: HttpRequest, agreement_id: str) -> HttpResponse:
    """Show one agreement: parties, what it allows and what was used of it, its scenarios."""
    by, at = sessions.actor(request), sessions.now(request)
    row = (
        Agreement.objects.visible_to(by)
        .select_related("plan", "operator", "implementing_body")
        .annotate(sees_plan=Exists(Plan.objects.visible_to(by).filter(pk=OuterRef("plan_id"))))
        .filter(pk=agreement_id)
        .first()
    )
    if row is None:
        raise NotFound(_("没有这份授权运营协议。"), code="agreement_not_found")
    head = cases.heading(row.case, by=by, at=at)
    reviewers = ReviewingBody.objects.filter(agreement=row).select_related("organisation")
    context = {
        **head_context(head, at=at),
        "agreement": row,
        "selection": SELECTIONS.get(row.selection, row.selection),
        "coverage": of_agreement(row, by=by),
        "reviewers": [(one.organisation.name, one.get_kind_display()) for one in reviewers],
        "contents": [(zh, row.contents.get(code, "")) for code, zh in MANDATORY_ITEMS.items()],
        "may_apply": head is not None
        and head.case.state == "active"
        and row.operator_id == by.organisation
        and by.may("scenario.submit"),
    }
    return render(request, "portal/operation/agreement.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def draft(request: HttpRequest, plan_id: str) -> HttpResponse:
    """Ask for an agreement's terms on one page; everything that is wrong is said at once.

    The resources are chosen first, by the address or by the form itself (`show`), so that only
    their items stand on the page.
    """
    by, at = sessions.actor(request), sessions.now(request)
    plan = queries.plan(plan_id, by=by)
    if plan.implementing_body_id != by.organisation:
        raise NotFound(_("没有这份实施方案。"), code="plan_not_found")
    said = request.POST if request.method == "POST" else request.GET
    chosen = said.getlist("resource")[:MOST_CHOSEN]
    choosing = "show" in request.POST
    form = TermsForm(
        request.POST or None,
        operators=holders("operator", at=at),
        security=holders("security_reviewer", at=at),
        compliance=holders("sector_authority", at=at),
        offers=_offers(chosen),
    )

    def then(outcome: Done) -> HttpResponse:
        sentence = _("协议草案已形成。下一步：记录本机构的集体决策。")
        return done(request, sentence, reverse("operation:agreement", args=[outcome.id]))

    page = {
        **_drafting(plan),
        "resources": _resources(by, said.get("q", "")),
        "chosen": set(chosen),
        "q": said.get("q", ""),
    }
    template = "portal/operation/terms.html"
    if choosing:
        # Nothing is sent yet: the page comes back with the items of what was chosen.
        form.errors.clear()
        return render(request, template, {"form": form, "card": None, **page})
    name, given = "operation.draft_agreement", {"plan_id": plan.pk}
    return ask(request, name, form, given=given, then=then, page=page, template=template)


def _drafting(plan: Plan) -> dict[str, Any]:
    """Return the words of the page on which an agreement under the plan is drafted."""
    return {
        "title": _("起草授权运营协议"),
        "lead": _("依据已批准的实施方案；有缺项或者超出规定的，提交时一次列明。"),
        "button": _("形成协议草案"),
        "back": reverse("operation:plan", args=[plan.pk]),
        "clause": "27-14",
        "plan": plan,
    }


def _resources(by: Actor, words: str) -> QuerySet[Resource]:
    rows = Resource.objects.visible_to(by).filter(state="published").select_related("provider")
    if words:
        rows = rows.filter(title__icontains=words)
    return rows.order_by("title")[:MOST_OFFERED]


def _offers(chosen: list[str]) -> list[Offer]:
    titles = dict(
        Resource.objects.filter(pk__in=chosen, state="published").values_list("id", "title")
    )
    items = offered_items(list(titles))
    return [Offer(pk, titles[pk], items.get(pk, ())) for pk in chosen if pk in titles]
