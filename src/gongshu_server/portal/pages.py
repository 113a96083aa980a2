"""Pages of the open portal that anybody may read: front, disclosure, registrations, clauses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from gongshu.ledger.layout import CHECKPOINT, parse_tile_name
from gongshu.procedures import all_clauses, duty, procedure
from gongshu.procedures.matrix import rows
from gongshu.vocabulary.errors import NotFound
from gongshu_server.oversight import summary
from gongshu_server.oversight.disclosure import disclosure as disclosed
from gongshu_server.portal import sessions
from gongshu_server.portal.shells import navigation
from gongshu_server.registration import queries as registrations

STORY = "story.json"
LINES = 50


def _clauses() -> dict[str, Any]:
    return {clause.code: clause for clause in all_clauses()}


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """Say what this node is, what the story just did, and how to call it."""
    path = Path(settings.HOME) / STORY
    story = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    if story:
        known = _clauses()
        for scene in story["scenes"]:
            scene["basis"] = [known[c] for c in scene["clauses"] if c in known]
        for call in story["calls"]:
            call["command"] = call["command"].replace("localhost:{port}", request.get_host())
    at = sessions.now(request)
    context = {"story": story, "now": at, "numbers": summary.numbers(at=at)}
    return render(request, "portal/open/front.html", context)


@require_safe
def work(request: HttpRequest) -> HttpResponse:
    """Lead a signed-in person to the first entry of their navigation."""
    links = navigation(request)
    if sessions.of(request) is None or not links:
        return HttpResponseRedirect(reverse("front"))
    return HttpResponseRedirect(links[0].url)


@require_safe
def clause(request: HttpRequest, code: str) -> HttpResponse:
    """Show one clause: what it says, whether it was read, and what rests on it."""
    row = next((row for row in rows() if row.clause.code == code), None)
    if row is None:
        raise NotFound("没有这一条款，请核对编号。", code="clause_not_found")
    english = (get_language() or "").startswith("en")
    context = {
        "clause": row.clause,
        "sentence": row.clause.en if english else row.clause.zh,
        "duties": [duty(one) for one in row.clause.duties],
        "bases": [(basis, procedure(basis.procedure).zh) for basis in row.bases],
    }
    return render(request, "portal/clause.html", context)


@require_safe
def disclosure(request: HttpRequest) -> HttpResponse:
    """Show what is public by duty; the file at `/api/v1/disclosure` holds the same rows."""
    after = request.GET.get("after", "")
    shown = disclosed(at=sessions.now(request), after=after, most=LINES)
    context = {"disclosure": shown, "first": not after}
    return render(request, "portal/open/disclosure.html", context)


@require_safe
def registration(request: HttpRequest) -> HttpResponse:
    """Answer the registration query page (登记结果查询)."""
    code = request.GET.get("code", "").strip()
    found, sentence = None, ""
    at = sessions.now(request)
    if code:
        try:
            found = registrations.by_code(code, at=at)
        except NotFound as error:
            sentence = error.sentence
    context = {
        "code": code,
        "found": found,
        "sentence": sentence,
        "publicised": registrations.publicised(at=at),
    }
    return render(
        request, "portal/open/registration.html", context, status=404 if sentence else 200
    )


@require_safe
def ledger_file(request: HttpRequest, path: str) -> FileResponse:
    """Serve the public ledger: checkpoint, tiles and entry bundles, and nothing else."""
    if path != CHECKPOINT and parse_tile_name(path) is None:
        raise Http404
    wanted = Path(settings.HOME) / "ledger" / path
    if not wanted.is_file() or wanted.is_symlink():
        raise Http404
    return FileResponse(wanted.open("rb"), content_type="application/octet-stream")
