"""Writes on cases that belong to no single context: sub-steps, escalation, late documents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from gongshu.procedures import procedure
from gongshu.vocabulary.errors import Conflict, Invalid
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.permissions import require, require_scope
from gongshu_server.cases import documents, engine, substeps
from gongshu_server.cases.attachments import (
    download_attachment,
    erase_attachment,
    keep_attachment,
)
from gongshu_server.cases.documents import Paper
from gongshu_server.cases.lights import note_lights
from gongshu_server.cases.models import Document, SubStep, SubStepRule
from gongshu_server.cases.notices import mark_read
from gongshu_server.cases.outbox import claim, note_delivery, spread
from gongshu_server.cases.reminders import supervise, urge
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.recording import Event

__all__ = [
    "add_documents",
    "claim",
    "configure_substeps",
    "download_attachment",
    "erase_attachment",
    "keep_attachment",
    "mark_read",
    "mark_substep",
    "note_delivery",
    "note_lights",
    "spread",
    "supervise",
    "urge",
]


@action
def configure_substeps(
    *,
    procedure_code: str,
    transition: str,
    steps: Sequence[tuple[str, str]],
    by: Actor,
    at: datetime,
) -> SubStepRule:
    """Set the sub-steps that the actor's organisation puts before one statutory step.

    Raises Invalid for an unknown step, and for sub-steps without a name or with one code twice.
    """
    require(by, "substep.configure")
    _refuse_unknown_step(procedure_code, transition)
    codes = [code for code, _ in steps]
    if len(set(codes)) != len(codes) or not all(code and zh.strip() for code, zh in steps):
        raise Invalid("每个内部环节须有名称，编号不能重复。", code="invalid_substeps")
    rule, _ = SubStepRule.objects.update_or_create(
        organisation_id=by.organisation,
        procedure=procedure_code,
        transition=transition,
        defaults={"steps": [list(s) for s in steps]},
    )
    details = {"procedure": procedure_code, "transition": transition, "steps": rule.steps}
    journal(
        Event("substep.configured", ("organisation", by.organisation), "", details), by=by, at=at
    )
    return rule


def _refuse_unknown_step(procedure_code: str, transition: str) -> None:
    try:
        procedure(procedure_code).transition(transition)
    except KeyError:
        raise Invalid("没有这个办理流程或环节，请从列表中选择。", code="unknown_step") from None


@action
def mark_substep(
    *,
    case_id: str,
    transition: str,
    step: str,
    agreed: bool,
    opinion: str = "",
    by: Actor,
    at: datetime,
) -> SubStep:
    """Record one sub-step of a statutory step; its clock runs on unchanged."""
    case = engine.locked(case_id, by=by)
    require_scope(by, "house")
    return substeps.mark(case, transition, step=step, agreed=agreed, opinion=opinion, by=by, at=at)


@action
def add_documents(
    *, case_id: str, papers: Sequence[Paper], by: Actor, at: datetime
) -> list[Document]:
    """File documents into an open case of the actor's organisation.

    Raises NotPermitted for an organisation that only looks on, Conflict when the case has ended.
    """
    case = engine.locked(case_id, by=by)
    require(by, "case.add_document")
    engine.require_party(case, by, wanting="补充材料")
    if case.closed_at is not None:
        raise Conflict("办件已经办结，不能再补充材料。", code="case_closed")
    filed = documents.file(case, papers, by=by, at=at)
    details = {"case": case.pk, "documents": filed}
    journal(
        Event("case.document_added", (case.subject_kind, case.subject_id), "", details),
        by=by,
        at=at,
    )
    return list(Document.objects.filter(pk__in=[f["id"] for f in filed]))
