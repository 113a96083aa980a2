"""The profile and the quality of a generated register, beside DuckDB's SUMMARIZE and 20 queries.

Seventeen columns as in a register of residents. The peers are the engine itself: SUMMARIZE for the
statistics, and the same rules asked one after the other. `GONGSHU_PROFILE_ROWS` makes the table
smaller while developing.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable
from datetime import date
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from benchmarks.risk import residents
from gongshu.profile import study
from gongshu.quality import Check, Rule, RuleKind, check

ROWS = int(os.environ.get("GONGSHU_PROFILE_ROWS", "10000000"))
DAY = date(2026, 6, 30)
K = RuleKind


def measure() -> dict[str, float]:
    """Return seconds and ratios by name."""
    rows = register(ROWS)
    seconds, _ = _timed(lambda: study(lambda: rows))
    peer, _ = _timed(lambda: _summarise(rows))
    rules = twenty()
    together, found = _timed(lambda: check(rows, rules, as_of=DAY))
    apart, _ = _timed(lambda: [check(rows, [rule], as_of=DAY) for rule in rules])
    return {
        "rows": float(ROWS),
        "columns": float(rows.num_columns),
        "table in memory, MB": rows.nbytes / 1e6,
        "complete profile with keys, s": seconds,
        "对照：DuckDB SUMMARIZE, s": peer,
        "profile / SUMMARIZE (at most 1.5)": seconds / peer,
        "20 quality rules in one query, s": together,
        "对照：20 separate passes, s": apart,
        "separate / together": apart / together,
        "rules that failed": float(sum(1 for one in found.results if one.failed)),
        "peak memory of the process, MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
    }


def register(rows: int, seed: int = 11) -> pa.Table:
    """Make a register of 17 columns: nine of few values, identifiers, dates, amounts, addresses."""
    draw = np.random.default_rng(seed)
    number = np.arange(rows)
    days = draw.integers(0, 20_000, rows)

    def texts(*parts: np.ndarray | str) -> pa.Array:
        joined: Any = ""
        for part in parts:
            joined = np.char.add(joined, part) if not isinstance(joined, str) or joined else part
        return pa.array(joined, pa.string())

    def padded(values: np.ndarray, width: int) -> np.ndarray:
        return np.char.zfill(values.astype(f"U{width}"), width)

    born = (np.datetime64("1950-01-01") + days).astype("U10")
    born = np.char.replace(born, "-", "")
    table = residents(rows)
    more = {
        "id_no": texts("110105", born, padded(draw.integers(0, 10_000, rows), 4)),
        "mobile": texts("139", padded(draw.integers(0, 10**8, rows), 8)),
        "case_no": texts("A", padded(number, 9)),
        "address": texts("东湖路", padded(draw.integers(0, 5_000, rows), 4), "号"),
        "amount": pa.array(np.round(draw.exponential(900, rows), 2)),
        "score": pa.array(draw.integers(-5, 1_000, rows)),
        "born": pa.array((days - 7_305).astype(np.int32)).cast(pa.date32()),
        "seen": pa.array((days + 2_000).astype(np.int32)).cast(pa.date32()),
    }
    for name, column in more.items():
        table = table.append_column(name, column)
    return table


def twenty() -> list[Rule]:
    """Return twenty rules of nine kinds."""
    columns = ("gender", "district", "occupation", "education", "id_no", "mobile", "case_no")
    return [
        *(Rule(f"{name} filled", K.not_null, (name,)) for name in columns),
        Rule("case unique", K.unique, ("case_no",)),
        Rule("mobile", K.pattern, ("mobile",), pattern="1[3-9][0-9]{9}"),
        Rule("case form", K.pattern, ("case_no",), pattern="A[0-9]{9}"),
        Rule("id", K.checksum, ("id_no",), check=Check.citizen_id),
        Rule("id long", K.length, ("id_no",), low="18", high="18"),
        Rule("mobile long", K.length, ("mobile",), low="11", high="11"),
        Rule("gender", K.code_set, ("gender",), values=("性别000", "性别001")),
        Rule("household", K.range, ("household",), low="1", high="8"),
        Rule("amount", K.range, ("amount",), low="0"),
        Rule("score", K.range, ("score",), low="0", high="999"),
        Rule("born", K.period, ("born",), low="1900-01-01", high="2026-12-31"),
        Rule("order", K.sequence, ("born", "seen")),
        Rule("fresh", K.timeliness, ("seen",), days=3_650),
    ]


def _summarise(rows: pa.Table) -> list[Any]:
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.register("rows", rows)
        found: list[Any] = connection.execute("SUMMARIZE SELECT * FROM rows").fetchall()
        return found


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found


if __name__ == "__main__":
    for figure, amount in measure().items():
        print(f"{figure}: {amount:,.2f}")
