"""A connection of DuckDB in this process: in memory, reaching neither files nor network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
import pyarrow as pa

OutOfMemory = duckdb.OutOfMemoryException
"""What a query raises that needs more than the connection's memory."""
EngineFault = duckdb.Error
"""What a query raises for any reason; its text may hold values, so it is never shown."""
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


class Feed:
    """Batches on their way into the engine; what their source raises is kept as it is.

    The engine would pass on the text of an error only, and callers are owed the error itself.
    """

    def __init__(self, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
        self._schema, self._batches = schema, batches
        self._fault: BaseException | None = None

    def reader(self) -> pa.RecordBatchReader:
        """Return the reader that the engine pulls; it can be read once."""
        return pa.RecordBatchReader.from_batches(self._schema, self._pass())

    @contextmanager
    def faults(self) -> Iterator[None]:
        """Raise what the source raised, in place of what the engine made of it."""
        try:
            yield
        except Exception:
            if self._fault is not None:
                raise self._fault from None
            raise

    def _pass(self) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._batches
        except Exception as fault:
            self._fault = fault
            raise
