"""Tasks and drafts: a query becomes a row only when the clean room says yes."""

from __future__ import annotations

from datetime import datetime

from gongshu.vocabulary.errors import Conflict, NotFound, NotPermitted
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.permissions import require
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.ids import ulid
from gongshu_server.journal.recording import Event
from gongshu_server.operation import queries as operation
from gongshu_server.operation.models import Scenario
from gongshu_server.workshop import checking
from gongshu_server.workshop.models import Query, Task

CLAUSE = "27-15"


@action
def open_task(*, scenario_id: str, title: str, by: Actor, at: datetime) -> Task:
    """Open a task under an approved scenario of the actor's organisation."""
    scenario = operation.scenario(scenario_id, by=by)
    require(by, "workshop.draft", clause=CLAUSE)
    if scenario.developer_id != by.organisation:
        raise NotPermitted(
            "只有该场景的开发主体可以建立加工任务。", code="not_the_developer", clause=CLAUSE
        )
    refuse_unless_approved(scenario)
    task = Task.objects.create(
        id=ulid(at),
        scenario=scenario,
        developer_id=by.organisation,
        title=title[:160],
        opened_at=at,
        opened_by=by.text_id,
    )
    details = {"scenario": scenario.pk}
    journal(Event("workshop.task_opened", ("task", task.pk), CLAUSE, details), by=by, at=at)
    return task


def refuse_unless_approved(scenario: Scenario) -> None:
    """Raise Conflict unless the scenario is approved and has not ended."""
    if operation.state(scenario) != "approved":
        raise Conflict(
            "该场景没有获得批准或者已经结束。", code="scenario_not_approved", clause="opinions-3.4"
        )


@action
def draft(*, task_id: str, sql: str, exit: str, region: str = "", by: Actor, at: datetime) -> Query:
    """Draft a query; it is kept only if the clean room lets it pass.

    Raises NotPermitted naming every limit of the grant that it breaks, Invalid naming every other
    finding; both are recorded as denials.
    """
    task = working(task_id, by=by)
    require(by, "workshop.draft", clause=CLAUSE)
    refuse_unless_approved(Scenario.objects.get(pk=task.scenario_id))
    verdict = checking.checked(task, sql, exit=exit, region=region, at=at).verdict
    if not verdict.allowed or verdict.plan is None:
        raise checking.refusal(verdict)
    query = Query.objects.create(
        id=ulid(at),
        task=task,
        sql=sql,
        exit=exit,
        region=region,
        verdict=checking.stored(verdict),
        sql_final=verdict.plan.sql,
        drafted_at=at,
        author=by.text_id,
    )
    details = {
        "task": task.pk,
        "exit": exit,
        "shape": verdict.plan.shape,
        "grants": dict(verdict.grants),
    }
    journal(Event("workshop.drafted", ("query", query.pk), CLAUSE, details), by=by, at=at)
    return query


def working(task_id: str, *, by: Actor) -> Task:
    """Return the task, locked, for its developer; others who may see it may not work on it."""
    task = Task.objects.visible_to(by).locked().filter(pk=task_id).first()
    if task is None:
        raise NotFound("没有这个加工任务。", code="task_not_found")
    if task.developer_id != by.organisation:
        raise NotPermitted(
            "只有该任务的开发主体可以办理。", code="not_the_developer", clause=CLAUSE
        )
    return task
