"""The notice outbox: written in the transaction of what it tells, delivered afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from gongshu_server.cases.models import Case, Notice, Party
from gongshu_server.journal.ids import ulid


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
