"""The node's condition: what must hold for it to serve, and the numbers that an operator watches.

Nothing here names a party, a person or a product: whoever operates the machine is not thereby
entitled to know who uses what.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Max, Min
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from gongshu.ledger.checkpoints import parse_checkpoint
from gongshu.vocabulary.errors import DomainError
from gongshu_server import counters
from gongshu_server.cases.models import Clock
from gongshu_server.delivery.freshness import CONFIRMED_FOR
from gongshu_server.journal.models import Entry, Head, Lease
from gongshu_server.usage import segments
from gongshu_server.usage.models import Alarm, Segment

SEALED_WITHIN: Final = 60.0
"""An entry that has waited longer for its signature means that the sealer has stopped."""
CONFIRMED_WITHIN: Final = 2 * CONFIRMED_FOR
MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold: its code, whether it does, and the sentence for an operator."""

    code: str
    ok: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Condition:
    """All checks, and the numbers behind them by name; a number that is not known is left out."""

    checks: tuple[Check, ...]
    numbers: dict[str, float] = field(default_factory=dict)

    @property
    def ready(self) -> bool:
        """Whether the node can serve."""
        return all(check.ok for check in self.checks)


def condition(*, at: datetime, machine: datetime) -> Condition:
    """Return the node's condition; `at` is the node's time, `machine` the machine's own.

    Raises nothing: what cannot be found out is a check that does not hold.
    """
    numbers: dict[str, float] = {}
    checks = [_disk(numbers), _fresh(numbers)]
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
    except DatabaseError:
        sentence = "数据库没有响应。请检查数据库服务和 GONGSHU_DATABASE。"
        return Condition((Check("database", False, sentence), *checks), numbers)
    checks[:0] = [
        Check("database", True, "数据库有响应。"),
        _sealer(numbers, at=at),
        _worker(numbers, machine=machine),
    ]
    _watched(numbers, at=at, machine=machine)
    return Condition(tuple(checks), numbers)


def _disk(numbers: dict[str, float]) -> Check:
    usage = shutil.disk_usage(settings.HOME)
    numbers |= {"disk_bytes": usage.total, "disk_free_bytes": usage.free}
    free, least = usage.free // MIB, settings.LEAST_FREE_MIB
    said = f"磁盘剩余 {free} MiB"
    if free >= least:
        return Check("disk", True, f"{said}。")
    return Check("disk", False, f"{said}，少于 {least} MiB。请清理或扩容，写满后节点停止服务。")


def _fresh(numbers: dict[str, float]) -> Check:
    confirmed = counters.totals(Path(settings.HOME)).confirmed
    numbers["serving_processes"] = len(confirmed)
    if not confirmed:
        return Check("serving", False, "没有服务进程在运行。请运行 gongshu serve。")
    numbers["epoch_seconds"] = max(confirmed)
    if max(confirmed) <= CONFIRMED_WITHIN:
        return Check("serving", True, f"{len(confirmed)} 个服务进程的用数许可是最新的。")
    return Check(
        "serving",
        False,
        f"有服务进程已 {max(confirmed):.0f} 秒不能确认用数许可，正在拒绝调用。请检查数据库。",
    )


def _sealer(numbers: dict[str, float], *, at: datetime) -> Check:
    waiting = Entry.objects.filter(index__isnull=True)
    oldest = waiting.aggregate(oldest=Min("at"))["oldest"]
    seconds = 0.0 if oldest is None else max(0.0, (at - oldest).total_seconds())
    numbers |= {"unsealed_entries": waiting.count(), "unsealed_seconds": seconds}
    if seconds <= SEALED_WITHIN:
        return Check("sealer", True, "存证签名正常。")
    return Check(
        "sealer",
        False,
        f"存证已 {seconds:.0f} 秒没有签名。请看 worker 的日志；它拒绝签名时会写明原因。",
    )


def _worker(numbers: dict[str, float], *, machine: datetime) -> Check:
    alive = Lease.objects.filter(name__startswith="worker:", until__gt=machine).count()
    numbers["workers"] = alive
    if alive:
        return Check("worker", True, f"{alive} 个后台进程在运行。")
    return Check("worker", False, "没有后台进程在运行。请运行 gongshu serve 或 gongshu worker。")


def _watched(numbers: dict[str, float], *, at: datetime, machine: datetime) -> None:
    head = Head.objects.filter(pk=1).first()
    if head is not None:
        numbers["entries"] = head.sequence
        numbers["ledger_entries"] = _signed(head.checkpoint)
    queue = DBTaskResult.objects.filter(status=TaskResultStatus.READY)
    first = queue.aggregate(first=Min("enqueued_at"))["first"]
    numbers |= {
        "queued_tasks": queue.count(),
        "queue_seconds": 0.0 if first is None else max(0.0, (machine - first).total_seconds()),
        "running_tasks": DBTaskResult.objects.filter(status=TaskResultStatus.RUNNING).count(),
        "alarms_open": Alarm.objects.filter(closed_at__isnull=True).count(),
        "cases_overdue": _overdue(at),
        "uncollected_segments": _uncollected(),
    }
    taken = Entry.objects.filter(event="node.backed_up").aggregate(last=Max("at"))["last"]
    if taken is not None:
        numbers["backup_seconds"] = max(0.0, (at - taken).total_seconds())
    numbers |= dict(_quota_blocks(Path(settings.HOME) / "quota.sqlite"))


def _signed(checkpoint: str) -> int:
    try:
        return parse_checkpoint(checkpoint.encode()).size if checkpoint else 0
    except DomainError:
        return 0


def _overdue(at: datetime) -> int:
    running = Clock.objects.filter(stopped_at__isnull=True, paused_at__isnull=True, due__lte=at)
    return running.values("case").distinct().count()


def _uncollected() -> int:
    names = [path.stem for path in segments.closed(Path(settings.HOME) / segments.USES)]
    if not names:
        return 0
    latest = names[-2_000:]  # Of older ones the collector has spoken, or its alarm.
    return len(latest) - Segment.objects.filter(pk__in=latest).count()


def _quota_blocks(path: Path) -> Iterator[tuple[str, float]]:
    """Yield how many blocks of quota are reserved and of how many units; nothing without a bank."""
    if not path.is_file():
        return
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=1)) as bank:
            row = bank.execute("select count(*), coalesce(sum(amount), 0) from reserved").fetchone()
    except sqlite3.Error:
        return
    yield "quota_blocks", float(row[0])
    yield "quota_units_reserved", float(row[1])
