"""Reads on the ledger: which entries a reader may see, open and take a receipt of."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from gongshu.vocabulary.errors import NotFound
from gongshu.vocabulary.events import EVENTS
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.permissions import require
from gongshu_server.cases.models import Case, Step
from gongshu_server.journal import sealing
from gongshu_server.journal.ids import least
from gongshu_server.journal.models import Entry
from gongshu_server.usage.receipts import entry_receipt

CLAUSE = "27-21"
# When and how a run ended depends on data: its author learns that from `workshop.queries` (S13).
UNTOLD = frozenset({"workshop.run_finished", "workshop.run_failed"})
# Keyed digests say nothing to a reader.
NOT_SHOWN = frozenset({"digest", "salt"})


@dataclass(frozen=True, slots=True)
class EntryView:
    """An entry of the ledger. `details` is None where the reader may not open it, or it is erased.

    `index` is its place in the ledger, None until it is sealed.
    """

    id: str
    index: int | None
    at: datetime
    event: str
    zh: str
    outcome: str
    actor: str
    organisation: str
    subject_kind: str
    subject_id: str
    clause: str
    details: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The newest signed checkpoint, and the public key by which anybody verifies it."""

    text: str
    key: str


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for among the entries; an empty part asks for nothing."""

    event: str = ""
    outcome: str = ""
    clause: str = ""
    organisation: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None


def searched(sought: Sought, *, by: Actor) -> QuerySet[Entry]:
    """Return those entries that the actor may list and that fit all that is looked for."""
    exact = {
        "outcome": sought.outcome,
        "clause": sought.clause,
        "organisation": sought.organisation,
        "subject_id": sought.subject,
        "at__gte": sought.since,
        "at__lt": sought.until,
        # An entry's id begins with its time: a period is looked up instead of searched for.
        "id__gte": sought.since and least(sought.since),
        "id__lt": sought.until and least(sought.until + timedelta(milliseconds=1)),
    }
    wanted = {name: value for name, value in exact.items() if value}
    return entries(by=by, event=sought.event).filter(**wanted)


def entries(*, by: Actor, event: str = "") -> QuerySet[Entry]:
    """Return the entries of what the actor's organisation did, of one event or of all.

    The audit office sees that of everybody; what stands in them only as far as it may see a case.
    """
    require(by, "ledger.read", clause=CLAUSE)
    rows = _told(by).filter(event=event) if event else _told(by)
    return rows if by.may("audit.read") else rows.filter(organisation=by.organisation)


def _told(by: Actor) -> QuerySet[Entry]:
    rows = Entry.objects.all()
    return rows if by.may("audit.read") else rows.exclude(event__in=UNTOLD)


def entry(entry_id: str, *, by: Actor) -> EntryView:
    """Return one entry of the actor's organisation, or of a case that the actor may see.

    Raises NotFound for every other one.
    """
    return entry_views([_readable(entry_id, by=by)], by=by)[0]


def receipt(entry_id: str, *, by: Actor) -> bytes:
    """Return the receipt file of an entry that the actor may open; it verifies offline.

    Raises NotFound for every other entry, Conflict while it is not sealed or when it is erased.
    """
    row = _readable(entry_id, by=by)
    if not _openable([row], by=by):
        raise NotFound("没有这条存证条目。", code="entry_not_found")
    return entry_receipt(row)


def _readable(entry_id: str, *, by: Actor) -> Entry:
    listed = entries(by=by).filter(pk=entry_id).first()
    row = listed or _told(by).filter(pk=entry_id).first()
    if row is None or (listed is None and not _openable([row], by=by)):
        raise NotFound("没有这条存证条目。", code="entry_not_found")
    return row


def _openable(rows: Iterable[Entry], *, by: Actor) -> set[str]:
    """Return the ids of those whose content is the reader's own, or a step's of a visible case."""
    own = {row.pk for row in rows if row.organisation == by.organisation}
    others = [row.pk for row in rows if row.pk not in own]
    seen = Case.objects.visible_to(by).filter(pk=OuterRef("case"))
    steps = Step.objects.filter(Exists(seen), entry__in=others)
    return own | set(steps.values_list("entry", flat=True)) if others else own


def entry_views(rows: Iterable[Entry], *, by: Actor) -> list[EntryView]:
    """Return the entries as the actor may see them, in at most one further query."""
    rows = list(rows)
    openable = _openable(rows, by=by)
    return [
        EntryView(
            id=row.pk,
            index=row.index,
            at=row.at,
            event=row.event,
            zh=EVENTS.get(row.event, row.event),
            outcome=row.outcome,
            actor=row.actor,
            organisation=row.organisation,
            subject_kind=row.subject_kind,
            subject_id=row.subject_id,
            clause=row.clause,
            details=_details(row) if row.pk in openable else None,
        )
        for row in rows
    ]


def _details(row: Entry) -> dict[str, Any] | None:
    if row.body is None:
        return None
    said: dict[str, Any] = json.loads(row.body)
    details: dict[str, Any] = said.get("details", said)
    return {name: value for name, value in details.items() if name not in NOT_SHOWN}


def checkpoint() -> Checkpoint:
    """Return the newest checkpoint; NotFound on a node that has sealed nothing yet."""
    path = sealing.folder() / "checkpoint"
    if not path.is_file():
        raise NotFound("存证日志还没有签名锚点，请稍后再取。", code="no_checkpoint")
    return Checkpoint(path.read_text(encoding="utf-8"), sealing.signer().verifier.vkey)
