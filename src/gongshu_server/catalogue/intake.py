"""From a received file to a snapshot: outside any transaction, in the locked worker.

The file is kept as it came; reading, typing and profiling run in a child that has no network and
sees nothing but this file. The node does this under its own standing grant.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from gongshu.vocabulary.errors import DomainError, Invalid, Unavailable
from gongshu_server.accounts.actors import Actor
from gongshu_server.catalogue import versions
from gongshu_server.catalogue.models import ReceivedFile
from gongshu_server.journal.ids import ulid
from gongshu_server.journal.requests import Replayed


def store(resource_id: str, path: Path, *, by: Actor, at: datetime, name: str = "") -> ReceivedFile:
    """Copy a file into the node's store and record it; the copy is durable before the record.

    `name` is what its sender calls it, where the file at `path` is called otherwise.

    Raises Invalid for what is not a regular file, Unavailable when the disk refuses the copy;
    nothing is kept then.
    """
    if not path.is_file():
        raise Invalid("只能报送普通文件，请检查文件是否存在。", code="not_a_file")
    return _keep(resource_id, ulid(at), name or path.name, partial(_copy, path), by=by, at=at)


def adopt(
    resource_id: str, path: Path, *, file_id: str, name: str, by: Actor, at: datetime
) -> ReceivedFile:
    """Take over a whole file that the node has written itself, as the received file `file_id`.

    It is linked, not copied: a large file needs its space once. Doing it again after a crash finds
    the same record. Raises as `store` does; the file at `path` stays where it is.
    """
    done = ReceivedFile.objects.filter(pk=file_id, resource_id=resource_id).first()
    if done is not None:
        return done
    kept_path(file_id).unlink(missing_ok=True)  # A crash came between the link and the record.
    return _keep(resource_id, file_id, name, partial(_link, path), by=by, at=at)


def _keep(
    resource_id: str,
    file_id: str,
    name: str,
    place: Callable[[Path], tuple[int, tuple[str, str]]],
    *,
    by: Actor,
    at: datetime,
) -> ReceivedFile:
    kept = kept_path(file_id)
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        size, salted = place(kept)
        _sync(kept.parent)
    except OSError as fault:
        kept.unlink(missing_ok=True)
        raise Unavailable(
            "文件没有存下来，磁盘拒绝写入；请运行单位检查磁盘空间和权限，然后重新报送。",
            code="not_stored",
        ) from fault
    file = versions.File(id=file_id, name=name, bytes=size, salt=salted[0], digest=salted[1])
    try:
        return versions.receive(resource_id=resource_id, file=file, by=by, at=at)
    except Unavailable:
        raise  # Whether the record was made is not known: the copy may be needed.
    except (DomainError, Replayed):
        kept.unlink()
        raise


def kept_path(file_id: str) -> Path:
    """Return where a received file is kept, byte for byte as it came."""
    return Path(settings.HOME) / "received" / file_id


def _copy(path: Path, target: Path) -> tuple[int, tuple[str, str]]:
    with path.open("rb") as source, target.open("xb") as copy:
        said = _digested(source, copy)
        copy.flush()
        os.fsync(copy.fileno())
    return said


def _link(path: Path, target: Path) -> tuple[int, tuple[str, str]]:
    with path.open("rb") as source:
        said = _digested(source, None)
        os.fsync(source.fileno())
    os.link(path, target)
    return said


def _digested(source: BinaryIO, copy: BinaryIO | None) -> tuple[int, tuple[str, str]]:
    """Return size, salt and salted digest of what is left to read, copied on the way."""
    salt = secrets.token_hex(32)
    digest = hashlib.sha256(salt.encode())
    size = 0
    while block := source.read(1 << 20):
        digest.update(block)
        if copy is not None:
            copy.write(block)
        size += len(block)
    return size, (salt, digest.hexdigest())


def _sync(folder: Path) -> None:
    """Force the names in a folder to disk: a record must not name a file that a crash takes."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
