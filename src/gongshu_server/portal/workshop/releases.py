"""Runs and releases as their authors and all but the reviewers see them on pages (S13)."""

from __future__ import annotations

from django.db.models import OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from gongshu.vocabulary.errors import NotFound
from gongshu_server.cases import queries as cases
from gongshu_server.portal import sessions
from gongshu_server.portal.asking import ask
from gongshu_server.portal.cases import head_context
from gongshu_server.portal.doing import Done, done, signed_in
from gongshu_server.portal.forms import StepForm
from gongshu_server.portal.lists import page_of
from gongshu_server.portal.workshop.forms import ExportForm, QuestionForm
from gongshu_server.portal.workshop.presenting import columns, picture, sources_of
from gongshu_server.workshop import drawing, offers, queries
from gongshu_server.workshop.models import ExportException, Release, Run
from gongshu_server.workshop.reviewing import LOOKING

DEEP = ("query__task__scenario__agreement",)


@signed_in
@require_safe
def run(request: HttpRequest, run_id: str) -> HttpResponse:
    """Show how a run stands in words; nothing here depends on the data (S13)."""
    by, at = sessions.actor(request), sessions.now(request)
    row = _visible(request, run_id)
    view = queries.run_view(row.pk, by=by, at=at)
    task = row.query.task
    own = task.developer_id == by.organisation
    body = task.scenario.agreement.implementing_body_id == by.organisation
    excepted = ExportException.objects.filter(run=row).exists()
    submitted = queries.releases(by=by).filter(run=row).order_by("-pk").first()
    ended = view.state == "finished"
    context = {
        "view": view,
        "query": row.query,
        "task": task,
        "submitted": submitted,
        "excepted": excepted,
        "may_submit": own
        and ended
        and by.may("release.submit")
        and not (submitted and submitted.live),
        "may_except": body
        and ended
        and not excepted
        and row.query.exit == "export"
        and by.may("workshop.except_export"),
    }
    return render(request, "portal/workshop/run.html", context)


def _visible(request: HttpRequest, run_id: str) -> Run:
    rows = Run.objects.visible_to(sessions.actor(request)).select_related(*DEEP)
    row = rows.filter(pk=run_id).first()
    if row is None:
        raise NotFound(_("没有这次任务运行。"), code="run_not_found")
    return row


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def submit(request: HttpRequest, run_id: str) -> HttpResponse:
    """Ask for what a release needs: nothing for an export, the question for a service."""
    row = _visible(request, run_id)
    if row.query.task.developer_id != sessions.actor(request).organisation:
        raise NotFound(_("没有这次任务运行。"), code="run_not_found")
    service = row.query.exit == "service"
    data = request.POST if request.method == "POST" else None
    form = QuestionForm(data) if service else ExportForm(data)

    def then(outcome: Done) -> HttpResponse:
        sentence = _("已提交审核。两个审核单位分别审核，互不知道对方的意见。")
        return done(request, sentence, reverse("workshop:release", args=[outcome.id]))

    page = {
        "title": _("提交出域审核"),
        "lead": _("提交的内容由系统固定，审核单位看到的与提交的一字不差；提交人看不到结果内容。"),
        "button": _("提交审核"),
        "back": reverse("workshop:run", args=[row.pk]),
        "clause": "27-14",
    }
    given = {"run_id": row.pk}
    return ask(request, "workshop.submit_release", form, given=given, then=then, page=page)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def except_export(request: HttpRequest, run_id: str) -> HttpResponse:
    """Ask the implementing body why a further export from the same sources is allowed."""
    row = _visible(request, run_id)
    by = sessions.actor(request)
    body = row.query.task.scenario.agreement.implementing_body_id
    if body != by.organisation or not by.may("workshop.except_export"):
        raise NotFound(_("没有这次任务运行。"), code="run_not_found")
    name = "workshop.record_export_exception"
    form = StepForm(request.POST or None, action=name, given={"run_id": row.pk})

    def then(outcome: Done) -> HttpResponse:
        return done(request, _("例外已记录在案。"), reverse("workshop:run", args=[row.pk]))

    page = {
        "title": _("准予再次出域的例外"),
        "lead": _(
            "同一控制关系已有来自相同数据的结果出域，先后相减可能还原个体。确有必要的写明理由。"
        ),
        "button": _("准予例外"),
        "back": reverse("workshop:run", args=[row.pk]),
        "clause": "dc-5",
    }
    return ask(request, name, form, given={}, then=then, page=page)


@signed_in
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Show the releases that the reader submitted or takes part in, newest first."""
    rows = queries.releases(by=sessions.actor(request)).select_related("run__query__task")
    page = page_of(rows, request)
    context = {
        "page": page,
        "states": cases.states_of([row.case for row in page.rows]),
        "title": _("出域申请"),
        "lead": _("每一项成果经两个互不控制的单位审核、负责人签批后才能出域。"),
    }
    return render(request, "portal/workshop/releases.html", context)


@signed_in
@require_safe
def release(request: HttpRequest, release_id: str) -> HttpResponse:
    """Show one release: where it stands, the two reviews, what it rests on; never its content."""
    by, at = sessions.actor(request), sessions.now(request)
    rows = Release.objects.visible_to(by).select_related(
        "run__query__task__scenario", "developer", "operator", "implementing_body"
    )
    drawn = rows.annotate(draw=drawing.entry_of(OuterRef("pk")))
    row = drawn.filter(pk=release_id).first()
    if row is None:
        raise NotFound(_("没有这个出域申请。"), code="release_not_found")
    query, bodies = row.run.query, drawing.reviewers(row)
    looking = {row.implementing_body_id, *(body.organisation for body in bodies)}
    shown = columns(query.verdict["lineage"]) if query.verdict else []
    grants = query.verdict.get("grants", {})
    context = {
        **head_context(cases.heading(row.case, by=by, at=at), at=at),
        "release": row,
        "query": query,
        "votes": queries.votes_of(row, bodies),
        "picture": picture(shown, offers.origins(sources_of(shown, grants), by=by)),
        "may_look": by.organisation in looking and any(by.has_duty(code) for code in LOOKING),
    }
    return render(request, "portal/workshop/release.html", context)
