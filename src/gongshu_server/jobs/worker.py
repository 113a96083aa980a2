"""The worker process: it takes tasks, runs the periodic table, and picks up what the dead left."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import close_old_connections
from django.utils.module_loading import import_string
from django_tasks import TaskResultStatus
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult

from gongshu.vocabulary.errors import DomainError
from gongshu_server import counters
from gongshu_server.journal import leases
from gongshu_server.journal.ids import ulid
from gongshu_server.journal.models import Lease

logger = logging.getLogger(__name__)
HEARTBEAT_SECONDS = 10
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Periodic:
    """One line of the periodic table: what runs, and how often."""

    code: str
    seconds: float
    work: Callable[[], object]


def drain() -> None:
    """Run every waiting task in this process and return when none is left."""
    _tasks(batch=True, worker_id=ulid(datetime.now(UTC))).run()


def serve(stop: threading.Event) -> None:
    """Take tasks and run the periodic table until `stop` is set."""
    worker_id = ulid(datetime.now(UTC))
    tasks = _tasks(batch=False, worker_id=worker_id)
    periodic = threading.Thread(target=_periodic, args=(stop, worker_id), daemon=True)
    periodic.start()
    watcher = threading.Thread(target=_watch, args=(stop, tasks), daemon=True)
    watcher.start()
    tasks.run()


def _watch(stop: threading.Event, tasks: Worker) -> None:
    stop.wait()
    tasks.running = False


def _tasks(*, batch: bool, worker_id: str) -> Worker:
    return Worker(
        queue_names=["default"],
        interval=0.5,
        batch=batch,
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id=worker_id,
        excluded_queue_names=[],
    )


def _periodic(stop: threading.Event, worker_id: str) -> None:
    table: tuple[Periodic, ...] = import_string(settings.GONGSHU_PERIODIC)
    due = {line.code: 0.0 for line in table}
    beat = 0.0
    while not stop.wait(0.2):
        close_old_connections()
        if time.monotonic() >= beat:
            _guarded("heartbeat", lambda: _alive(worker_id))
            _guarded("reclaim", reclaim)
            beat = time.monotonic() + HEARTBEAT_SECONDS
        for line in table:
            if time.monotonic() >= due[line.code]:
                _guarded(line.code, line.work)
                due[line.code] = time.monotonic() + line.seconds


def _guarded(code: str, work: Callable[[], object]) -> None:
    try:
        work()
    except DomainError as error:
        logger.error("periodic %s: %s", code, error.code)
        _count_failure()
    except Exception as error:  # noqa: BLE001 - one line that fails must not end all the others
        # The type only: an exception's text can hold a cell of somebody's data.
        logger.error("periodic %s: %s", code, type(error).__name__)
        _count_failure()


def _count_failure() -> None:
    with suppress(OSError):  # A disk that is full is what may have failed.
        counters.own(Path(settings.HOME)).event("periodic_failed")


def _alive(worker_id: str) -> None:
    # Worker leases run on the machine's clock: a demo's clock may jump, a heartbeat may not.
    leases.take(_lease(worker_id), holder=worker_id, at=datetime.now(UTC), seconds=60)


def _lease(worker_id: str) -> str:
    return f"worker:{worker_id}"[:32]


def reclaim() -> int:
    """Put tasks back whose worker is dead; return how many. After three attempts a task fails."""
    now = datetime.now(UTC)
    alive = set(
        Lease.objects.filter(name__startswith="worker:", until__gt=now).values_list(
            "name", flat=True
        )
    )
    count = 0
    for task in DBTaskResult.objects.running():
        if task.worker_ids and _lease(task.worker_ids[-1]) in alive:
            continue
        if task.started_at and (now - task.started_at).total_seconds() < HEARTBEAT_SECONDS:
            continue
        tired = len(task.worker_ids) >= ATTEMPTS
        status = TaskResultStatus.FAILED if tired else TaskResultStatus.READY
        count += DBTaskResult.objects.filter(pk=task.pk, status=TaskResultStatus.RUNNING).update(
            status=status
        )
    return count
