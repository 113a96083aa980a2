"""Objections on pages: how to object, objecting, one objection, and correcting at the source."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from gongshu_server.accounts.directory import holders
from gongshu_server.cases import queries as cases
from gongshu_server.cases.models import Case
from gongshu_server.oversight import queries
from gongshu_server.portal import sessions
from gongshu_server.portal.asking import ask
from gongshu_server.portal.cases import head_context
from gongshu_server.portal.doing import Done, done, signed_in
from gongshu_server.portal.lists import page_of
from gongshu_server.portal.stepping import take
from gongshu_server.portal.templatetags.components import day
from gongshu_server.portal.voices.forms import CorrectionForm, ObjectionForm


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """Say how to object and complain, and what happens then; anybody may read it."""
    return render(request, "portal/voices/front.html")


@signed_in
@require_safe
def own(request: HttpRequest) -> HttpResponse:
    """Show the objections that the reader raised, has to answer, or watches over."""
    page = page_of(queries.objections(by=sessions.actor(request)), request)
    states = cases.states_of([row.case for row in page.rows])
    return render(request, "portal/voices/own.html", {"page": page, "states": states})


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def raise_objection(request: HttpRequest) -> HttpResponse:
    """Ask what is wrong with the record about the reader's organisation, and object."""
    by, at = sessions.actor(request), sessions.now(request)
    subject = queries.own_subject(by=by)
    form = ObjectionForm(
        request.POST or None,
        subject=subject,
        sources=queries.sources(),
        authorities=holders("data_authority", at=at),
    )

    def then(outcome: Done) -> HttpResponse:
        sentence = _("异议已提出。受理后这条记录会暂停使用，来源单位在 10 个工作日内核对。")
        return done(request, sentence, reverse("voices:objection", args=[outcome.id]))

    page = {
        "title": _("提出数据异议"),
        "lead": _("只能对本单位自己的记录提出，须实名。"),
        "button": _("提出异议"),
        "back": reverse("voices:front"),
        "clause": "opinions-4.6",
        "subject": subject,
    }
    return ask(
        request,
        "oversight.raise_objection",
        form,
        given={},
        then=then,
        page=page,
        template="portal/voices/raise.html",
    )


@signed_in
@require_safe
def objection(request: HttpRequest, objection_id: str) -> HttpResponse:
    """Show one objection: what is said to be wrong, and what it means for the one record."""
    by, at = sessions.actor(request), sessions.now(request)
    view = queries.objection(objection_id, by=by)
    head = cases.heading(view.objection.case, by=by, at=at)
    context = {"view": view, "objection": view.objection, **head_context(head, at=at)}
    return render(request, "portal/voices/objection.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, case: Case, transition: str) -> HttpResponse:
    """Ask which version of the source holds the correction, and record it."""
    view = queries.objection(case.subject_id, by=sessions.actor(request))
    versions = [
        (row.pk, _("第 %(version)s 版 · %(day)s") % {"version": row.version, "day": day(row.as_of)})
        for row in queries.versions_since(view.objection)
    ]
    form = CorrectionForm(request.POST or None, versions=versions)
    return take(request, case, transition, form)
