"""The sessions of a person that are open now, and ending one of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from gongshu.vocabulary.errors import NotFound
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.models import Session
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.recording import Event

MOST = 50


@dataclass(frozen=True, slots=True)
class Open:
    """One session as its person sees it; `name` stands for it without being its key."""

    name: str
    device: str
    begun_at: datetime | None
    here: bool


def _name(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def of(*, by: Actor, here: str) -> list[Open]:
    """Return the actor's open sessions, the newest first; `here` is the key of the present one."""
    rows = Session.objects.filter(person=by.person).order_by("-begun_at")[:MOST]
    return [Open(_name(r.pk), r.device, r.begun_at, r.pk == here) for r in rows]


@action
def end_session(*, name: str, by: Actor, at: datetime) -> None:
    """End one of the actor's own sessions; NotFound for any other."""
    rows = Session.objects.filter(person=by.person)[: MOST * 2]
    row = next((row for row in rows if _name(row.pk) == name), None)
    if row is None:
        raise NotFound("没有这个登录会话，可能已经结束。", code="session_not_found")
    row.delete()
    event = Event("login.session_ended", ("person", by.person), "", {})
    journal(event, by=by, at=at)


def clear(*, at: datetime) -> int:
    """Delete the sessions that have ended by themselves, in small batches; return how many."""
    count = 0
    while keys := list(
        Session.objects.filter(expire_date__lt=at).values_list("pk", flat=True)[:500]
    ):
        count += Session.objects.filter(pk__in=keys).delete()[0]
    return count
