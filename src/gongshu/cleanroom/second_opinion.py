"""Pass 4, second opinion: what the engine itself says that the query reads.

Property: a query passes only if the engine binds it, its plan consists of known operators, and
every column that the plan scans was found by our own walk. The engine sees an empty copy of the
schemas and no file, network or setting. Of its optimizers only those that drop unused columns
are on: the others fold a plan over empty tables to nothing or move columns out of sight into
filters (three of them are known to; we turn off what a later version may add, too).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from gongshu.cleanroom.model import Finding, Source
from gongshu.vocabulary.quoting import quoted

CLAUSE = "dc-3"
_PRUNING = frozenset({"unused_columns", "column_lifetime"})
_SCANS = frozenset({"SEQ_SCAN"})
_OPERATORS = _SCANS | {
    "PROJECTION",
    "FILTER",
    "HASH_JOIN",
    "HASH_GROUP_BY",
    "UNGROUPED_AGGREGATE",
    "CTE",
    "CTE_SCAN",
    "ORDER_BY",
    "LIMIT",
    "STREAMING_LIMIT",
}
_PREFIX = "memory.main."


class Opinion(Protocol):
    """Anything that can say which columns a query reads: table -> columns, None if it cannot."""

    def columns(self, sql: str) -> Mapping[str, frozenset[str]] | None: ...


class SecondOpinion:
    """Holds the schemas of `sources`, and nothing else, in an in-memory engine.

    Building one costs some milliseconds and loads the engine, so the caller keeps it as long as
    the sources stay the same. One call at a time is answered; further callers wait.
    """

    def __init__(self, sources: Sequence[Source]) -> None:
        import duckdb  # Only a process that checks queries pays for the engine.

        self._failure = duckdb.Error
        self._lock = threading.Lock()
        self._connection = duckdb.connect(":memory:")
        for source in sources:
            columns = ", ".join(f"{quoted(name)} {kind}" for name, kind in source.columns())
            self._connection.execute(f"CREATE TABLE {quoted(source.table)} ({columns})")
        optimizers = self._connection.execute("SELECT name FROM duckdb_optimizers()").fetchall()
        off = ",".join(name for (name,) in optimizers if name not in _PRUNING)
        for setting in (
            f"SET disabled_optimizers='{off}'",
            "SET threads=1",
            "SET memory_limit='256MB'",
            "SET temp_directory=''",
            "SET autoload_known_extensions=false",
            "SET autoinstall_known_extensions=false",
            "SET allow_community_extensions=false",
            "SET enable_external_access=false",
            "SET lock_configuration=true",
        ):
            self._connection.execute(setting)

    def columns(self, sql: str) -> Mapping[str, frozenset[str]] | None:
        """This function will return the columns that the plan of `sql` scans, by table.

        None when the engine cannot bind the text, sees another number of statements than one
        SELECT, or plans an operator that is not known here.
        """
        try:
            with self._lock:
                statements = self._connection.extract_statements(sql)
                if len(statements) != 1 or statements[0].type.name != "SELECT":
                    return None
                row = self._connection.execute(f"EXPLAIN (FORMAT JSON) {sql}").fetchone()
        except self._failure:
            return None
        return None if row is None else _scanned(json.loads(row[1]))


def compare(
    opinion: Opinion, sql: str, claimed: Mapping[str, frozenset[str]]
) -> tuple[Finding, ...]:
    """This function will refuse unless the engine reads no more than `claimed` (table -> columns).

    The engine's own words are never passed on: they may quote what it read.
    """
    seen = opinion.columns(sql)
    if seen is None:
        sentence = "数据库引擎读不懂这段查询；请检查列的类型、函数的参数和 GROUP BY。"
        return (Finding("second_opinion.unbound", sentence, CLAUSE),)
    for table, columns in seen.items():
        if columns - claimed.get(table, frozenset()):
            sentence = "两种独立的解读不一致，为安全起见不予执行；请把列名写全（表名.列名）后再试。"
            return (Finding("second_opinion.disagrees", sentence, CLAUSE),)
    return ()


def _scanned(plan: Any) -> Mapping[str, frozenset[str]] | None:
    found: dict[str, frozenset[str]] = {}
    stack: list[dict[str, Any]] = list(plan)
    while stack:
        node = stack.pop()
        details = node.get("extra_info") or {}
        name = str(node.get("name", "")).strip()
        if name not in _OPERATORS:
            return None
        if name in _SCANS:
            table = _unquoted(str(details.get("Table", "")))
            if table is None or details.get("Filters"):
                return None
            found[table] = found.get(table, frozenset()) | _names(details.get("Projections"))
        stack.extend(node.get("children") or [])
    return found


def _names(value: str | list[str] | None) -> frozenset[str]:
    """The plan writes one column as text and several as a list."""
    listed = value if isinstance(value, list) else [value] if value else []
    return frozenset(listed)


def _unquoted(name: str) -> str | None:
    if not name.startswith(_PREFIX):
        return None
    table = name.removeprefix(_PREFIX)
    if table.startswith('"') and table.endswith('"') and len(table) > 1:
        return table[1:-1].replace('""', '"')
    return table
