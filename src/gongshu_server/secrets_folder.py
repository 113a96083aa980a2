"""The node's own secrets: files with mode 0600 in `keys/`, made once by `gongshu init`.

They are outside the database, so that whoever can edit rows cannot forge keys, tokens or
checkpoints.
"""

from __future__ import annotations

import os
import secrets
from functools import cache
from pathlib import Path
from typing import Final

from gongshu.vocabulary.errors import Unavailable

LENGTH: Final = 32


def make_once(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, unless it is there already.

    A crash leaves no file or a whole one: the name appears last. Of several processes at the same
    time the first one's content stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.exists():
        return
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    try:
        os.link(unfinished, path)
    except FileExistsError:
        pass  # Another process was first.
    finally:
        unfinished.unlink()
    _sync(path.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@cache
def secret(home: Path, name: str) -> bytes:
    """Return the 32-byte secret of that name; the first call of a node's life makes it.

    Raises Unavailable when the file holds anything else: a short secret could be guessed, and
    another one would void every key.
    """
    path = home / "keys" / name
    make_once(path, secrets.token_bytes(LENGTH))
    value = path.read_bytes()
    if len(value) != LENGTH:
        raise Unavailable(
            f"节点的密钥文件 {name} 已损坏，请从备份恢复后再启动。", code="secret_damaged"
        )
    return value
