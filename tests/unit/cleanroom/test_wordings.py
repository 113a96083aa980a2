"""The nearest lawful wording: whatever is offered, put in the place of what was refused, passes."""

from __future__ import annotations

import pytest
from city import ask, codes

COUNT = "SELECT 行政区划代码, {} AS n FROM 安全生产许可证 {} GROUP BY 1"
CASES = [
    ("有效期止 >= DATE '2026-01-15'", "有效期止\" >= DATE '2026-01-01'"),
    ("有效期止 > DATE '2026-01-15'", "有效期止\" >= DATE '2026-02-01'"),
    ("有效期止 < DATE '2026-12-31'", "有效期止\" < DATE '2026-12-01'"),
    ("有效期止 <= DATE '2026-12-31'", "有效期止\" < DATE '2027-01-01'"),
    ("有效期止 = DATE '2026-12-31'", "有效期止\" < DATE '2027-01-01'"),
    ("有效期止 BETWEEN DATE '2026-01-05' AND DATE '2026-03-04'", "有效期止\" < DATE '2026-04-01'"),
    ('"注册资本(万元)" >= 1001', '注册资本(万元)" >= 1000'),
    ('"注册资本(万元)" < 5000', '注册资本(万元)" < 1000'),
    ('"注册资本(万元)" = 500', '注册资本(万元)" < 1000'),
    ('"注册资本(万元)" <= 100', '注册资本(万元)" < 1000'),
]


@pytest.mark.parametrize(("condition", "offered"), CASES, ids=[c for c, _ in CASES])
def test_a_condition_off_the_lines_is_offered_the_nearest(condition: str, offered: str) -> None:
    refused = ask(COUNT.format("count(*)", f"WHERE {condition}"))
    (finding,) = refused.findings

    assert finding.rewrite is not None
    assert finding.rewrite.endswith(offered)
    assert finding.where == (1, COUNT.format("count(*)", "WHERE ").index(" GROUP") + 1)
    assert ask(COUNT.format("count(*)", f"WHERE {finding.rewrite}")).allowed


@pytest.mark.parametrize(
    "condition",
    [
        '"注册资本(万元)" < -5',
        '"注册资本(万元)" > 5000.5',
        "许可状态 = '甲公司专用'",
        "许可状态 > '暂扣'",
        "有效期止 IN (DATE '2026-01-15')",
        "有效期止 > DATE '9999-12-31'",
    ],
)
def test_nothing_is_offered_where_nothing_is_near(condition: str) -> None:
    refused = ask(COUNT.format("count(*)", f"WHERE {condition}"))

    assert not refused.allowed
    assert {finding.rewrite for finding in refused.findings} == {None}


def test_a_case_inside_an_aggregate_is_offered_as_a_filter() -> None:
    refused = ask(COUNT.format("sum(CASE WHEN 许可状态 = '暂扣' THEN 1 ELSE 0 END)", ""))
    offered = {f.rewrite for f in refused.findings if f.code == "cohort.isolates"}

    assert offered == {"count(*) FILTER (WHERE \"许可状态\" = '暂扣')"}
    assert ask(COUNT.format(offered.pop(), "")).allowed


def test_a_case_that_is_unlawful_itself_is_offered_nothing() -> None:
    refused = ask(COUNT.format("sum(CASE WHEN 统一社会信用代码 = '9' THEN 1 END)", ""))

    assert {finding.rewrite for finding in refused.findings} == {None}


def test_a_day_as_a_group_is_offered_as_a_month() -> None:
    (finding,) = ask("SELECT 有效期止, count(*) AS n FROM 安全生产许可证 GROUP BY 1").findings

    assert finding.rewrite is not None
    assert ask(
        f"SELECT {finding.rewrite} AS 月, count(*) AS n FROM 安全生产许可证 GROUP BY 1"
    ).allowed


def test_all_faults_are_told_at_once() -> None:
    """One text breaks the allow-list, a type, a lattice, an identifier, the grant's raw rule."""
    verdict = ask(
        "SELECT 许可状态,\n  sum(CASE WHEN 统一社会信用代码 = '9' THEN 1 END) AS a,\n"
        "  reverse(企业名称) AS b\nFROM 安全生产许可证\nWHERE 有效期止 >= DATE '2026-01-15'\n"
        "  AND 许可范围 = '甲'\nGROUP BY 1\nORDER BY 2"
    )

    assert codes(verdict) >= {
        "cohort.identifier",
        "cohort.isolates",
        "cohort.no_lattice",
        "cohort.off_lattice",
        "parse.argument",
        "parse.function",
        "regime.raw_copy",
    }
    lines = {f.where[0] for f in verdict.findings if f.where is not None}
    assert {2, 3, 5, 6} <= lines
