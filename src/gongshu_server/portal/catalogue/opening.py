"""申请开放 and its review: which items, what the machine found, and what the authority decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from gongshu.procedures import procedure
from gongshu.vocabulary.errors import NotFound
from gongshu_server.accounts.directory import holders
from gongshu_server.accounts.permissions import require
from gongshu_server.cases.documents import kinds_present
from gongshu_server.cases.models import Case
from gongshu_server.catalogue import queries
from gongshu_server.journeys.actions import ACTIONS
from gongshu_server.journeys.subjects import subject_argument
from gongshu_server.opening.models import OpeningReview
from gongshu_server.opening.queries import review, review_of, reviews_of
from gongshu_server.portal import sessions
from gongshu_server.portal.asking import ask
from gongshu_server.portal.catalogue.finding import item_view
from gongshu_server.portal.catalogue.forms import ItemsForm
from gongshu_server.portal.doing import Done, done, signed_in
from gongshu_server.portal.forms import StepForm, paper_kinds
from gongshu_server.portal.refusals import Broken, DecisionCard
from gongshu_server.portal.speech import say
from gongshu_server.portal.stepping import take


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def apply(request: HttpRequest, resource_id: str) -> HttpResponse:
    """Ask which items are to be opened; the machine checks them at once."""
    by = sessions.actor(request)
    row = queries.resource(resource_id, by=by)
    if row.provider_id != by.organisation:
        raise NotFound("没有这个数据资源。", code="resource_not_found")
    require(by, "opening.apply", clause="opinions-2.1")
    items = [item for item in queries.items(row.pk) if not item.opened]
    authorities = holders("data_authority", at=sessions.now(request))
    form = ItemsForm(request.POST or None, offered=items, authorities=authorities)

    def then(outcome: Done) -> HttpResponse:
        sentence = _("开放申请已提交，机器检查的结论见下。")
        return done(request, sentence, reverse("catalogue:review", args=[outcome.id]))

    page = {
        "title": _("申请开放：%(title)s") % {"title": row.title},
        "button": _("提交申请"),
        "back": reverse("catalogue:resource", args=[row.pk]),
        "clause": "opinions-2.1",
        "items": [item_view(item, own=True) for item in items],
        "chosen": request.POST.getlist("items"),
        "reviews": reviews_of(row.pk, by=by),
        "resource": row,
    }
    return ask(
        request,
        "opening.apply",
        form,
        given={"resource_id": row.pk},
        then=then,
        page=page,
        template="portal/catalogue/open.html",
    )


@signed_in
@require_safe
def outcome(request: HttpRequest, review_id: str) -> HttpResponse:
    """Show one opening review: the items, and every finding with column, count and clause."""
    row = review(review_id, by=sessions.actor(request))
    context = {"review": row, "resource": row.resource, "card": _card(row)}
    return render(request, "portal/catalogue/review.html", context)


def _card(row: OpeningReview) -> DecisionCard | None:
    """Return what the machine found as a decision card; None where it found nothing."""
    found: dict[str, list[Any]] = {}
    for finding in row.findings:
        found.setdefault(finding["item"], []).append(finding)
    reasons = tuple(_broken(item, findings) for item, findings in found.items())
    if not reasons:
        return None
    sentence = _("机器检查不予通过：下列数据项不得无条件开放。请去掉这些数据项，或更正后重新申请。")
    return DecisionCard(sentence, "machine_check_refuse", reasons[0].clause, reasons)


def _broken(item: str, findings: Sequence[Any]) -> Broken:
    """Return an item's findings as one line: the most values that any of them counts."""
    first, *others = findings
    return Broken(
        limit=item,
        asked=_("%(count)s 个值") % {"count": max(one["count"] for one in findings)},
        allowed=_("0 个值"),
        clause=first["clause"],
        sentence=first["sentence"],
        more=tuple(one["sentence"] for one in others),
    )


@signed_in
def decide(request: HttpRequest, case: Case, transition: str) -> HttpResponse:
    """Show the authority which items it decides on, and let it approve or refuse."""
    name = ACTIONS[case.procedure, transition]
    table = procedure(case.procedure)
    kinds = paper_kinds(table, table.transition(transition), kinds_present(case))
    given = subject_argument(name, case)
    form = StepForm(request.POST or None, action=name, given=given, kinds=kinds)
    row = review_of(case.pk, by=sessions.actor(request))
    items = [i for i in queries.items(row.resource_id) if i.name in row.items]
    more = {
        "items": [item_view(item, own=False) for item in items],
        "resource": row.resource,
        "clean": say("机器检查通过"),
    }
    template = "portal/catalogue/decide_opening.html"
    return take(request, case, transition, form, template=template, more=more)
