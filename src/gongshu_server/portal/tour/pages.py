"""The tour of a demo: its stops, and opening one as the right person with one click."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_POST, require_safe

from gongshu.vocabulary.errors import NotFound
from gongshu_server.accounts import demonstration
from gongshu_server.portal import sessions
from gongshu_server.portal.signing_in import enter_demo
from gongshu_server.portal.tour.stops import STOPS, Stop

SEEN = "tour"


def _url(stop: Stop) -> str:
    try:
        return reverse(stop.address)
    except NoReverseMatch:
        return ""


def _shown(request: HttpRequest) -> list[tuple[int, Stop]]:
    """Return the stops whose page there is, on a demo node only."""
    if not sessions.reading(request).demo:
        raise NotFound("只有演示节点有导览。", code="not_a_demo")
    return [(number, stop) for number, stop in enumerate(STOPS) if _url(stop)]


@require_safe
def tour(request: HttpRequest) -> HttpResponse:
    """Show the stops, those that were seen, and the next one."""
    shown = _shown(request)
    seen = set(request.session.get(SEEN, []))
    people = demonstration.played(at=sessions.now(request))
    following = next((number for number, _ in shown if number not in seen), None)
    stops: list[dict[str, Any]] = []
    for number, stop in shown:
        who = people.get((stop.role, stop.duty))
        if stop.role and who is None:
            continue
        more = {"seen": number in seen, "next": number == following, "number": number}
        name = f"{who.organisation} {who.name}" if who else ""
        stops.append({**asdict(stop), **more, "who": name})
    context = {"stops": stops, "seen": sum(one["seen"] for one in stops)}
    return render(request, "portal/tour/tour.html", context)


@require_POST
def go(request: HttpRequest, number: int) -> HttpResponse:
    """Open a stop's page as the person whose page it is, and remember that it was seen."""
    stop = dict(_shown(request)).get(number)
    if stop is None:
        raise NotFound("没有这一站。", code="stop_not_found")
    seen = sorted({*request.session.get(SEEN, []), number})
    at = sessions.now(request)
    who = demonstration.played(at=at).get((stop.role, stop.duty))
    if who is not None:
        enter_demo(request, person_id=who.person, post_id=who.post, at=at)
    request.session[SEEN] = seen
    return HttpResponseRedirect(_url(stop))
