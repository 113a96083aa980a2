"""What makes a node of unpacked files: quotas, the ledger that others know, and a record of it.

A restored node is older than the world. Whoever has a later checkpoint (a mirror, a witness, the
holder of a receipt) would catch it signing another history. So it does not go on by itself: either
the ledger that survived is given, and the entries that the backup does not know keep their places
without content, or a person declares that no later checkpoint was ever published. Either way it is
an entry in the ledger, with that person's name.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import connections
from django.db.migrations.loader import MigrationLoader

from gongshu.ledger.checkpoints import open_checkpoint
from gongshu.ledger.faults import LedgerFault
from gongshu.ledger.layout import CHECKPOINT, tiles_of
from gongshu.ledger.tiles import TileStore
from gongshu.vocabulary.errors import Conflict
from gongshu_server.accounts.actors import Actor
from gongshu_server.delivery.quota_bank import SqliteQuotaBank
from gongshu_server.delivery.use_log import ALIVE, recover
from gongshu_server.journal import leases, sealing
from gongshu_server.journal.models import Entry, Head
from gongshu_server.oversight import actions
from gongshu_server.oversight.upkeep import Restored
from gongshu_server.upkeep import databases, unpacking
from gongshu_server.upkeep.manifest import LEDGER, State
from gongshu_server.upkeep.unpacking import Declaration, Unpacked
from gongshu_server.usage import segments
from gongshu_server.usage.segments import OPEN, USES


def finish(unpacked: Unpacked, *, by: Actor, now: Callable[[], datetime]) -> Restored:
    """Make a node of the unpacked folder, which the settings name as the node's, and name it.

    `now` tells the node's time, which stands in the database of the backup.

    Raises Conflict when the program is another version than the backup's or the database is not
    empty, LedgerFault when the ledger that was given is another one, Unavailable when the disk
    refuses. Nothing is left in the folder then.
    """
    with unpacking.refused(unpacked.folder):
        _check_version(unpacked)
        home, state = unpacked.folder, unpacked.manifest.state
        databases.load(unpacked.backup / databases.NAMES[state.kind], home)
        leases.drop_all()
        at = now()
        _settle_uses(home, at=at)
        known, lost = _continue_ledger(home, unpacked.declared, state)
        restored = _described(unpacked, known=known, lost=len(lost))
        actions.record_restored(restored=restored, lost=lost, by=by, at=at)
        # Opens the ledger with the sealer's own check, then signs what was just recorded.
        sealing.seal_all(at=at)
        connections.close_all()
        unpacking.persist(home, unpacked.home)
    return restored


def _check_version(unpacked: Unpacked) -> None:
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations or {}}
    if known != set(unpacked.manifest.state.migrations):
        raise Conflict(
            f"备份由版本 {unpacked.manifest.program} 生成，数据库结构与当前程序不同。"
            "请用那个版本恢复，再换新版本运行 gongshu upgrade。",
            code="other_version",
        )


def _settle_uses(home: Path, *, at: datetime) -> None:
    """Count the quotas from all use records, and close the segments that were open."""
    folder = home / USES
    if not folder.is_dir():
        return
    bank = SqliteQuotaBank(home)
    try:
        owners = set()
        for path in segments.closed(folder):
            contents = segments.read(path)
            bank.settle(contents.owner, contents.name, contents.charged())
            owners.add(contents.owner)
        for owner in owners:
            bank.release(owner)
        for path in folder.glob(f"*{OPEN}"):
            (folder / (path.stem.partition("-")[0] + ALIVE)).touch(mode=0o600)
        recover(folder, at=at, bank=bank)
    finally:
        bank.close()


def _continue_ledger(home: Path, declared: Declaration, state: State) -> tuple[int, list[bytes]]:
    """Put the ledger that others know into the node; return its size and what was lost of it.

    Raises LedgerFault when it does not continue the backup's, or holds other entries than the
    journal where both have some.
    """
    if declared.ledger is None:
        return state.ledger, []
    verifier = sealing.signer().verifier
    store = TileStore(declared.ledger, origin=settings.LEDGER_ORIGIN, verifier=verifier)
    if state.checkpoint:
        known = open_checkpoint(state.checkpoint.encode(), verifier, origin=state.origin)
        store.check_extends(known)
    written = Head.objects.get(pk=1).sequence
    unsealed = Entry.objects.filter(index__isnull=True).order_by("sequence")
    mine = [bytes(one) for one in unsealed.values_list("commitment", flat=True)]
    both = min(store.size, written)
    if mine[: both - state.ledger] != store.entries(state.ledger, both):
        raise LedgerFault(
            "所给的存证日志与备份里的条目不是同一段历史，没有恢复。请核对 --ledger。",
            code="ledger_fork",
        )
    shutil.rmtree(home / LEDGER, ignore_errors=True)
    checkpoint = store.checkpoint
    if checkpoint is not None:
        for name in tiles_of(store.size):
            target = home / LEDGER / name.path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(declared.ledger / name.path, target)
        (home / LEDGER / CHECKPOINT).write_bytes(checkpoint.note)
    return store.size, store.entries(both, store.size)


def _described(unpacked: Unpacked, *, known: int, lost: int) -> Restored:
    state, declared = unpacked.manifest.state, unpacked.declared
    return Restored(
        stamp=unpacked.manifest.stamp,
        taken_at=unpacked.manifest.taken_at,
        entries=state.entries,
        ledger=state.ledger,
        known=known,
        lost=lost,
        declared=declared.nothing_later,
        person=declared.person.strip(),
        reason=declared.reason.strip(),
    )
