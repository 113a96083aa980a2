"""Releases: submitted blind, reviewed twice, signed by the responsible head, let out."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gongshu.vocabulary.errors import Conflict, Invalid, NotFound, NotPermitted
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.models import Organisation
from gongshu_server.accounts.permissions import require
from gongshu_server.cases import engine
from gongshu_server.cases.models import Case
from gongshu_server.catalogue.models import Item, Resource
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.ids import ulid
from gongshu_server.journal.recording import Event
from gongshu_server.operation import queries as operation
from gongshu_server.operation.models import Agreement, Scenario
from gongshu_server.workshop import checking, content, drawing, results
from gongshu_server.workshop.drafting import refuse_unless_approved
from gongshu_server.workshop.models import (
    ExportException,
    Query,
    Release,
    ReleaseSource,
    Run,
    Task,
)
from gongshu_server.workshop.queries import has_ended

CLAUSE = "27-14"
JOINTLY = "dc-5"


@action
def submit_release(
    *,
    run_id: str,
    question: Mapping[str, Any] | None = None,
    by: Actor,
    at: datetime,
) -> Release:
    """Submit a finished run for release; the author has seen nothing of its content.

    Raises Conflict while the run is not finished, when it has been submitted already, and for a
    second export from the same sources to the same control group without an exception.
    """
    run, query, task = _finished(run_id, by=by, at=at)
    scenario = Scenario.objects.get(pk=task.scenario_id)
    refuse_unless_approved(scenario)
    asked = content.checked_question(query.exit, question or {})
    agreement = Agreement.objects.get(pk=scenario.agreement_id)
    sources = _sources(query)
    # Two submissions from the same sources wait for each other here.
    list(Resource.objects.filter(pk__in=list(sources)).order_by("pk").locked())
    if Release.objects.filter(run=run, live=True).exists():
        raise Conflict("这次运行的结果已经提交出域审核。", code="already_submitted", clause=CLAUSE)
    if query.exit == "export":
        _refuse_second_export(run, task, agreement, [r for r, held in sources.items() if held])
    release = _row(run, query, asked, agreement, by=by, at=at)
    case = _opened(release, task, agreement, by=by, at=at)
    ReleaseSource.objects.bulk_create(
        ReleaseSource(release=release, resource_id=resource, guarded=guarded)
        for resource, guarded in sources.items()
    )
    details = {"run": run.pk, "exit": query.exit, "content": release.content_digest}
    engine.advance(case, "submit", by=by, at=at, details=details)
    return release


def _opened(release: Release, task: Task, agreement: Agreement, *, by: Actor, at: datetime) -> Case:
    """Open the release's case for its reviewing bodies, and keep the release.

    Where lots decide, the bodies join with the draw; whoever is not drawn never sees the case.
    """
    bodies = [] if drawing.needed(release) else operation.reviewing_bodies(agreement.pk)
    case = engine.open_case(
        "release",
        subject=("release", release.pk),
        title=f"出域审核：{task.title}",
        handler=agreement.implementing_body_id,
        consulted=[*bodies, agreement.operator_id],
        by=by,
        at=at,
    )
    release.case = case.pk
    release.save(force_insert=True)
    return case


def _finished(run_id: str, *, by: Actor, at: datetime) -> tuple[Run, Query, Task]:
    run = Run.objects.visible_to(by).locked().filter(pk=run_id).first()
    if run is None:
        raise NotFound("没有这次任务运行。", code="run_not_found")
    require(by, "release.submit", clause=CLAUSE)
    query = Query.objects.get(pk=run.query_id)
    task = Task.objects.get(pk=query.task_id)
    if task.developer_id != by.organisation:
        raise NotPermitted(
            "只有该任务的开发主体可以提交出域。", code="not_the_developer", clause=CLAUSE
        )
    if not has_ended(run, at):
        raise Conflict("任务还在运行，请等它结束后再提交。", code="run_not_finished", clause=CLAUSE)
    if run.state != "finished":
        raise Conflict("这次运行没有成功，没有可以出域的结果。", code="run_failed", clause=CLAUSE)
    if results.digest(run.result, run.salt) != run.digest:
        raise Conflict(
            "运行结果与存证不一致，不能提交，请重新运行。", code="content_changed", clause=CLAUSE
        )
    return run, query, task


def _sources(query: Query) -> dict[str, bool]:
    """Return the query's resources and whether anything was used of them that is not opened."""
    used: dict[str, set[str]] = {source: set() for source in query.verdict["grants"]}
    for column in query.verdict["lineage"]:
        for source, item in column["influences"]:
            used.setdefault(source, set()).add(item)
    found = {}
    for source, names in sorted(used.items()):
        resource = source.partition(":")[2]
        # Subject columns are no items of the catalogue; what they are about decides elsewhere.
        flags = list(
            Item.objects.filter(resource_id=resource, name__in=names).values_list(
                "opened", flat=True
            )
        )
        found[resource] = not flags or not all(flags)
    return found


def _row(
    run: Run,
    query: Query,
    question: dict[str, Any],
    agreement: Agreement,
    *,
    by: Actor,
    at: datetime,
) -> Release:
    salt = secrets.token_hex(32)
    return Release(
        id=ulid(at),
        run=run,
        exit=query.exit,
        question=question,
        author=by.text_id,
        developer_id=by.organisation,
        operator_id=agreement.operator_id,
        implementing_body_id=agreement.implementing_body_id,
        salt=salt,
        content_digest=content.digest(run, question, salt),
        submitted_at=at,
    )


def _refuse_second_export(run: Run, task: Task, agreement: Agreement, resources: list[str]) -> None:
    """Refuse a further export from any of the sources to the same control group (§5).

    An export reaches its developer and the operator who sells it; both groups count, as they are
    now, so that a merger counts too.
    """
    if ExportException.objects.filter(run=run).exists():
        return
    receiving = Organisation.objects.filter(pk__in=[task.developer_id, agreement.operator_id])
    groups = set(receiving.values_list("control_group", flat=True))
    together = Organisation.objects.filter(control_group__in=groups).values("id")
    earlier = Release.objects.filter(exit="export", live=True).filter(
        pk__in=ReleaseSource.objects.filter(resource_id__in=resources, guarded=True).values(
            "release_id"
        )
    )
    if (
        earlier.filter(developer_id__in=together).exists()
        or earlier.filter(operator_id__in=together).exists()
    ):
        raise Conflict(
            "同一控制关系的单位已有来自相同数据的结果出域，先后结果可能相减还原个体。"
            "确有必要的，请由实施机构说明理由、记录例外后再提交。",
            code="second_export",
            clause=JOINTLY,
        )


@action
def record_export_exception(
    *, run_id: str, reason: str, by: Actor, at: datetime
) -> ExportException:
    """Record the implementing body's reasoned exception for one run (disclosure-control §5)."""
    run = Run.objects.visible_to(by).locked().filter(pk=run_id).first()
    if run is None:
        raise NotFound("没有这次任务运行。", code="run_not_found")
    require(by, "workshop.except_export", clause=JOINTLY)
    scenario = Scenario.objects.select_related("agreement").get(pk=run.query.task.scenario_id)
    if scenario.agreement.implementing_body_id != by.organisation:
        raise NotPermitted(
            "只有本协议的实施机构可以准予例外。", code="not_the_implementing_body", clause=JOINTLY
        )
    if not reason.strip():
        raise Invalid("准予再次出域必须写明理由。", code="reason_required", clause=JOINTLY)
    if ExportException.objects.filter(run=run).exists():
        raise Conflict("这次运行已经准予例外。", code="already_excepted", clause=JOINTLY)
    row = ExportException.objects.create(
        run=run, reason=reason, organisation_id=by.organisation, actor=by.text_id, at=at
    )
    details = {"reason": reason}
    journal(Event("workshop.export_excepted", ("run", run.pk), JOINTLY, details), by=by, at=at)
    return row


@action
def sign_off(*, release_id: str, by: Actor, at: datetime) -> Release:
    """Sign a release that both reviews passed; only the implementing body's head does."""
    release, case = locked(release_id, by=by)
    require(by, "release.sign_off", clause="opinions-12.5")
    _of_the_body(release, by=by)
    content.refuse_if_changed(release)
    details = {"content": release.content_digest}
    engine.advance(case, "sign_off", by=by, at=at, details=details)
    release.signed_at = at
    release.save(update_fields=["signed_at"])
    return release


@action
def release(*, release_id: str, by: Actor, at: datetime) -> Release:
    """Let a signed release out; its effect hands it to the market.

    The grants are decided once more: what was revoked since the run does not leave. Raises
    NotPermitted or Invalid when the query no longer passes, Conflict when the content changed.
    """
    row, case = locked(release_id, by=by)
    require(by, "release.release", clause="opinions-12.7")
    _of_the_body(row, by=by)
    content.refuse_if_changed(row)
    query = Query.objects.get(pk=row.run.query_id)
    task = Task.objects.get(pk=query.task_id)
    refuse_unless_approved(Scenario.objects.get(pk=task.scenario_id))
    verdict = checking.checked(task, query.sql, exit=query.exit, region=query.region, at=at).verdict
    if not verdict.allowed:
        raise checking.refusal(verdict)
    details = {"content": row.content_digest, "exit": row.exit, "run": row.run_id}
    engine.advance(case, "release", by=by, at=at, details=details)
    row.released_at = at
    row.save(update_fields=["released_at"])
    return row


@action
def withdraw_release(*, release_id: str, reason: str, by: Actor, at: datetime) -> Release:
    """Withdraw a release that has not gone out, with reasons; its run may be submitted again."""
    release, case = locked(release_id, by=by)
    require(by, "release.withdraw", clause=CLAUSE)
    if release.developer_id != by.organisation:
        raise NotPermitted(
            "只有提交出域的开发主体可以撤回。", code="not_the_developer", clause=CLAUSE
        )
    engine.advance(case, "withdraw", by=by, at=at, reason=reason)
    release.live = False
    release.save(update_fields=["live"])
    return release


def locked(release_id: str, *, by: Actor) -> tuple[Release, Case]:
    """Return the release and its case, locked; NotFound when the actor may not see it."""
    row = Release.objects.visible_to(by).locked().filter(pk=release_id).first()
    if row is None:
        raise NotFound("没有这个出域申请。", code="release_not_found")
    return row, engine.locked(row.case, by=by)


def _of_the_body(release: Release, *, by: Actor) -> None:
    if release.implementing_body_id != by.organisation:
        raise NotPermitted(
            "只有本协议的实施机构可以签批和办理出域。",
            code="not_the_implementing_body",
            clause="opinions-12.5",
        )
