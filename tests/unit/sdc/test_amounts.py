"""Sums and means: each rule at its border, through the pipeline and on any table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from city import ask
from hypothesis import given, settings
from hypothesis import strategies as st

from gongshu.cleanroom import Plan
from gongshu.cleanroom.failures import RunFailed
from gongshu.engines import reference
from gongshu.sdc import MARKER, Checked, amounts, judge_table, protect, rules
from gongshu.sdc.review import Cause
from gongshu.vocabulary.errors import Invalid

BY_REGION = (
    "SELECT 行政区划代码 AS 区, sum(从业人数) AS 合计, avg(从业人数) AS 平均 "
    "FROM 安全生产许可证 GROUP BY 1"
)
OF_STATE = (
    "SELECT 行政区划代码 AS 区, sum(从业人数) FILTER (WHERE 许可状态 = '暂扣') AS 合计 "
    "FROM 安全生产许可证 GROUP BY 1"
)
BY_DISEASE = "SELECT 诊断, sum(收入) AS 合计 FROM 门诊 GROUP BY 1"
FINE = [40, 60, 80, 100, 120, 140, 160, 180, 200, 220, 240, 260]
Rows = Sequence[tuple[str | None, int | None]]


def plan_of(sql: str) -> Plan:
    plan = ask(sql).plan
    assert plan is not None
    return plan


def licences(rows: Rows, state: Mapping[str, str] | None = None) -> dict[str, pa.Table]:
    people = [person for person, _ in rows]
    return {
        "安全生产许可证": pa.table(
            {
                "行政区划代码": pa.array(["11"] * len(rows), pa.string()),
                "许可状态": [(state or {}).get(str(person), "暂扣") for person in people],
                "主体_企业": pa.array(people, pa.string()),
                "从业人数": pa.array([value for _, value in rows], pa.int64()),
            }
        )
    }


def each(values: Sequence[int | None]) -> Rows:
    return [(f"企{number}", value) for number, value in enumerate(values)]


def judged(rows: Rows, sql: str = BY_REGION, **more: Any) -> Checked:
    plan = plan_of(sql)
    return protect(reference.run(plan, licences(rows, **more)), plan, plan.k)


def causes(checked: Checked) -> set[Cause]:
    return {cause for cell in checked.for_reviewer.protected for cause in cell.causes}


def test_a_sum_and_a_mean_of_many_are_shown_rounded() -> None:
    """1805 over 12 rows: the sum as 1800, the mean as 1800 over 10, as the count would be shown."""
    checked = judged(each([*FINE[:-1], 265]))

    assert checked.table.to_pylist() == [{"区": "11", "合计": 1800.0, "平均": 180.0, MARKER: False}]
    assert checked.protected == 0
    assert checked.for_reviewer.smallest == 12


def test_nine_contributors_are_too_few_and_ten_are_enough() -> None:
    assert causes(judged(each(FINE[:9]))) >= {Cause.TOO_FEW}
    assert judged(each(FINE[:10])).protected == 0


def test_who_adds_nothing_is_no_contributor() -> None:
    """Zeros and empty cells fill no cohort up."""
    assert causes(judged(each([*FINE[:9], 0, 0, 0, None, None]))) == {Cause.TOO_FEW}


def test_ten_rows_of_two_subjects_are_two_subjects() -> None:
    rows = [(f"企{number % 2}", value) for number, value in enumerate(FINE)]

    assert Cause.TOO_FEW in causes(judged(rows))


def test_the_largest_contributor_has_at_most_half() -> None:
    total = sum(FINE)

    assert judged(each([*FINE, total])).protected == 0
    assert causes(judged(each([*FINE, total + 1]))) == {Cause.LARGEST_SHARE}


def test_the_second_largest_cannot_reckon_the_largest_to_a_tenth() -> None:
    """Eleven others add 100 to two of 1000: 100 is a tenth of the largest, 99 is less."""
    assert judged(each([1000, 1000, *[9] * 10, 10])).protected == 0
    assert causes(judged(each([1000, 1000, 8, 10, *[9] * 9]))) == {Cause.P_PERCENT}


def test_contributions_of_one_subject_are_added_before_they_are_judged() -> None:
    """Half of the sum in one licence is seen, and so is half in twelve."""
    split = [("企大", (sum(FINE) + 12) // 12)] * 12

    assert Cause.LARGEST_SHARE in causes(judged([*each(FINE), *split]))


def test_losses_count_by_their_size() -> None:
    """The signed sum is small; the largest loss would be most of what was moved."""
    assert Cause.LARGEST_SHARE in causes(judged(each([*FINE, -sum(FINE) - 1])))
    assert judged(each([*FINE, -sum(FINE) + 500])).protected == 0


def test_rows_without_a_subject_may_all_be_the_largest_ones() -> None:
    """Alone neither is half; together they are."""
    large, nobody = sum(FINE) // 2, sum(FINE) // 2 + 2

    assert judged([*each(FINE), ("企大", large)]).protected == 0
    assert judged([*each(FINE), (None, nobody)]).protected == 0
    both = [*each(FINE), ("企大", large), (None, nobody)]
    assert causes(judged(both)) == {Cause.LARGEST_SHARE}


@pytest.mark.parametrize("values", [[7] * 20, [0] * 20, [0, 1] * 20, [1, 2] * 20])
def test_equal_cells_zeros_and_a_yes_or_no_in_numbers_are_not_added_up(values: list[int]) -> None:
    assert Cause.UNIFORM in causes(judged(each(values)))
    assert judged(each([*values, *FINE])).protected == 0


def test_a_part_of_a_group_leaves_none_or_many_contributors_out() -> None:
    few = {f"企{n}": "有效" for n in range(4)}
    many = {f"企{n}": "有效" for n in range(12)}

    assert Cause.COMPLEMENT in causes(judged(each(FINE * 2), OF_STATE, state=few))
    assert judged(each(FINE * 2), OF_STATE, state=many).protected == 0


def test_values_that_are_no_finite_numbers_give_no_sum() -> None:
    plan = plan_of(BY_DISEASE)
    income = [float(v) for v in FINE]
    table = {
        "诊断": ["感冒"] * 12 + ["高血压"] * 12 + ["糖尿病"] * 12,
        "主体_个人": [f"人{n}" for n in range(36)],
        "主体_企业": [f"厂{n}" for n in range(36)],
    }

    for bad in (float("nan"), float("inf"), float("-inf")):
        rows = pa.table({**table, "收入": [*income, bad, *income[1:], *income]})
        checked = protect(reference.run(plan, {"门诊": rows}), plan, plan.k)

        assert checked.table["合计"].to_pylist() == [1800.0, 1800.0, None]
        assert causes(checked) == {Cause.NOT_FINITE}


def test_dominance_is_judged_for_each_kind_of_subject() -> None:
    """Everybody earns alike, but one firm employs most of them."""
    plan = plan_of(BY_DISEASE)
    people = 60
    rows = pa.table(
        {
            "诊断": ["感冒"] * people,
            "主体_个人": [f"人{n}" for n in range(people)],
            "主体_企业": ["大厂" if n < 40 else f"厂{n}" for n in range(people)],
            "收入": [100.0 + n % 5 for n in range(people)],
        }
    )

    checked = protect(reference.run(plan, {"门诊": rows}), plan, plan.k)

    assert Cause.LARGEST_SHARE in causes(checked)


@pytest.mark.parametrize(
    ("exact", "whole", "shown"),
    [
        (0.0, False, 0.0),
        (1234.0, True, 1230.0),
        (-1236.0, True, -1240.0),
        (123.4, False, 123.0),
        (123.0, True, 125.0),
        (0.012345, False, 0.0123),
        (987654321.0, True, 988000000.0),
    ],
)
def test_amounts_keep_three_digits_and_whole_numbers_are_never_finer_than_counts(
    exact: float, whole: bool, shown: float
) -> None:
    assert rules.significant(np.array([exact]), digits=3, whole=whole).tolist() == [shown]


def test_a_mean_tells_no_more_than_the_rounded_sum_and_count() -> None:
    """Another subject who does not change the rounded numbers does not change the mean."""
    one = judged(each(FINE)).table["平均"]
    other = judged(each([*FINE[:-1], 262])).table["平均"]

    assert one == other


@pytest.mark.parametrize(
    "column",
    ["gs_n0", "gs_n1", "gs_n2", "gs_p0_all", "gs_p0_f0", "gs_t0_0", "gs_l0_0", "gs_u0_0"],
)
def test_a_result_without_what_decides_is_no_result(column: str) -> None:
    plan = plan_of(BY_REGION)
    result = reference.run(plan, licences(each(FINE)))
    assert protect(result, plan, plan.k).protected == 0
    assert column in result.column_names

    with pytest.raises(RunFailed):
        protect(result.drop_columns([column]), plan, plan.k)
    text = pa.array(["x"] * result.num_rows)
    index = result.column_names.index(column)
    with pytest.raises(RunFailed):
        protect(result.set_column(index, column, text), plan, plan.k)


# -- quantiles ---------------------------------------------------------------------------------

MEDIAN = "SELECT 行政区划代码 AS 区, median(从业人数) AS 中位 FROM 安全生产许可证 GROUP BY 1"
QUARTER = MEDIAN.replace("median(从业人数)", "quantile_cont(从业人数, 0.25)")


def test_a_median_of_many_is_shown_rounded() -> None:
    checked = judged(each([1000 + 7 * number for number in range(20)]), MEDIAN)

    assert checked.table["中位"].to_pylist() == [1070.0]
    assert checked.protected == 0


def test_each_side_of_a_quantile_holds_enough_subjects() -> None:
    """n · min(p, 1−p) ≥ k: 20 for a median, 40 for a quarter."""
    assert judged(each(range(20)), MEDIAN).protected == 0
    assert Cause.TAIL in causes(judged(each(range(19)), MEDIAN))
    assert judged(each(range(40)), QUARTER).protected == 0
    assert Cause.TAIL in causes(judged(each(range(39)), QUARTER))
    assert Cause.TAIL in causes(judged(each(range(39)), QUARTER.replace("0.25", "0.75")))


def test_one_subject_with_many_rows_is_no_crowd_on_one_side() -> None:
    """Thirty subjects, but one has so many rows that it may fill a side alone."""
    crowd = each(range(30))

    assert judged(crowd, MEDIAN).protected == 0
    assert judged([*crowd, *[("企0", 5)] * 10], MEDIAN).protected == 0
    assert causes(judged([*crowd, *[("企0", 5)] * 11], MEDIAN)) == {Cause.TAIL}
    assert causes(judged([*crowd, *[(None, 5)] * 11], MEDIAN)) == {Cause.TAIL}


def test_a_quantile_of_equal_cells_tells_them() -> None:
    assert causes(judged(each([7] * 40), MEDIAN)) == {Cause.UNIFORM}


def test_zeros_have_their_rank_and_empty_cells_have_none() -> None:
    assert judged(each([0] * 10 + list(range(10))), MEDIAN).protected == 0
    assert Cause.TAIL in causes(judged(each([None] * 10 + list(range(10, 25))), MEDIAN))


def test_a_quantile_without_its_tail_is_no_plan() -> None:
    plan = plan_of(MEDIAN)
    (measure,) = plan.measures
    assert measure.amount is not None
    result = reference.run(plan, licences(each(range(20))))
    broken = replace(measure, amount=replace(measure.amount, tail=0))

    assert protect(result, plan, plan.k).protected == 0
    with pytest.raises(RunFailed):
        protect(result, replace(plan, measures=(broken,)), plan.k)


def test_a_hole_in_the_tails_shows_a_quantile(monkeypatch: pytest.MonkeyPatch) -> None:
    assert judged(each(range(19)), MEDIAN).protected == 1
    monkeypatch.setattr(rules, "tail_too_small", lambda subjects, *_: subjects < 0)
    assert judged(each(range(19)), MEDIAN).protected == 0


# -- any table ---------------------------------------------------------------------------------


def table_of(rows: Rows) -> pa.Table:
    return pa.table(
        {
            "人": pa.array([person for person, _ in rows], pa.string()),
            "组": pa.array(["11"] * len(rows), pa.string()),
            "数": pa.array([value for _, value in rows], pa.int64()),
        }
    )


def of_table(table: pa.Table) -> Checked:
    return judge_table(table, subject="人", by="组", amount="数", k=10, key_opened=True)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([None, *(f"企{n}" for n in range(14))]),
            st.sampled_from([None, 0, 1, 40, 50, 60, 200, 1000, -30]),
        ),
        min_size=30,
        max_size=60,
    )
)
def test_a_table_is_judged_as_the_pipeline_judges_it_and_as_the_rules_say(rows: Rows) -> None:
    """Three ways to one answer: the query, the table, and the rules on the rows in plain words."""
    piped, direct = judged(rows), of_table(table_of(rows))

    assert piped.table["合计"].to_pylist() == direct.table["数：合计"].to_pylist()
    assert piped.table["平均"].to_pylist() == direct.table["数：平均"].to_pylist()
    assert causes(piped) == causes(direct)
    assert (piped.table["合计"][0].as_py() is not None) == lawful(rows)


def lawful(rows: Rows) -> bool:
    shares: dict[str | None, int] = {}
    for person, value in rows:
        shares[person] = shares.get(person, 0) + abs(value or 0)
    nobody = shares.pop(None, 0)
    large, second = (*sorted(shares.values(), reverse=True), 0, 0)[:2]
    total, first = sum(shares.values()) + nobody, large + nobody
    contributors = {person for person, value in rows if person is not None and value}
    people = {person for person, _ in rows if person is not None}
    return (
        len(people) >= 10
        and len(contributors) >= 10
        and first * 2 <= total
        and (total - first - second) * 10 >= first
        and len({value for _, value in rows if value is not None}) >= 3
    )


def test_subjects_under_one_control_are_one_contributor() -> None:
    """Three of twelve belong to one group and have more than half together."""
    table = table_of(each([*FINE[:9], 600, 600, 600]))
    owners: list[str | None] = [None] * 9 + ["集团"] * 3

    def controlled(owners: list[str | None]) -> Checked:
        known = table.append_column("控制", pa.array(owners, pa.string()))
        return judge_table(
            known, subject="人", by="组", amount="数", controller="控制", k=10, key_opened=True
        )

    assert of_table(table).protected == 0
    assert controlled([None] * 12).protected == 0
    assert causes(controlled(owners)) == {Cause.LARGEST_SHARE}
    assert Cause.TOO_FEW in causes(controlled(["集团"] * 4 + [None] * 8))

    with pytest.raises(Invalid):
        judge_table(
            table.append_column("控制", pa.array(owners)),
            subject="人",
            by="组",
            controller="控制",
            k=10,
            key_opened=True,
        )


def test_a_column_that_holds_no_numbers_is_not_added_up() -> None:
    """Text that reads as numbers is added up; words and infinities are not."""
    table = table_of(each(FINE))
    words = table.set_column(2, "数", pa.array([str(v) for v in FINE]))
    assert of_table(words).protected == 0

    for bad in ("一百", "inf", "nan"):
        with pytest.raises(Invalid) as refused:
            of_table(table.set_column(2, "数", pa.array([bad, *map(str, FINE[1:])])))
        assert refused.value.code == "sdc.number"
    with pytest.raises(Invalid):
        judge_table(table, subject="人", by="组", of="数", amount="数", k=10, key_opened=True)


def test_an_amount_without_a_lane_is_no_plan() -> None:
    plan = plan_of(BY_REGION)
    amount = plan.measures[0].amount
    assert amount is not None
    result = reference.run(plan, licences(each(FINE)))
    assert amounts.causes(result, amount)

    with pytest.raises(RunFailed):
        amounts.causes(result, replace(amount, dominances=()))
