"""SQLite files beside the node's database: small, shared by the processes of a host, durable."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_WAIT_SECONDS: Final = 20


def opened(path: Path, schema: str) -> sqlite3.Connection:
    """Return a connection to the file, which is made with its tables when it is not there yet.

    What a transaction has committed survives a power loss. Transactions are begun by the caller;
    the connection may be used from another thread than this one, but never from two at once.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(
        path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False
    )
    # SQLite does not wait for another process while it changes the journal mode: of several
    # processes that start together on a new node, some would fail with "database is locked".
    with _alone(path):
        database.execute("pragma journal_mode=wal")
        database.executescript(schema)
    database.execute("pragma synchronous=full")
    return database


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    # A file of its own: closing any handle of the database's file would drop SQLite's own locks.
    lock = path.with_name(path.name + ".lock")
    handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
