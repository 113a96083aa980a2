"""SQLite databases: one table of the file, read from memory and never trusted.

The engine gets no file at all: it works on a copy in memory, writes nothing, runs no view and no
trigger of the file, computes its columns only by functions without effects and within limits, and
may only select (SQLite's advice for files from strangers, https://www.sqlite.org/security.html).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Final

from gongshu.lake import header as headers
from gongshu.lake import records
from gongshu.lake.batches import CELL_CHARACTERS, OnReject, TextBatch, numbered_batch
from gongshu.lake.containers import MIB
from gongshu.lake.header import Header
from gongshu.lake.refusals import Refused
from gongshu.vocabulary.quoting import quoted

DATABASE_BYTES: Final = 384 * MIB  # held twice for a moment, in a worker of 1 GiB
BATCH_ROWS: Final = 8192
BATCH_CHARACTERS: Final = 16 * MIB
TABLES: Final = 200
JOURNAL: Final = slice(18, 20)  # the two bytes that ask for a write-ahead log beside the file
LIMITS: Final = (
    (sqlite3.SQLITE_LIMIT_LENGTH, 8 * CELL_CHARACTERS),
    (sqlite3.SQLITE_LIMIT_SQL_LENGTH, MIB),
    (sqlite3.SQLITE_LIMIT_COLUMN, headers.COLUMNS),
    (sqlite3.SQLITE_LIMIT_EXPR_DEPTH, 100),
    (sqlite3.SQLITE_LIMIT_COMPOUND_SELECT, 10),
    (sqlite3.SQLITE_LIMIT_ATTACHED, 0),
    (sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH, 1),
    (sqlite3.SQLITE_LIMIT_WORKER_THREADS, 0),
)
PRAGMAS: Final = (
    "trusted_schema = OFF",
    "query_only = ON",
    "cell_size_check = ON",
    "temp_store = MEMORY",
)
ALLOWED: Final = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ})


def _permit(action: int, _first: str | None, second: str | None, *_: str | None) -> int:
    """Allow reading and counting, and nothing else that SQL text or a schema could ask for."""
    counting = action == sqlite3.SQLITE_FUNCTION and second == "count"
    return sqlite3.SQLITE_OK if action in ALLOWED or counting else sqlite3.SQLITE_DENY


class DatabaseTable:
    """One table of a SQLite database as a `TextTable`; the line of a row is its number."""

    def __init__(self, open_: Callable[[], BinaryIO], wanted: str | None = None) -> None:
        self._blank = 0
        content = bytearray(open_().read(DATABASE_BYTES + 1))
        if len(content) > DATABASE_BYTES:
            raise Refused("database_too_large", limit=DATABASE_BYTES // MIB)
        content[JOURNAL] = b"\x01\x01"
        try:
            self._engine = _opened(bytes(content))
            del content
            self._tables = _tables(self._engine)
            self._name = self._choose(wanted)
            cursor = self._rows()
            self.header: Header = headers.named([column[0] for column in cursor.description])
        except sqlite3.Error as broken:
            raise Refused("damaged_database") from broken

    def _choose(self, wanted: str | None) -> str:
        if wanted is not None:
            if wanted not in self._tables:
                raise Refused("no_such_sheet", sheet=wanted)
            return wanted
        if not self._tables:
            raise Refused("no_header")
        return max(self._tables, key=lambda name: self._tables[name])

    def _rows(self) -> sqlite3.Cursor:
        return self._engine.execute(f"SELECT * FROM {quoted(self._name)}")  # noqa: S608 - quoted

    @property
    def blank_rows(self) -> int:
        """Return how many rows of the last complete reading held nothing."""
        return self._blank

    def understood(self) -> dict[str, Any]:
        """Return the table that was read, and the others that hold something."""
        others = [
            {"name": name[:60], "rows": rows}
            for name, rows in self._tables.items()
            if rows and name != self._name
        ]
        return {
            "format": "sqlite",
            "encoding": None,
            "sheet": self._name,
            "other_sheets": others[:50],
            "header_line": None,
        }

    def batches(self, on_reject: OnReject) -> Iterator[TextBatch]:
        """Yield the rows; raises `Refused` when a page of the file is broken."""
        self._blank = 0
        rows: list[list[str]] = []
        line, size = 1, 0
        try:
            for row in self._rows():
                rows.append([_cell(value) for value in row])
                size += sum(map(len, rows[-1]))
                if len(rows) == BATCH_ROWS or size > BATCH_CHARACTERS:
                    yield self._batch(rows, line, on_reject)
                    line += len(rows)
                    rows, size = [], 0
        except sqlite3.Error as broken:
            raise Refused("damaged_database") from broken
        if rows:
            yield self._batch(rows, line, on_reject)

    def _batch(self, rows: list[list[str]], line: int, on_reject: OnReject) -> TextBatch:
        batch, empty = numbered_batch(rows, line, on_reject)
        self._blank += empty
        return batch


def _opened(content: bytes) -> sqlite3.Connection:
    engine = sqlite3.connect(":memory:", isolation_level=None)
    for limit, most in LIMITS:
        engine.setlimit(limit, most)
    engine.deserialize(content)
    for pragma in PRAGMAS:
        engine.execute(f"PRAGMA {pragma}")
    engine.text_factory = _decoded
    engine.set_authorizer(_permit)
    return engine


def _tables(engine: sqlite3.Connection) -> dict[str, int]:
    """Return every real table with its rows; views and virtual tables would run the file's SQL."""
    found = engine.execute("SELECT name, type, rootpage FROM sqlite_schema").fetchmany(10_000)
    names = [
        name
        for name, kind, page in found
        if kind == "table" and page and not name.startswith("sqlite_")
    ]
    return {name: _count(engine, name) for name in names[:TABLES]}


def _count(engine: sqlite3.Connection, name: str) -> int:
    counted = engine.execute(f"SELECT count(*) FROM {quoted(name)}")  # noqa: S608 - quoted
    return int(counted.fetchone()[0])


def _decoded(text: bytes) -> str:
    """Return stored text; programs of the old days stored GB18030 where UTF-8 belongs."""
    for codec in ("utf-8", "gb18030"):
        try:
            return text.decode(codec)
        except UnicodeDecodeError:
            continue
    return text.decode(errors="surrogateescape")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return records.written_out(repr(value)).removesuffix(".0")
    if isinstance(value, bytes):
        return value.hex()
    return str(value)
