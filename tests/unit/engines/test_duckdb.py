"""The engine in its worker: only granted rows enter, the lock holds, every failure is one code."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa
import pytest
from city import ask, grants
from rows import tables

from gongshu.cleanroom import Plan
from gongshu.cleanroom.failures import RunFailed
from gongshu.engines import duckdb, reference
from gongshu.engines.feeding import feed
from gongshu.sandbox import Limits, Pool
from gongshu.sdc import protect

LIMITS = Limits(memory_bytes=512 * 1024 * 1024, wall_seconds=30, cpu_seconds=30)
ROWS = tables(7, rows=400, subjects=200)
BY_STATE = "SELECT 许可状态, count(DISTINCT 主体_企业) AS n FROM 安全生产许可证 GROUP BY 1"


@pytest.fixture(scope="module")
def workers() -> Iterator[Pool]:
    with duckdb.pool(2, LIMITS) as pool:
        yield pool


def plan_of(sql: str, **changes: object) -> Plan:
    plan = ask(sql, **changes).plan
    assert plan is not None
    return plan


def test_a_plan_runs_in_a_fresh_worker_and_in_a_warm_one(workers: Pool) -> None:
    plan = plan_of(BY_STATE)
    expected = reference.run(plan, ROWS)

    cold = duckdb.run(plan, ROWS, LIMITS)
    warm = duckdb.run(plan, ROWS, LIMITS, workers=workers)

    assert cold.to_pylist() == warm.to_pylist() == expected.to_pylist()


@pytest.mark.parametrize("size", [400, 0])
def test_sums_and_means_leave_the_worker_as_the_reference_gives_them(
    workers: Pool, size: int
) -> None:
    """What is shown and what reviewers are told is the same, empty tables included."""
    plan = plan_of(
        "SELECT 行政区划代码 AS 区, sum(从业人数) AS a, avg(从业人数) AS b, "
        "sum(\"注册资本(万元)\") FILTER (WHERE 许可状态 = '有效') AS c "
        "FROM 安全生产许可证 GROUP BY 1"
    )
    rows = {name: table.slice(0, size) for name, table in ROWS.items()}

    fast = protect(duckdb.run(plan, rows, LIMITS, workers=workers), plan, plan.k)
    slow = protect(as_the_engine_types_them(reference.run(plan, rows)), plan, plan.k)

    assert fast.table.to_pylist() == slow.table.to_pylist()
    assert fast.for_reviewer == slow.for_reviewer
    assert any(v is not None for v in fast.table["a"].to_pylist()) == (size > 0)


def as_the_engine_types_them(table: pa.Table) -> pa.Table:
    """An empty list has no type of its own."""
    counts = {name: pa.int64() for name in table.column_names if name[:4] in ("gs_n", "gs_p")}
    kinds = [
        counts.get(f.name, pa.string()) if pa.types.is_null(f.type) else f.type
        for f in table.schema
    ]
    return table.cast(pa.schema(zip(table.column_names, kinds, strict=True)))


def test_the_result_has_its_columns_even_without_rows(workers: Pool) -> None:
    empty = {name: table.slice(0, 0) for name, table in ROWS.items()}

    result = duckdb.run(plan_of(BY_STATE), empty, LIMITS, workers=workers)

    assert result.num_rows == 0
    assert result.column_names[:2] == ["许可状态", "n"]


def test_only_named_columns_and_granted_rows_enter() -> None:
    index = grants(安全生产许可证={"regions": frozenset({"31"})})
    plan = plan_of(BY_STATE, index=index)

    (reader,) = feed(plan, ROWS)
    entered = reader.read_all()

    assert set(entered.column_names) == {"许可状态", "行政区划代码", "主体_企业"}
    assert set(entered.column("行政区划代码").to_pylist()) == {"310101", "31"}
    licences = ROWS["安全生产许可证"].column("行政区划代码").to_pylist()
    assert entered.num_rows == sum(1 for code in licences if code and code.startswith("31"))


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"sql": "SELECT * FROM read_text('/etc/hostname')"}, "crash"),
        ({"sql": "COPY (SELECT 1) TO '/tmp/gongshu-escape'"}, "crash"),
        ({"sql": "SELECT 1 AS n; SELECT 2 AS n"}, "crash"),
        ({"sql": "SELECT error(许可状态) FROM 安全生产许可证"}, "crash"),
        ({"sql": "SELECT CAST(主体_企业 AS INT) AS n FROM 安全生产许可证"}, "crash"),
        ({"max_rows": 2}, "crash"),
        ({"sources": {"安全生产许可证": ("许可状态", "没有")}}, "missing_input"),
        ({"sources": {"没有": ("许可状态",)}, "types": {"没有": ("VARCHAR",)}}, "missing_input"),
    ],
)
def test_every_failure_looks_the_same(change: dict[str, object], cause: str, workers: Pool) -> None:
    plan = replace(plan_of(BY_STATE), **change)

    with pytest.raises(RunFailed) as failure:
        duckdb.run(plan, ROWS, LIMITS, workers=workers)

    assert failure.value.cause == cause
    assert failure.value.code == "run_failed"
    assert failure.value.sentence == RunFailed("anything").sentence
    assert failure.value.details == ()
    assert failure.value.__cause__ is None


@pytest.mark.parametrize(
    ("sql", "limits"),
    [
        ("SELECT length(repeat('x', 2000000000)) AS n", LIMITS),
        ("SELECT len(range(200000000)) AS n", LIMITS),
        (
            "SELECT count(*) AS n FROM range(100000000000) a, range(100000) b "
            "WHERE a.range < b.range",
            replace(LIMITS, wall_seconds=1.0),
        ),
        ("SELECT range AS n FROM range(100000000)", replace(LIMITS, output_bytes=1_000_000)),
    ],
    ids=["one large text", "one long list", "endless", "large result"],
)
def test_a_bomb_is_one_failure_too(sql: str, limits: Limits) -> None:
    plan = replace(plan_of(BY_STATE), sql=sql, max_rows=None)

    with pytest.raises(RunFailed):
        duckdb.run(plan, ROWS, limits)


def test_the_worker_sees_no_table_that_the_plan_does_not_name(workers: Pool) -> None:
    plan = replace(
        plan_of(BY_STATE), sql="SELECT table_name AS n FROM information_schema.tables ORDER BY 1"
    )

    names = duckdb.run(plan, ROWS, LIMITS, workers=workers).column("n").to_pylist()

    assert names == ["安全生产许可证"]


def test_rows_may_come_as_a_stream(workers: Pool) -> None:
    table = ROWS["安全生产许可证"]
    batches = pa.Table.from_batches(table.to_batches(max_chunksize=7)).to_reader()

    streamed = duckdb.run(plan_of(BY_STATE), {"安全生产许可证": batches}, LIMITS, workers=workers)

    assert streamed.equals(duckdb.run(plan_of(BY_STATE), ROWS, LIMITS, workers=workers))


def test_a_waiting_worker_has_loaded_neither_the_parser_nor_the_clean_room() -> None:
    script = (
        "import sys; from gongshu.engines import worker; worker.WARM_UP(); "
        "sys.exit(any(name in sys.modules for name in ('sqlglot', 'gongshu.cleanroom')))"
    )

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
