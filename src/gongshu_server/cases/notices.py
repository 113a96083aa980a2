"""Notices: written in the transaction of what they tell, so the inbox has them at once.

An organisation is told; each of its people has marks of their own for what they have read. Other
channels carry notices afterwards (`outbox`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.permissions import require
from gongshu_server.cases.models import Case, Notice, NoticeRead, Party
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.ids import ulid
from gongshu_server.journal.recording import Event


def notify(organisations: Iterable[str], *, case: Case | None, text: str, at: datetime) -> None:
    """Put a notice to each organisation into the outbox."""
    subject = f"{case.number} {case.title}" if case else text[:60]
    Notice.objects.bulk_create(
        Notice(
            id=ulid(at),
            organisation_id=organisation,
            case=case,
            subject=subject[:200],
            text=text,
            created_at=at,
        )
        for organisation in dict.fromkeys(organisations)
    )


def notify_parties(case: Case, *, text: str, but: str, at: datetime) -> None:
    """Notify every party of the case except the one that acted."""
    parties = Party.objects.filter(case=case).exclude(organisation_id=but)
    notify(parties.values_list("organisation_id", flat=True), case=case, text=text, at=at)


def to_read(*, by: Actor) -> QuerySet[Notice]:
    """Return the notices to the actor's organisation, newest first, with `read` for the actor."""
    own = Notice.objects.filter(organisation_id=by.organisation).select_related("case")
    return own.annotate(read=Exists(_marks(by))).order_by("-id")


def unread(*, by: Actor) -> QuerySet[Notice]:
    """Return the notices that the actor's person has not read yet, newest first."""
    return to_read(by=by).filter(~Exists(_marks(by)))


def _marks(by: Actor) -> QuerySet[NoticeRead]:
    return NoticeRead.objects.filter(notice=OuterRef("pk"), person_id=by.person)


@action
def mark_read(*, notice_ids: Sequence[str], by: Actor, at: datetime) -> int:
    """Mark notices to the actor's organisation as read by the actor's person; return how many.

    What is another organisation's or already marked is passed over: nobody learns what exists.
    """
    require(by, "notice.read")
    waiting = unread(by=by).filter(pk__in=list(notice_ids)[:500])
    ids = list(waiting.values_list("pk", flat=True))
    rows = [NoticeRead(notice_id=one, person_id=by.person, at=at) for one in ids]
    NoticeRead.objects.bulk_create(rows, ignore_conflicts=True)
    if ids:
        event = Event("notice.read", ("person", by.person), "", {"notices": ids})
        journal(event, by=by, at=at)
    return len(ids)
