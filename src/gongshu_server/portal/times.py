"""Moving a demo's time forward from its pages; a real node has no such page."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from gongshu.vocabulary.errors import DomainError, Invalid, NotFound
from gongshu.workflow.calendar import add_working_days
from gongshu.workflow.limits import SHANGHAI
from gongshu_server.portal import refusals, sessions
from gongshu_server.portal.doing import done, perform, signed_in

PRESETS = ("1", "3", "10", "20")
FURTHEST = timedelta(days=366 * 5)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def move(request: HttpRequest) -> HttpResponse:
    """Show what time it is on the demo, and move it forward."""
    if not sessions.reading(request).demo:
        raise NotFound("没有这一页。", code="not_a_demo")
    refusal, status = None, 200
    if request.method == "POST":
        try:
            perform(request, "accounts.move_time", {"to": _wanted(request)})
        except DomainError as error:
            refusal, status = refusals.card(error), refusals.status_of(error)
        else:
            sentence = _("时间已快进。办件的时限、到期和逾期会在一分钟内跟上。")
            return done(request, sentence, reverse("work"))
    return render(request, "portal/shell/time.html", {"card": refusal}, status=status)


def _wanted(request: HttpRequest) -> datetime:
    """Return the time that is asked for, at the hour that it is now."""
    now = sessions.now(request).astimezone(SHANGHAI)
    days = request.POST.get("days", "")
    try:
        if days:
            day, _provisional = add_working_days(now.date(), int(PRESETS[PRESETS.index(days)]))
        else:
            day = date.fromisoformat(request.POST.get("date", ""))
        to = datetime.combine(day, now.timetz())
    except (ValueError, OverflowError):
        raise Invalid("请选择快进几天，或填写日期。", code="no_such_time") from None
    if to - now > FURTHEST:
        raise Invalid("一次最多快进五年。", code="time_too_far")
    return to
