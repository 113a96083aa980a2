"""The output check on whole results: what is shown, what is hidden, and who is told why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from city import ask
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import tables

from gongshu.cleanroom import Plan
from gongshu.cleanroom.failures import RunFailed
from gongshu.engines import reference
from gongshu.sdc import MARKER, Checked, protect, regions, rules
from gongshu.sdc.review import Cause
from gongshu.vocabulary.levels import SubjectKind

BY_REGION = (
    "SELECT 行政区划代码 AS 区, count(DISTINCT 主体_企业) AS 全部, "
    "count(DISTINCT 主体_企业) FILTER (WHERE 许可状态 = '暂扣') AS 暂扣 "
    "FROM 安全生产许可证 GROUP BY 1"
)
BY_STATE = "SELECT 许可状态, count(DISTINCT 主体_企业) AS n FROM 安全生产许可证 GROUP BY 1"
PAIRED = (
    "SELECT 行政区划代码 AS 区, count(DISTINCT 主体_企业) FILTER (WHERE 许可状态 = '暂扣') AS a, "
    "count(DISTINCT 主体_企业) FILTER (WHERE 许可状态 IN ('暂扣', '注销')) AS b "
    "FROM 安全生产许可证 GROUP BY 1"
)


def plan_of(sql: str, **changes: object) -> Plan:
    plan = ask(sql, **changes).plan
    assert plan is not None
    return plan


def licences(groups: Mapping[str | None, Mapping[str, int]], **more: Any) -> dict[str, pa.Table]:
    """Rows with so many enterprises in each state of each region."""
    rows = [
        {"行政区划代码": region, "许可状态": state, "主体_企业": f"{region}{state}{number}"}
        for region, states in groups.items()
        for state, size in states.items()
        for number in range(size)
    ]
    return {"安全生产许可证": pa.Table.from_pylist(rows), **more}


def checked(sql: str, rows: dict[str, pa.Table], k: int | None = None) -> Checked:
    plan = plan_of(sql)
    return protect(reference.run(plan, rows), plan, k or plan.k)


def shown(result: Checked) -> dict[Any, tuple[Any, ...]]:
    return {row[0]: row[1:] for row in zip(*result.table.to_pydict().values(), strict=True)}


def test_large_groups_are_shown_rounded_and_in_the_order_of_the_key() -> None:
    rows = licences({"31": {"有效": 41, "暂扣": 22}, "11": {"有效": 100, "暂扣": 33}})

    result = checked(BY_REGION, rows)

    assert result.table.column_names == ["区", "全部", "暂扣", MARKER]
    assert result.table.to_pylist() == [
        {"区": "11", "全部": 135, "暂扣": 35, MARKER: False},
        {"区": "31", "全部": 65, "暂扣": 20, MARKER: False},
    ]
    assert (result.protected, result.notes) == (0, ())
    assert result.for_reviewer.smallest == 22


def test_a_small_group_is_hidden_whole_and_marked() -> None:
    rows = licences({"11": {"有效": 40, "暂扣": 20}, "31": {"有效": 6, "暂扣": 3}})

    result = checked(BY_REGION, rows)

    assert shown(result) == {"11": (60, 20, False), "31": (None, None, True)}
    assert result.protected == 2


@pytest.mark.parametrize(
    ("states", "cause"),
    [
        ({"有效": 40, "暂扣": 9}, Cause.TOO_FEW),
        ({"有效": 40}, Cause.TOO_FEW),
        ({"有效": 9, "暂扣": 40}, Cause.COMPLEMENT),
        ({"有效": 1, "暂扣": 40}, Cause.CLASS_DISCLOSURE),
        ({"暂扣": 40}, Cause.CLASS_DISCLOSURE),
        ({"有效": 19, "暂扣": 181}, Cause.CLASS_DISCLOSURE),
    ],
)
def test_each_rule_hides_its_cell_and_leaves_the_other(
    states: dict[str, int], cause: Cause
) -> None:
    result = checked(BY_REGION, licences({"11": states}))

    ((total, part, marked),) = shown(result).values()
    assert total is not None
    assert part is None
    assert marked
    (cell,) = result.for_reviewer.protected
    assert cause in cell.causes
    assert (cell.measure, cell.key) == ("暂扣", "11")
    assert cell.value == cell.subjects == states.get("暂扣", 0)


def test_cells_that_keep_every_rule_stay() -> None:
    result = checked(BY_REGION, licences({"11": {"有效": 20, "暂扣": 180}}))

    assert shown(result) == {"11": (200, 180, False)}


@pytest.mark.parametrize(
    ("rule", "states"),
    [
        ("too_few", {"有效": 40, "暂扣": 9}),
        ("complement_too_small", {"有效": 9, "暂扣": 81}),
        ("class_disclosure", {"有效": 10, "暂扣": 110}),
    ],
)
def test_without_its_rule_the_cell_would_be_shown(
    rule: str, states: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = licences({"11": states})
    assert shown(checked(BY_REGION, rows))["11"][1] is None

    monkeypatch.setattr(rules, rule, lambda counts, *_, **__: counts < 0)

    assert shown(checked(BY_REGION, rows))["11"][1] is not None


def test_a_difference_of_a_few_between_two_counts_is_hidden(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = licences({"11": {"有效": 100, "暂扣": 40, "注销": 3}})

    result = checked(PAIRED, rows)

    assert shown(result) == {"11": (None, 45, True)}
    assert result.for_reviewer.protected[0].causes == (Cause.NESTED,)
    assert shown(checked(PAIRED, licences({"11": {"有效": 100, "暂扣": 40, "注销": 10}}))) == {
        "11": (40, 50, False)
    }

    monkeypatch.setattr(rules, "nested_difference", lambda a, b, *_: (a < 0, b < 0))
    second = checked(PAIRED, rows)
    assert shown(second) == {"11": (None, 45, True)}
    assert second.for_reviewer.protected[0].causes == (Cause.CUT_OUT,)

    monkeypatch.setattr(regions, "cuts_out_a_few", lambda counts, *_: np.zeros(len(counts), bool))
    assert shown(checked(PAIRED, rows)) == {"11": (40, 45, False)}


def test_ten_spellings_or_none_are_not_ten_subjects() -> None:
    table = pa.table(
        {
            "行政区划代码": ["11"] * 120,
            "许可状态": ["有效"] * 60 + ["暂扣"] * 60,
            "主体_企业": ["甲"] * 30 + [None] * 30 + ["乙", "丙", "丁"] * 20,
        }
    )
    sql = (
        "SELECT 行政区划代码, count(*) FILTER (WHERE 许可状态 = '暂扣') AS n "
        "FROM 安全生产许可证 GROUP BY 1"
    )

    result = checked(sql, {"安全生产许可证": table})

    assert shown(result) == {"11": (None, True)}
    assert result.for_reviewer.protected[0].value == 60
    assert result.for_reviewer.protected[0].subjects == 3


def test_k_holds_for_every_kind_of_subject() -> None:
    sql = "SELECT 诊断, count(DISTINCT 主体_个人) AS n FROM 门诊 GROUP BY 1"
    people = [f"人{n}" for n in range(90)]
    rows = pa.table(
        {
            "诊断": ["感冒", "高血压", "糖尿病"] * 30,
            "主体_个人": people,
            "主体_企业": ["甲厂" if n % 3 == 1 else f"厂{n}" for n in range(90)],
        }
    )

    plan = plan_of(sql)
    result = checked(sql, {"门诊": rows})

    assert plan.subjects == (SubjectKind.enterprise, SubjectKind.person)
    assert shown(result) == {
        "感冒": (30, False),
        "糖尿病": (30, False),
        "高血压": (None, True),
    }


def test_a_published_result_needs_twenty_one() -> None:
    rows = licences({"11": {"有效": 60}, "31": {"有效": 20}})
    sql = "SELECT 行政区划代码, count(DISTINCT 主体_企业) AS n FROM 安全生产许可证 GROUP BY 1"
    plan = plan_of(sql, published=True)

    result = protect(reference.run(plan, rows), plan, plan.k)

    assert shown(result) == {"11": (60, False), "31": (None, True)}


def test_a_closed_key_that_almost_everybody_has_is_hidden_altogether() -> None:
    most = licences({"11": {"有效": 200, "暂扣": 20}})
    even = licences({"11": {"有效": 180, "暂扣": 20}})

    assert shown(checked(BY_STATE, most)) == {"有效": (None, True), "暂扣": (None, True)}
    assert shown(checked(BY_STATE, even)) == {"有效": (180, False), "暂扣": (20, False)}


def test_an_open_key_may_hold_almost_everybody() -> None:
    sql = "SELECT 行政区划代码, count(DISTINCT 主体_企业) AS n FROM 安全生产许可证 GROUP BY 1"
    rows = licences({"11": {"有效": 500}, "31": {"有效": 20}})

    assert shown(checked(sql, rows)) == {"11": (500, False), "31": (20, False)}


def test_one_group_per_subject_is_a_copy_and_fails_like_any_run() -> None:
    sql = "SELECT 行政区划代码, count(DISTINCT 主体_企业) AS n FROM 安全生产许可证 GROUP BY 1"
    rows = licences({f"1101{n:02}": {"有效": 1} for n in range(30)})

    with pytest.raises(RunFailed) as failure:
        checked(sql, rows)

    assert failure.value.cause == "one_group_per_subject"
    assert failure.value.sentence == RunFailed("crash").sentence
    assert shown(checked(sql, licences({f"1101{n:02}": {"有效": 3} for n in range(30)})))


def test_the_author_is_told_one_thing_whatever_was_hidden() -> None:
    one = checked(BY_REGION, licences({"11": {"有效": 40, "暂扣": 9}}))
    other = checked(BY_REGION, licences({"11": {"有效": 40, "暂扣": 8}}))

    assert one.notes == other.notes == ("部分组别已保护",)
    assert one.table.equals(other.table)
    assert one.for_reviewer != other.for_reviewer


def test_missing_keys_stand_last_and_months_are_dates() -> None:
    sql = "SELECT date_trunc('month', 有效期止) AS 月, count(*) AS n FROM 安全生产许可证 GROUP BY 1"
    days = [date(2026, 2, 7)] * 20 + [date(2026, 1, 9)] * 20 + [None] * 20
    table = pa.table({"有效期止": days, "主体_企业": [f"企{n}" for n in range(60)]})

    result = checked(sql, {"安全生产许可证": table})

    assert list(shown(result)) == [date(2026, 1, 1), date(2026, 2, 1), None]


def test_an_empty_result_stays_empty() -> None:
    rows = licences({"11": {"有效": 1}})
    rows["安全生产许可证"] = rows["安全生产许可证"].slice(0, 0)
    plan = plan_of(BY_REGION)
    columns = {n: pa.array([], pa.int64()) for n in reference.run(plan, rows).column_names}
    columns["区"] = pa.array([], pa.string())

    result = protect(pa.table(columns), plan, plan.k)

    assert result.table.num_rows == 0
    assert result.notes == ()


def test_open_and_serving_rows_pass_as_they_are() -> None:
    opened = plan_of("SELECT 企业名称 FROM 科技型中小企业")
    rows = reference.run(opened, tables(3))

    assert protect(rows, opened, opened.k).table.equals(rows)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda t: t.drop_columns(["gs_n0"]),
        lambda t: t.drop_columns(["区"]),
        lambda t: t.drop_columns(["暂扣"]),
        lambda t: t.set_column(1, "全部", pa.array([1.5] * t.num_rows)),
        lambda t: t.set_column(1, "全部", pa.array([None] * t.num_rows, pa.int64())),
    ],
)
def test_a_result_that_does_not_fit_its_plan_is_no_result(spoil: Any) -> None:
    plan = plan_of(BY_REGION)
    result = reference.run(plan, licences({"11": {"有效": 60, "暂扣": 20}}))
    assert protect(result, plan, plan.k)

    with pytest.raises(RunFailed):
        protect(spoil(result), plan, plan.k)


def test_nobody_lowers_k_below_the_plan() -> None:
    plan = plan_of(BY_REGION)
    result = reference.run(plan, licences({"11": {"有效": 60, "暂扣": 20}}))

    for k in (0, 1, plan.k - 1):
        with pytest.raises(RunFailed):
            protect(result, plan, k)
    with pytest.raises(RunFailed):
        protect(result, replace(plan, groups=()), plan.k)
    assert shown(protect(result, plan, 21)) == {"11": (80, None, True)}


# -- judged on the rows themselves, without the hidden counts ----------------------------------

JOINED = (
    "SELECT l.行政区划代码 AS 区, count(DISTINCT l.主体_企业) AS 全部, "
    "count(DISTINCT t.主体_企业) AS 欠税, "
    "count(DISTINCT l.主体_企业) FILTER (WHERE l.许可状态 = '暂扣') AS 暂扣 "
    "FROM 安全生产许可证 l LEFT JOIN 欠税 t ON l.主体_企业 = t.主体_企业 GROUP BY 1"
)


def cohorts(rows: dict[str, pa.Table]) -> dict[Any, dict[str, set[str]]]:
    owing = set(rows["欠税"].column("主体_企业").to_pylist()) - {None}
    found: dict[Any, dict[str, set[str]]] = {}
    for row in rows["安全生产许可证"].to_pylist():
        group = found.setdefault(row["行政区划代码"], {"全部": set(), "欠税": set(), "暂扣": set()})
        subject = row["主体_企业"]
        if subject is not None:
            group["全部"].add(subject)
            group["欠税"] |= {subject} & owing
            group["暂扣"] |= {subject} if row["许可状态"] == "暂扣" else set()
    return found


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.integers(20, 200), st.integers(5, 150))
def test_every_shown_number_keeps_every_rule_on_the_rows(
    seed: int, size: int, subjects: int
) -> None:
    rows = tables(seed, rows=size, subjects=subjects)
    k = 10
    plan = plan_of(JOINED)

    table = protect(reference.run(plan, rows), plan, k).table

    people = cohorts(rows)
    assert set(table.column("区").to_pylist()) == set(people)
    for row in table.to_pylist():
        members = people[row["区"]]
        visible = [name for name in members if row[name] is not None]
        for name in visible:
            inside, whole = members[name], members["全部"]
            assert len(inside) >= k
            assert row[name] % 5 == 0
            assert abs(row[name] - len(inside)) <= 2
            if name != "全部":
                assert not 0 < len(whole - inside) < k
                assert len(inside) * 10 <= len(whole) * 9
        for one in visible:
            for other in visible:
                difference = members[other] - members[one]
                assert not (members[one] < members[other] and len(difference) < k)
        assert row[MARKER] == (len(visible) < 3)
        assert ("全部" in visible) == (len(members["全部"]) >= k), "lawful counts are shown"
