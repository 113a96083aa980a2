"""Taking a backup while the node serves: all parts together, and none newer than another needs.

The order makes it consistent, without stopping anybody:

1. The database first, at one moment. Its head row says how far the ledger was signed then.
2. The ledger exactly as far as that, under the very checkpoint that the database knows. Tiles only
   grow, so the smaller ledger can be put together from the larger one. A ledger that is shorter
   than the database's numbers, or longer than its rows, would stop the sealer after restoring.
3. The files (received, lake, results, serving): a file is on disk before the row that names it, and
   is not changed afterwards; so what the database names is there. Of the lake the logs come first:
   what a log names is on disk before the log.
4. The use records: all that were answered before this step, those too that the database has not
   counted yet; the node counts them when it runs again.
5. The marks of used authorisations last: what a record of step 4 used up is marked.

The quota bank is not copied. It is the sum of the use records, and is made from them again; two
copies from different moments could give quota back that was used, or take it twice.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import DatabaseError

from gongshu.ledger import durable
from gongshu.ledger.checkpoints import open_checkpoint
from gongshu.ledger.tiles import TileStore
from gongshu.vocabulary.errors import Conflict, Invalid, Unavailable
from gongshu_server import configuration
from gongshu_server.accounts.actors import Actor
from gongshu_server.journal import sealing
from gongshu_server.oversight import actions
from gongshu_server.upkeep import databases, ledger_copy, manifest, strongbox
from gongshu_server.upkeep.manifest import (
    BOX,
    FILES,
    KEYS,
    LEDGER,
    MANIFEST,
    SEAL,
    UNFINISHED,
    Manifest,
    State,
)
from gongshu_server.upkeep.strongbox import Secrets
from gongshu_server.upkeep.writing import Writer, sync
from gongshu_server.usage.segments import CLOSED, OPEN, USES

AUTHORISATIONS: Final = "authorisations.sqlite"
APART: Final = frozenset(
    {
        KEYS,  # In the strongbox alone.
        "demo-keys.json",  # Keys in the clear; whoever plays the demo has read them.
        LEDGER,
        USES,
        AUTHORISATIONS,
        databases.SQLITE_FILE,
        "quota.sqlite",  # Made again from the use records.
        "epoch",  # A counter in shared memory; every process begins with loading everything.
        "counters",  # Of running processes.
        "cache",  # Codes of the last minutes.
    }
)
"""What is below the node's folder and is not copied as it lies there. Everything else is."""
_BESIDE: Final = ("-wal", "-shm", "-journal", ".lock", ".tmp", ".pending")
_LOGS: Final = "_delta_log"
_ATTEMPTS: Final = 20


@dataclass(frozen=True, slots=True)
class Taken:
    """A finished backup: where it is, what it says, and how many files it shares with earlier."""

    folder: Path
    manifest: Manifest
    linked: int


def take(target: Path, *, passphrase: str, by: Actor, at: datetime) -> Taken:
    """Write a complete backup into a new folder below `target`, and record that it was taken.

    Raises what `write` raises.
    """
    taken = write(target, passphrase=passphrase, at=at)
    state, stamp = taken.manifest.state, taken.manifest.stamp
    actions.record_backup(stamp=stamp, entries=state.entries, ledger=state.ledger, by=by, at=at)
    return taken


def write(target: Path, *, passphrase: str, at: datetime) -> Taken:
    """Write a complete backup into a new folder below `target`.

    It reads the database without the program's tables, which may be newer. Raises Invalid for a
    short passphrase or an unfit target, Conflict while another backup is written there,
    Unavailable when the disk refuses; nothing that looks complete is left then.
    """
    strongbox.check_passphrase(passphrase)
    home = Path(settings.HOME)
    if target.resolve().is_relative_to(home):
        raise Invalid(
            "备份不能放在节点目录里面，请指定另一处，最好是另一块磁盘。", code="target_in_home"
        )
    with _reported(), _alone(target):
        stamp = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        if (target / stamp).exists():
            raise Conflict("同一秒内已有一份备份，请稍后再试。", code="backup_exists")
        unfinished = target / (UNFINISHED + stamp)
        try:
            taken = _written(home, unfinished, at=at, passphrase=passphrase)
            unfinished.rename(target / stamp)
            sync(target)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
    return Taken(target / stamp, taken.manifest, taken.linked)


@contextmanager
def _reported() -> Iterator[None]:
    try:
        yield
    except (OSError, DatabaseError) as fault:
        known = isinstance(fault, OSError) and fault.errno
        reason = os.strerror(known) if known else "数据库读不出来或写不下"
        raise Unavailable(
            f"备份没有写完（{reason}），没有留下不完整的备份。请检查目标磁盘的空间和权限后重试。",
            code="backup_not_written",
        ) from fault


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Keep other backups out of the folder, and clear away what a killed one has left."""
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with durable.locked(target):
            for left in target.glob(f"{UNFINISHED}*"):
                shutil.rmtree(left)
            yield
    except Conflict as fault:
        if fault.code != "ledger_locked":
            raise
        raise Conflict("另一个备份正在写入这个目录，请等它写完再试。", code="backup_runs") from None


def _written(home: Path, folder: Path, *, at: datetime, passphrase: str) -> Taken:
    """Write everything into the unfinished folder and force it to disk."""
    folder.mkdir(mode=0o700)
    previous = _previous(folder.parent)
    salt = previous[0].salt if previous else secrets.token_hex(32)
    writer = Writer(folder, salt=salt, previous=previous)
    state = _database(writer)
    if state.checkpoint:
        place = f"{FILES}/{LEDGER}"
        ledger_copy.copy(
            home / LEDGER, place, writer, size=state.ledger, checkpoint=state.checkpoint
        )
        # Opening it shows that the tiles give the root which the checkpoint signs.
        TileStore(folder / place, origin=state.origin, verifier=sealing.signer().verifier)
    _files(home, writer)
    _uses(home / USES, writer)
    _authorisations(home, writer)
    made = Manifest(
        stamp=folder.name.removeprefix(UNFINISHED),
        taken_at=at.astimezone(UTC).isoformat(timespec="seconds"),
        program=version("gongshu"),
        salt=salt,
        state=state,
        files=writer.files,
    )
    _close(home, folder, made, passphrase=passphrase)
    writer.persist()
    return Taken(folder, made, writer.linked)


def _close(home: Path, folder: Path, made: Manifest, *, passphrase: str) -> None:
    encoded = made.encode()
    held = Secrets(
        keys={p.name: p.read_bytes() for p in (home / KEYS).iterdir() if p.name[0] != "."},
        settings={one.name: configuration.value(one.name) for one in configuration.SETTINGS},
        manifest=manifest.plain_digest(encoded),
    )
    (folder / MANIFEST).write_bytes(encoded)
    (folder / BOX).write_bytes(strongbox.lock(held, passphrase))
    (folder / SEAL).write_bytes(manifest.seal(folder))


def _previous(target: Path) -> tuple[Manifest, Path] | None:
    """Return the latest backup in the folder whose manifest can be read."""
    for path in reversed(manifest.complete(target)):
        try:
            return manifest.read(path), path
        except Invalid:
            continue
    return None


def _database(writer: Writer) -> State:
    kind = databases.kind()
    migrations = databases.migrations()
    entries, checkpoint = databases.dump(writer.folder)
    writer.add(databases.NAMES[kind])
    verifier, origin = sealing.signer().verifier, settings.LEDGER_ORIGIN
    signed = open_checkpoint(checkpoint.encode(), verifier, origin=origin) if checkpoint else None
    return State(
        kind=kind,
        migrations=migrations,
        entries=entries,
        ledger=0 if signed is None else signed.size,
        checkpoint=checkpoint,
        origin=origin,
        vkey=verifier.vkey,
    )


def _files(home: Path, writer: Writer) -> None:
    for path in _below(home):
        if f"/{_LOGS}/" in path:
            _if_there(writer, home, path)
    # Listed anew: what a log names was there before the log.
    for path in _below(home):
        if f"/{_LOGS}/" not in path:
            _if_there(writer, home, path)


def _if_there(writer: Writer, home: Path, path: str) -> None:
    try:
        writer.copy(home / path, f"{FILES}/{path}")
    except FileNotFoundError:
        if (writer.folder / FILES / path).exists():
            raise
        # It had an unfinished name and has got its last one since: nothing refers to it yet.


def _below(home: Path) -> Iterator[str]:
    """Yield every file below the node's folder that is copied as it lies there."""
    for top in sorted(home.iterdir()):
        if top.name in APART or top.name[0] == "." or _beside(top.name):
            continue
        if top.is_file():
            yield top.name
            continue
        for parent, folders, names in os.walk(top, onerror=_refuse):
            for name in folders:
                if (Path(parent) / name).is_symlink():
                    raise Invalid(
                        f"节点目录里有指向别处的链接 {name}，不知道该不该备份。请改成真正的目录。",
                        code="link_in_home",
                    )
            for name in sorted(names):
                if not _beside(name):
                    yield (Path(parent) / name).relative_to(home).as_posix()


def _beside(name: str) -> bool:
    return name.endswith(_BESIDE)


def _refuse(fault: OSError) -> None:
    if not isinstance(fault, FileNotFoundError):
        raise fault


def _uses(uses: Path, writer: Writer) -> None:
    """Copy every segment once: by its last name where it has got that meanwhile."""
    for _ in range(_ATTEMPTS):
        if not uses.is_dir() or _uses_once(uses, writer):
            return
    raise Unavailable("用数记录换段过于频繁，这次没有备份成，请稍后重试。", code="uses_moving")


def _uses_once(uses: Path, writer: Writer) -> bool:
    """Copy what is not copied yet; return whether nothing has moved on meanwhile."""
    settled = True
    for path in sorted(uses.glob(f"*{CLOSED}")):
        place, was_open = f"{FILES}/{USES}/{path.name}", f"{FILES}/{USES}/{path.stem}{OPEN}"
        if place not in writer.files:
            writer.copy(path, place)
        if was_open in writer.files:
            writer.drop(was_open)
    for path in sorted(uses.glob(f"*{OPEN}")):
        place = f"{FILES}/{USES}/{path.name}"
        if place in writer.files:
            continue
        try:
            writer.copy(path, place)
        except FileNotFoundError:
            settled = False
    present = {path.stem for path in uses.glob(f"*{CLOSED}")}
    copied = {Path(path).stem for path in writer.files if path.endswith(CLOSED)}
    return settled and present <= copied


def _authorisations(home: Path, writer: Writer) -> None:
    source = home / AUTHORISATIONS
    if not source.is_file():
        return
    target = writer.folder / FILES / AUTHORISATIONS
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as copy:
            live.backup(copy)
            copy.execute("pragma journal_mode=delete")
    except sqlite3.Error as fault:
        raise OSError(None, "authorisations") from fault
    target.chmod(0o600)
    writer.add(f"{FILES}/{AUTHORISATIONS}")
