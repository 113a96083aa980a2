"""Complaints on pages: lodging one with or without an account, its progress, and handling it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from gongshu.vocabulary.errors import DomainError
from gongshu_server.accounts.actors import node
from gongshu_server.accounts.directory import holders
from gongshu_server.cases import queries as cases
from gongshu_server.cases.models import Case
from gongshu_server.oversight import complaints, queries
from gongshu_server.portal import refusals, sessions
from gongshu_server.portal.asking import ask
from gongshu_server.portal.cases import head_context
from gongshu_server.portal.doing import Done, signed_in
from gongshu_server.portal.fields import choices
from gongshu_server.portal.lists import page_of
from gongshu_server.portal.stepping import take
from gongshu_server.portal.voices.forms import ComplaintForm, RevealForm, TransferForm


@require_http_methods(["GET", "HEAD", "POST"])
def lodge(request: HttpRequest) -> HttpResponse:
    """Ask what is complained of; who has no account leaves a way to be answered."""
    form = ComplaintForm(request.POST or None, anonymous=sessions.of(request) is None)
    choices(form, "about", queries.complaint_objects())

    def then(outcome: Done) -> HttpResponse:
        response = render(request, "portal/voices/lodged.html", {"lodged": outcome.result})
        response["Cache-Control"] = "no-store"
        return response

    page = {
        "title": _("投诉举报"),
        "lead": _("对运营机构、产品或价格的投诉举报，由与被投诉方没有控制关系的机关办理，保密。"),
        "button": _("提交"),
        "back": reverse("voices:front"),
        "clause": complaints.CLAUSE,
    }
    name = "oversight.submit_complaint"
    return ask(request, name, form, given={}, then=then, page=page, stranger=node())


@require_http_methods(["GET", "HEAD", "POST"])
def progress(request: HttpRequest) -> HttpResponse:
    """Show how far a complaint has come to whoever has its token; the token is never in a URL."""
    found, refusal, status = None, None, 200
    if request.method == "POST":
        try:
            found = complaints.progress(request.POST.get("token", "").strip()[:100])
        except DomainError as error:
            refusal, status = refusals.card(error), refusals.status_of(error)
    context = {"found": found, "card": refusal}
    return render(request, "portal/voices/progress.html", context, status=status)


@signed_in
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Show the complaints that the reader lodged or handles, newest first."""
    page = page_of(queries.complaints(by=sessions.actor(request)), request)
    states = cases.states_of([row.case for row in page.rows])
    return render(request, "portal/voices/complaints.html", {"page": page, "states": states})


@signed_in
@require_safe
def complaint(request: HttpRequest, complaint_id: str) -> HttpResponse:
    """Show one complaint to who handles it or lodged it; who lodged it is not on the page."""
    by, at = sessions.actor(request), sessions.now(request)
    view = queries.complaint(complaint_id, by=by)
    head = cases.heading(view.case, by=by, at=at)
    context: dict[str, Any] = {"complaint": view, **head_context(head, at=at)}
    context["may_reveal"] = head is not None and by.may("complaint.reveal") and not view.own
    return render(request, "portal/voices/complaint.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def reveal(request: HttpRequest, complaint_id: str) -> HttpResponse:
    """Ask the head why they must know who complained, and show it once; the look is recorded."""
    view = queries.complaint(complaint_id, by=sessions.actor(request))

    def then(outcome: Done) -> HttpResponse:
        context = {"complaint": view, "who": outcome.result}
        response = render(request, "portal/voices/complainant.html", context)
        response["Cache-Control"] = "no-store"
        return response

    page = {
        "title": _("查看投诉举报人"),
        "lead": _("只有办理机关的负责人可以查看；查看的人、时间和理由都会存证。"),
        "button": _("查看并记录"),
        "back": reverse("voices:complaint", args=[view.id]),
        "clause": complaints.CLAUSE,
    }
    return ask(
        request,
        "oversight.reveal_complainant",
        RevealForm(request.POST or None),
        given={"complaint_id": view.id},
        then=then,
        page=page,
    )


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def transfer(request: HttpRequest, case: Case, transition: str) -> HttpResponse:
    """Ask which competent body a complaint is handed to."""
    by, at = sessions.actor(request), sessions.now(request)
    form = TransferForm(request.POST or None)
    bodies = holders(*sorted(complaints.COMPETENT), at=at)
    choices(form, "to", [(pk, name) for pk, name in bodies if pk != by.organisation])
    return take(request, case, transition, form)
