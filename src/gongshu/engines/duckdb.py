"""DuckDB in the locked worker, by the recipe of peers/privacy.md §4.

The worker is a process of its own that has seen no data and dies after one query. Granted rows are
loaded first; then the engine is shut off from files, network and settings; only then does it see
the text that was checked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

import pyarrow as pa

from gongshu.cleanroom.failures import RunFailed
from gongshu.cleanroom.model import Plan
from gongshu.engines.feeding import feed
from gongshu.sandbox import Limits, Pool, SandboxFault
from gongshu.sandbox import run as run_in_sandbox

TASK = "gongshu.engines.duckdb:work"
RESULT = "result"
_BATCH_ROWS = 50_000
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


# -- in the worker -----------------------------------------------------------------------------


def WARM_UP() -> None:  # noqa: N802 - the name by which the sandbox calls it
    """Load everything that the engine loads late, for no file can be opened afterwards."""
    import duckdb

    with duckdb.connect(":memory:") as connection:
        rows = pa.table({"a": pa.array(["x"]), "b": pa.array([1])}).to_reader()
        connection.register("warm", rows)
        query = "SELECT a, count(DISTINCT b) FROM warm GROUP BY a ORDER BY a"
        connection.sql(query).to_arrow_reader(_BATCH_ROWS).read_all()


def work(
    params: dict[str, Any],
    files: list[BinaryIO],
    tables: list[pa.RecordBatchReader],
    emit: Callable[[str, pa.RecordBatch | pa.Table], None],
) -> dict[str, int]:
    """This function will, inside the worker, load, lock, run and send the result."""
    import duckdb

    connection = duckdb.connect(":memory:")
    for table, rows in zip(params["tables"], tables, strict=True):
        _load(connection, table, rows)
    _lock(connection, params["memory_bytes"])
    statements = connection.extract_statements(params["sql"])
    if len(statements) != 1 or statements[0].type.name != "SELECT":
        raise ValueError("a plan is one SELECT")
    reader = connection.sql(params["sql"]).to_arrow_reader(_BATCH_ROWS)
    sent, limit = 0, params["max_rows"]
    emit(RESULT, reader.schema.empty_table())
    for batch in reader:
        sent += batch.num_rows
        if limit is not None and sent > limit:
            raise ValueError("more rows than the plan allows")
        emit(RESULT, batch)
    return {"rows": sent}


def _load(connection: Any, table: dict[str, Any], rows: pa.RecordBatchReader) -> None:
    """Rows arrive in the order of the declared columns, so they need no names of their own."""
    columns = ", ".join(f"{_quoted(name)} {kind}" for name, kind in table["columns"])
    connection.execute(f"CREATE TABLE {_quoted(table['name'])} ({columns})")
    connection.from_arrow(rows).insert_into(table["name"])


def _lock(connection: Any, memory_bytes: int) -> None:
    for setting in (
        f"SET memory_limit='{memory_bytes // 1024}KiB'",
        "SET temp_directory=''",
        "SET autoload_known_extensions=false",
        "SET autoinstall_known_extensions=false",
        "SET allow_community_extensions=false",
        "SET enable_external_access=false",
        "SET lock_configuration=true",
    ):
        connection.execute(setting)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
