"""Complaints (《意见》五): lodged in the platform's name, so that no file says who lodged them.

Timeline and journal of a complaint name the node, never the complainant: whoever is complained of
may supervise cases, or read the ledger. Who it was stands in one row, which the handling body's
head may look at with a reason, and each look is journalled. The entry holds a keyed commitment of
the identity, so that the row cannot be changed unseen.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings

from gongshu.procedures import procedure
from gongshu.vocabulary.errors import Conflict, Invalid, NotFound
from gongshu_server.accounts import keys
from gongshu_server.accounts.actors import Actor, node
from gongshu_server.accounts.digests import authorisation_mac
from gongshu_server.accounts.models import Organisation, OrganisationRole, Person
from gongshu_server.accounts.permissions import require
from gongshu_server.cases import engine
from gongshu_server.cases.models import Case
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.ids import ulid
from gongshu_server.journal.recording import Event
from gongshu_server.market.models import Product
from gongshu_server.oversight.models import Complaint
from gongshu_server.secrets_folder import secret

CLAUSE = "opinions-5.4"
# Who handles what, the first that exists and is not the reported body's own.
_ORDINARY = ("data_authority", "sector_authority", "authorising_body")
ROUTES = {
    "organisation": _ORDINARY,
    "product": _ORDINARY,
    "price": ("price_authority", "data_authority", "authorising_body"),
}
COMPETENT = frozenset(role for roles in ROUTES.values() for role in roles)
# Without an account anybody could fill the file; people with one answer for what they lodge.
MOST_ANONYMOUS_A_DAY = 200


@dataclass(frozen=True, slots=True)
class Statement:
    """What is complained of: an organisation, a product, or a product's price; and how to answer.

    `contact` is needed from who is not signed in; it is not verified.
    """

    about_kind: str
    about_id: str
    text: str
    contact: str = ""


@dataclass(frozen=True, slots=True)
class Lodged:
    """What the complainant is told: the case number, and a token that shows the progress."""

    number: str
    token: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a complaint has come, as its complainant sees it."""

    number: str
    state: str
    submitted_at: datetime
    answer: str


@dataclass(frozen=True, slots=True)
class Complainant:
    """Who lodged a complaint, as far as they said."""

    person: str
    organisation: str
    contact: str


@action
def submit_complaint(*, statement: Statement, by: Actor, at: datetime) -> Lodged:
    """Lodge a complaint; the node's actor lodges for somebody who is not signed in.

    Returns a token that is shown once. Raises Invalid listing what is missing, NotFound for an
    object that there is not, Conflict when too many came in without an account today.
    """
    require(by, "complaint.submit", clause=CLAUSE)
    anonymous = not by.person
    _refuse_incomplete(statement, anonymous=anonymous)
    if anonymous:
        _refuse_flood(at)
    reported = _reported(statement)
    complaint_id, token = ulid(at), secrets.token_urlsafe(18)
    case = engine.open_case(
        "complaint",
        subject=("complaint", complaint_id),
        title="投诉举报",
        handler=_handler(ROUTES[statement.about_kind], reported),
        by=node(),
        at=at,
    )
    row = Complaint.objects.create(
        id=complaint_id,
        about_kind=statement.about_kind,
        about_id=statement.about_id,
        reported=reported,
        handler_id=_handler(ROUTES[statement.about_kind], reported),
        complainant_id=None if anonymous else by.organisation,
        complainant_person=by.person,
        contact=statement.contact.strip(),
        statement=statement.text.strip(),
        digest=keys.digest(token),
        case=case.pk,
        submitted_at=at,
    )
    details = {"about": statement.about_kind, "identity": identity_mac(row)}
    engine.advance(case, "submit", by=node(), at=at, details=details)
    return Lodged(number=case.number, token=token)


def identity_mac(row: Complaint) -> str:
    """Return the keyed commitment over who lodged a complaint and what it says."""
    who = (row.complainant_id or "", row.complainant_person, row.contact, row.statement)
    about = (row.pk, row.about_kind, row.about_id, row.reported_id or "")
    return authorisation_mac(secret(Path(settings.HOME), "node.secret"), (*about, *who))


def _refuse_incomplete(statement: Statement, *, anonymous: bool) -> None:
    faults = []
    if statement.about_kind not in ROUTES:
        faults.append("请选择投诉举报的对象：机构、产品或价格")
    if not statement.text.strip():
        faults.append("请写明投诉举报的事实")
    if anonymous and not statement.contact.strip():
        faults.append("未登录的，请留下联系方式，以便答复")
    if len(statement.text) > 5_000 or len(statement.contact) > 200:
        faults.append("内容过长：事实不超过 5000 字，联系方式不超过 200 字")
    if faults:
        raise Invalid(
            "；".join(faults) + "。", code="incomplete", clause=CLAUSE, details=tuple(faults)
        )


def _refuse_flood(at: datetime) -> None:
    today = Complaint.objects.filter(complainant=None, submitted_at__gt=at - timedelta(days=1))
    if today.count() >= MOST_ANONYMOUS_A_DAY:
        raise Conflict(
            "今天未登录的投诉举报已达上限，请登录后提出，或明天再来。",
            code="too_many",
            clause=CLAUSE,
        )


def _reported(statement: Statement) -> Organisation:
    if statement.about_kind == "organisation":
        found = Organisation.objects.filter(pk=statement.about_id).first()
    else:
        rows = Product.objects.filter(pk=statement.about_id, state__in=("listed", "delisted"))
        product = rows.select_related("operator").first()
        found = product.operator if product else None
    if found is None:
        raise NotFound("没有这个投诉举报对象，请从名单中选择。", code="reported_not_found")
    return found


def _handler(roles: tuple[str, ...], reported: Organisation) -> str:
    """Return who handles it: the first competent body outside the reported body's control."""
    held = OrganisationRole.objects.filter(role__in=roles, valid_until__isnull=True)
    outside = held.exclude(organisation__control_group=reported.control_group)
    found = sorted(outside, key=lambda row: (roles.index(row.role), row.organisation_id))
    if not found:
        raise Conflict(
            "没有可以办理这件投诉举报的机构，请向上级机关提出。", code="nobody_competent"
        )
    return str(found[0].organisation_id)


def progress(token: str) -> Progress:
    """Return how far the complaint with the token has come; NotFound for any other token."""
    row = Complaint.objects.filter(digest=keys.digest(token)).first()
    if row is None:
        raise NotFound("没有这件投诉举报，请核对查询码。", code="complaint_not_found")
    case = Case.objects.get(pk=row.case)
    state = procedure("complaint").states[case.state]
    return Progress(case.number, state, row.submitted_at, row.answer)


def _locked(complaint_id: str, *, by: Actor) -> tuple[Complaint, Case]:
    """Return a complaint that the actor's body handles, locked, with its case."""
    rows = Complaint.objects.visible_to(by).filter(handler_id=by.organisation)
    row = rows.select_for_update(of=("self",)).filter(pk=complaint_id).first()
    if row is None:
        raise NotFound("没有这件投诉举报，或不由本机构办理。", code="complaint_not_found")
    return row, engine.locked(row.case, by=by)


def _advance(complaint_id: str, step: str, *, by: Actor, at: datetime, **said: Any) -> Complaint:
    require(by, procedure("complaint").transition(step).permission, clause=CLAUSE)
    row, case = _locked(complaint_id, by=by)
    engine.advance(case, step, by=by, at=at, **said)
    return row


@action
def accept_complaint(*, complaint_id: str, by: Actor, at: datetime) -> Complaint:
    """Accept a complaint; it is to be handled in time (790号 第20条)."""
    return _advance(complaint_id, "accept", by=by, at=at)


@action
def reject_complaint(*, complaint_id: str, reason: str, by: Actor, at: datetime) -> Complaint:
    """Refuse to accept a complaint, with the reason that its complainant reads."""
    row = _advance(complaint_id, "reject", by=by, at=at, reason=reason)
    return _answered(row, reason)


@action
def transfer_complaint(
    *, complaint_id: str, to: str, reason: str, by: Actor, at: datetime
) -> Complaint:
    """Hand a complaint to another competent body (转办), never to the reported one's control.

    Raises Invalid for a body that is not competent or not apart from the reported one.
    """
    row = _advance(complaint_id, "transfer", by=by, at=at, reason=reason)
    fit = OrganisationRole.objects.filter(
        organisation_id=to, role__in=COMPETENT, valid_until__isnull=True
    )
    if row.reported is not None:
        fit = fit.exclude(organisation__control_group=row.reported.control_group)
    if to == by.organisation or not fit.exists():
        raise Invalid(
            "只能转给另一个有权办理、且与被投诉方没有控制关系的机构。",
            code="not_competent",
            clause=CLAUSE,
        )
    row.handler_id = to
    row.save(update_fields=["handler"])
    engine.add_party(Case.objects.get(pk=row.case), to, "handler")
    return row


@action
def handle_complaint(*, complaint_id: str, findings: str, by: Actor, at: datetime) -> Complaint:
    """Record what was found out and done about a complaint."""
    return _advance(complaint_id, "handle", by=by, at=at, reason=findings)


@action
def answer_complaint(*, complaint_id: str, answer: str, by: Actor, at: datetime) -> Complaint:
    """Answer the complainant, who reads it with the token or signed in."""
    row = _advance(complaint_id, "answer", by=by, at=at, reason=answer)
    return _answered(row, answer)


def _answered(row: Complaint, answer: str) -> Complaint:
    row.answer = answer
    row.save(update_fields=["answer"])
    return row


@action
def close_complaint(*, complaint_id: str, by: Actor, at: datetime) -> Complaint:
    """Close an answered complaint."""
    return _advance(complaint_id, "close", by=by, at=at)


@action
def reveal_complainant(*, complaint_id: str, reason: str, by: Actor, at: datetime) -> Complainant:
    """Show the handling body's head who lodged a complaint; each look is journalled with a reason.

    Raises Invalid without a reason.
    """
    require(by, "complaint.reveal", clause=CLAUSE)
    row, _ = _locked(complaint_id, by=by)
    if not reason.strip():
        raise Invalid("查看投诉举报人须写明理由。", code="reason_required", clause=CLAUSE)
    event = Event("complaint.identity_viewed", ("complaint", row.pk), CLAUSE, {"reason": reason})
    journal(event, by=by, at=at)
    person = Person.objects.filter(pk=row.complainant_person).first()
    organisation = Organisation.objects.filter(pk=row.complainant_id).first()
    return Complainant(
        person=person.name if person else "",
        organisation=organisation.name if organisation else "",
        contact=row.contact,
    )
