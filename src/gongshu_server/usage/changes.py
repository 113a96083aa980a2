"""The epoch: every change that a serving host must know before its next answer."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from django.conf import settings

from gongshu_server.journal.actions import after_commit
from gongshu_server.journal.models import Head
from gongshu_server.usage.epoch import Epoch
from gongshu_server.usage.models import Change


def note(kind: str, object_id: str, *, at: datetime) -> None:
    """Note a change inside an action; hosts learn of it before the action's answer returns.

    The head row is locked first: a change that commits later never gets a lower epoch.
    """
    Head.objects.select_for_update().filter(pk=1).first()
    Change.objects.create(kind=kind, object_id=object_id, at=at)
    after_commit(tell_hosts)


def tell_hosts() -> None:
    """Advance this host's epoch, so that every serving process looks before its next answer."""
    with Epoch(Path(settings.HOME)) as shared:
        shared.advance()


def epoch() -> int:
    """Return the number of the latest change."""
    return Change.objects.order_by("-id").values_list("id", flat=True).first() or 0
