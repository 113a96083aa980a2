"""The pages that stand before the portal: thin doors over queries."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from gongshu.ledger.layout import CHECKPOINT, parse_tile_name
from gongshu.procedures import all_clauses
from gongshu.vocabulary.errors import NotFound
from gongshu_server.journal import clock
from gongshu_server.journal.models import Head
from gongshu_server.oversight.disclosure import disclosure as disclosed
from gongshu_server.registration import queries as registrations

STORY = "story.json"


def _clauses() -> dict[str, Any]:
    return {clause.code: clause for clause in all_clauses()}


def node(request: HttpRequest) -> dict[str, Any]:
    """Tell every page whether this is a demo node (a context processor)."""
    return {"demo": Head.objects.filter(pk=1, demo=True).exists()}


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """Say what this node is, what the story just did, and how to call it."""
    path = Path(settings.HOME) / STORY
    story = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    if story:
        known = _clauses()
        for scene in story["scenes"]:
            scene["basis"] = [known[c] for c in scene["clauses"] if c in known]
    context = {"story": story, "now": clock.now()}
    return render(request, "portal/front.html", context)


@require_safe
def disclosure(request: HttpRequest) -> HttpResponse:
    """Show what is public by duty; the file at `/api/v1/disclosure` holds the same rows."""
    known = _clauses()
    shown = disclosed(at=clock.now())
    lines = [(line, known.get(line.clause)) for line in shown.authorisations]
    context = {"disclosure": shown, "lines": lines}
    return render(request, "portal/disclosure.html", context)


@require_safe
def registration(request: HttpRequest) -> HttpResponse:
    """Answer the registration query page (登记结果查询)."""
    code = request.GET.get("code", "").strip()
    found, sentence = None, ""
    at = clock.now()
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
    return render(request, "portal/registration.html", context, status=404 if sentence else 200)


@require_safe
def ledger_file(request: HttpRequest, path: str) -> FileResponse:
    """Serve the public ledger: checkpoint, tiles and entry bundles, and nothing else."""
    if path != CHECKPOINT and parse_tile_name(path) is None:
        raise Http404
    wanted = Path(settings.HOME) / "ledger" / path
    if not wanted.is_file() or wanted.is_symlink():
        raise Http404
    return FileResponse(wanted.open("rb"), content_type="application/octet-stream")
