"""What was done to the node as a whole goes into its ledger: backups, restoring, new versions.

A backup is a copy of everything, so whoever supervises must be able to see that it was made. A
restored node goes on from an older state; what is lost by that is said in the ledger itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.permissions import require
from gongshu_server.journal import recording
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.recording import Event

NODE = ("node", "node")


@dataclass(frozen=True, slots=True)
class Restored:
    """What a node was restored from, and who answers for going on.

    `entries` and `ledger` are the journal's and the signed ledger's length in the backup; `known`
    is the length of the ledger that goes on, `lost` how many of its entries the backup has no
    content of. `declared` says that no later checkpoint was ever published.
    """

    stamp: str
    taken_at: str
    entries: int
    ledger: int
    known: int
    lost: int
    declared: bool
    person: str
    reason: str


@action
def record_backup(*, stamp: str, entries: int, ledger: int, by: Actor, at: datetime) -> None:
    """Record that a backup of the whole node was taken, and of which state."""
    require(by, "node.keep")
    details = {"stamp": stamp, "entries": entries, "ledger": ledger}
    journal(Event("node.backed_up", NODE, details=details), by=by, at=at)


@action
def record_restored(*, restored: Restored, lost: Sequence[bytes], by: Actor, at: datetime) -> None:
    """Record that the node goes on from a backup.

    `lost` are the commitments that were signed after the backup: they keep their places, without
    content, so that the ledger which others know is continued and never forked.
    """
    require(by, "node.keep")
    recording.place_lost(lost, by=by, at=at)
    journal(Event("node.restored", NODE, details=asdict(restored)), by=by, at=at)


@action
def record_upgrade(
    *, migrations: Sequence[str], backup: str, version: str, by: Actor, at: datetime
) -> None:
    """Record that the database was brought to a new version of the program."""
    require(by, "node.keep")
    details = {"migrations": list(migrations), "backup": backup, "version": version}
    journal(Event("node.upgraded", NODE, details=details), by=by, at=at)
