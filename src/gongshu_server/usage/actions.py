"""Issuing and revoking grants, deciding and recording uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime

from gongshu.ledger.canonical import canonical
from gongshu.ledger.segments import SegmentHead
from gongshu.policy import PUBLIC, Decision, Grant, Use, contained, decide, refuse_unevaluable
from gongshu.vocabulary.errors import Conflict, Invalid, NotFound, NotPermitted
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.permissions import require
from gongshu_server.cases.models import Case
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.recording import Event
from gongshu_server.journal.recording import record_segment as record_use_segment
from gongshu_server.usage import changes, compilation, queries
from gongshu_server.usage.alarms import close_alarm as close_alarm
from gongshu_server.usage.models import GrantRow, Metered, Segment

# Which states of which procedure yield a grant; nothing else leads to one.
GRANTING_STATES: dict[str, frozenset[str]] = {
    "catalogue_entry": frozenset(
        {"filed", "secrecy_reviewed", "levels_confirmed", "published", "amendment_due"}
    ),
    "opening_review": frozenset({"approved"}),
    "agreement": frozenset({"active"}),
    "scenario_application": frozenset({"approved"}),
    "order": frozenset({"accepted", "active"}),
    "audit_access": frozenset({"open"}),
}


@action
def issue(*, grant: Grant, giver: str, by: Actor, at: datetime) -> GrantRow:
    """Issue a grant that a case has yielded (no grant without a case).

    Raises Invalid when a limit cannot be evaluated, Conflict when the case has not reached a state
    that yields grants, NotPermitted naming every limit that reaches beyond the parent grant.
    """
    case = Case.objects.filter(pk=grant.case).first()
    if case is None or case.state not in GRANTING_STATES.get(case.procedure, frozenset()):
        raise Conflict("用数许可只能由办结的办件产生。", code="no_grant_without_case")
    refuse_unevaluable(grant)
    _refuse_open_result(grant)
    if grant.parent:
        _inside(grant, at=at)
    body = grant.canonical()
    row = GrantRow.objects.create(
        id=grant.id,
        grantee=grant.grantee,
        giver=giver,
        object=grant.object,
        body=canonical(body).decode(),
        case=grant.case,
        parent=grant.parent or "",
        issued_at=at,
    )
    journal(Event("grant.issued", ("grant", grant.id), grant.clause, {"grant": body}), by=by, at=at)
    changes.note("grant", grant.id, at=at)
    return row


def _refuse_open_result(grant: Grant) -> None:
    """Refuse to give everybody a result of the workshop: its numbers were checked for buyers.

    What is published openly rests on at least 21 subjects a number; runs are checked for the
    smaller cohort of results that go to those who ordered them.
    """
    if grant.grantee == PUBLIC and not grant.object.startswith("resource:"):
        raise Invalid(
            "加工结果按面向购买方的人数下限检查，不能向公众开放。"
            "请按公开发布的人数下限重新检查后再申请。",
            code="result_not_for_everybody",
            clause="dc-4",
        )


def _inside(grant: Grant, *, at: datetime) -> None:
    # Locked: a grant that is being revoked must not get another one under it meanwhile.
    GrantRow.objects.select_for_update(of=("self",)).filter(pk=grant.parent).first()
    outer = queries.live_grant(grant.parent or "", at=at)
    decision = contained(grant, outer)
    if not decision.allowed:
        raise NotPermitted(
            "申请的范围超出上级许可：" + "；".join(r.sentence for r in decision.reasons),
            code="beyond_ceiling",
            clause=decision.reasons[0].clause if decision.reasons else None,
            details=decision.reasons,
        )


@action
def revoke(*, grant_id: str, reason: str, by: Actor, at: datetime) -> GrantRow:
    """Revoke a grant and every grant under it; it bites at the next call on every host."""
    row = (
        GrantRow.objects.visible_to(by).select_for_update(of=("self",)).filter(pk=grant_id).first()
    )
    if row is None:
        raise NotFound("没有这项用数许可。", code="grant_not_found")
    require(by, "grant.revoke")
    if not reason.strip():
        raise Invalid("撤销许可必须写明理由。", code="reason_required")
    if row.revoked_at is None:
        withdraw(row, reason=reason, by=by, at=at)
    return row


def withdraw(row: GrantRow, *, reason: str, by: Actor, at: datetime) -> None:
    """Mark the row and what hangs under it as revoked; used by `revoke` and by effects.

    What is revoked is the grant as the journal has it: a row that was edited can be revoked, too.
    """
    # All are locked before the first is journalled: the head row comes last in every transaction.
    for one in _family(row):
        _withdraw(one, reason=reason, by=by, at=at)


def _family(row: GrantRow) -> list[GrantRow]:
    """Return the row and every live one under it, locked, each above its own."""
    family = [row]
    for one in family:
        below = GrantRow.objects.select_for_update(of=("self",)).filter(parent=one.pk)
        family += below.filter(revoked_at__isnull=True).order_by("id")
    return family


def _withdraw(row: GrantRow, *, reason: str, by: Actor, at: datetime) -> None:
    grant = replace(compilation.journalled(row.pk), revoked_at=at)
    row.revoked_at = at
    row.body = canonical(grant.canonical()).decode()
    row.save(update_fields=["revoked_at", "body"])
    details = {"grant": grant.canonical(), "reason": reason}
    journal(Event("grant.revoked", ("grant", row.pk), grant.clause, details), by=by, at=at)
    changes.note("grant", row.pk, at=at)


@dataclass(frozen=True, slots=True)
class Counted:
    """What one grant used on one day, as a segment's records say."""

    grant: str
    product: str
    party: str
    day: date
    allowed: int
    refused: int
    amount: int


@action
def record_segment(
    *, head: SegmentHead, counted: Sequence[Counted], by: Actor, at: datetime
) -> Segment:
    """Take a closed segment of use records into the ledger and the meters, once.

    Its root is one ledger entry, so that each call has its own proof.
    """
    require(by, "job.run")
    known = Segment.objects.filter(pk=head.name).first()
    if known is not None:
        return known
    entry = record_use_segment(head, by=by, at=at)
    segment = Segment.objects.create(
        id=head.name, root=head.root.hex(), records=head.size, collected_at=at, entry=entry
    )
    Metered.objects.bulk_create(
        Metered(
            segment=segment,
            grant=one.grant,
            product=one.product,
            party=one.party,
            day=one.day,
            allowed=one.allowed,
            refused=one.refused,
            amount=one.amount,
        )
        for one in counted
    )
    return segment


def move(row: GrantRow, *, grantee: str, by: Actor, at: datetime) -> None:
    """Move a grant to the successor of its grantee; used by the effect of a succession."""
    grant = replace(compilation.journalled(row.pk), grantee=grantee)
    row.grantee = grantee
    row.body = canonical(grant.canonical()).decode()
    row.save(update_fields=["grantee", "body"])
    journal(
        Event("grant.moved", ("grant", row.pk), grant.clause, {"grant": grant.canonical()}),
        by=by,
        at=at,
    )
    changes.note("grant", row.pk, at=at)


@action
def use(*, uses: Sequence[Use], by: Actor, at: datetime) -> tuple[Decision, ...]:
    """Decide uses together and record each; a refusal is recorded and then raised.

    Raises NotFound when the party has no grant on an object at all (S10), NotPermitted naming
    every broken limit otherwise; no use counts unless all are allowed.
    """
    index = queries.index_for({u.party for u in uses}, {u.object for u in uses}, at=at)
    spent = queries.spent(index, at=at)
    decisions = tuple(decide(index, u, spent) for u in uses)
    refused = [(u, d) for u, d in zip(uses, decisions, strict=True) if not d.allowed]
    if refused:
        raise refusal(refused)
    for one, decision in zip(uses, decisions, strict=True):
        details = {
            "action": str(one.action),
            "items": sorted(one.items),
            "purpose": str(one.purpose),
            "amount": one.amount,
            "grant": decision.grant,
            "object": one.object,
        }
        event = Event(
            "use.allowed", ("grant", decision.grant or ""), decision.clause or "", details
        )
        journal(event, by=by, at=at)
    return decisions


def refusal(refused: Sequence[tuple[Use, Decision]]) -> NotFound | NotPermitted:
    """Return the error for refused uses: fixed for strangers, every broken limit for parties."""
    if not all(d.party_known for _, d in refused):
        return NotFound("没有这个数据，或没有您可用的许可。", code="no_grant")
    reasons = [asdict(r) for _, d in refused for r in d.reasons]
    sentences = "；".join(r["sentence"] for r in reasons)
    return NotPermitted(
        f"超出许可范围：{sentences}",
        code="out_of_scope",
        clause=reasons[0]["clause"] if reasons else None,
        details=tuple(reasons),
    )
