"""Urging (催办) and supervising (督办): a case is pushed on, on the record, without a step."""

from __future__ import annotations

from datetime import datetime, timedelta

from gongshu.procedures import procedure
from gongshu.vocabulary.errors import Conflict, Invalid, NotPermitted
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.permissions import require
from gongshu_server.cases import engine
from gongshu_server.cases.lights import Parties
from gongshu_server.cases.models import Case, Clock, Reminder
from gongshu_server.cases.notices import notify
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.ids import ulid
from gongshu_server.journal.recording import Event

SUPERVISION = "opinions-12.1"
# One organisation urges a case once in this time: more would be noise to those who work on it.
PAUSE = timedelta(hours=24)


@action
def urge(*, case_id: str, text: str = "", by: Actor, at: datetime) -> Reminder:
    """Ask whoever's turn it is to go on with an open case; it rests on the limit that runs.

    Raises NotPermitted for who is no party, Conflict within a day of the organisation's last time
    and when the turn is the actor's own.
    """
    case = engine.locked(case_id, by=by)
    require(by, "case.urge")
    engine.require_party(case, by, wanting="催办")
    _refuse_closed(case)
    recent = Reminder.objects.filter(
        case=case, kind="urge", organisation_id=by.organisation, at__gt=at - PAUSE
    )
    if recent.exists():
        raise Conflict("本机构今天已经催办过，请明天再催。", code="urged_today")
    told = [one for one in _next(case) if one != by.organisation]
    if not told:
        raise Conflict("现在轮到本机构办理，不需要催办。", code="own_turn")
    said = f"收到催办。{text.strip()}"
    return _record(case, "urge", told, (said, _limit_clause(case)), by=by, at=at)


@action
def supervise(*, case_id: str, text: str, by: Actor, at: datetime) -> Reminder:
    """Supervise an open case (《意见》十二): its handlers are told what is wanted of them.

    The data authority does, party or not. Raises Invalid without a text.
    """
    case = engine.locked(case_id, by=by)
    require(by, "case.supervise", clause=SUPERVISION)
    _refuse_closed(case)
    if not text.strip():
        raise Invalid("督办须写明要求。", code="reason_required", clause=SUPERVISION)
    told = [one for one in _next(case) if one != by.organisation]
    if not told:
        raise NotPermitted(
            "现在轮到本机构办理，不能督办自己。", code="own_turn", clause=SUPERVISION
        )
    said = f"收到督办：{text.strip()}"
    return _record(case, "supervise", told, (said, SUPERVISION), by=by, at=at)


def _refuse_closed(case: Case) -> None:
    if case.closed_at is not None:
        raise Conflict("办件已经办结，无须催办或督办。", code="case_closed")


def _next(case: Case) -> list[str]:
    parties = Parties.of([case.pk])
    return list(parties.next_in(case, procedure(case.procedure)))


def _limit_clause(case: Case) -> str:
    """Return the clause of the running limit that ends first; empty where none runs."""
    clock = Clock.objects.filter(case=case, stopped_at__isnull=True, paused_at__isnull=True)
    first = clock.order_by("due").first()
    return procedure(case.procedure).limit(first.limit).clause if first else ""


def _record(
    case: Case, kind: str, told: list[str], said: tuple[str, str], *, by: Actor, at: datetime
) -> Reminder:
    text, clause = said
    row = Reminder.objects.create(
        id=ulid(at),
        case=case,
        kind=kind,
        organisation_id=by.organisation,
        text=text,
        clause=clause,
        at=at,
        actor=by.text_id,
    )
    details = {"case": case.pk, "reminder": row.pk, "told": told, "text": text}
    name = "case.urged" if kind == "urge" else "case.supervised"
    journal(Event(name, (case.subject_kind, case.subject_id), clause, details), by=by, at=at)
    notify(told, case=case, text=f"{case.title}：{text}", at=at)
    return row
