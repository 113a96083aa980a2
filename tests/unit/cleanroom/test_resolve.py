"""Resolve: what every name is bound to, and the bounds on subqueries."""

from __future__ import annotations

import dataclasses

import pytest
from city import LICENCES, OPENED, SOURCES, ask, codes, item

from gongshu.cleanroom.parse import parse
from gongshu.cleanroom.query import Base, Query, bases, columns_of, levels
from gongshu.cleanroom.resolve import resolve


def bound(sql: str, sources=SOURCES) -> Query:
    tree = parse(sql).tree
    assert tree is not None
    resolved = resolve(sql, tree, sources)
    assert resolved.query is not None, resolved.findings
    return resolved.query


def test_every_column_is_bound_to_a_declared_column() -> None:
    query = bound(
        "WITH a AS (SELECT l.*, s.统计年份 FROM 安全生产许可证 l JOIN 科技型中小企业 s "
        "ON l.主体_企业 = s.主体_企业) "
        "SELECT 许可状态, count(DISTINCT 主体_企业) AS n FROM a GROUP BY 1"
    )

    for _, level in levels(query):
        names = {
            relation.alias: {c for c, _ in relation.source.columns()}
            if isinstance(relation, Base)
            else {p.name for p in relation.query.projections}
            for relation in level.relations
        }
        for projection in level.projections:
            for column in columns_of(projection.expression):
                assert column.name in names[column.table]


def test_stars_leave_subject_columns_out_at_the_top_and_keep_them_below() -> None:
    top = bound("SELECT * FROM 科技型中小企业")
    inner = bound("SELECT a.企业名称 FROM (SELECT * FROM 科技型中小企业) a")

    assert [p.name for p in top.projections] == [i.name for i in OPENED.items]
    (derived,) = inner.relations
    assert "主体_企业" in [p.name for p in derived.query.projections]


def test_names_are_found_whatever_their_case_and_written_as_declared() -> None:
    source = dataclasses.replace(OPENED, table="Firm", items=(item("Name", opened=True),))

    query = bound("SELECT f.NAME FROM FIRM f", [source])

    assert query.projections[0].expression.name == "Name"


def test_a_source_with_two_columns_of_one_name_is_no_source() -> None:
    doubled = dataclasses.replace(OPENED, items=(item("Name"), item("name")))
    tree = parse("SELECT name FROM 科技型中小企业").tree
    assert tree is not None

    assert resolve("", tree, [doubled]).query is None


def test_a_common_table_expression_used_twice_counts_twice() -> None:
    query = bound(
        "WITH a AS (SELECT 企业名称, 统一社会信用代码 AS k FROM 科技型中小企业) "
        "SELECT x.企业名称 FROM a x JOIN a y ON x.k = y.k"
    )

    assert len(list(bases(query))) == 2


def test_all_unknown_names_are_told_at_once() -> None:
    verdict = ask("SELECT 甲, 乙 FROM 科技型中小企业 WHERE 丙 = 1 AND 丁 = 2")

    assert len(verdict.findings) == 4
    assert codes(verdict) == {"resolve.unknown_column"}
    assert [f.where for f in verdict.findings] == [(1, 8), (1, 11), (1, 32), (1, 42)]


@pytest.mark.parametrize(
    ("count", "allowed"), [(7, True), (8, False)], ids=["seven levels below", "eight levels below"]
)
def test_levels_are_bounded(count: int, allowed: bool) -> None:
    sql = "SELECT 企业名称 FROM 科技型中小企业"
    for number in range(count):
        sql = f"SELECT a{number}.企业名称 FROM ({sql}) a{number}"

    verdict = ask(sql)

    assert verdict.allowed == allowed, verdict.findings
    assert allowed or codes(verdict) == {"resolve.too_deep"}


def test_repeated_use_of_a_doubling_expression_is_bounded() -> None:
    parts = ["a0 AS (SELECT 企业名称 FROM 科技型中小企业)"]
    parts += [
        f"a{n} AS (SELECT x.企业名称 FROM a{n - 1} x JOIN a{n - 1} y ON x.企业名称 = y.企业名称)"
        for n in range(1, 7)
    ]

    assert codes(ask(f"WITH {', '.join(parts)} SELECT 企业名称 FROM a6")) == {"resolve.too_many"}


def test_an_unaliased_join_of_named_columns_is_written_in_full() -> None:
    verdict = ask("SELECT 许可状态, count(DISTINCT 主体_企业) AS n FROM 安全生产许可证 GROUP BY 1")

    assert verdict.plan is not None
    assert f'"{LICENCES.table}"."许可状态"' in verdict.plan.sql
