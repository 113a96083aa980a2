"""The one task: `run(code, ids)`. What fails leaves a code behind, never an exception's text."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from time import perf_counter

from django.conf import settings
from django.utils.module_loading import import_string
from django_tasks import TaskResultStatus, task
from django_tasks_db.models import DBTaskResult

from gongshu.vocabulary.errors import DomainError, Unavailable
from gongshu_server import counters

logger = logging.getLogger(__name__)
MOST_FAILURES = 3  # Of one work on one object, before a person has to look at it.


@task()
def run(code: str, ids: list[str]) -> dict[str, str]:
    """Run the work named `code` on the objects `ids`; return the code of how it ended.

    The work must be idempotent: a worker that was killed has its task run again.
    """
    started = perf_counter()
    outcome = _done(code, ids)
    fields = {"job": code, "ms": round((perf_counter() - started) * 1000, 1), **outcome}
    logger.info("job", extra={"fields": fields})
    return outcome


def _done(code: str, ids: list[str]) -> dict[str, str]:
    work: Mapping[str, Callable[..., None]] = import_string(settings.GONGSHU_JOBS)
    try:
        work[code](*ids)
    except Unavailable as error:
        logger.error("job %s failed: %s", code, error.code)
        return {"outcome": "failed", "code": error.code}
    except DomainError as error:
        return {"outcome": "refused", "code": error.code}
    except Exception as error:  # noqa: BLE001 - a worker outlives whatever its work raises.
        # The type only: an exception's text can hold a cell of somebody's data.
        logger.error("job %s failed: %s", code, type(error).__name__)
        counters.own(Path(settings.HOME)).event("job_failed")
        return {"outcome": "failed", "code": "job_failed"}
    return {"outcome": "done", "code": ""}


def enqueue(code: str, *ids: str) -> None:
    """Put work into the queue, inside the transaction of the change that calls for it."""
    run.enqueue(code, list(ids))


def pending(code: str, name: str) -> bool:
    """Tell whether work of that code on that object waits for a worker or is under way."""
    waiting = (TaskResultStatus.READY, TaskResultStatus.RUNNING)
    return DBTaskResult.objects.filter(
        args_kwargs__args__0=code, args_kwargs__args__1__0=name, status__in=waiting
    ).exists()


def undone(code: str, ids: Collection[str]) -> tuple[list[str], list[str]]:
    """Return those of `ids` whose work nobody does: to be queued again, and failed too often.

    Work is done when one of its tasks waits, runs or has ended with an answer; a refusal is an
    answer, too. A task that was never queued or that failed has left its work undone.
    """
    tasks = DBTaskResult.objects.filter(
        args_kwargs__args__0=code, args_kwargs__args__1__0__in=list(ids)
    ).values_list("args_kwargs", "status", "return_value")
    done: set[str] = set()
    failures: Counter[str] = Counter()
    for said, status, answer in tasks:
        name = said["args"][1][0]
        failed = status == TaskResultStatus.FAILED or (answer or {}).get("outcome") == "failed"
        failures[name] += failed
        if not failed:
            done.add(name)
    left = [name for name in ids if name not in done]
    again = [name for name in left if failures[name] < MOST_FAILURES]
    return again, [name for name in left if failures[name] >= MOST_FAILURES]
