"""From a query text to a checked result: milliseconds for the verdict and for the whole run.

The query has 30 lines, joins four departments' sources and counts in three cohorts. The whole run
is verdict, a warm worker that loads the granted columns, the engine, and the output check; beside
it stands the bare engine with the same rows already in memory, which checks nothing.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import duckdb
import pyarrow as pa
from sqlglot.lineage import lineage

from gongshu.cleanroom import ItemRule, Lattice, Plan, SecondOpinion, Source, Verdict, check
from gongshu.engines import duckdb as engine
from gongshu.policy import Grant, GrantIndex
from gongshu.sandbox import Limits
from gongshu.sdc import protect
from gongshu.vocabulary.levels import IdentifierClass, Regime, SubjectKind

ENTERPRISES = 50_000
ROUNDS = 30
RUNS = 5
AT = datetime(2026, 9, 1, tzinfo=UTC)
LIMITS = Limits()
CODES = ("110101", "110102", "110105", "110106", "110107", "110108", "110109", "110111")

QUERY = """\
-- 各区持证企业的安全生产风险
WITH 持证 AS (
    SELECT
        l.主体_企业,
        l.行政区划代码 AS 区,
        l.许可状态,
        l.有效期止
    FROM 安全生产许可证 AS l
    WHERE l.有效期止 >= DATE '2026-01-01'
      AND l.许可状态 IN ('有效', '暂扣')
),
不合格 AS (
    SELECT
        i.主体_企业,
        i.检查结果
    FROM 执法检查 AS i
    WHERE i.检查日期 >= DATE '2025-01-01'
      AND i.检查结果 = '不合格'
)
SELECT
    c.区,
    count(DISTINCT c.主体_企业) AS 持证企业,
    count(DISTINCT b.主体_企业) AS 检查不合格企业,
    count(DISTINCT c.主体_企业) FILTER (WHERE c.许可状态 = '暂扣') AS 暂扣企业,
    count(DISTINCT c.主体_企业) FILTER (WHERE t.欠税余额 >= 10000) AS 大额欠税企业
FROM 持证 AS c
LEFT JOIN 不合格 AS b ON c.主体_企业 = b.主体_企业
LEFT JOIN 欠税 AS t ON c.主体_企业 = t.主体_企业
LEFT JOIN 危化登记 AS d ON c.主体_企业 = d.主体_企业
GROUP BY c.区
"""


def measure() -> dict[str, float]:
    """Return milliseconds by name (medians) and the number of lines that were judged."""
    opinion = SecondOpinion(SOURCES)
    plan = _judged(opinion).plan
    if plan is None:
        raise RuntimeError("the benchmark's own query must be lawful")
    rows = _rows()
    figures = {"query, lines": float(len(QUERY.splitlines()))}
    figures["verdict with second opinion, ms"] = _median(lambda: _judged(opinion), ROUNDS)
    figures |= _long()
    figures["building a second opinion, ms"] = _median(lambda: SecondOpinion(SOURCES), RUNS)
    with engine.pool(1, LIMITS) as workers:

        def whole() -> None:
            judged = _judged(opinion).plan
            result = engine.run(judged or plan, rows, LIMITS, workers=workers)
            protect(result, plan, plan.k)

        figures["whole run, warm worker, ms"] = _median(whole, RUNS, rest=3.0)
    figures["whole run, cold worker, ms"] = _median(
        lambda: protect(engine.run(plan, rows, LIMITS), plan, plan.k), RUNS
    )
    figures["bare engine, no check, ms"] = _bare(rows)
    figures["output check, ms"] = _output_check(plan, rows)
    return figures


def _median(work: Callable[[], object], rounds: int, *, rest: float = 0.0) -> float:
    """`rest` lets a worker warm up between two runs, outside the clock."""
    taken = []
    for _ in range(rounds):
        time.sleep(rest)
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken) * 1000


def _long() -> dict[str, float]:
    """Check a query of 301 lines over eight tables; beside it each output's lineage by sqlglot."""
    text, opinion = long_query(), SecondOpinion(WIDE)
    verdict = _judged(opinion, text, WIDE)
    if verdict.plan is None:
        raise RuntimeError(f"the benchmark's long query must be lawful: {verdict.findings}")
    outputs = [column.name for column in verdict.lineage]

    def naive() -> None:
        schema = {source.table: dict(source.columns()) for source in WIDE}
        for name in outputs:
            lineage(name, text, schema=schema, dialect="duckdb")

    return {
        "long query, lines": float(len(text.splitlines())),
        "long query, verdict with second opinion, ms (at most 100)": _median(
            lambda: _judged(opinion, text, WIDE), RUNS
        ),
        "对照：long query, sqlglot lineage of each output, ms": _median(naive, 1),
    }


def long_query() -> str:
    """Return the query: each table as a part of its own with all its items, joined in the end."""
    parts = []
    for number, source in enumerate(WIDE):
        items = [f'        t."{item.name}"' for item in source.items[:31]]
        head = f"p{number} AS (\n    SELECT\n        t.主体_企业,\n"
        parts.append(head + ",\n".join(items) + f"\n    FROM {source.table} AS t\n)")
    joins = [f"LEFT JOIN p{n} ON p0.主体_企业 = p{n}.主体_企业" for n in range(1, len(WIDE))]
    counts = [f"    count(DISTINCT p{n}.主体_企业) AS 企业数{n}" for n in range(1, 6)]
    end = ["SELECT", "    p0.行政区划代码 AS 区,", ",\n".join(counts), "FROM p0", *joins]
    return "WITH " + ",\n".join(parts) + "\n" + "\n".join([*end, "GROUP BY p0.行政区划代码"])


def _judged(opinion: SecondOpinion, text: str = QUERY, sources: tuple[Source, ...] = ()) -> Verdict:
    return check(
        text,
        sources=sources or SOURCES,
        index=_index(sources) if sources else INDEX,
        party="org:developer",
        purpose="industry",
        business="resource_development",
        region=None,
        at=AT,
        spent={},
        exit="export",
        scenario=None,
        second_opinion=opinion,
    )


def _bare(rows: dict[str, pa.Table]) -> float:
    connection = duckdb.connect(":memory:")
    for name, table in rows.items():
        connection.register("loading", table)
        connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM loading')
    return _median(lambda: connection.sql(QUERY).fetchall(), RUNS)


def _output_check(plan: Plan, rows: dict[str, pa.Table]) -> float:
    result = engine.run(plan, rows, LIMITS)
    return _median(lambda: protect(result, plan, plan.k), ROUNDS)


# -- a city of enterprises ---------------------------------------------------------------------


def _item(name: str, kind: str = "text", lattice: Lattice | None = None) -> ItemRule:
    opened = name == "行政区划代码"
    return ItemRule(
        name=name,
        type=kind,
        regime=Regime.open if opened else Regime.entity,
        identifier=IdentifierClass.direct if name == "企业名称" else IdentifierClass.other,
        opened=opened,
        grade=1 if opened else 2,
        subject=SubjectKind.enterprise,
        lattice=lattice,
    )


def _source(table: str, *items: ItemRule) -> Source:
    wide = tuple(_item(f"备注{number}") for number in range(30))
    return Source(
        resource=f"resource:{table}",
        table=table,
        title=table,
        items=(_item("企业名称"), *items, *wide),
        subjects={SubjectKind.enterprise: "主体_企业"},
        snapshot="1",
    )


STATES = ("有效", "暂扣", "注销")
SOURCES = (
    _source(
        "安全生产许可证",
        _item("许可状态", lattice=Lattice.of_values(STATES)),
        _item("有效期止", "date", Lattice.of_months()),
        _item("行政区划代码"),
    ),
    _source(
        "执法检查",
        _item("检查日期", "date", Lattice.of_months()),
        _item("检查结果", lattice=Lattice.of_values(["合格", "不合格"])),
    ),
    _source("欠税", _item("欠税余额", "number", Lattice.of_bands([0, 10_000, 100_000]))),
    _source("危化登记", _item("登记品类")),
)


def _index(sources: tuple[Source, ...]) -> GrantIndex:
    return GrantIndex.build(_grant(source) for source in sources)


def _grant(source: Source) -> Grant:
    return Grant(
        id=f"grant:{source.table}",
        grantee="org:developer",
        object=source.resource,
        actions=frozenset({"query", "export"}),
        items=frozenset(item.name for item in source.items),
        purposes=frozenset({"industry"}),
        businesses=frozenset({"resource_development"}),
        regions=frozenset(),
        valid_from=datetime(2026, 1, 1, tzinfo=UTC),
        valid_until=datetime(2027, 1, 1, tzinfo=UTC),
        quota=None,
        minimum=10,
        max_rows=10_000,
        subject_authorisation=False,
        undertakings=(),
        clause="27-14",
        clauses={},
        case="case:1",
        parent=None,
        scenario=None,
    )


INDEX = _index(SOURCES)
WIDE = (
    *SOURCES,
    *(
        _source(name, _item("登记类别"))
        for name in ("企业登记", "行政处罚", "信用评级", "社保参保")
    ),
)


def _rows() -> dict[str, pa.Table]:
    draw = random.Random(20260901)
    return {source.table: _table(source, draw) for source in SOURCES}


def _table(source: Source, draw: random.Random) -> pa.Table:
    columns: dict[str, list[Any]] = {
        "主体_企业": [f"91{draw.randrange(ENTERPRISES):016d}" for _ in range(ENTERPRISES)]
    }
    for item in source.items:
        if not item.name.startswith("备注"):
            columns[item.name] = [_value(item, draw) for _ in range(ENTERPRISES)]
    return pa.table(columns)


def _value(item: ItemRule, draw: random.Random) -> object:
    if item.type == "date":
        return date(draw.randrange(2025, 2029), draw.randrange(1, 13), draw.randrange(1, 28))
    if item.type == "number":
        return draw.random() * 200_000
    if item.name == "行政区划代码":
        return draw.choice(CODES)
    return draw.choice(sorted(item.lattice.values)) if item.lattice else "甲"


if __name__ == "__main__":
    for figure, amount in measure().items():
        print(f"{figure}: {amount:,.1f}")
