"""Runs as rows: started under a fresh verdict, finished with a digest or with one failure code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gongshu.cleanroom import Plan
from gongshu.vocabulary.errors import Conflict, NotFound, NotPermitted
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.permissions import require
from gongshu_server.jobs.tasks import enqueue
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.ids import ulid
from gongshu_server.journal.recording import Event
from gongshu_server.operation.models import Scenario
from gongshu_server.workshop import checking
from gongshu_server.workshop.drafting import CLAUSE, refuse_unless_approved
from gongshu_server.workshop.models import Query, Run, Task

# A run whose process died is given up after this time; no run may last as long.
ABANDONED = timedelta(minutes=10)
# The one sentence about a run's content; it is the same whatever the data are (S13).
AUTHOR_NOTE = "部分组别已保护"


@dataclass(frozen=True, slots=True)
class Started:
    """A run that has been started, with the plan to run and the data version of each table."""

    run: Run
    plan: Plan
    snapshots: Mapping[str, str]
    matches: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run has produced: where its result lies, its salted digest, and the counts."""

    result: str
    salt: str
    digest: str
    for_reviewer: Mapping[str, Any]


@action
def request_run(*, query_id: str, by: Actor, at: datetime) -> Query:
    """Put a run of the query into the queue, in the actor's name.

    Grants and rules are decided anew when the run starts.
    """
    query, _ = _working(query_id, by=by)
    require(by, "workshop.run", clause=CLAUSE)
    journal(Event("workshop.run_requested", ("query", query.pk), CLAUSE, {}), by=by, at=at)
    enqueue("run_query", query.pk, by.person, by.post)
    return query


@action
def start_run(*, query_id: str, by: Actor, at: datetime) -> Started:
    """Start a run: the grants are decided anew, and only the text that was checked may run.

    Raises NotPermitted or Invalid when the query no longer passes, Conflict when the rules now
    yield another text or a run of the query is under way.
    """
    query, task = _working(query_id, by=by)
    require(by, "workshop.run", clause=CLAUSE)
    refuse_unless_approved(Scenario.objects.get(pk=task.scenario_id))
    _refuse_second(query, by=by, at=at)
    checked = checking.checked(task, query.sql, exit=query.exit, region=query.region, at=at)
    verdict = checked.verdict
    if not verdict.allowed or verdict.plan is None:
        raise checking.refusal(verdict)
    if verdict.plan.sql != query.sql_final:
        raise Conflict(
            "数据目录或规则已有变化，原查询的检查结论不再适用，请重新起草。",
            code="verdict_outdated",
            clause=CLAUSE,
        )
    used = checked.used()
    run = Run.objects.create(
        id=ulid(at),
        query=query,
        actor=by.text_id,
        snapshots={source.resource.partition(":")[2]: source.snapshot for source in used.values()},
        started_at=at,
    )
    _record_uses(verdict.grants, query, run, by=by, at=at)
    details = {"query": query.pk, "snapshots": run.snapshots, "grants": dict(verdict.grants)}
    journal(Event("workshop.run_started", ("run", run.pk), CLAUSE, details), by=by, at=at)
    return Started(
        run,
        verdict.plan,
        {table: source.snapshot for table, source in used.items()},
        {source.resource: source.match for source in used.values() if source.match},
    )


def _refuse_second(query: Query, *, by: Actor, at: datetime) -> None:
    under_way = Run.objects.filter(query=query, state="running").first()
    if under_way is None:
        return
    if at - under_way.started_at < ABANDONED:
        raise Conflict("该查询正在运行，请等它结束。", code="run_under_way", clause=CLAUSE)
    _fail(under_way, cause="abandoned", by=by, at=at)


def _record_uses(
    grants: Mapping[str, str], query: Query, run: Run, *, by: Actor, at: datetime
) -> None:
    """Record that each grant was used; the verdict was decided by `policy.decide` just before."""
    influences = [ref for column in query.verdict["lineage"] for ref in column["influences"]]
    for resource, grant in grants.items():
        details = {
            "action": "build" if query.exit == "service" else "query",
            "items": sorted({item for source, item in influences if source == resource}),
            "object": resource,
            "run": run.pk,
        }
        journal(Event("use.allowed", ("grant", grant), "27-21", details), by=by, at=at)


@action
def finish_run(*, run_id: str, outcome: Outcome | None, cause: str, by: Actor, at: datetime) -> Run:
    """Finish a run with its outcome, or as failed; `cause` is for the node's operators only."""
    run = Run.objects.locked().filter(pk=run_id, actor=by.text_id).first()
    if run is None:
        raise NotFound("没有这次任务运行。", code="run_not_found")
    if run.state != "running":
        raise Conflict("这次任务运行已经结束。", code="run_ended")
    if outcome is None:
        _fail(run, cause=cause, by=by, at=at)
        return run
    run.state = "finished"
    run.finished_at = at
    run.result, run.salt, run.digest = outcome.result, outcome.salt, outcome.digest
    run.for_reviewer = dict(outcome.for_reviewer)
    run.note = AUTHOR_NOTE if run.query.verdict["shape"] == "statistics" else ""
    run.save()
    details = {"query": run.query_id, "digest": run.digest}
    journal(Event("workshop.run_finished", ("run", run.pk), CLAUSE, details), by=by, at=at)
    return run


@action
def give_up_abandoned(*, by: Actor, at: datetime) -> int:
    """End each run whose process died as failed; return how many. Its author may ask again.

    A run that is still counted as under way refuses the next run of its query.
    """
    require(by, "job.run")
    abandoned = Run.objects.locked().filter(state="running", started_at__lte=at - ABANDONED)
    rows = list(abandoned.order_by("started_at"))
    for run in rows:
        _fail(run, cause="abandoned", by=by, at=at)
    return len(rows)


def _fail(run: Run, *, cause: str, by: Actor, at: datetime) -> None:
    run.state, run.finished_at, run.cause = "failed", at, cause[:40]
    run.save(update_fields=["state", "finished_at", "cause"])
    details = {"query": run.query_id, "code": "run_failed"}
    journal(Event("workshop.run_failed", ("run", run.pk), CLAUSE, details), by=by, at=at)


def _working(query_id: str, *, by: Actor) -> tuple[Query, Task]:
    query = Query.objects.visible_to(by).locked().filter(pk=query_id).first()
    if query is None:
        raise NotFound("没有这个查询。", code="query_not_found")
    task = Task.objects.get(pk=query.task_id)
    if task.developer_id != by.organisation:
        raise NotPermitted(
            "只有该任务的开发主体可以运行。", code="not_the_developer", clause=CLAUSE
        )
    return query, task
