"""Agreements: decided by the implementing body, signed, filed, in force, ended.

An agreement in force is a ceiling. It lets nobody use anything: each grant comes from a scenario.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from gongshu.procedures.limits import OPERATION_TERM
from gongshu.vocabulary.errors import Conflict, NotFound, NotPermitted
from gongshu.vocabulary.regions import prefix_of
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.permissions import require
from gongshu_server.cases import engine
from gongshu_server.cases.documents import Paper
from gongshu_server.cases.models import Case, Clock
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.ids import ulid
from gongshu_server.journal.recording import Event
from gongshu_server.operation import faults, plans
from gongshu_server.operation import terms as checking
from gongshu_server.operation.models import Agreement, Plan, ReviewingBody
from gongshu_server.operation.terms import Terms


@action
def draft_agreement(*, plan_id: str, terms: Terms, by: Actor, at: datetime) -> Agreement:
    """Draft an agreement under an approved plan of the actor's body (27号 第13、14条).

    Raises Invalid listing every missing item, a term over five years and every other fault at
    once; Conflict while the plan is not approved.
    """
    plan, case = plans.locked(plan_id, by=by)
    require(by, "agreement.draft", clause="27-13")
    if plan.implementing_body_id != by.organisation:
        raise _not_the_body()
    if case.state != "approved":
        raise Conflict(
            "实施方案还没有批准，不能据此起草协议。", code="plan_not_approved", clause="27-13"
        )
    faults.refuse(checking.faults(terms, at=at))
    agreement = _row(plan, terms, by=by, at=at)
    opened = engine.open_case(
        "agreement",
        subject=("agreement", agreement.pk),
        title=f"授权运营协议：{plan.title}",
        handler=by.organisation,
        consulted=[terms.operator],
        by=by,
        at=at,
    )
    agreement.case = opened.pk
    agreement.save(force_insert=True)
    _name_reviewers(agreement, terms)
    details = {
        "case": opened.pk,
        "plan": plan.pk,
        "operator": terms.operator,
        "scope": agreement.scope,
        "valid_from": terms.valid_from.isoformat(),
        "valid_until": terms.valid_until.isoformat(),
    }
    journal(Event("agreement.drafted", ("agreement", agreement.pk), "27-14", details), by=by, at=at)
    return agreement


def _row(plan: Plan, terms: Terms, *, by: Actor, at: datetime) -> Agreement:
    return Agreement(
        id=ulid(at),
        plan=plan,
        operator_id=terms.operator,
        implementing_body_id=by.organisation,
        selection=terms.selection,
        selection_record=terms.selection_record,
        contents=dict(terms.contents),
        scope=[entry.stored() for entry in terms.scope],
        purposes=sorted(str(code) for code in terms.purposes),
        businesses=sorted(str(code) for code in terms.businesses),
        regions=sorted(prefix_of(code) for code in terms.regions),
        minimum=terms.minimum,
        max_rows=terms.max_rows,
        products=[dict(said) for said in terms.products],
        valid_from=terms.valid_from,
        valid_until=terms.valid_until,
        created_at=at,
    )


def _name_reviewers(agreement: Agreement, terms: Terms) -> None:
    named = {"security": terms.security_bodies, "compliance": terms.compliance_bodies}
    ReviewingBody.objects.bulk_create(
        ReviewingBody(agreement=agreement, organisation_id=organisation, kind=kind)
        for kind, bodies in named.items()
        for organisation in dict.fromkeys(bodies)
    )


@action
def record_agreement_decision(
    *, agreement_id: str, papers: Sequence[Paper], by: Actor, at: datetime
) -> Agreement:
    """Record the implementing body's own collective decision, by its document (27号 第13条)."""
    agreement, case = locked(agreement_id, by=by)
    require(by, "agreement.record_decision", clause="27-13")
    _own(agreement, by=by)
    faults.refuse(faults.unidentified("agreement", papers))
    engine.advance(case, "record_decision", by=by, at=at, papers=papers)
    return agreement


@action
def sign_agreement(
    *, agreement_id: str, papers: Sequence[Paper], by: Actor, at: datetime
) -> Agreement:
    """Record the signing by both sides; the head of the implementing body signs here."""
    agreement, case = locked(agreement_id, by=by)
    require(by, "agreement.sign", clause="27-13")
    _own(agreement, by=by)
    faults.refuse(faults.unidentified("agreement", papers))
    engine.advance(case, "sign", by=by, at=at, papers=papers)
    return agreement


@action
def file_agreement(
    *, agreement_id: str, papers: Sequence[Paper], by: Actor, at: datetime
) -> Agreement:
    """Record that a signed agreement was filed, by its receipt (27号 第13条)."""
    agreement, case = locked(agreement_id, by=by)
    require(by, "agreement.file_record", clause="27-13")
    faults.refuse(faults.unidentified("agreement", papers))
    engine.advance(case, "file_record", by=by, at=at, papers=papers)
    return agreement


@action
def activate_agreement(*, agreement_id: str, by: Actor, at: datetime) -> Agreement:
    """Put a filed agreement into force; its effect issues the ceilings.

    The clock of the term ends where the agreement says. Raises Conflict when the agreed term is
    over already.
    """
    agreement, case = locked(agreement_id, by=by)
    require(by, "agreement.activate", clause="27-14")
    _own(agreement, by=by)
    if at >= agreement.valid_until:
        raise Conflict("协议约定的期限已过，请重新签订。", code="term_over", clause="27-14")
    details = {"valid_until": agreement.valid_until.isoformat()}
    engine.advance(case, "activate", by=by, at=at, details=details)
    Clock.objects.filter(case=case, limit=OPERATION_TERM.code).update(due=agreement.valid_until)
    return agreement


@action
def terminate_agreement(*, agreement_id: str, reason: str, by: Actor, at: datetime) -> Agreement:
    """End an agreement early, with reasons; its effect revokes the ceilings and all under them."""
    agreement, case = locked(agreement_id, by=by)
    require(by, "agreement.terminate", clause="27-14")
    _own(agreement, by=by)
    engine.advance(case, "terminate", by=by, at=at, reason=reason)
    return agreement


@action
def expire_agreement(*, agreement_id: str, by: Actor, at: datetime) -> Agreement:
    """Close an agreement whose term has run out; the node does it, nobody decides it."""
    agreement, case = locked(agreement_id, by=by)
    engine.advance(case, "expire", by=by, at=at)
    return agreement


def locked(agreement_id: str, *, by: Actor) -> tuple[Agreement, Case]:
    """Return the agreement and its case, locked; NotFound when the actor may not see it."""
    agreement = Agreement.objects.visible_to(by).locked().filter(pk=agreement_id).first()
    if agreement is None:
        raise NotFound("没有这份授权运营协议。", code="agreement_not_found")
    return agreement, engine.locked(agreement.case, by=by)


def _own(agreement: Agreement, *, by: Actor) -> None:
    if agreement.implementing_body_id != by.organisation:
        raise _not_the_body()


def _not_the_body() -> NotPermitted:
    return NotPermitted(
        "只有本协议的实施机构可以办理。", code="not_the_implementing_body", clause="27-13"
    )
