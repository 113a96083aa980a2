"""Usage walk: everything that can change a cell or decide about a row is an influence."""

from __future__ import annotations

from city import ask


def influences(sql: str, **changes: str) -> dict[str, set[str]]:
    verdict = ask(sql, **changes)
    assert verdict.allowed, verdict.findings
    return {
        c.name: {f"{r.partition(':')[2]}.{i}" for r, i in c.influences} for c in verdict.lineage
    }


def test_filters_joins_groups_and_inner_conditions_are_influences() -> None:
    found = influences(
        "WITH a AS (SELECT 行政区划代码 AS 区, 主体_企业 AS k FROM 安全生产许可证 "
        "WHERE 有效期止 >= DATE '2026-01-01') "
        "SELECT a.区, count(DISTINCT a.k) AS n, "
        "count(DISTINCT t.主体_企业) FILTER (WHERE t.税种 = '增值税') AS m "
        "FROM a LEFT JOIN 欠税 t ON a.k = t.主体_企业 GROUP BY a.区"
    )

    rows = {"licences.有效期止", "licences.主体_企业", "arrears.主体_企业", "licences.行政区划代码"}
    assert found == {"区": rows, "n": rows, "m": rows | {"arrears.税种"}}


def test_a_column_that_is_selected_below_and_dropped_above_is_none() -> None:
    found = influences("SELECT a.企业名称 FROM (SELECT * FROM 科技型中小企业) a")

    assert found == {"企业名称": {"smes.企业名称"}}


def test_order_and_distinct_are_influences() -> None:
    ordered = influences("SELECT 企业名称 FROM 科技型中小企业 ORDER BY 统计年份")
    distinct = influences("SELECT DISTINCT 企业名称, 统计年份 FROM 科技型中小企业")

    assert ordered["企业名称"] == {"smes.企业名称", "smes.统计年份"}
    assert distinct["企业名称"] == {"smes.企业名称", "smes.统计年份"}


def test_lineage_tells_key_count_copy_and_answer_apart() -> None:
    statistics = ask("SELECT 许可状态, count(*) AS n FROM 安全生产许可证 GROUP BY 1")
    copy = ask("SELECT 企业名称 FROM 科技型中小企业")
    service = ask("SELECT 主体_企业, 许可状态 FROM 安全生产许可证", exit="service")

    assert [c.kind for c in statistics.lineage] == ["key", "count"]
    assert [c.kind for c in copy.lineage] == ["copy"]
    assert [c.kind for c in service.lineage] == ["key", "answer"]
    assert service.lineage[1].values == (("resource:licences", "许可状态"),)
