"""Running a query: start, work in the locked worker outside any transaction, finish.

The author gets one code for every failure and one fixed note for every success (S13).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass, replace
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from gongshu.cleanroom import Plan
from gongshu.engines import duckdb
from gongshu.engines.feeding import feed
from gongshu.lake.subjects import ENTERPRISE
from gongshu.sandbox import Limits, Pool
from gongshu.sdc import Checked, protect
from gongshu_server.accounts.actors import Actor
from gongshu_server.catalogue.models import Snapshot
from gongshu_server.catalogue.queries import open_rows
from gongshu_server.workshop import results
from gongshu_server.workshop.queries import RunView, run_view
from gongshu_server.workshop.runs import Outcome, Started, finish_run, start_run

SIDES = 2  # of a join
LIMITS = Limits(memory_bytes=1 << 30, wall_seconds=120.0, cpu_seconds=120)


def run(*, query_id: str, by: Actor, at: datetime, workers: Pool | None = None) -> RunView:
    """Run a checked query and return what its author may see of the run.

    Raises what `start_run` raises. A failure of the engine is not raised: the run ends as failed,
    with the one code `run_failed`.
    """
    stopwatch = time.monotonic()
    started = start_run(query_id=query_id, by=by, at=at)
    outcome, cause = _worked(started, workers)
    ended = at + timedelta(seconds=time.monotonic() - stopwatch)
    finish_run(run_id=started.run.pk, outcome=outcome, cause=cause, by=by, at=ended)
    return run_view(started.run.pk, by=by, at=ended)


def _worked(started: Started, workers: Pool | None) -> tuple[Outcome | None, str]:
    try:
        result = duckdb.run(started.plan, _tables(started), LIMITS, workers=workers)
        checked = protect(result, started.plan, started.plan.k)
        told = _for_reviewer(checked, started)
        name, salt, digest = results.write(started.run.pk, checked.table)
    except Exception as fault:  # noqa: BLE001 - S13: whatever went wrong is one code to the author
        return None, getattr(fault, "cause", type(fault).__name__)
    return Outcome(name, salt, digest, told), ""


def _tables(started: Started) -> dict[str, pa.RecordBatchReader]:
    """Open the pinned version of each table: the plan's columns only."""
    return _opened(started, started.plan)


def _opened(started: Started, plan: Plan) -> dict[str, pa.RecordBatchReader]:
    tables = {}
    for table, wanted in plan.sources.items():
        snapshot = Snapshot.objects.get(pk=started.snapshots[table])
        condition = plan.rows.get(table)
        columns = dict.fromkeys(wanted)
        if condition is not None:
            columns[condition.item] = None
        tables[table] = open_rows(snapshot, columns=list(columns))
    return tables


def _for_reviewer(checked: Checked, started: Started) -> dict[str, Any]:
    return {
        **_plain(asdict(checked.for_reviewer)),
        "protected_cells": checked.protected,
        "matches": {resource: _plain(match) for resource, match in started.matches.items()},
        "joins": overlaps(started),
    }


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def overlaps(started: Started) -> list[dict[str, Any]]:
    """Return how many enterprises each two tables of a run have in common; 0 is an empty join.

    For reviewers: it tells whether tables that were joined speak of the same enterprises at all.
    Only granted rows are counted.
    """
    about = {t: (ENTERPRISE,) for t, names in started.plan.sources.items() if ENTERPRISE in names}
    if len(about) < SIDES:
        return []
    subjects = replace(started.plan, sources=about)
    readers = feed(subjects, _opened(started, subjects))
    known = {
        table: pc.drop_null(pc.unique(reader.read_all().column(0)))
        for table, reader in zip(about, readers, strict=True)
    }
    return [
        {
            "tables": [first, second],
            "common": pc.sum(pc.is_in(known[first], value_set=known[second])).as_py() or 0,
        }
        for first, second in combinations(sorted(known), SIDES)
    ]
