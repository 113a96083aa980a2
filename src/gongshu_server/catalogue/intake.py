"""From a received file to a snapshot: outside any transaction, in the locked worker.

The file is kept as it came; reading, typing and profiling run in a child that has no network and
sees nothing but this file. The node does this under its own standing grant.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from datetime import datetime
from pathlib import Path

from django.conf import settings

from gongshu.vocabulary.errors import DomainError, Invalid, Unavailable
from gongshu_server.accounts.actors import Actor
from gongshu_server.catalogue import actions
from gongshu_server.catalogue.models import ReceivedFile
from gongshu_server.journal.ids import ulid
from gongshu_server.journal.requests import Replayed


def store(resource_id: str, path: Path, *, by: Actor, at: datetime) -> ReceivedFile:
    """Copy a file into the node's store and record it; the copy is durable before the record.

    Raises Invalid for what is not a regular file, Unavailable when the disk refuses the copy;
    nothing is kept then.
    """
    if not path.is_file():
        raise Invalid("只能报送普通文件，请检查文件是否存在。", code="not_a_file")
    file_id = ulid(at)
    kept = kept_path(file_id)
    try:
        size, salted = _copy(path, kept)
    except OSError as fault:
        kept.unlink(missing_ok=True)
        raise Unavailable(
            "文件没有存下来，磁盘拒绝写入；请运行单位检查磁盘空间和权限，然后重新报送。",
            code="not_stored",
        ) from fault
    file = actions.File(id=file_id, name=path.name, bytes=size, salt=salted[0], digest=salted[1])
    try:
        return actions.receive(resource_id=resource_id, file=file, by=by, at=at)
    except Unavailable:
        raise  # Whether the record was made is not known: the copy may be needed.
    except (DomainError, Replayed):
        kept.unlink()
        raise


def kept_path(file_id: str) -> Path:
    """Return where a received file is kept, byte for byte as it came."""
    return Path(settings.HOME) / "received" / file_id


def _copy(path: Path, target: Path) -> tuple[int, tuple[str, str]]:
    target.parent.mkdir(parents=True, exist_ok=True)
    salt = secrets.token_hex(32)
    digest = hashlib.sha256(salt.encode())
    size = 0
    with path.open("rb") as source, target.open("xb") as copy:
        while block := source.read(1 << 20):
            digest.update(block)
            copy.write(block)
            size += len(block)
        copy.flush()
        os.fsync(copy.fileno())
    _sync(target.parent)
    return size, (salt, digest.hexdigest())


def _sync(folder: Path) -> None:
    """Force the names in a folder to disk: a record must not name a file that a crash takes."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
