"""Plans on pages: listed, drafted item by item, shown with what is still missing."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from gongshu.procedures.operation_plan import MANDATORY_ITEMS
from gongshu.vocabulary.errors import NotFound
from gongshu.workflow.limits import SHANGHAI
from gongshu_server.accounts.directory import holders
from gongshu_server.cases import queries as cases
from gongshu_server.operation import queries
from gongshu_server.operation.models import Agreement, Plan
from gongshu_server.portal import sessions
from gongshu_server.portal.asking import ask
from gongshu_server.portal.cases import head_context
from gongshu_server.portal.doing import Done, done, perform, signed_in
from gongshu_server.portal.lists import page_of
from gongshu_server.portal.operation.forms import ContentsForm, PlanForm

MOST = 50


@signed_in
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Show the plans that the reader takes part in, newest first, and the way to the agreements."""
    by = sessions.actor(request)
    page = page_of(Plan.objects.visible_to(by).select_related("implementing_body"), request)
    context = {
        "page": page,
        "states": cases.states_of([row.case for row in page.rows]),
        "may_draft": by.may("plan.submit"),
        "items": MANDATORY_ITEMS.values(),
    }
    return render(request, "portal/operation/plans.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def draft(request: HttpRequest) -> HttpResponse:
    """Ask for title, mode and authorising body; the twelve items follow on the next page."""
    authorities = holders("authorising_body", at=sessions.now(request))
    form = PlanForm(request.POST or None, authorities=authorities)

    def then(outcome: Done) -> HttpResponse:
        sentence = _("草稿已建立。请填写十二项内容；边填边存，随时可以离开。")
        return done(request, sentence, reverse("operation:edit_plan", args=[outcome.id]))

    page = {
        "title": _("拟订实施方案"),
        "lead": _("先写明名称、授权模式和批准单位，下一页填写十二项必备内容。"),
        "button": _("下一步：填写内容"),
        "back": reverse("operation:plans"),
        "clause": "27-9",
    }
    given: dict[str, Any] = {"contents": {}}
    return ask(request, "operation.draft_plan", form, given=given, then=then, page=page)


@signed_in
@require_safe
def plan(request: HttpRequest, plan_id: str) -> HttpResponse:
    """Show one plan: where it stands, its twelve items, what is missing, its agreements."""
    by, at = sessions.actor(request), sessions.now(request)
    row = queries.plan(plan_id, by=by)
    head = cases.heading(row.case, by=by, at=at)
    own = row.implementing_body_id == by.organisation
    state = head.case.state if head else ""
    context = {
        **head_context(head, at=at),
        "plan": row,
        "contents": [(zh, row.contents.get(code, "")) for code, zh in MANDATORY_ITEMS.items()],
        "missing": [zh for code, zh in MANDATORY_ITEMS.items() if not row.contents.get(code)],
        "agreements": Agreement.objects.visible_to(by)
        .filter(plan=row)
        .select_related("operator")
        .order_by("-pk")[:MOST],
        "may_edit": own and state == "draft" and by.may("plan.submit"),
        "may_agree": own and state == "approved" and by.may("agreement.draft"),
    }
    return render(request, "portal/operation/plan.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, plan_id: str) -> HttpResponse:
    """Ask for the twelve items on one page; what is typed is kept as one goes."""
    row = _own_draft(request, plan_id)
    form = ContentsForm(request.POST or None, items=MANDATORY_ITEMS, initial=row.contents)

    def then(outcome: Done) -> HttpResponse:
        return done(request, _("已保存。"), reverse("operation:plan", args=[row.pk]))

    page = {
        "title": row.title,
        "lead": _("十二项都要写；没有“其他事项”的写“无”。缺项会在报请审议时一次列明。"),
        "button": _("保存并返回方案"),
        "back": reverse("operation:plan", args=[row.pk]),
        "clause": "27-9",
        "autosave": reverse("operation:keep_plan", args=[row.pk]),
    }
    return ask(
        request,
        "operation.amend_plan",
        form,
        given={"plan_id": row.pk},
        then=then,
        page=page,
        template="portal/operation/contents.html",
    )


@signed_in
@require_POST
def keep(request: HttpRequest, plan_id: str) -> HttpResponse:
    """Keep what has been typed so far; the answer says when."""
    row = _own_draft(request, plan_id)
    form = ContentsForm(request.POST, items=MANDATORY_ITEMS)
    if not form.is_valid():
        return JsonResponse({"errors": form.errors}, status=422)
    said = {"plan_id": row.pk, **form.arguments()}
    perform(request, "operation.amend_plan", said, repeated=True)
    local = timezone.localtime(sessions.now(request), SHANGHAI)
    return JsonResponse({"saved_at": f"{local:%H:%M}"})


def _own_draft(request: HttpRequest, plan_id: str) -> Plan:
    by = sessions.actor(request)
    row = queries.plan(plan_id, by=by)
    if row.implementing_body_id != by.organisation:
        raise NotFound(_("没有这份实施方案。"), code="plan_not_found")
    return row
