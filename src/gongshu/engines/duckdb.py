"""DuckDB in the locked worker, in the order of docs/explanation/clean-room.md.

The worker is a process of its own that has seen no data and dies after one query. Granted rows are
loaded first; then the engine is shut off from files, network and settings; only then does it see
the text that was checked.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from gongshu.cleanroom.failures import RunFailed
from gongshu.cleanroom.model import Plan
from gongshu.engines.feeding import feed
from gongshu.engines.worker import RESULT
from gongshu.sandbox import Limits, Pool, SandboxFault
from gongshu.sandbox import run as run_in_sandbox

TASK = "gongshu.engines.worker:work"
_ENGINE_SHARE = 0.75
"""Of the worker's memory; the rest holds what the engine's own limit does not count."""


def pool(size: int, limits: Limits) -> Pool:
    """This function will keep `size` workers warm that have loaded no data."""
    return Pool(TASK, size, limits=limits)


def run(
    plan: Plan,
    tables: Mapping[str, pa.RecordBatchReader | pa.Table],
    limits: Limits,
    *,
    workers: Pool | None = None,
) -> pa.Table:
    """This function will run the exact text of a plan on granted rows and return its result.

    `tables` maps table names to rows; columns that the plan does not name are not handed on. With
    `workers`, a warm one is taken and its own limits hold. Raises `RunFailed`.
    """
    readers = feed(plan, tables)
    params = {
        "sql": plan.sql,
        "tables": [
            {"name": table, "columns": list(zip(columns, plan.types[table], strict=True))}
            for table, columns in plan.sources.items()
        ],
        "max_rows": plan.max_rows,
        "memory_bytes": int(limits.memory_bytes * _ENGINE_SHARE),
    }
    try:
        if workers is not None:
            result = workers.run(params, tables=readers)
        else:
            result = run_in_sandbox(TASK, params, tables=readers, limits=limits)
    except SandboxFault as fault:
        raise RunFailed(fault.code) from None
    except (pa.ArrowException, OSError) as fault:
        raise RunFailed(type(fault).__name__) from None
    found = result.tables.get(RESULT)
    if found is None or result.value != {"rows": found.num_rows}:
        raise RunFailed("incomplete")
    return found
