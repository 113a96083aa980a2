"""What the locked worker does with a plan: load, lock, run, send.

This module is imported in the child, so it imports nothing of the clean room: a worker that waits
costs the memory of Arrow and the engine and no more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO

import pyarrow as pa

from gongshu.vocabulary.quoting import quoted

RESULT = "result"
_BATCH_ROWS = 50_000


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
    columns = ", ".join(f"{quoted(name)} {kind}" for name, kind in table["columns"])
    connection.execute(f"CREATE TABLE {quoted(table['name'])} ({columns})")
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
