"""Rewrite, plan and second check: what is added to a checked query, and that nothing else is."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from city import ARREARS, INSPECTIONS, LICENCES, OPINION, SOURCES, VISITS, ask, grants

from gongshu.cleanroom import Plan, check, rechecking
from gongshu.cleanroom import plan as planning
from gongshu.cleanroom.model import RowCondition
from gongshu.cleanroom.parse import parse
from gongshu.cleanroom.resolve import resolve
from gongshu.cleanroom.rewrite import Additions
from gongshu.vocabulary.levels import SubjectKind

BY_STATE = "SELECT 许可状态, count(*) AS n FROM 安全生产许可证 GROUP BY 1"


def plan_of(sql: str, **changes: object) -> Plan:
    verdict = ask(sql, **changes)
    assert verdict.plan is not None, verdict.findings
    return verdict.plan


def hidden(plan: Plan) -> dict[str, str]:
    """Hidden column -> the text by which it is counted."""
    flat = re.sub(r"\s+", " ", plan.sql)
    return {name: text for text, name in re.findall(r'(COUNT\(.*?) AS "(\w+)"(?:,| FROM)', flat)}


def flagged(plan: Plan) -> dict[str, str]:
    """Population -> the text by which a listed subject is found to be in it."""
    (listed,) = plan.contributions
    flat = re.sub(r"\s+", " ", listed.sql)
    texts = {name: text for text, name in re.findall(r'(COUNT\(.*?) AS "(\w+)"(?:,| FROM)', flat)}
    return {name: texts[flag] for name, flag in listed.members if flag is not None}


def test_each_measure_counts_the_subjects_of_each_source_it_depends_on() -> None:
    plan = plan_of(
        "SELECT v.诊断, count(DISTINCT v.主体_个人) AS n, count(DISTINCT v.主体_个人) "
        "FILTER (WHERE t.税种 = '印花税') AS m "
        "FROM 门诊 v LEFT JOIN 欠税 t ON v.主体_企业 = t.主体_企业 "
        "GROUP BY v.诊断"
    )
    counted = hidden(plan)

    assert [(p.kind, p.optional) for p in plan.groups] == [
        (SubjectKind.enterprise, False),
        (SubjectKind.person, False),
        (SubjectKind.enterprise, True),
    ]
    unfiltered, filtered = plan.measures
    assert not unfiltered.selective
    assert len(unfiltered.populations) == 2, "the arrears change nothing about it"
    assert filtered.selective
    assert len(filtered.populations) == 3
    for population in filtered.populations:
        assert 'FILTER(WHERE "t"."税种" = \'印花税\')' in counted[population.column]
    assert plan.subjects == (SubjectKind.enterprise, SubjectKind.person)


def test_subjects_that_an_inner_join_equates_are_counted_once() -> None:
    plan = plan_of(
        "SELECT l.许可状态, count(DISTINCT l.主体_企业) AS n FROM 安全生产许可证 l "
        "JOIN 欠税 t ON l.主体_企业 = t.主体_企业 "
        "JOIN 执法检查 i ON i.主体_企业 = t.主体_企业 GROUP BY 1"
    )

    assert len(plan.groups) == 1


def test_subjects_that_other_columns_join_are_counted_apart() -> None:
    plan = plan_of(
        "SELECT l.许可状态, count(DISTINCT l.主体_企业) AS n FROM 安全生产许可证 l "
        "JOIN 科技型中小企业 s ON l.行政区划代码 = s.行政区划代码 GROUP BY 1"
    )

    assert len(plan.groups) == 2


def test_a_filter_below_on_a_left_joined_source_makes_all_measures_depend_on_it() -> None:
    plan = plan_of(
        "SELECT a.许可状态, count(DISTINCT a.主体_企业) AS n FROM (SELECT l.许可状态, l.主体_企业 "
        "FROM 安全生产许可证 l LEFT JOIN 欠税 t ON l.主体_企业 = t.主体_企业 "
        "WHERE t.税种 IS NULL) a GROUP BY 1"
    )

    assert [p.optional for p in plan.measures[0].populations] == [False, True]


def test_counting_matches_counts_who_has_one() -> None:
    plan = plan_of(
        "SELECT l.许可状态, count(DISTINCT t.主体_企业) AS n FROM 安全生产许可证 l "
        "LEFT JOIN 欠税 t ON l.主体_企业 = t.主体_企业 GROUP BY 1"
    )
    (measure,) = plan.measures
    counted = hidden(plan)

    assert measure.selective
    matched = 'FILTER(WHERE NOT "t"."主体_企业" IS NULL)'
    assert all(matched in counted[p.column] for p in measure.populations)


def test_two_cohorts_are_also_counted_together() -> None:
    plan = plan_of(
        "SELECT 行政区划代码, count(*) FILTER (WHERE 许可状态 = '暂扣') AS a, "
        "count(*) FILTER (WHERE 企业规模 = '大') AS b, count(*) AS c FROM 安全生产许可证 GROUP BY 1"
    )
    _, second, third = plan.measures
    ((first, (union,)),) = second.unions

    assert first == 0
    assert "= '暂扣' OR" in flagged(plan)[union.column]
    assert third.unions == ()


def test_only_used_columns_are_loaded_and_their_types_stand_beside() -> None:
    plan = plan_of(
        "WITH a AS (SELECT * FROM 安全生产许可证) " + BY_STATE.replace("安全生产许可证", "a")
    )

    assert plan.sources == {"安全生产许可证": ("许可状态", "主体_企业")}
    assert plan.types == {"安全生产许可证": ("VARCHAR", "VARCHAR")}
    assert plan.resources == {"安全生产许可证": LICENCES.resource}


def test_a_closed_key_is_held_to_its_code_list_and_the_author_is_told() -> None:
    verdict = ask(BY_STATE)
    assert verdict.plan is not None

    assert "IN ('暂扣', '有效', '注销')" in verdict.plan.sql
    assert "许可状态" in verdict.notes[0]
    assert not verdict.plan.key_opened


def test_an_open_key_and_a_month_need_no_code_list() -> None:
    opened = ask(
        "SELECT 行政区划代码, count(DISTINCT 主体_企业) AS n FROM 安全生产许可证 GROUP BY 1"
    )
    month = ask(
        "SELECT date_trunc('month', 有效期止) AS m, count(*) AS n FROM 安全生产许可证 GROUP BY 1"
    )

    assert opened.notes == month.notes == ()
    assert opened.plan is not None
    assert opened.plan.key_opened


def test_a_code_list_holds_where_the_key_comes_from_and_only_there() -> None:
    plan = plan_of(
        "SELECT a.许可状态, count(DISTINCT a.主体_企业) AS n FROM 安全生产许可证 a "
        "JOIN 安全生产许可证 b ON a.主体_企业 = b.主体_企业 WHERE b.许可状态 = '有效' GROUP BY 1"
    )

    assert plan.sql.count("IN ('暂扣'") == 1


@pytest.mark.parametrize(
    "sql",
    [
        BY_STATE,
        "SELECT 企业名称 FROM 科技型中小企业",
        "SELECT 统计年份, count(*) AS n FROM 科技型中小企业 GROUP BY 1",
    ],
)
def test_rows_have_one_order(sql: str) -> None:
    assert "ORDER BY" in plan_of(sql).sql


def test_rewriting_the_rewritten_text_changes_no_word() -> None:
    """The text that runs is stable: an open query, checked again, is the same text."""
    once = plan_of("SELECT s.企业名称 AS n FROM 科技型中小企业 s WHERE 统计年份 > 2018 LIMIT 5").sql

    assert plan_of(once).sql == once


def test_the_same_query_gives_the_same_text() -> None:
    assert plan_of(BY_STATE).sql == plan_of(BY_STATE).sql


# -- the second check --------------------------------------------------------------------------

CHECKED = (
    "SELECT l.许可状态, count(DISTINCT l.主体_企业) AS n FROM 安全生产许可证 l "
    "JOIN 执法检查 i ON l.主体_企业 = i.主体_企业 WHERE i.检查结果 = '不合格' GROUP BY l.许可状态"
)
REGIONAL = grants(安全生产许可证={"regions": frozenset({"11"})})


def judged(tamper: tuple[str, str]) -> object:
    verdict = ask(CHECKED, index=REGIONAL)
    assert verdict.plan is not None
    tree = parse(CHECKED).tree
    assert tree is not None
    query = resolve(CHECKED, tree, SOURCES).query
    assert query is not None
    additions = Additions(
        rows={LICENCES.table: RowCondition("行政区划代码", ("11",))},
        codes={(("l",), "许可状态"): ("暂扣", "有效", "注销")},
        carried={},
    )
    old, new = tamper
    assert old in verdict.plan.sql
    text = verdict.plan.sql.replace(old, new)
    plan = replace(verdict.plan, sql=text, counting=text)
    sources = (LICENCES, INSPECTIONS)
    return rechecking.judge(
        query, sources, plan, additions=additions, listings=(), opinion=OPINION
    )[1]


def test_the_untouched_text_passes() -> None:
    assert judged(("SELECT", "SELECT")) is None


@pytest.mark.parametrize(
    "tamper",
    [
        ('"i"."检查结果" = \'不合格\'', '"l"."统一社会信用代码" = \'9\''),
        ('WHERE\n  "i"."检查结果" = \'不合格\'', ""),
        ("'11'", "'31'"),
        ('"l"."许可状态" AS "许可状态"', '"l"."主体_企业" AS "许可状态"'),
        ('COUNT(DISTINCT "l"."主体_企业") AS "n"', 'MIN("l"."主体_企业") AS "n"'),
        ("ORDER BY", "LIMIT 3 --"),
        ("FROM (", "FROM (SELECT 1) x, ("),
        ("INNER JOIN", "CROSS JOIN"),
        ("'暂扣', ", "'甲公司', "),
        ("'不合格'", "'合格'"),
        ("= '不合格'", "<> '不合格'"),
        ("'暂扣', ", ""),
        ('"i"."主体_企业"', '"i"."统一社会信用代码"'),
    ],
)
def test_a_text_that_differs_from_what_was_checked_does_not_run(tamper: tuple[str, str]) -> None:
    fault = judged(tamper)

    assert fault is not None
    assert fault.code == "rewrite.broken"


ADDED = "SELECT 许可状态, sum(从业人数) AS n FROM 安全生产许可证 WHERE 企业规模 = '大' GROUP BY 1"


TOGETHER = (
    "SELECT 行政区划代码, count(*) FILTER (WHERE 许可状态 = '暂扣') AS a, "
    "count(*) FILTER (WHERE 许可状态 = '有效') AS b FROM 安全生产许可证 GROUP BY 1"
)


def test_a_sum_lists_its_contributors_from_the_same_rows_and_shows_none() -> None:
    plan = plan_of(ADDED)
    (listed,) = plan.contributions

    assert "\"企业规模\" = '大'" in listed.sql
    assert "IN ('暂扣', '有效', '注销')" in listed.sql
    assert "ORDER BY" not in listed.sql
    assert listed.sql in plan.sql
    assert plan.counting in plan.sql
    outermost = plan.sql.partition("FROM (")[0]
    assert "主体_企业" not in outermost
    assert '"gs_s"' not in outermost


def test_sum_and_mean_of_one_item_share_their_contributors() -> None:
    plan = plan_of(ADDED.replace("AS n", "AS n, avg(从业人数) AS m"))
    (listed,) = plan.contributions

    assert len(listed.columns) == 1
    first, second = (measure.amount for measure in plan.measures)
    assert first is not None
    assert second is not None
    assert first.dominances == second.dominances == listed.dominances


def test_contributors_are_told_apart_by_each_kind_of_subject() -> None:
    plan = plan_of("SELECT 诊断, sum(收入) AS n FROM 门诊 GROUP BY 诊断")
    (measure,) = plan.measures

    assert len(plan.contributions) == 2
    assert measure.amount is not None
    assert [d.lane for d in measure.amount.dominances] == [p.lane for p in plan.groups]


def test_the_cohort_of_a_sum_are_those_who_contribute() -> None:
    plan = plan_of(ADDED)
    (population,) = plan.measures[0].populations

    assert '"从业人数" <> 0' in flagged(plan)[population.column]


def test_subjects_are_listed_with_the_cohorts_that_they_are_in() -> None:
    """Two conditions make four combinations; each subject is in one, and none is named."""
    plan = plan_of(TOGETHER)
    (listed,) = plan.contributions

    assert listed.regions is not None
    assert listed.regions.cohorts == ((0,), (1,))
    assert len(listed.regions.columns) == 4
    for state in ("暂扣", "有效"):
        condition = f'COUNT(*) FILTER(WHERE "安全生产许可证"."许可状态" = \'{state}\')'
        assert condition in re.sub(r"\s+", " ", listed.sql).replace("( ", "(")
    assert '"gs_s"' not in plan.sql.partition("FROM (")[0]


def test_a_list_of_cohorts_that_is_another_does_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = planning.render
    assert ask(TOGETHER).allowed

    def careless(query: Any, additions: Any, *, ordered: bool = True) -> str:
        text = honest(query, additions, ordered=ordered)
        return text if ordered else text.replace("'暂扣')", "'注销')")

    monkeypatch.setattr(planning, "render", careless)
    assert {f.code for f in ask(TOGETHER).findings} == {"rewrite.broken"}


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("contributions", "'大'", "'小'"),
        ("contributions", "'暂扣', ", ""),
        ("contributions", '"从业人数" > 0', '"从业人数" > 100'),
        ("contributions", '"主体_企业" AS "gs_s"', '"许可范围" AS "gs_s"'),
        ("contributions", '"从业人数" <> 0', '"从业人数" <> 5'),
        ("composition", "count(*)", "count(1)"),
        ("counting", "SUM", "MAX"),
        ("composition", "max(", "min("),
        ("composition", ", 2)", ", 1)"),
        ("composition", "LEFT JOIN", "INNER JOIN"),
    ],
)
def test_a_list_of_contributors_that_is_another_does_not_run(
    part: str, old: str, new: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rewrite is made to write one thing differently; the second check sees it."""
    assert ask(ADDED).allowed
    honest, put_together = planning.render, planning.compose

    def careless(query: Any, additions: Any, *, ordered: bool = True) -> str:
        text = honest(query, additions, ordered=ordered)
        if ordered is not (part == "counting"):
            return text
        assert old in text
        return text.replace(old, new)

    def loose(*parts: Any) -> str:
        text = put_together(*parts)
        assert old in text
        return text.replace(old, new)

    if part == "composition":
        monkeypatch.setattr(planning, "compose", loose)
    else:
        monkeypatch.setattr(planning, "render", careless)

    assert {f.code for f in ask(ADDED).findings} == {"rewrite.broken"}


def test_the_door_is_what_the_package_exports() -> None:
    assert check.__module__ == "gongshu.cleanroom.checking"
    assert {ARREARS.table, VISITS.table} <= {s.table for s in SOURCES}
