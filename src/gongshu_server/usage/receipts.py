"""Receipts of single uses: found in their segment, proved in its tree, and that in the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings

from gongshu.ledger.faults import LedgerFault
from gongshu.ledger.receipts import Receipt
from gongshu.vocabulary.errors import Conflict, NotFound
from gongshu_server.journal import recording, sealing
from gongshu_server.journal.ids import ALPHABET
from gongshu_server.journal.models import Entry
from gongshu_server.usage import segments
from gongshu_server.usage.models import Segment
from gongshu_server.usage.records import Record

# Records of one moment are drawn by several threads; a demo's clock may be moved between them.
SLACK = timedelta(seconds=30)


def use_receipt(receipt_id: str, *, party: str) -> bytes:
    """Return the receipt file of one use, for the party that made it.

    Raises NotFound for an unknown receipt and for another party's (S10), Conflict while the use is
    on disk but not yet sealed.
    """
    for path, records, place in _places(receipt_id):
        if records[place].body["party"] == party:
            return _prove(path.stem, records, place)
    raise NotFound(
        "没有这张存证回执，或者用数刚刚发生、还没有成段；请稍后再取。", code="receipt_not_found"
    )


def use_body(receipt_id: str) -> dict[str, Any] | None:
    """Return what was written down about one use, for who watches over the node; None for none.

    It names party, product and grant; the subject stands in it as a keyed commitment only.
    """
    for _, records, place in _places(receipt_id):
        return dict(records[place].body)
    return None


def _places(receipt_id: str) -> Iterator[tuple[Path, tuple[Record, ...], int]]:
    """Yield where records of the receipt stand: the file, its records, and the place in it."""
    at = _drawn_at(receipt_id)
    for path in segments.closed(Path(settings.HOME) / segments.USES):
        if at is None or not _may_hold(path, at):
            continue
        records = segments.read(path).records
        for place, record in enumerate(records):
            if record.body["receipt"] == receipt_id:
                yield path, records, place


def _drawn_at(receipt_id: str) -> datetime | None:
    """Return the time that a receipt id carries; None when it is none."""
    if len(receipt_id) != 26 or not set(receipt_id) <= set(ALPHABET):
        return None
    milliseconds = 0
    for letter in receipt_id[:10]:
        milliseconds = milliseconds * 32 + ALPHABET.index(letter)
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError):
        return None


def _may_hold(path: Path, at: datetime) -> bool:
    """Tell whether a segment can hold a use of that time; reads its ends, not the whole file."""
    first = segments.first_use(path)
    return first is not None and first - SLACK <= at <= segments.closed_at(path) + SLACK


def _prove(name: str, records: tuple[Record, ...], place: int) -> bytes:
    row = Segment.objects.filter(pk=name).first()
    entry = Entry.objects.filter(pk=row.entry).first() if row else None
    if entry is None or entry.index is None:
        raise Conflict("该次用数正在存证，请几秒后再取回执。", code="not_sealed_yet")
    whole = _of_entry(entry, entry.index)
    return whole.for_use(segments.tree(name, records), place, records[place].opening()).encode()


def entry_receipt(entry: Entry) -> bytes:
    """Return the receipt file of one journal entry. Raises Conflict while it is not sealed."""
    if entry.index is None:
        raise Conflict("该条目正在存证，请几秒后再取回执。", code="not_sealed_yet")
    return _of_entry(entry, entry.index).encode()


def _of_entry(entry: Entry, index: int) -> Receipt:
    """Prove from the tiles: a request does not load the whole tree."""
    opening = recording.opening(entry)
    try:
        return Receipt.from_tiles(sealing.public_tiles(), index, opening)
    except LedgerFault:
        # The sealer may have replaced a partial tile since the checkpoint was read.
        return Receipt.from_tiles(sealing.public_tiles(), index, opening)
