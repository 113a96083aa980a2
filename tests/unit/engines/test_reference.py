"""The fast engine says what the slow reference says, on every lawful query of the spec."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from city import ask, grants
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import tables
from test_pairs import ALL

from gongshu.cleanroom import Plan
from gongshu.engines import reference, worker

MORE = [
    "SELECT 企业名称 AS a, lower(trim(企业名称)) AS b, length(企业名称) AS c, "
    "substring(企业名称, 2, 2) AS d, concat(企业名称, '-', 统一社会信用代码) AS e "
    "FROM 科技型中小企业 ORDER BY 1 DESC, 2, 3",
    "SELECT CASE 统计年份 WHEN 2018 THEN '旧' WHEN 2020 THEN '新' END AS x, "
    "coalesce(企业名称, '无名') AS y, 统计年份 * 2 - 1 + 3 AS z FROM 科技型中小企业",
    "SELECT year(入库日期) AS y, month(入库日期) AS m, date_trunc('quarter', 入库日期) AS q "
    "FROM 科技型中小企业 WHERE NOT (统计年份 BETWEEN 1 AND 2018 OR 企业名称 LIKE '%公_')",
    "SELECT DISTINCT 统计年份 FROM 科技型中小企业 WHERE 企业名称 NOT LIKE '乙%' "
    "ORDER BY 1 DESC LIMIT 3 OFFSET 1",
    "SELECT 统计年份, count(*) AS n, count(DISTINCT 企业名称) FILTER (WHERE 行政区划代码 <> '31') "
    "AS m FROM 科技型中小企业 WHERE 统一社会信用代码 IN ('91A', '92c') OR 统计年份 = NULL "
    "GROUP BY 1",
    "SELECT 诊断, count(*) AS n, count(DISTINCT 主体_个人) FILTER (WHERE 性别 = '男') AS m, "
    "count(DISTINCT 主体_企业) FILTER (WHERE NOT 性别 = '男' OR 诊断 IS NULL) AS o "
    "FROM 门诊 GROUP BY 1",
]


def plans() -> list[Plan]:
    found = [ask(pair.sql, exit=pair.exit).plan for pair in ALL if pair.refusals is None]
    found += [ask(sql).plan for sql in MORE]
    assert None not in found
    limited = grants(安全生产许可证={"regions": frozenset({"1101", "31"})})
    found += [
        ask(pair.sql, index=limited).plan
        for pair in ALL
        if pair.refusals is None and pair.exit == "export" and "安全生产许可证" in pair.sql
    ]
    return [plan for plan in found if plan is not None]


PLANS = plans()


def run_here(plan: Plan, rows: dict[str, pa.Table]) -> pa.Table:
    """Run the worker's own task in this process: the same steps without the process around it."""
    from gongshu.engines.feeding import feed

    sent: list[Any] = []
    params = {
        "sql": plan.sql,
        "tables": [
            {"name": t, "columns": list(zip(c, plan.types[t], strict=True))}
            for t, c in plan.sources.items()
        ],
        "max_rows": plan.max_rows,
        "memory_bytes": 1 << 29,
    }
    worker.work(params, [], feed(plan, rows), lambda _, batch: sent.append(batch))
    return pa.Table.from_batches([b for part in sent[1:] for b in [part]], sent[0].schema)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, float) or isinstance(other, float):
        return one is not None and other is not None and math.isclose(float(one), float(other))
    if isinstance(one, Decimal) or isinstance(other, Decimal):
        return bool(Decimal(one) == Decimal(other))
    return bool(one == other)


def agree(plan: Plan, rows: dict[str, pa.Table]) -> None:
    fast = run_here(plan, rows)
    slow = reference.run(plan, rows)

    assert fast.column_names == slow.column_names
    pairs = zip(fast.to_pylist(), slow.to_pylist(), strict=True)
    for one, other in pairs:
        assert all(same(one[name], other[name]) for name in one), (plan.sql, one, other)


def test_every_accepted_query_of_the_spec_is_here() -> None:
    assert len(PLANS) >= 45
    assert {plan.shape for plan in PLANS} == {"statistics", "open", "service"}


@pytest.mark.parametrize("plan", PLANS, ids=[str(n) for n in range(len(PLANS))])
def test_both_engines_agree(plan: Plan) -> None:
    agree(plan, tables(1))
    agree(plan, tables(2, rows=0))


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(PLANS), st.integers(3, 10_000), st.integers(1, 80), st.integers(1, 40))
def test_both_engines_agree_on_any_rows(plan: Plan, seed: int, rows: int, subjects: int) -> None:
    agree(plan, tables(seed, rows=rows, subjects=subjects))


def test_both_engines_agree_on_who_contributes() -> None:
    """Subjects in many rows, subjects that are not known, losses, zeros, empty groups."""
    sums = [plan for plan in PLANS if plan.contributions]
    assert len(sums) >= 5
    for seed in range(3):
        for plan in sums:
            agree(plan, tables(seed, rows=90, subjects=6))


def test_a_difference_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = ask("SELECT 诊断, count(DISTINCT 主体_个人) AS n FROM 门诊 GROUP BY 1").plan
    assert plan is not None
    honest = worker.work

    def counts_blanks(params: Any, *rest: Any) -> Any:
        text = params["sql"].replace('DISTINCT "门诊"."主体_个人"', "*")
        return honest({**params, "sql": text}, *rest)

    monkeypatch.setattr(worker, "work", counts_blanks)
    with pytest.raises(AssertionError):
        agree(plan, tables(1))


def test_the_reference_refuses_what_the_clean_room_does_not_write() -> None:
    plan = PLANS[0]
    from dataclasses import replace

    for text in ("DELETE FROM x", "SELECT max(a) FROM b", "SELECT 1; SELECT 2"):
        with pytest.raises(ValueError, match="plan"):
            reference.run(replace(plan, sql=text), tables(1))
