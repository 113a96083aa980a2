"""Serving files: the immutable SQLite file from which one version of a product answers.

A file is built once under another name, forced to disk, renamed, and never written again; a new
version is a new file. So it is opened `immutable`: no lock, no log, no change counter is looked at.
"""

from __future__ import annotations

import os
import sqlite3
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from gongshu.vocabulary.errors import Conflict, Unavailable
from gongshu.vocabulary.quoting import quoted

MOST_OPEN: Final = 128
_CHUNK: Final = 1_000


def build_answers(path: Path, answers: Iterable[tuple[str, str]]) -> int:
    """Write the file of a verification: (subject in its one spelling, answer) pairs.

    Returns the number of subjects. Raises Conflict when the file is there already or a subject
    appears twice.
    """
    create = "create table answers (subject text primary key, answer text not null) without rowid"
    return _build(path, create, "insert into answers values (?, ?)", answers)


def build_rows(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Write the file of a dataset, its columns and rows in the order given; returns the rows.

    Raises Conflict when the file is there already.
    """
    names = ", ".join(quoted(name) for name in columns)
    marks = ", ".join("?" for _ in columns)
    insert = f"insert into rows values ({marks})"  # noqa: S608 - question marks, nothing else
    return _build(path, f"create table rows ({names})", insert, rows)


def _build(path: Path, create: str, insert: str, rows: Iterable[Sequence[Any]]) -> int:
    if path.exists():
        raise Conflict("这个版本的产品服务文件已经存在，请使用新的版本号。", code="version_exists")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    temporary.unlink(missing_ok=True)
    database = sqlite3.connect(temporary, isolation_level=None)
    try:
        database.execute("pragma journal_mode=off")
        database.execute("begin")
        database.execute(create)
        written = database.executemany(insert, rows).rowcount
        database.execute("commit")
    except sqlite3.IntegrityError as error:
        temporary.unlink()
        raise Conflict("同一主体有两条记录，无法生成核验产品。", code="subject_twice") from error
    finally:
        database.close()
    _publish(temporary, path)
    return max(written, 0)


def _publish(temporary: Path, path: Path) -> None:
    for name, flags in ((temporary, os.O_RDONLY), (path.parent, os.O_RDONLY | os.O_DIRECTORY)):
        if name == path.parent:
            temporary.rename(path)
        handle = os.open(name, flags | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    path.chmod(0o400)


class ServingFiles:
    """The open serving files of one process; the least used is closed when there are too many."""

    def __init__(self, most_open: int = MOST_OPEN) -> None:
        self._most_open = most_open
        self._open: OrderedDict[Path, sqlite3.Connection] = OrderedDict()

    def answer(self, path: Path, subject: str) -> str | None:
        """Return the answer about a subject, or None when the file does not know it."""
        query = "select answer from answers where subject = ?"
        row = self._connection(path).execute(query, (subject,)).fetchone()
        return None if row is None else str(row[0])

    def columns(self, path: Path) -> list[str]:
        """Return the column names of a dataset, in order."""
        cursor = self._connection(path).execute("select * from rows limit 0")
        return [column[0] for column in cursor.description]

    def rows(self, path: Path) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the rows of a dataset in order, a thousand at a time."""
        # A connection of its own: a long stream must outlive the file's turn in the table.
        connection = _connect(path)
        try:
            cursor = connection.execute("select * from rows order by rowid")
            while chunk := cursor.fetchmany(_CHUNK):
                yield chunk
        finally:
            connection.close()

    def close(self) -> None:
        """Close all files."""
        while self._open:
            self._open.popitem()[1].close()

    def _connection(self, path: Path) -> sqlite3.Connection:
        connection = self._open.get(path)
        if connection is None:
            connection = self._open[path] = _connect(path)
            if len(self._open) > self._most_open:
                self._open.popitem(last=False)[1].close()
        else:
            self._open.move_to_end(path)
        return connection


def _connect(path: Path) -> sqlite3.Connection:
    try:
        return sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
        )
    except sqlite3.OperationalError as error:
        raise Unavailable(
            "产品的服务文件暂时不可用，请稍后重试或联系运营机构。", code="product_unavailable"
        ) from error
