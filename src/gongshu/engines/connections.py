"""A connection of DuckDB in this process: in memory, reaching neither files nor network."""

from __future__ import annotations

from typing import Any

import duckdb

OutOfMemory = duckdb.OutOfMemoryException
"""What a query raises that needs more than the connection's memory."""
_SETTINGS = (
    "SET enable_progress_bar = false",
    "SET preserve_insertion_order = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)


def connect(*, memory_bytes: int | None = None) -> Any:
    """Return a locked connection; with `memory_bytes` a query beyond it fails, nothing is spilt."""
    connection = duckdb.connect(":memory:")
    if memory_bytes is not None:
        connection.execute(f"SET memory_limit = '{memory_bytes // 1024}KiB'")
        connection.execute("SET temp_directory = ''")
    for setting in _SETTINGS:
        connection.execute(setting)
    return connection


def quoted(name: str) -> str:
    """Return a column's name as DuckDB reads it."""
    return '"' + name.replace('"', '""') + '"'
