"""Tasks and queries on pages: the editor with its verdict, drafts, and asking for a run."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from gongshu.vocabulary.errors import DomainError, NotFound
from gongshu_server.accounts.actors import Actor
from gongshu_server.operation import queries as operation
from gongshu_server.operation.models import Scenario
from gongshu_server.portal import refusals, sessions
from gongshu_server.portal.asking import ask
from gongshu_server.portal.doing import Done, done, perform, signed_in
from gongshu_server.portal.lists import page_of
from gongshu_server.portal.workshop.forms import QueryForm, TaskForm
from gongshu_server.portal.workshop.presenting import (
    SHAPES,
    columns,
    picture,
    schema_json,
    sources_of,
    verdict_json,
)
from gongshu_server.workshop import offers, queries
from gongshu_server.workshop.models import Query, Task

MOST = 30


@signed_in
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Show the reader's tasks, and the scenarios under which one can be opened."""
    by = sessions.actor(request)
    rows = queries.visible_tasks(by=by).select_related("scenario", "developer")
    scenarios = Scenario.objects.none()
    if by.may("workshop.draft"):
        scenarios = Scenario.objects.visible_to(by).filter(developer_id=by.organisation)
    context = {"page": page_of(rows, request), "scenarios": scenarios.order_by("-pk")[:MOST]}
    return render(request, "portal/workshop/tasks.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def open_task(request: HttpRequest, scenario_id: str) -> HttpResponse:
    """Ask what a new task is called, and open it."""
    by = sessions.actor(request)
    scenario = operation.scenario(scenario_id, by=by)
    if scenario.developer_id != by.organisation:
        raise NotFound(_("没有这个场景申请。"), code="scenario_not_found")
    form = TaskForm(request.POST or None, initial={"title": scenario.title})

    def then(outcome: Done) -> HttpResponse:
        return done(request, _("任务已建立。"), reverse("workshop:task", args=[outcome.id]))

    page = {
        "title": _("建立加工任务"),
        "lead": _("任务在场景“%(title)s”的许可之内进行。") % {"title": scenario.title},
        "button": _("建立任务"),
        "back": reverse("workshop:tasks"),
        "clause": "27-15",
    }
    given = {"scenario_id": scenario.pk}
    return ask(request, "workshop.open_task", form, given=given, then=then, page=page)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def task(request: HttpRequest, task_id: str) -> HttpResponse:
    """Show one task: what may be queried, the editor with its verdict, the drafts.

    The button `check` shows the verdict without any script; `draft` keeps a query that passed.
    """
    by, at = sessions.actor(request), sessions.now(request)
    row = queries.visible_tasks(by=by).select_related("scenario").filter(pk=task_id).first()
    if row is None:
        raise NotFound(_("没有这个加工任务。"), code="task_not_found")
    own = row.developer_id == by.organisation and by.may("workshop.draft")
    form = QueryForm(request.POST or None) if own else None
    context: dict[str, Any] = {"card": None, "verdict": None}
    status = 200
    if request.method == "POST":
        if form is None:
            raise NotFound(_("没有这个加工任务。"), code="task_not_found")
        try:
            if form.is_valid() and (to := _answered(request, row, form, context, by=by)):
                return done(request, _("查询已通过检查并保存为草稿。"), to)
        except DomainError as error:
            context["card"], status = refusals.card(error), refusals.status_of(error)
    tables = offers.offered(row, at=at)
    context |= {
        "task": row,
        "form": form,
        "tables": tables,
        "schema": schema_json(tables),
        "drafts": Query.objects.filter(task=row).order_by("-pk")[:MOST],
    }
    return render(request, "portal/workshop/task.html", context, status=status)


def _answered(
    request: HttpRequest, row: Task, form: QueryForm, context: dict[str, Any], *, by: Actor
) -> str:
    """Keep the query and return where it is shown, or put its verdict into the context."""
    said = form.arguments()
    if "check" in request.POST:
        found = queries.judged(row.pk, **said, by=by, at=sessions.now(request))
        context["verdict"] = verdict_json(found)
        return ""
    outcome = perform(request, "workshop.draft", {"task_id": row.pk, **said})
    return reverse("workshop:query", args=[outcome.id])


@signed_in
@require_POST
def verdict(request: HttpRequest, task_id: str) -> HttpResponse:
    """Return the verdict on the text as it stands; nothing is recorded, no data is read (S13)."""
    form = QueryForm(request.POST)
    if not form.is_valid():
        sentences = [str(error) for errors in form.errors.values() for error in errors]
        findings = [{"sentence": one, "clause": "", "where": None} for one in sentences]
        return JsonResponse({"allowed": False, "findings": findings, "lineage": [], "notes": []})
    by, at = sessions.actor(request), sessions.now(request)
    try:
        found = queries.judged(task_id, **form.arguments(), by=by, at=at)
    except DomainError as error:
        finding = {"sentence": error.sentence, "clause": error.clause or "", "where": None}
        answer = {"allowed": False, "findings": [finding], "lineage": [], "notes": []}
        known = 200 if error.code == "cleanroom.use" else refusals.status_of(error)
        return JsonResponse(answer, status=known)
    return JsonResponse(verdict_json(found))


@signed_in
@require_safe
def query(request: HttpRequest, query_id: str) -> HttpResponse:
    """Show one checked query: its text, where each column comes from, its runs."""
    by, at = sessions.actor(request), sessions.now(request)
    rows = Query.objects.visible_to(by).select_related("task")
    row = rows.filter(pk=query_id).first()
    if row is None:
        raise NotFound(_("没有这个查询。"), code="query_not_found")
    shown = columns(row.verdict["lineage"])
    origins = offers.origins(sources_of(shown, row.verdict["grants"]), by=by)
    runs = queries.runs_of(row.pk, by=by, at=at)
    context = {
        "query": row,
        "shape": SHAPES.get(row.verdict["shape"], row.verdict["shape"]),
        "picture": picture(shown, origins),
        "notes": [*row.verdict["notes"], *row.verdict["opened_copies"]],
        "runs": runs,
        "queued": queries.queued(row.pk, at=at),
        "busy": any(one.state == "running" for one in runs),
        "may_run": row.task.developer_id == by.organisation and by.may("workshop.run"),
    }
    return render(request, "portal/workshop/query.html", context)


@signed_in
@require_POST
def run(request: HttpRequest, query_id: str) -> HttpResponse:
    """Put a run into the queue; the page of the query shows how it stands."""
    row = queries.query(query_id, by=sessions.actor(request))
    perform(request, "workshop.request_run", {"query_id": row.pk})
    sentence = _("已排队运行。可以离开本页，运行状态随时在这里查看。")
    return done(request, sentence, reverse("workshop:query", args=[row.pk]))
