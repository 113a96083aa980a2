"""Implementation plans: drafted, decided collectively by the government, filed, approved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from gongshu.procedures.operation_plan import MANDATORY_ITEMS
from gongshu.vocabulary.errors import Conflict, Invalid, NotFound, NotPermitted
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.permissions import require
from gongshu_server.cases import engine
from gongshu_server.cases.documents import Paper
from gongshu_server.cases.models import Case
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.ids import ulid
from gongshu_server.journal.recording import Event
from gongshu_server.operation import faults, parties
from gongshu_server.operation.models import Plan

MODES = MappingProxyType({"whole": "整体授权", "sector": "分领域授权", "scenario": "依场景授权"})


@action
def draft_plan(
    *,
    title: str,
    mode: str,
    contents: Mapping[str, str],
    authority: str,
    by: Actor,
    at: datetime,
) -> Plan:
    """Draft an implementation plan, to be decided by the authorising body `authority`.

    A draft may be incomplete. Raises Invalid for an unknown mode or a body that authorises nothing.
    """
    require(by, "plan.submit", clause="27-9")
    _refuse_mode(mode)
    faults.refuse(parties.without_role("authorising_body", [authority], clause="27-3", at=at))
    plan = Plan(
        id=ulid(at),
        title=title[:160],
        mode=mode,
        implementing_body_id=by.organisation,
        contents=dict(contents),
        created_at=at,
    )
    case = engine.open_case(
        "operation_plan",
        subject=("operation_plan", plan.pk),
        title=f"实施方案：{title}",
        handler=authority,
        by=by,
        at=at,
    )
    plan.case = case.pk
    plan.save(force_insert=True)
    _journal_draft(plan, by=by, at=at)
    return plan


@action
def amend_plan(*, plan_id: str, contents: Mapping[str, str], by: Actor, at: datetime) -> Plan:
    """Replace the contents of a plan that has not been submitted yet.

    Afterwards a plan is not changed at will: a large change takes the whole way again (第11条).
    """
    plan, case = locked(plan_id, by=by)
    if case.state != "draft":
        raise Conflict(
            "实施方案已报请审议，不能擅自变更；确需变更的，请另拟方案重新报批。",
            code="plan_not_draft",
            clause="27-11",
        )
    require(by, "plan.submit", clause="27-9")
    _own(plan, by=by)
    if plan.contents == dict(contents):
        return plan  # A form that saves as one types sends much that is saved already.
    plan.contents = dict(contents)
    plan.save(update_fields=["contents"])
    _journal_draft(plan, by=by, at=at)
    return plan


def _refuse_mode(mode: str) -> None:
    if mode not in MODES:
        raise Invalid(
            f"授权模式只能是{'、'.join(MODES.values())}。", code="plan_mode", clause="27-9"
        )


def _journal_draft(plan: Plan, *, by: Actor, at: datetime) -> None:
    details = {"case": plan.case, "mode": plan.mode, "items": sorted(plan.contents)}
    journal(Event("plan.drafted", ("operation_plan", plan.pk), "27-9", details), by=by, at=at)


@action
def submit_plan(*, plan_id: str, by: Actor, at: datetime) -> Plan:
    """Submit a plan for the collective decision.

    Raises Invalid naming all of the twelve mandatory items that are missing (27号 第9条).
    """
    plan, case = locked(plan_id, by=by)
    require(by, "plan.submit", clause="27-9")
    _own(plan, by=by)
    faults.refuse(faults.missing_items(plan.contents, MANDATORY_ITEMS, clause="27-9"))
    engine.advance(case, "submit", by=by, at=at, details={"items": sorted(plan.contents)})
    return plan


@action
def record_plan_decision(*, plan_id: str, papers: Sequence[Paper], by: Actor, at: datetime) -> Plan:
    """Record the government's collective decision on a plan, by its document (27号 第11条)."""
    plan, case = locked(plan_id, by=by)
    require(by, "plan.record_decision", clause="27-11")
    faults.refuse(faults.unidentified("operation_plan", papers))
    engine.advance(case, "record_decision", by=by, at=at, papers=papers)
    return plan


@action
def refuse_plan(*, plan_id: str, reason: str, by: Actor, at: datetime) -> Plan:
    """Refuse a plan, with reasons; the implementing body may draft another."""
    plan, case = locked(plan_id, by=by)
    engine.advance(case, "refuse", by=by, at=at, reason=reason)
    return plan


@action
def file_plan(*, plan_id: str, papers: Sequence[Paper], by: Actor, at: datetime) -> Plan:
    """Record that a plan was filed with the data authority above, by its receipt (27号 第11条)."""
    plan, case = locked(plan_id, by=by)
    require(by, "plan.file_record", clause="27-11")
    faults.refuse(faults.unidentified("operation_plan", papers))
    engine.advance(case, "file_record", by=by, at=at, papers=papers)
    return plan


@action
def approve_plan(*, plan_id: str, by: Actor, at: datetime) -> Plan:
    """Approve a decided and filed plan for implementation."""
    plan, case = locked(plan_id, by=by)
    engine.advance(case, "approve", by=by, at=at)
    return plan


def locked(plan_id: str, *, by: Actor) -> tuple[Plan, Case]:
    """Return the plan and its case, locked; NotFound when the actor may not see it."""
    plan = Plan.objects.visible_to(by).locked().filter(pk=plan_id).first()
    if plan is None:
        raise NotFound("没有这份实施方案。", code="plan_not_found")
    return plan, engine.locked(plan.case, by=by)


def _own(plan: Plan, *, by: Actor) -> None:
    if plan.implementing_body_id != by.organisation:
        raise NotPermitted(
            "只有拟订该方案的实施机构可以办理。", code="not_the_implementing_body", clause="27-9"
        )
