"""责任清单 and 质量与校核纠错: what a department has to do by law, and what was objected to."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from gongshu_server.cases import queries as cases
from gongshu_server.cases import workload
from gongshu_server.oversight.models import Objection
from gongshu_server.portal import sessions
from gongshu_server.portal.doing import signed_in
from gongshu_server.portal.lists import page_of


@signed_in
@require_safe
def duties(request: HttpRequest) -> HttpResponse:
    """Show what the reader's organisation has to do, on which basis, and what is under way."""
    rows = workload.duties(by=sessions.actor(request), at=sessions.now(request))
    return render(request, "portal/catalogue/duties.html", {"rows": rows})


@signed_in
@require_safe
def corrections(request: HttpRequest) -> HttpResponse:
    """Show what others objected to in the reader's data, and where quality reports will be."""
    by = sessions.actor(request)
    page = page_of(Objection.objects.filter(provider_id=by.organisation), request)
    states = cases.states_of([row.case for row in page.rows])
    context = {"page": page, "rows": [(row, states.get(row.case, "")) for row in page.rows]}
    return render(request, "portal/catalogue/corrections.html", context)
