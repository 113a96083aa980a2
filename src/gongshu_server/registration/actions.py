"""Writes on registrations, each one step of 26号: 申请、受理、形式审核、公示、赋码."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from gongshu.procedures import procedure
from gongshu.procedures.registration import MATERIALS, valid_until
from gongshu.vocabulary.errors import Conflict, Invalid, NotFound, NotPermitted
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.models import OrganisationRole
from gongshu_server.accounts.permissions import require
from gongshu_server.cases import documents, engine
from gongshu_server.cases.documents import Paper
from gongshu_server.cases.models import Case, Party
from gongshu_server.catalogue import queries as catalogue
from gongshu_server.journal.actions import action
from gongshu_server.journal.ids import ulid
from gongshu_server.journal.models import Head
from gongshu_server.registration.models import (
    PRODUCT_KIND,
    PUBLIC_STATES,
    RESOURCE_KIND,
    Registration,
)

# Codes of a demo node can be told at a glance; the national layout is not public (rules §9.1).
DEMO_PREFIX = "演示码-"


@dataclass(frozen=True, slots=True)
class Application:
    """What is to be registered: a resource or product, with the registration body asked.

    `since` is the delivery from which the 20 working days of 26号 第9条 run; `operating_until` the
    half-open end of the operation, where it is authorised.
    """

    kind: str
    subject_id: str
    title: str
    summary: str
    body: str
    since: datetime | None = None
    operating_until: datetime | None = None


@action
def submit(
    *, application: Application, papers: Sequence[Paper], by: Actor, at: datetime
) -> Registration:
    """Apply for first registration; incomplete materials do not stop an application.

    Raises Conflict when the subject is registered or under registration already, Invalid when the
    body asked does not register, NotFound for a resource that the applicant may not see or a
    product that is not its own, NotPermitted for a resource that somebody else holds.
    """
    _faults(application, at=at)
    _refuse_anothers(application, by=by)
    same = Registration.objects.filter(
        kind=application.kind, subject_id=application.subject_id, open=True
    )
    if same.exists():
        raise Conflict("该资源或产品已有登记或正在登记，不能重复申请。", code="already_registered")
    registration_id = ulid(at)
    case = engine.open_case(
        "registration",
        subject=("registration", registration_id),
        title=f"首次登记：{application.title}",
        handler=application.body,
        since={"reg.first.file": application.since} if application.since else None,
        by=by,
        at=at,
    )
    registration = Registration.objects.create(
        id=registration_id,
        kind=application.kind,
        subject_id=application.subject_id,
        title=application.title,
        summary=application.summary,
        registrant_id=by.organisation,
        body_id=application.body,
        case=case.pk,
        operating_until=application.operating_until,
    )
    details = {"kind": application.kind, "subject": application.subject_id}
    engine.advance(case, "submit", by=by, at=at, papers=papers, details=details)
    return registration


def _refuse_anothers(application: Application, *, by: Actor) -> None:
    """Refuse to register what somebody else holds: it would keep the holder from registering it."""
    if application.kind == RESOURCE_KIND:
        resource = catalogue.resource(application.subject_id, by=by)
        if resource.provider_id != by.organisation and "implementing_body" not in by.roles:
            raise NotPermitted(
                "数据资源由实施机构或其数据提供单位申请登记。", code="not_the_holder", clause="26-8"
            )
        return
    case = Case.objects.filter(
        procedure="product", subject_kind="product", subject_id=application.subject_id
    ).first()
    own = {"case": case, "organisation_id": by.organisation, "part": "applicant"}
    if case is None or not Party.objects.filter(**own).exists():
        raise NotFound("没有这个产品，或不是贵单位的产品。", code="product_not_found")


def _faults(application: Application, *, at: datetime) -> None:
    faults = []
    if application.kind not in (RESOURCE_KIND, PRODUCT_KIND):
        faults.append("登记类型应为数据资源或产品和服务")
    if not application.title.strip():
        faults.append("缺少登记数据名称")
    if not application.summary.strip():
        faults.append("缺少数据内容简介")
    if not _registers(application.body, at=at):
        faults.append("所选单位不是登记机构，请改选一家登记机构")
    if faults:
        raise Invalid("；".join(faults) + "。", code="incomplete", clause="26-12")


def _registers(body: str, *, at: datetime) -> bool:
    running = Q(valid_from__lte=at) & (Q(valid_until__isnull=True) | Q(valid_until__gt=at))
    roles = OrganisationRole.objects.filter(running, organisation_id=body)
    return roles.filter(role="registration_body").exists()


def _step(
    registration_id: str,
    name: str,
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    papers: Sequence[Paper] = (),
    details: dict[str, Any] | None = None,
) -> tuple[Registration, Case]:
    registration = (
        Registration.objects.visible_to(by)
        .select_for_update(of=("self",))
        .filter(pk=registration_id)
        .first()
    )
    if registration is None:
        raise _unknown()
    case = engine.locked(registration.case, by=by)
    _refuse_bystanders(registration, name, by=by)
    engine.advance(case, name, by=by, at=at, reason=reason, papers=papers, details=details)
    if case.state in {"rejected", "review_failed", "terminated"}:
        registration.open = False
        registration.save(update_fields=["open"])
    return registration, case


def _refuse_bystanders(registration: Registration, name: str, *, by: Actor) -> None:
    """Refuse a side's step to whoever is another party: an objector may register elsewhere."""
    side = registration.registrant_id if name == "resubmit" else registration.body_id
    if name == "object" or by.organisation == side:
        return
    step = procedure("registration").transition(name)
    require(by, step.permission, clause=step.clause)
    who = "登记申请人" if name == "resubmit" else "所申请的登记机构"
    raise NotPermitted(
        f"“{step.zh}”只能由本项登记的{who}办理。", code="not_the_side", clause=step.clause
    )


def _unknown() -> NotFound:
    return NotFound("没有这项登记。", code="registration_not_found")


def missing_materials(case: Case) -> list[str]:
    """Return the Chinese names of the material groups that the application still lacks."""
    present = documents.kinds_present(case)
    table = procedure("registration")
    return [table.documents[kind].zh for kind in MATERIALS if kind not in present]


@action
def notify_incomplete(*, registration_id: str, by: Actor, at: datetime) -> list[str]:
    """Tell the applicant once everything that is missing; the clock starts anew at resubmission.

    Raises Conflict when nothing is missing.
    """
    registration = Registration.objects.visible_to(by).filter(pk=registration_id).first()
    if registration is None:
        raise _unknown()
    missing = missing_materials(engine.locked(registration.case, by=by))
    if not missing:
        raise Conflict("七类材料已经齐全，不能要求补正。", code="complete", clause="26-10")
    reason = "请一次性补齐：" + "、".join(missing)
    _step(registration_id, "notify_incomplete", by=by, at=at, reason=reason)
    return missing


@action
def resubmit(
    *, registration_id: str, papers: Sequence[Paper], by: Actor, at: datetime
) -> Registration:
    """Hand in what was missing; acceptance has its 3 working days again."""
    return _step(registration_id, "resubmit", by=by, at=at, papers=papers)[0]


@action
def accept(*, registration_id: str, by: Actor, at: datetime) -> Registration:
    """Accept a complete application; formal review has 20 working days from now."""
    return _step(registration_id, "accept", by=by, at=at)[0]


@action
def reject(*, registration_id: str, reason: str, by: Actor, at: datetime) -> Registration:
    """Refuse to accept an application, with reasons."""
    return _step(registration_id, "reject", by=by, at=at, reason=reason)[0]


@action
def pass_review(*, registration_id: str, by: Actor, at: datetime) -> Registration:
    """Find the application formally in order."""
    return _step(registration_id, "pass_review", by=by, at=at)[0]


@action
def explain_delay(*, registration_id: str, reason: str, by: Actor, at: datetime) -> Registration:
    """Explain an unfinished review to the registrant; the clock runs on."""
    return _step(registration_id, "explain_delay", by=by, at=at, reason=reason)[0]


@action
def fail_review(*, registration_id: str, reason: str, by: Actor, at: datetime) -> Registration:
    """Find the application formally not in order, with reasons."""
    return _step(registration_id, "fail_review", by=by, at=at, reason=reason)[0]


@action
def publicise(*, registration_id: str, by: Actor, at: datetime) -> Registration:
    """Make the registration public for 10 working days."""
    return _step(registration_id, "publicise", by=by, at=at)[0]


@action
def object_to(
    *, registration_id: str, reason: str, papers: Sequence[Paper], by: Actor, at: datetime
) -> Registration:
    """Object during publicity, with real name and evidence; anybody may.

    Raises NotFound for a registration that is not public: nobody learns of it by objecting.
    """
    registration = Registration.objects.filter(pk=registration_id).first()
    case = Case.objects.locked().filter(pk=registration.case).first() if registration else None
    seen = Registration.objects.visible_to(by).filter(pk=registration_id).exists()
    if case is None or not (seen or case.state in PUBLIC_STATES):
        raise _unknown()
    engine.add_party(case, by.organisation, "consulted")
    return _step(registration_id, "object", by=by, at=at, reason=reason, papers=papers)[0]


@action
def uphold_objection(*, registration_id: str, reason: str, by: Actor, at: datetime) -> Registration:
    """Uphold the objection: the registration is terminated (26号 第12条)."""
    return _step(registration_id, "terminate", by=by, at=at, reason=reason)[0]


@action
def dismiss_objection(
    *, registration_id: str, reason: str, by: Actor, at: datetime
) -> Registration:
    """Dismiss the objection; the publicity period goes on."""
    return _step(registration_id, "dismiss_objection", by=by, at=at, reason=reason)[0]


@action
def assign_code(*, registration_id: str, by: Actor, at: datetime) -> Registration:
    """Assign the query code once the publicity period has run out without an open objection."""
    demo = Head.objects.filter(pk=1, demo=True).exists()
    code = (DEMO_PREFIX if demo else "") + f"{at:%Y%m%d}-" + secrets.token_hex(5).upper()
    registration, _ = _step(registration_id, "assign_code", by=by, at=at, details={"code": code})
    registration.code = code
    registration.code_at = at
    registration.valid_until = valid_until(code_at=at, operating_until=registration.operating_until)
    registration.save(update_fields=["code", "code_at", "valid_until"])
    return registration
