"""The node's own secrets: files with mode 0600 in `keys/`, made once by `gongshu init`.

They are outside the database, so that whoever can edit rows cannot forge keys, tokens or
checkpoints.
"""

from __future__ import annotations

import os
import secrets
from functools import cache
from pathlib import Path


def _read_or_make(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(handle, "wb") as stream:
        value = secrets.token_bytes(32)
        stream.write(value)
        stream.flush()
        os.fsync(stream.fileno())
    return value


@cache
def secret(home: Path, name: str) -> bytes:
    """Return the 32-byte secret of that name; the first call of a node's life makes it."""
    return _read_or_make(home / "keys" / name)
