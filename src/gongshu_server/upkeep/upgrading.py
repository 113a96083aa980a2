"""A new version of the program: the database follows it, after a backup and while nothing runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from gongshu.vocabulary.errors import Conflict, Unavailable
from gongshu_server.accounts.actors import Actor
from gongshu_server.oversight import actions
from gongshu_server.upkeep import backup, databases


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What was done: the migrations in order, and the backup from before; empty without any."""

    migrations: tuple[str, ...]
    backup: Path | None


def refuse_other_version() -> None:
    """Raise Conflict unless the database is exactly what this program expects.

    Raises Unavailable when the database does not answer.
    """
    try:
        unknown, pending = databases.unknown(), databases.pending()
    except DatabaseError as fault:
        raise Unavailable(
            "数据库没有响应。请检查 GONGSHU_DATABASE 和数据库服务，或节点目录的权限，再启动。",
            code="database_unavailable",
        ) from fault
    if unknown:
        raise Conflict(
            f"数据库由更新的版本写成（{unknown[-1]}），这个版本不能打开它。请换回新版本的程序。",
            code="program_older",
        )
    if pending:
        raise Conflict(
            f"数据库还停在旧版本，缺 {len(pending)} 项结构变更（{pending[0]} 等）。"
            "请先停下节点，运行 gongshu upgrade（会先做一次备份），再启动。",
            code="upgrade_needed",
        )


def is_needed() -> bool:
    """Tell whether the database lacks anything that this program brings."""
    return bool(databases.pending())


def upgrade(target: Path, *, passphrase: str, by: Actor, at: datetime) -> Upgraded:
    """Bring the database to this program's version, after a backup into `target`.

    All migrations or none: they run in one transaction. The caller has made sure that no process
    serves the node. Raises what `backup.write` raises, Conflict for a newer database, Unavailable
    when a migration fails; the database is then what it was.
    """
    waiting = databases.pending()
    if databases.unknown():
        refuse_other_version()
    if not waiting:
        return Upgraded((), None)
    taken = backup.write(target, passphrase=passphrase, at=at)
    try:
        with connection.constraint_checks_disabled(), transaction.atomic():
            call_command("migrate", verbosity=0, interactive=False)
    except DatabaseError as fault:
        raise Unavailable(
            f"结构变更没有成功，数据库没有改动。升级前的备份在 {taken.folder}。"
            "请用原来的版本启动，并联系开发单位。",
            code="migration_failed",
        ) from fault
    actions.record_upgrade(
        migrations=waiting,
        backup=taken.manifest.stamp,
        version=version("gongshu"),
        by=by,
        at=at,
    )
    return Upgraded(waiting, taken.folder)
