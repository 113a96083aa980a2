"""Reads on tasks, runs and releases: what an author may see, and who has voted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from gongshu.cleanroom import Verdict
from gongshu.vocabulary.errors import Conflict, NotFound, NotPermitted
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.permissions import require
from gongshu_server.cases.models import Case
from gongshu_server.catalogue.models import Snapshot
from gongshu_server.journal.models import Entry
from gongshu_server.workshop import checking, drawing
from gongshu_server.workshop.drawing import Body
from gongshu_server.workshop.models import (
    ExportException,
    Query,
    Release,
    ReleaseSource,
    Run,
    Task,
    Vote,
)

# Whether a run has ended, and thus how long it took, is shown in steps of this length (S13).
TIME_STEP = timedelta(minutes=1)
# A request that no worker has taken up in this time was lost or was refused at its start.
QUEUE = timedelta(minutes=15)
FAILED = "任务运行没有成功，没有产生任何结果；请缩小数据范围或改用更粗的分组后重新提交。"


@dataclass(frozen=True, slots=True)
class RunView:
    """All that the author of a run may see of it; nothing here depends on the data.

    `code` is `run_failed` for every failure, else empty; `note` is the same for every result of
    the same kind.
    """

    id: str
    query: str
    state: str
    code: str
    sentence: str
    note: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class VoteView:
    """One vote as it may be seen: before both are in, only that it was cast.

    `reviewer` is the id of the body that was drawn, empty before the draw; `named` is its name.
    """

    kind: str
    cast: bool
    reviewer: str = ""
    named: str = ""
    commitment: str = ""
    passed: bool | None = None
    opinion: str | None = None
    salt: str | None = None


def check(
    task_id: str, sql: str, *, exit: str = "export", region: str = "", by: Actor, at: datetime
) -> Verdict:
    """Return the clean room's verdict on a query for its developer, without recording anything."""
    return judged(task_id, sql, exit=exit, region=region, by=by, at=at).verdict


def judged(
    task_id: str, sql: str, *, exit: str = "export", region: str = "", by: Actor, at: datetime
) -> checking.Checked:
    """Return the same verdict as `check`, with the sources that it speaks of."""
    found = task(task_id, by=by)
    require(by, "workshop.draft", clause="27-15")
    if found.developer_id != by.organisation:
        raise NotPermitted(
            "只有该任务的开发主体可以检查查询。", code="not_the_developer", clause="27-15"
        )
    return checking.checked(found, sql, exit=exit, region=region, at=at)


def tasks(*, by: Actor) -> list[Task]:
    """Return the tasks that the actor may see, newest first."""
    return list(Task.objects.visible_to(by).order_by("-opened_at"))


def queries_of(task_id: str, *, by: Actor) -> list[Query]:
    """Return the checked queries of a task that the actor may see, oldest first."""
    return list(Query.objects.visible_to(by).filter(task_id=task_id).order_by("drafted_at"))


def visible_tasks(*, by: Actor) -> QuerySet[Task]:
    """Return the tasks that the actor may see."""
    return Task.objects.visible_to(by)


def visible_queries(task_id: str, *, by: Actor) -> QuerySet[Query]:
    """Return the checked queries of a task; NotFound when the actor may not see it."""
    return Query.objects.filter(task=task(task_id, by=by))


def task(task_id: str, *, by: Actor) -> Task:
    """Return one task that the actor may see; NotFound otherwise."""
    found = Task.objects.visible_to(by).filter(pk=task_id).first()
    if found is None:
        raise NotFound("没有这个加工任务。", code="task_not_found")
    return found


def query(query_id: str, *, by: Actor) -> Query:
    """Return one checked query that the actor may see; NotFound otherwise."""
    found = Query.objects.visible_to(by).filter(pk=query_id).first()
    if found is None:
        raise NotFound("没有这个查询。", code="query_not_found")
    return found


def releases(*, by: Actor) -> QuerySet[Release]:
    """Return the releases whose case the actor may see."""
    return Release.objects.visible_to(by)


def has_ended(run: Run, at: datetime) -> bool:
    """Tell whether the run's end is shown at `at`: only at the end of a whole step of time."""
    if run.finished_at is None:
        return False
    steps = -((run.started_at - run.finished_at) // TIME_STEP)
    return at >= run.started_at + max(steps, 1) * TIME_STEP


def run_view(run_id: str, *, by: Actor, at: datetime) -> RunView:
    """Return what may be seen of a run; NotFound when the actor may not see it at all."""
    run = Run.objects.visible_to(by).filter(pk=run_id).first()
    if run is None:
        raise NotFound("没有这次任务运行。", code="run_not_found")
    return _shown(run, at)


def visible_runs(query_id: str, *, by: Actor) -> QuerySet[Run]:
    """Return the runs of a query that the actor may see."""
    return Run.objects.visible_to(by).filter(query_id=query_id)


def unsubmitted_exports(*, by: Actor, at: datetime, most: int = 50) -> list[Run]:
    """Return the newest exports run under the actor's agreements that wait to be submitted.

    Some of them cannot be without the actor's exception (disclosure-control §5).
    """
    rows = Run.objects.visible_to(by).filter(
        ~Exists(Release.objects.filter(run=OuterRef("pk"), live=True)),
        ~Exists(ExportException.objects.filter(run=OuterRef("pk"))),
        query__exit="export",
        query__task__scenario__agreement__implementing_body=by.organisation,
        state="finished",
    )
    rows = rows.select_related("query__task__developer").order_by("-pk")
    return [run for run in rows[:most] if has_ended(run, at)]


def run_views(rows: Iterable[Run], *, at: datetime) -> list[RunView]:
    """Return what may be seen of each run."""
    return [_shown(run, at) for run in rows]


def runs_of(query_id: str, *, by: Actor, at: datetime, most: int = 50) -> list[RunView]:
    """Return what may be seen of a query's runs, newest first."""
    rows = visible_runs(query_id, by=by).order_by("-started_at")
    return run_views(rows[:most], at=at)


def queued(query_id: str, *, at: datetime) -> datetime | None:
    """Return since when a run of the query waits for a worker; None when none does."""
    asked = Entry.objects.filter(
        subject_kind="query", subject_id=query_id, event="workshop.run_requested", at__gt=at - QUEUE
    )
    started = Run.objects.filter(query_id=query_id, started_at__gte=OuterRef("at"))
    waiting = asked.filter(~Exists(started)).order_by("-sequence")
    return waiting.values_list("at", flat=True).first()


def _shown(run: Run, at: datetime) -> RunView:
    state = run.state if has_ended(run, at) else "running"
    failed = state == "failed"
    return RunView(
        id=run.pk,
        query=run.query_id,
        state=state,
        code="run_failed" if failed else "",
        sentence=FAILED if failed else "",
        note=run.note if state == "finished" else "",
        started_at=run.started_at,
    )


def release(release_id: str, *, by: Actor) -> Release:
    """Return one release that the actor may see; NotFound otherwise."""
    found = Release.objects.visible_to(by).filter(pk=release_id).first()
    if found is None:
        raise NotFound("没有这个出域申请。", code="release_not_found")
    return found


def state(row: Release) -> str:
    """Return the state of the release's case; it lives there only."""
    return Case.objects.values_list("state", flat=True).get(pk=row.case)


def votes(release_id: str, *, by: Actor) -> tuple[VoteView, ...]:
    """Return how the two reviews stand, the same for everybody who may see the release.

    Until both votes are in only their being cast is shown, to the voters as well: otherwise the
    second one could learn the first.
    """
    row = release(release_id, by=by)
    return votes_of(row, drawing.reviewers(row))


def votes_of(row: Release, reviewers: Iterable[Body]) -> tuple[VoteView, ...]:
    """Return the same of a release that the caller may see and has at hand, with its reviewers."""
    cast = {vote.kind: vote for vote in Vote.objects.filter(release=row)}
    bodies = {body.kind: body for body in reviewers}
    return tuple(
        VoteView(
            kind=kind,
            cast=kind in cast,
            reviewer=bodies[kind].organisation if kind in bodies else "",
            named=bodies[kind].name if kind in bodies else "",
            commitment=cast[kind].commitment if kind in cast else "",
            passed=cast[kind].passed if kind in cast else None,
            opinion=cast[kind].opinion if kind in cast else None,
            salt=cast[kind].salt if kind in cast else None,
        )
        for kind in drawing.KINDS
    )


def released(release_id: str, *, run_id: str = "") -> dict[str, Any]:
    """Return what the market is handed: exit, question, result, lineage, sources, organisations.

    For the market and the effects of a release. `run_id` names a later run of the very query that
    was released, over newer versions: only a service may be refreshed so, for its rows never
    leave. Raises NotFound unless it has been released, Conflict for a run of another query.
    """
    row = Release.objects.filter(pk=release_id, released_at__isnull=False).first()
    if row is None:
        raise NotFound("没有这个已出域的成果。", code="release_not_found")
    run = _served(row, run_id or row.run_id)
    query = Query.objects.get(pk=run.query_id)
    task = Task.objects.get(pk=query.task_id)
    versions = Snapshot.objects.filter(pk__in=run.snapshots.values())
    sources = ReleaseSource.objects.filter(release=row).order_by("resource_id")
    return {
        "release": row.pk,
        "exit": row.exit,
        "title": task.title,
        "question": row.question,
        "scenario": task.scenario_id,
        "developer": row.developer_id,
        "operator": row.operator_id,
        "implementing_body": row.implementing_body_id,
        "result": run.result,
        "salt": run.salt,
        "as_of": min(version.as_of for version in versions),
        "columns": query.verdict["columns"],
        "lineage": query.verdict["lineage"],
        "sources": list(sources.values_list("resource_id", flat=True)),
        "snapshots": run.snapshots,
    }


def _served(row: Release, run_id: str) -> Run:
    run = Run.objects.get(pk=run_id)
    refreshed = run.pk != row.run_id
    if refreshed and (row.exit != "service" or run.query_id != row.run.query_id):
        raise Conflict(
            "只能用同一条已审核查询的新运行来更新域内服务。", code="other_query", clause="dc-7"
        )
    if run.state != "finished":
        raise Conflict("这次运行没有成功。", code="run_failed")
    return run
