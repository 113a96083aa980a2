"""Audit access (《意见》十七): data content for an auditor, under an open case and its grant.

The open case yields the grant (an effect), the grant permits the view, and each view is a use and
an entry. There is no other way for an auditor to content.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from gongshu.policy import Grant, Use
from gongshu.procedures import procedure
from gongshu.vocabulary.actions import Action
from gongshu.vocabulary.errors import Conflict, Invalid, NotFound, NotPermitted
from gongshu.vocabulary.purposes import Purpose
from gongshu_server.accounts.actors import Actor, node
from gongshu_server.accounts.permissions import require
from gongshu_server.cases import engine
from gongshu_server.cases.documents import Paper
from gongshu_server.cases.models import Case
from gongshu_server.catalogue import queries as catalogue
from gongshu_server.catalogue.models import Resource
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.ids import ulid
from gongshu_server.journal.recording import Event
from gongshu_server.oversight.models import AuditAccess
from gongshu_server.usage import actions as usage

CLAUSE, BASIS = "opinions-17.2", "auditlaw-34"
ROWS_A_VIEW = 100


@dataclass(frozen=True, slots=True)
class Application:
    """What an auditor wants to read: a resource's items, why, and until when."""

    resource_id: str
    items: tuple[str, ...]
    reason: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Content:
    """Some rows of the newest version, as they are there."""

    snapshot: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    start: int


@action
def apply_for_audit_access(
    *, application: Application, papers: Sequence[Paper], by: Actor, at: datetime
) -> AuditAccess:
    """Apply to read content, with the audit notice (审计通知书); the provider is the audited unit.

    Raises Invalid for items that the resource lacks and for a period that has ended.
    """
    require(by, "audit.apply", clause=BASIS)
    resource = catalogue.resource(application.resource_id, by=by)
    _refuse_faulty(application, resource, at=at)
    access_id = ulid(at)
    case = engine.open_case(
        "audit_access",
        subject=("audit_access", access_id),
        title=f"审计查阅：{resource.title}"[:200],
        handler=resource.provider_id,
        by=by,
        at=at,
    )
    row = AuditAccess.objects.create(
        id=access_id,
        resource=resource,
        provider_id=resource.provider_id,
        auditor_id=by.organisation,
        items=sorted(set(application.items)),
        valid_until=application.until,
        case=case.pk,
        created_at=at,
    )
    said = {"items": row.items, "until": application.until.isoformat()}
    engine.advance(
        case, "apply", by=by, at=at, reason=application.reason, papers=papers, details=said
    )
    return row


def _refuse_faulty(application: Application, resource: Resource, *, at: datetime) -> None:
    known = {item.name for item in catalogue.items(resource.pk)}
    faults = [f"没有数据项“{name}”" for name in application.items if name not in known]
    if not application.items:
        faults.append("请选择要查阅的数据项")
    if application.until <= at:
        faults.append("查阅期限必须晚于现在")
    if faults:
        raise Invalid(
            "；".join(faults) + "。", code="invalid_access", clause=BASIS, details=tuple(faults)
        )


def accesses(*, by: Actor) -> QuerySet[AuditAccess]:
    """Return the audit accesses that concern the actor, newest first."""
    return AuditAccess.objects.visible_to(by).select_related("resource", "provider").order_by("-pk")


def access(access_id: str, *, by: Actor) -> AuditAccess:
    """Return one audit access that concerns the actor; NotFound otherwise."""
    row = accesses(by=by).filter(pk=access_id).first()
    if row is None:
        raise NotFound("没有这项审计查阅。", code="access_not_found")
    return row


def _locked(access_id: str, *, by: Actor) -> tuple[AuditAccess, Case]:
    rows = AuditAccess.objects.visible_to(by).select_for_update(of=("self",))
    row = rows.filter(pk=access_id).first()
    if row is None:
        raise NotFound("没有这项审计查阅。", code="access_not_found")
    return row, engine.locked(row.case, by=by)


def _advance(access_id: str, step: str, *, by: Actor, at: datetime, **said: Any) -> AuditAccess:
    transition = procedure("audit_access").transition(step)
    require(by, transition.permission, clause=transition.clause)
    row, case = _locked(access_id, by=by)
    engine.advance(case, step, by=by, at=at, **said)
    return row


def _answering(access_id: str, step: str, *, by: Actor, at: datetime, **said: Any) -> AuditAccess:
    """Take a step of the audited unit, or of the data authority in its stead.

    The authority is no party before: it takes part by acting.
    """
    row, case = _locked(access_id, by=by)
    if by.organisation != row.provider_id and "data_authority" not in by.roles:
        raise NotPermitted(
            "由被审计单位确认，或由数据管理部门代为确认。", code="not_the_unit", clause=BASIS
        )
    if by.organisation == row.auditor_id:
        raise NotPermitted("提出查阅的机构不能自己确认。", code="own_application", clause=BASIS)
    require(by, procedure("audit_access").transition(step).permission, clause=BASIS)
    engine.add_party(case, by.organisation, "handler")
    engine.advance(case, step, by=by, at=at, **said)
    return row


@action
def acknowledge_audit_access(*, access_id: str, by: Actor, at: datetime) -> AuditAccess:
    """Acknowledge an access (审计法 第34条); its effect issues the auditor's grant.

    Raises Conflict when the period has ended meanwhile.
    """
    row = _answering(access_id, "acknowledge", by=by, at=at)
    if row.valid_until <= at:
        raise Conflict("申请的查阅期限已过，请退回修改期限。", code="period_ended", clause=BASIS)
    return row


@action
def return_audit_access(*, access_id: str, reason: str, by: Actor, at: datetime) -> AuditAccess:
    """Send an application back that goes beyond the audit notice, saying in what."""
    return _answering(access_id, "return", by=by, at=at, reason=reason)


@action
def reapply_for_audit_access(
    *, access_id: str, application: Application, by: Actor, at: datetime
) -> AuditAccess:
    """Put a returned application forward again, with its items and period as they are now."""
    row = _advance(access_id, "reapply", by=by, at=at, reason=application.reason)
    if application.resource_id != row.resource_id:
        raise Invalid("不能换一个数据资源，请另行提出。", code="other_resource", clause=BASIS)
    _refuse_faulty(application, row.resource, at=at)
    row.items, row.valid_until = sorted(set(application.items)), application.until
    row.save(update_fields=["items", "valid_until"])
    return row


@action
def withdraw_audit_access(*, access_id: str, reason: str, by: Actor, at: datetime) -> AuditAccess:
    """Withdraw an application that has not been acknowledged, saying why."""
    return _advance(access_id, "withdraw", by=by, at=at, reason=reason)


@action
def close_audit_access(*, access_id: str, by: Actor, at: datetime) -> AuditAccess:
    """End an access; its grant ends with it."""
    return _advance(access_id, "close", by=by, at=at)


@action
def expire_audit_access(*, access_id: str, by: Actor, at: datetime) -> AuditAccess:
    """End an access whose period has run out."""
    row = _advance(access_id, "expire", by=by, at=at)
    if at < row.valid_until:
        raise Conflict("查阅期限还没有届满。", code="not_expired", clause=CLAUSE)
    return row


def expire_all(*, at: datetime) -> int:
    """End every open access whose period has run out, as the node; return how many."""
    over = AuditAccess.objects.filter(valid_until__lte=at)
    open_cases = Case.objects.filter(procedure="audit_access", state="open").values("pk")
    rows = list(over.filter(case__in=open_cases).order_by("id")[:100])
    for row in rows:
        expire_audit_access(access_id=row.pk, by=node(), at=at)
    return len(rows)


def grant(row: AuditAccess, *, at: datetime) -> Grant:
    """Return the grant of an acknowledged access: its items, read in small parts, to its end."""
    return Grant(
        id=ulid(at),
        grantee=row.auditor_id,
        object=f"resource:{row.resource_id}",
        actions=frozenset({Action.read}),
        items=frozenset(row.items),
        purposes=frozenset({Purpose.audit}),
        businesses=frozenset(),
        regions=frozenset(),
        valid_from=at,
        valid_until=row.valid_until,
        quota=None,
        minimum=0,
        max_rows=ROWS_A_VIEW,
        subject_authorisation=False,
        undertakings=(),
        clause=CLAUSE,
        clauses={},
        case=row.case,
        parent=None,
        scenario=None,
    )


@action
def record_view(
    *, access_id: str, columns: Sequence[str], start: int, by: Actor, at: datetime
) -> AuditAccess:
    """Decide and record one view of content; the rows are read afterwards.

    Raises Conflict unless the access is open, and what the grant refuses.
    """
    require(by, "audit.read", clause=CLAUSE)
    row, case = _locked(access_id, by=by)
    if case.state != "open" or row.auditor_id != by.organisation:
        raise Conflict(
            "只有在已确认、未到期的审计查阅办件中才能查看内容。",
            code="access_not_open",
            clause=CLAUSE,
        )
    usage.use(uses=(_use(row, columns, at),), by=by, at=at)
    details = {"access": row.pk, "columns": list(columns), "start": start, "rows": ROWS_A_VIEW}
    journal(Event("audit.viewed", ("resource", row.resource_id), CLAUSE, details), by=by, at=at)
    return row


def _use(row: AuditAccess, columns: Sequence[str], at: datetime) -> Use:
    return Use(
        party=row.auditor_id,
        object=f"resource:{row.resource_id}",
        action=Action.read,
        items=frozenset(columns),
        purpose=Purpose.audit,
        business=None,
        region=None,
        at=at,
        rows=ROWS_A_VIEW,
    )


def view(
    access_id: str, *, columns: Sequence[str], start: int = 0, by: Actor, at: datetime
) -> Content:
    """Return at most a hundred rows from `start` on, once the view is decided and recorded."""
    if not columns or start < 0:
        raise Invalid("请选择要查看的数据项和起始行。", code="invalid_view", clause=CLAUSE)
    row = record_view(access_id=access_id, columns=columns, start=start, by=by, at=at)
    snapshot = catalogue.latest_snapshot(row.resource_id)
    rows: list[tuple[Any, ...]] = []
    passed = 0
    for batch in catalogue.open_rows(snapshot, columns=columns):
        part = batch.slice(max(0, start - passed), ROWS_A_VIEW - len(rows))
        rows += [tuple(line.values()) for line in part.to_pylist()]
        passed += batch.num_rows
        if len(rows) >= ROWS_A_VIEW:
            break
    return Content(snapshot.pk, tuple(columns), tuple(rows), start)
