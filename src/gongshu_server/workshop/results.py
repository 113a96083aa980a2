"""Results as files: Parquet below the node's folder, durable before the run is called finished.

A protected result or a serving table; nobody is given its path. The digest is salted, since small
results could be guessed from a plain one.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings

FOLDER = "results"


def path_of(result: str) -> Path:
    """Return where a run's result lies."""
    return Path(settings.HOME) / FOLDER / result


def write(run_id: str, table: pa.Table) -> tuple[str, str, str]:
    """Write the result and return its name, its salt and its salted digest.

    When it returns, the file is fully persisted and read-only.
    """
    name = f"{run_id}.parquet"
    target = path_of(name)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    salt = secrets.token_hex(32)
    unfinished = target.with_suffix(".tmp")
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o400)
    with os.fdopen(handle, "wb") as stream:
        pq.write_table(table, stream)
        stream.flush()
        os.fsync(stream.fileno())
    unfinished.rename(target)
    _sync_folder(target.parent)
    return name, salt, digest(name, salt)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def digest(result: str, salt: str) -> str:
    """Return SHA-256 of the salt and the file; an empty text when the file is not there."""
    hashed = hashlib.sha256(salt.encode())
    try:
        with path_of(result).open("rb") as stream:
            while block := stream.read(1 << 20):
                hashed.update(block)
    except FileNotFoundError:
        return ""
    return hashed.hexdigest()


def read(result: str) -> pa.Table:
    """Return the result's rows."""
    return pq.read_table(path_of(result))
