"""Cases on pages: the inbox, the list, one case with its way so far, and taking its next step."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from gongshu.procedures import all_procedures, procedure
from gongshu.vocabulary.errors import NotFound
from gongshu_server.cases import forms as papers
from gongshu_server.cases import queries, worklist
from gongshu_server.cases.documents import kinds_present
from gongshu_server.journeys.actions import ACTIONS
from gongshu_server.journeys.subjects import subject_argument
from gongshu_server.portal import fronts, sections, sessions
from gongshu_server.portal.asking import ask
from gongshu_server.portal.doing import Done, done, signed_in
from gongshu_server.portal.forms import StepForm, paper_kinds
from gongshu_server.portal.lists import Page, ordered, page_of
from gongshu_server.portal.stepping import take

PAGE = 30


@signed_in
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """Show what waits for the reader, the nearest limit first."""
    by, at, signed = sessions.actor(request), sessions.now(request), sessions.of(request)
    overdue = request.GET.get("only") == "overdue"
    waiting = worklist.awaiting(by=by, at=at, overdue=overdue)
    page = ordered(waiting, request, ("due", "id"), size=PAGE)
    figured = signed and page.first and not overdue
    context = {
        "rows": worklist.waiting_views(page.rows, by=by, at=at),
        "page": page,
        "overdue": overdue,
        "now": at,
        "figures": fronts.figures(signed.hat, by=by) if signed and figured else [],
    }
    return render(request, "portal/work/inbox.html", context)


@signed_in
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Show the cases that the reader may see, newest first, by procedure and state."""
    by, at = sessions.actor(request), sessions.now(request)
    wanted = request.GET.get("procedure", "")
    if wanted not in {table.code for table in all_procedures()}:
        wanted = ""
    late, handler = bool(request.GET.get("late")), request.GET.get("handler", "")
    rows = queries.cases(
        by=by, open_only=late or bool(request.GET.get("open")), procedure_code=wanted
    )
    if late:
        rows = rows.overdue(at)
    if handler:
        rows = rows.handled_by(handler)
    found: Page = page_of(rows, request, size=PAGE)
    shown = [(row, procedure(row.procedure)) for row in found.rows]
    context = {
        "rows": [(row, table.zh, table.states[row.state]) for row, table in shown],
        "page": found,
        "procedures": [(table.code, table.zh) for table in all_procedures()],
        "procedure": wanted,
        "open": late or bool(request.GET.get("open")),
        "late": late,
        "handler": handler,
        "handler_name": queries.organisation_names([handler]).get(handler, "") if handler else "",
    }
    return render(request, "portal/work/cases.html", context)


@signed_in
@require_safe
def case(request: HttpRequest, case_id: str) -> HttpResponse:
    """Show one case: state, clocks, what comes next and whose turn it is, the way so far."""
    by, at = sessions.actor(request), sessions.now(request)
    view = queries.overview(case_id, by=by, at=at)
    return render(request, "portal/work/case.html", case_context(view, at=at))


def case_context(view: queries.CaseView, *, at: datetime) -> dict[str, Any]:
    """Return what the case page, and every page about a case's subject, shows of the case."""
    return {**head_context(view.head, at=at), "view": view, "papers": papers.kinds(view)}


def head_context(head: queries.CaseHead | None, *, at: datetime) -> dict[str, Any]:
    """Return what a page about a case's subject shows of where the case stands."""
    if head is None:
        return {}
    subject = (head.case.subject_kind, head.case.subject_id)
    return {
        "head": head,
        "case": head.case,
        "now": at,
        "subject_url": sections.subject_url(*subject),
    }


@signed_in
@require_safe
def printed(request: HttpRequest, case_id: str, kind: str) -> HttpResponse:
    """Show one form of a case as it is printed on A4."""
    view = queries.overview(case_id, by=sessions.actor(request), at=sessions.now(request))
    context = {"case": view.head.case, "form": papers.form(view, kind)}
    return render(request, "portal/work/printed.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def substep(request: HttpRequest, case_id: str, transition: str) -> HttpResponse:
    """Ask for the opinion on the sub-step that is next within a step of the reader's."""
    by, at = sessions.actor(request), sessions.now(request)
    row, within = queries.within(case_id, by=by, at=at)
    found = [one for one in within if one.transition.name == transition]
    if not found:
        raise NotFound(
            _("现在没有待办的内部环节，请回到办件页查看下一步。"), code="substep_not_found"
        )
    waiting = found[0]
    given = {"case_id": row.pk, "transition": transition, "step": waiting.code}
    form = StepForm(request.POST or None, action="cases.mark_substep", given=given)

    def then(outcome: Done) -> HttpResponse:
        sentence = _("已办理内部环节：%(step)s。") % {"step": waiting.next}
        return done(request, sentence, reverse("case", args=[row.pk]))

    page = {
        "title": _("内部环节：%(step)s") % {"step": waiting.next},
        "lead": _("退回须写明意见；同一人不能办理两个内部环节。法定时限照常计算。"),
        "button": _("提交"),
        "back": reverse("case", args=[row.pk]),
    }
    return ask(request, "cases.mark_substep", form, given=given, then=then, page=page)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: HttpRequest, case_id: str, transition: str) -> HttpResponse:
    """Take one step of a case: show its form, do it, or show why not with everything kept."""
    by = sessions.actor(request)
    row = queries.case(case_id, by=by)
    name = ACTIONS.get((row.procedure, transition))
    if name is None:
        raise NotFound(_("这种办件没有这个环节。"), code="step_not_found")
    bespoke = sections.steps().get(name)
    if bespoke is not None:
        return bespoke(request, row, transition)
    table = procedure(row.procedure)
    if transition in sections.opening_steps(table):
        # It opens a case and has been taken; its page is where such a case begins.
        table.follow(row.state, transition)
    form = StepForm(
        request.POST or None,
        action=name,
        given=subject_argument(name, row),
        kinds=paper_kinds(table, table.transition(transition), kinds_present(row)),
    )
    return take(request, row, transition, form)
