"""The sealer: it numbers unsealed entries, writes their commitments to tiles and signs.

It takes *unsealed* rows, never rows above some id, so that an entry that was committed late is
sealed late and not lost. The tiles are written before the rows are numbered: a crash in between is
repaired by appending the same entries again, which changes nothing.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from gongshu.ledger.checkpoints import open_checkpoint
from gongshu.ledger.faults import LedgerFault
from gongshu.ledger.layout import CHECKPOINT
from gongshu.ledger.notes import Signer
from gongshu.ledger.reading import TileReader
from gongshu.ledger.tiles import TileStore
from gongshu.vocabulary.errors import Unavailable
from gongshu_server.journal import leases
from gongshu_server.journal.models import Entry, Head
from gongshu_server.journal.recording import genuine

BATCH = 2_000  # Rows a sealing; keeps its numbering transaction under the 50 ms of SQLite manners.
KEY_FILE = "ledger.key"


def signer() -> Signer:
    """Return the node's ledger signer; its private key is a file outside the database."""
    path = Path(settings.HOME) / "keys" / KEY_FILE
    return Signer.parse(path.read_text(encoding="ascii").strip())


def folder() -> Path:
    """Return the folder of the public ledger: static files, fit for any web server."""
    return Path(settings.HOME) / "ledger"


def open_store() -> TileStore:
    """Return the tile store, compared with the journal (see `compare`).

    Raises LedgerFault when the folder does not continue the last checkpoint that the journal
    knows: an older ledger was put back.
    """
    verifier = signer().verifier
    store = TileStore(folder(), origin=settings.LEDGER_ORIGIN, verifier=verifier)
    known = Head.objects.filter(pk=1).values_list("checkpoint", flat=True).first()
    if known:
        checkpoint = open_checkpoint(known.encode(), verifier, origin=settings.LEDGER_ORIGIN)
        store.check_extends(checkpoint)
    compare(store)
    return store


def public_tiles() -> TileReader:
    """Return a reader of the public ledger as it is now: a handful of tiles for each proof.

    Raises LedgerFault when there is no checkpoint or it is not the node's.
    """
    try:
        note = (folder() / CHECKPOINT).read_bytes()
    except FileNotFoundError:
        raise LedgerFault(
            "存证日志目录里没有签名锚点，请从备份恢复。", code="ledger_gone"
        ) from None
    checkpoint = open_checkpoint(note, signer().verifier, origin=settings.LEDGER_ORIGIN)
    return TileReader(folder(), checkpoint)


def compare(store: TileStore) -> None:
    """Refuse to seal over a gap or a restored older database.

    Raises Unavailable when the signed ledger holds more entries than the journal has, when the
    numbered rows have a gap, or when a row that was written is gone before it was numbered.
    """
    sealed = Entry.objects.filter(index__isnull=False)
    count = sealed.count()
    highest = sealed.aggregate(top=Max("index"))["top"]
    if highest is not None and highest + 1 != count:
        raise Unavailable("存证日志的编号有缺口，已停止签名，请审计人员核查。", code="ledger_gap")
    # The head, read first, counts every entry that was ever written; erasure keeps the row.
    written = Head.objects.filter(pk=1).values_list("sequence", flat=True).first() or 0
    present = Entry.objects.count()
    if present < written:
        raise Unavailable(
            "存证日志缺少尚未编号的条目，已停止签名，请审计人员核查。", code="ledger_gap"
        )
    if store.size > present or count > store.size:
        raise Unavailable(
            "数据库与已签名的存证日志不一致（可能恢复了旧备份），已停止签名。",
            code="ledger_mismatch",
        )


def seal(store: TileStore, *, at: datetime) -> int:
    """Seal up to one batch of entries and return how many were sealed.

    Returns 0 when nothing waits or another process holds the sealer's lease. Raises LedgerFault
    when the tiles hold other entries than the journal at the same places, Unavailable when an
    entry is not one that the node has written: evidence is signed for nothing else.
    """
    holder = f"{socket.gethostname()}:{os.getpid()}"
    if not leases.take("sealer", holder=holder, at=at, seconds=30):
        return 0
    rows = list(Entry.objects.filter(index__isnull=True).order_by("sequence")[:BATCH])
    if not rows:
        return 0
    # Of an entry that was erased before it was sealed only the commitment is left.
    if not all(row.body is None or genuine(row) for row in rows):
        raise Unavailable(
            "存证日志里有不是节点写入的条目，已停止签名，请审计人员核查。", code="entry_forged"
        )
    start = _numbered()
    commitments = [bytes(row.commitment) for row in rows]
    checkpoint = store.append(commitments, start=start, signer=signer())
    _number([row.pk for row in rows], start=start, note=checkpoint.note.decode())
    return len(rows)


def _numbered() -> int:
    """Return how many entries have a number; the comparison has found no gap among them."""
    highest: int | None = Entry.objects.aggregate(top=Max("index"))["top"]
    return 0 if highest is None else highest + 1


def _number(entry_ids: Sequence[str], *, start: int, note: str) -> None:
    entries = [Entry(id=entry_id, index=start + k) for k, entry_id in enumerate(entry_ids)]
    with transaction.atomic():
        Entry.objects.bulk_update(entries, ["index"], batch_size=500)
        Head.objects.filter(pk=1).update(checkpoint=note)


def seal_all(*, at: datetime) -> int:
    """Seal until nothing waits; return how many entries were sealed."""
    store = open_store()
    total = 0
    while sealed := seal(store, at=at):
        total += sealed
    return total


class Sealer:
    """The sealer of one process: it compares everything once and keeps the tree in memory.

    After a fault it starts anew, with the whole comparison. Rows that are deleted or altered while
    it runs are found by the audit of the journal (`usage.compilation.verify_entries`).
    """

    def __init__(self) -> None:
        self._store: TileStore | None = None

    def seal_all(self, *, at: datetime) -> int:
        """Seal until nothing waits and return how many were sealed; idle, it costs one query.

        Raises what `open_store` and `seal` raise.
        """
        store = self._store or open_store()
        self._store = None  # Until this round has ended well.
        total = 0
        if Entry.objects.filter(index__isnull=True).exists():
            _refuse_older_database(store)
            while sealed := seal(store, at=at):
                total += sealed
        self._store = store
        return total


def _refuse_older_database(store: TileStore) -> None:
    store.refresh()
    written = Head.objects.filter(pk=1).values_list("sequence", flat=True).first() or 0
    if not _numbered() <= store.size <= written:
        raise Unavailable(
            "数据库与已签名的存证日志不一致（可能恢复了旧备份），已停止签名。",
            code="ledger_mismatch",
        )
