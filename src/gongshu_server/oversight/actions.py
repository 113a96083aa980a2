"""Writes on objections: the disputed record alone stops, every other record goes on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from gongshu.procedures import procedure
from gongshu.vocabulary.errors import Conflict, Invalid, NotFound, NotPermitted
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.digests import subject_commitment
from gongshu_server.accounts.models import Organisation
from gongshu_server.accounts.permissions import require
from gongshu_server.cases import engine
from gongshu_server.cases.models import Case
from gongshu_server.catalogue.models import Resource, Snapshot
from gongshu_server.journal.actions import action
from gongshu_server.journal.ids import ulid
from gongshu_server.market.models import Product
from gongshu_server.market.products import listed
from gongshu_server.oversight.audit_access import (
    acknowledge_audit_access,
    apply_for_audit_access,
    close_audit_access,
    expire_audit_access,
    reapply_for_audit_access,
    record_view,
    return_audit_access,
    withdraw_audit_access,
)
from gongshu_server.oversight.complaints import (
    accept_complaint,
    answer_complaint,
    close_complaint,
    handle_complaint,
    reject_complaint,
    reveal_complainant,
    submit_complaint,
    transfer_complaint,
)
from gongshu_server.oversight.models import Objection, Suspension
from gongshu_server.oversight.recomputing import record_export, record_recomputation
from gongshu_server.oversight.upkeep import (
    record_backup as record_backup,
)
from gongshu_server.oversight.upkeep import (
    record_restored as record_restored,
)
from gongshu_server.oversight.upkeep import (
    record_upgrade as record_upgrade,
)
from gongshu_server.secrets_folder import secret
from gongshu_server.usage import changes
from gongshu_server.usage.subjects import spelling
from gongshu_server.workshop.models import ReleaseSource

__all__ = [
    "Complaint",
    "accept_complaint",
    "accept_objection",
    "acknowledge_audit_access",
    "answer_complaint",
    "apply_for_audit_access",
    "close",
    "close_audit_access",
    "close_complaint",
    "correct_at_source",
    "dismiss",
    "expire_audit_access",
    "handle_complaint",
    "raise_objection",
    "reapply_for_audit_access",
    "record_export",
    "record_recomputation",
    "record_view",
    "reject_complaint",
    "return_audit_access",
    "reveal_complainant",
    "submit_complaint",
    "suspend_record",
    "transfer_complaint",
    "uphold",
    "withdraw_audit_access",
]


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is objected to: one subject's record in one product, and where it comes from."""

    product_id: str
    resource_id: str
    subject: str
    statement: str


@action
def raise_objection(*, complaint: Complaint, authority: str, by: Actor, at: datetime) -> Objection:
    """Object to the record about oneself; enterprises and people object in their own name.

    Raises NotPermitted when an organisation objects to another's record, Conflict when an
    objection to the same record is open.
    """
    product = listed(complaint.product_id)
    resource = _source(product, complaint.resource_id)
    if not complaint.statement.strip():
        raise Invalid("请写明异议的内容和理由。", code="incomplete", clause="opinions-4.6")
    commitment = subject_commitment(
        _node_secret(), product.pk, _own_subject(complaint.subject, by=by)
    )
    if Suspension.objects.filter(product=product.pk, subject=commitment, until=None).exists():
        raise Conflict("这条记录的异议正在处理。", code="objection_open", clause="opinions-4.6")
    objection_id = ulid(at)
    case = engine.open_case(
        "objection",
        subject=("objection", objection_id),
        title=f"数据异议：{product.title}",
        handler=resource.provider_id,
        consulted=(authority,),
        by=by,
        at=at,
    )
    objection = Objection.objects.create(
        id=objection_id,
        product=product.pk,
        resource=resource.pk,
        provider_id=resource.provider_id,
        raiser_id=by.organisation,
        subject=commitment,
        statement=complaint.statement,
        case=case.pk,
    )
    details = {"product": product.pk, "resource": resource.pk}
    engine.advance(case, "submit", by=by, at=at, reason="对本单位记录提出异议", details=details)
    return objection


def _source(product: Product, resource_id: str) -> Resource:
    """Return the source of the product that is objected to; nobody else answers for the record."""
    sources = ReleaseSource.objects.filter(release=product.release, resource_id=resource_id)
    resource = Resource.objects.filter(pk__in=sources.values("resource_id")).first()
    if resource is None:
        raise NotFound(
            "该产品没有使用这个数据资源，请核对来源后再提出。", code="resource_not_found"
        )
    return resource


def _own_subject(said: str, *, by: Actor) -> str:
    subject = spelling(said)
    own = Organisation.objects.get(pk=by.organisation).uscc
    if not subject or spelling(own) != subject:
        raise NotPermitted("只能对本单位自己的记录提出异议。", code="not_the_subject")
    return subject


def _node_secret() -> bytes:
    return secret(Path(settings.HOME), "node.secret")


def _locked(objection_id: str, *, by: Actor) -> tuple[Objection, Case]:
    objection = (
        Objection.objects.visible_to(by)
        .select_for_update(of=("self",))
        .filter(pk=objection_id)
        .first()
    )
    if objection is None:
        raise NotFound("没有这项异议。", code="objection_not_found")
    return objection, engine.locked(objection.case, by=by)


def _advance(
    objection_id: str, step: str, *, judges: bool, by: Actor, at: datetime, **said: Any
) -> Objection:
    """Take a step of the source (`judges`), or of the source and the authority asked.

    The raiser may be a provider elsewhere: here it decides nothing.
    """
    objection, case = _locked(objection_id, by=by)
    transition = procedure("objection").transition(step)
    require(by, transition.permission, clause=transition.clause)
    source = by.organisation == objection.provider_id
    if not source and (judges or by.organisation == objection.raiser_id):
        raise NotPermitted(
            f"“{transition.zh}”由这条记录的数据提供单位办理。",
            code="not_the_source",
            clause=transition.clause,
        )
    engine.advance(case, step, by=by, at=at, **said)
    return objection


@action
def accept_objection(*, objection_id: str, by: Actor, at: datetime) -> Objection:
    """Accept an objection; the source has 10 working days (809号 第26条)."""
    return _advance(objection_id, "accept", judges=False, by=by, at=at)


@action
def suspend_record(*, objection_id: str, by: Actor, at: datetime) -> Objection:
    """Suspend the disputed record alone: at the next call it is under objection (异议处理中)."""
    objection = _advance(objection_id, "suspend_record", judges=False, by=by, at=at)
    Suspension.objects.create(
        product=objection.product, subject=objection.subject, objection=objection, since=at
    )
    changes.note("product", objection.product, at=at)
    return objection


@action
def uphold(*, objection_id: str, reason: str, by: Actor, at: datetime) -> Objection:
    """Uphold the objection; the record stays suspended until it is corrected at the source."""
    return _advance(objection_id, "uphold", judges=True, by=by, at=at, reason=reason)


@action
def correct_at_source(*, objection_id: str, snapshot_id: str, by: Actor, at: datetime) -> Objection:
    """Record that the source has handed in a corrected version; the record is served again.

    Raises Conflict while the product still serves a version from before the correction.
    """
    details = {"snapshot": snapshot_id}
    objection = _advance(
        objection_id, "correct_at_source", judges=True, by=by, at=at, details=details
    )
    _require_corrected(objection, snapshot_id)
    _resume(objection, at=at)
    return objection


def _require_corrected(objection: Objection, snapshot_id: str) -> None:
    since = Suspension.objects.get(objection=objection, until__isnull=True).since
    snapshot = Snapshot.objects.filter(pk=snapshot_id, resource_id=objection.resource).first()
    if snapshot is None or snapshot.created_at <= since:
        raise Conflict(
            "请先由数据提供单位报送更正后的数据版本。", code="not_corrected", clause="809-26"
        )
    product = Product.objects.get(pk=objection.product)
    served = Snapshot.objects.filter(pk=product.snapshots.get(objection.resource, "")).first()
    if served is None or served.version < snapshot.version:
        raise Conflict("产品还在使用更正前的数据版本，请先重新构建。", code="not_rebuilt")


@action
def dismiss(*, objection_id: str, reason: str, by: Actor, at: datetime) -> Objection:
    """Dismiss the objection, with reasons; the record is served again."""
    objection = _advance(objection_id, "dismiss", judges=True, by=by, at=at, reason=reason)
    _resume(objection, at=at)
    return objection


def _resume(objection: Objection, *, at: datetime) -> None:
    Suspension.objects.filter(objection=objection, until__isnull=True).update(until=at)
    changes.note("product", objection.product, at=at)


@action
def close(*, objection_id: str, by: Actor, at: datetime) -> Objection:
    """Close an objection after correction or dismissal; the outcome is public."""
    return _advance(objection_id, "close", judges=False, by=by, at=at)
