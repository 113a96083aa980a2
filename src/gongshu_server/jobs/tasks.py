"""The one task: `run(code, ids)`. What fails leaves a code behind, never an exception's text."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter

from django.conf import settings
from django.utils.module_loading import import_string
from django_tasks import task

from gongshu.vocabulary.errors import DomainError
from gongshu_server import counters

logger = logging.getLogger(__name__)


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
