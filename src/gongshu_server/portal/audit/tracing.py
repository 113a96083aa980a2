"""Trace and recompute: where a result came from, and whether tables and journal agree."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from gongshu.vocabulary.errors import NotFound
from gongshu_server.oversight import recomputing, tracing
from gongshu_server.portal import refusals, sections, sessions
from gongshu_server.portal.doing import signed_in


@signed_in
@require_safe
def trace(request: HttpRequest) -> HttpResponse:
    """Show the chain from a receipt, a product or a release back to its sources."""
    reference = request.GET.get("reference", "").strip()
    links, refusal, status = [], None, 200
    if reference:
        try:
            links = tracing.trace(reference, by=sessions.actor(request))
        except NotFound as error:
            refusal, status = refusals.card(error), refusals.status_of(error)
    rows = [(link, sections.subject_url(link.kind, link.id)) for link in links]
    context = {"reference": reference, "rows": rows, "card": refusal}
    return render(request, "portal/audit/trace.html", context, status=status)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def recompute(request: HttpRequest) -> HttpResponse:
    """Say what is compared; on POST compare, record it, and show what differs."""
    found = None
    if request.method == "POST":
        found = recomputing.recompute(by=sessions.actor(request), at=sessions.now(request))
    return render(request, "portal/audit/recompute.html", {"found": found})
