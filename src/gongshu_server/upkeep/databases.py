"""The node's database as one file of a backup, at one moment, while others write to it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from gongshu.vocabulary.errors import Conflict, Unavailable

SQLITE, POSTGRESQL = "sqlite", "postgresql"
NAMES: Final[Mapping[str, str]] = {SQLITE: "database.sqlite3", POSTGRESQL: "database.pgdump"}
SQLITE_FILE: Final = "node.sqlite3"
"""What the database is called in the node's folder."""
_HEAD: Final = "select sequence, checkpoint from journal_head"
# Not by the model: before an upgrade the database has the columns of an older version.


def kind() -> str:
    """Return which database the node has."""
    return SQLITE if connection.vendor == "sqlite" else POSTGRESQL


def migrations() -> tuple[str, ...]:
    """Return the migrations that the database has had, as `context.name`, sorted."""
    applied = MigrationRecorder(connection).applied_migrations()
    return tuple(sorted(f"{app}.{name}" for app, name in applied))


def pending() -> tuple[str, ...]:
    """Return the migrations that this program brings and the database has not had, in order."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return tuple(f"{migration.app_label}.{migration.name}" for migration, _ in plan)


def unknown() -> tuple[str, ...]:
    """Return the migrations that the database has had and this program does not bring."""
    known = MigrationExecutor(connection).loader.disk_migrations or {}
    here = {f"{app}.{name}" for app, name in known}
    return tuple(one for one in migrations() if one not in here)


def dump(folder: Path) -> tuple[int, str]:
    """Write the database into the folder; return its head: last sequence and signed checkpoint.

    Both are of the moment that the file shows. Raises Unavailable when it cannot be written.
    """
    path = folder / NAMES[kind()]
    if kind() == SQLITE:
        return _dump_sqlite(path)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set transaction isolation level repeatable read")
        cursor.execute("select pg_export_snapshot()")
        snapshot = cursor.fetchone()[0]
        options = ("--format=custom", f"--snapshot={snapshot}", "--no-owner", "--no-privileges")
        _run("pg_dump", *options, f"--file={path}")
        path.chmod(0o600)
        cursor.execute(_HEAD)
        sequence, checkpoint = cursor.fetchone()
        return int(sequence), str(checkpoint)


def _dump_sqlite(path: Path) -> tuple[int, str]:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    source = settings.DATABASES["default"]["NAME"]
    try:
        with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(path)) as copy:
            # All pages in one step: writers go on in the log meanwhile, and the copy shows the
            # moment at which it began.
            live.backup(copy)
            # One file, without a log beside it, so that the digest covers everything.
            copy.execute("pragma journal_mode=delete")
            if copy.execute("pragma quick_check").fetchone() != ("ok",):
                raise Unavailable(
                    "数据库文件已损坏，没有备份。请停止节点，从较早的备份恢复。",
                    code="database_damaged",
                )
            row = copy.execute(_HEAD).fetchone()
    except sqlite3.Error as fault:
        raise OSError(None, "database") from fault
    return int(row[0]), str(row[1])


def load(dumped: Path, home: Path) -> None:
    """Put a dumped database into place: into the node's folder, or into an empty PostgreSQL one.

    Raises Conflict when the PostgreSQL database holds anything, Unavailable when it is refused.
    """
    if kind() == SQLITE:
        shutil.copyfile(dumped, home / SQLITE_FILE)
        (home / SQLITE_FILE).chmod(0o600)
        return
    if connection.introspection.table_names():
        raise Conflict(
            "GONGSHU_DATABASE 所指的数据库不是空的，不会覆盖。请新建一个空库再恢复。",
            code="database_not_empty",
        )
    connection.close()
    options = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction")
    _run("pg_restore", *options, f"--dbname={settings.DATABASES['default']['NAME']}", str(dumped))


def _run(program: str, *options: str) -> None:
    """Run one of PostgreSQL's own programs; the password goes through its environment alone."""
    found = shutil.which(program)
    if found is None:
        raise Unavailable(
            f"没有找到 {program}。请安装与数据库同版本的 PostgreSQL 客户端程序后重试。",
            code="no_client",
        )
    said = settings.DATABASES["default"]
    done = subprocess.run(  # noqa: S603 - PostgreSQL's program with our own options
        [found, *options],
        env={**os.environ, **_address(said)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,  # It repeats rows.
        check=False,
    )
    if done.returncode != 0:
        raise Unavailable(
            f"{program} 没有完成（状态 {done.returncode}）。"
            "请检查磁盘空间、数据库是否可用、客户端版本是否不低于服务器。",
            code="dump_failed",
        )


def _address(said: Mapping[str, Any]) -> dict[str, str]:
    names: Sequence[tuple[str, str]] = (
        ("PGHOST", "HOST"),
        ("PGPORT", "PORT"),
        ("PGUSER", "USER"),
        ("PGPASSWORD", "PASSWORD"),
        ("PGDATABASE", "NAME"),
    )
    return {name: str(said[key]) for name, key in names if said[key]}
