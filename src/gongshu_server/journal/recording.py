"""Writing one entry, inside the transaction of what it reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, is_dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from django.db import transaction

from gongshu.ledger.canonical import canonical
from gongshu.ledger.commitments import Opening, commit
from gongshu.ledger.segments import SEGMENT_KIND, SegmentHead
from gongshu.vocabulary.errors import Conflict
from gongshu.vocabulary.events import EVENTS
from gongshu_server.journal import authenticity
from gongshu_server.journal.ids import ulid
from gongshu_server.journal.models import Entry, Head

# Two processes read their clocks before they queue for the head row; a later one may be this much
# behind and is set to the head's time. More than that is a clock that ran backwards.
SEGMENT_EVENT = "use.segment"
LOST_EVENT = "entry.lost"
TOLERANCE = timedelta(seconds=30)


class ByWhom(Protocol):
    """What the journal needs to know of an actor."""

    @property
    def text_id(self) -> str: ...

    @property
    def organisation(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Event:
    """What happened, to what, on which basis; `details` is JSON-able and goes into the entry."""

    name: str
    subject: tuple[str, str]
    clause: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    outcome: str = "done"


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event with its place: what effects in other contexts receive."""

    event: Event
    entry: str
    at: datetime


def record(event: Event, *, by: ByWhom, at: datetime) -> Recorded:
    """Write one entry and return it; must run inside the transaction of the change itself.

    Raises Conflict when `at` lies before the journal's last entry by more than the tolerance, and
    KeyError for an event name that is not in the vocabulary.
    """
    if event.name not in EVENTS:
        raise KeyError(event.name)
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("an entry is written in the transaction of what it reports")
    head = _next_place(at)
    at = head.last_at or at
    entry_id = ulid(at)
    entry = Entry(
        id=entry_id,
        sequence=head.sequence,
        at=at,
        event=event.name,
        outcome=event.outcome,
        actor=by.text_id,
        organisation=by.organisation,
        subject_kind=event.subject[0],
        subject_id=event.subject[1],
        clause=event.clause,
        body=canonical(_body(event, entry_id=entry_id, by=by, at=at)).decode(),
    )
    _write(entry)
    return Recorded(event=event, entry=entry_id, at=at)


def record_segment(head: SegmentHead, *, by: ByWhom, at: datetime) -> str:
    """Write the entry of a closed segment of use records; return the entry's id.

    Its body is the segment's head alone, so that receipts of single uses can build on it.
    """
    place = _next_place(at)
    at = place.last_at or at
    entry = Entry(
        id=ulid(at),
        sequence=place.sequence,
        at=at,
        event=SEGMENT_EVENT,
        outcome="done",
        actor=by.text_id,
        organisation=by.organisation,
        subject_kind="segment",
        subject_id=head.name[:64],
        body=head.body().decode(),
    )
    _write(entry)
    return entry.pk


def place_lost(commitments: Sequence[bytes], *, by: ByWhom, at: datetime) -> None:
    """Write entries of which only the commitments are left, after all others.

    For a node that was restored from before they were signed: the ledger that others know has
    them, so their places must not be given to other entries.
    """
    for commitment in commitments:
        place = _next_place(at)
        Entry.objects.create(
            id=ulid(place.last_at or at),
            sequence=place.sequence,
            at=place.last_at or at,
            event=LOST_EVENT,
            outcome="done",
            actor=by.text_id,
            organisation=by.organisation,
            subject_kind="entry",
            subject_id=str(place.sequence),
            commitment=commitment,
        )


def _write(entry: Entry) -> None:
    entry.salt = authenticity.fresh_salt(entry)
    said = opening(entry)
    entry.commitment = commit(said.kind, said.salt, said.body)
    entry.save(force_insert=True)


def genuine(entry: Entry) -> bool:
    """Tell whether the node wrote the entry as it stands, with the commitment that it has."""
    if not authenticity.genuine(entry):
        return False
    said = opening(entry)
    return commit(said.kind, said.salt, said.body) == bytes(entry.commitment)


def opening(entry: Entry) -> Opening:
    """Return what opens an entry; Conflict when its salt and body have been erased."""
    if entry.salt is None or entry.body is None:
        raise Conflict("该条目的内容已依法删除，只剩证明。", code="erased")
    kind = SEGMENT_KIND if entry.event == SEGMENT_EVENT else entry.event
    return Opening(kind=kind, salt=bytes(entry.salt), body=entry.body.encode())


def _next_place(at: datetime) -> Head:
    head = Head.objects.select_for_update().filter(pk=1).first() or Head(pk=1)
    if head.last_at is not None and at < head.last_at:
        if head.last_at - at > TOLERANCE:
            raise Conflict(
                "节点时钟早于存证日志的最后一条，已拒绝写入。", code="time_runs_backwards"
            )
        at = head.last_at
    head.last_at = at
    head.sequence += 1
    head.save()
    return head


def _body(event: Event, *, entry_id: str, by: ByWhom, at: datetime) -> dict[str, Any]:
    return {
        "id": entry_id,
        "at": at.astimezone(UTC).isoformat(),
        "event": event.name,
        "outcome": event.outcome,
        "actor": by.text_id,
        "organisation": by.organisation,
        "subject": list(event.subject),
        "clause": event.clause,
        "details": dict(event.details),
    }


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it: dataclasses and mappings by name, the rest as text."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(v) for v in value]
    return value if isinstance(value, str | int | bool) or value is None else str(value)
