"""Supervision pages: overview, limits and their lights, alarms, evaluation."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from gongshu_server.cases import queries as cases
from gongshu_server.oversight import supervision
from gongshu_server.portal import sessions
from gongshu_server.portal.asking import ask
from gongshu_server.portal.doing import Done, done, signed_in
from gongshu_server.portal.lists import ordered, page_of
from gongshu_server.portal.supervision import regions
from gongshu_server.portal.supervision.forms import CloseAlarmForm, SuperviseForm
from gongshu_server.usage.alarms import CLAUSE

SHOWN = 50
LIGHTS = ("overdue", "80", "50")


@signed_in
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Show what is open and late, by procedure and department, and how far levels and quotas are.

    Each chart has its table, and the table its download.
    """
    by, at = sessions.actor(request), sessions.now(request)
    grants = supervision.in_force(by=by)
    context = {
        "loads": supervision.loads(by=by, at=at),
        "lateness": supervision.lateness(by=by, at=at),
        "levels": supervision.levels(by=by),
        "quotas": supervision.quotas(grants, at=at),
        "revenue": supervision.revenue(by=by),
        "regions": supervision.regions(grants, regions.names()),
    }
    return render(request, "portal/supervision/overview.html", context)


@signed_in
@require_safe
def clocks(request: HttpRequest) -> HttpResponse:
    """Show the running limits, the nearest end first, with their lights."""
    by, at = sessions.actor(request), sessions.now(request)
    wanted = request.GET.get("light", "")
    wanted = wanted if wanted in LIGHTS else ""
    board = supervision.board(by=by, at=at, wanted=wanted)
    page = ordered(board, request, supervision.BOARD_ORDER, size=SHOWN)
    context = {
        "rows": supervision.on_board(page.rows, at=at),
        "page": page,
        "counts": supervision.lights(by=by, at=at),
        "wanted": wanted,
        "may_supervise": by.may("case.supervise"),
    }
    return render(request, "portal/supervision/clocks.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def supervise(request: HttpRequest, case_id: str) -> HttpResponse:
    """Ask what is wanted, and supervise the case."""
    row = cases.case(case_id, by=sessions.actor(request))

    def then(outcome: Done) -> HttpResponse:
        return done(request, _("已督办，承办单位已收到通知。"), reverse("case", args=[row.pk]))

    page = {
        "title": _("督办：%(title)s") % {"title": row.title},
        "lead": _("督办要求会送到现在轮到办理的单位，并记入办理经过。"),
        "button": _("发出督办"),
        "back": reverse("supervision:clocks"),
        "clause": supervision.CLAUSE,
    }
    form = SuperviseForm(request.POST or None)
    return ask(request, "cases.supervise", form, given={"case_id": row.pk}, then=then, page=page)


@signed_in
@require_safe
def alarms(request: HttpRequest) -> HttpResponse:
    """Show the open alarms, or those that were closed."""
    by = sessions.actor(request)
    closed = request.GET.get("closed") == "1"
    page = page_of(supervision.alarms(by=by, closed=closed), request)
    context = {"page": page, "closed": closed, "may_close": by.may("alarm.close")}
    return render(request, "portal/supervision/alarms.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def close_alarm(request: HttpRequest, alarm_id: str) -> HttpResponse:
    """Ask what was found, and close the alarm."""

    def then(outcome: Done) -> HttpResponse:
        return done(request, _("告警已关闭。"), reverse("supervision:alarms"))

    page = {
        "title": _("核查关闭告警"),
        "lead": _("写明查到了什么、怎样处置。问题还在时，节点会再次告警。"),
        "button": _("关闭告警"),
        "back": reverse("supervision:alarms"),
        "clause": CLAUSE,
    }
    form = CloseAlarmForm(request.POST or None)
    return ask(
        request, "usage.close_alarm", form, given={"alarm_id": alarm_id}, then=then, page=page
    )


@signed_in
@require_safe
def evaluation(request: HttpRequest) -> HttpResponse:
    """Say what an evaluation needs, what of it the node already counts, and what is not there."""
    by, at = sessions.actor(request), sessions.now(request)
    context = {"lateness": supervision.lateness(by=by, at=at)}
    return render(request, "portal/supervision/evaluation.html", context)
