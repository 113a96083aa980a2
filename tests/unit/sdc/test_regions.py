"""Several counts of one group are judged together: no sum or difference of them shows a few."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
from city import ask
from hypothesis import given, settings
from hypothesis import strategies as st

from gongshu.cleanroom import Plan
from gongshu.cleanroom.failures import RunFailed
from gongshu.engines import reference
from gongshu.sdc import Checked, judge_table, protect, regions
from gongshu.sdc.review import Cause
from gongshu.vocabulary.errors import Invalid

K = 10
BY_STATE = (
    "SELECT 行政区划代码 AS 区, count(DISTINCT 主体_企业) AS 全部, "
    "count(DISTINCT 主体_企业) FILTER (WHERE 许可状态 = '有效') AS 有效, "
    "count(DISTINCT 主体_企业) FILTER (WHERE 许可状态 = '暂扣') AS 暂扣, "
    "count(DISTINCT 主体_企业) FILTER (WHERE 许可状态 = '注销') AS 注销 "
    "FROM 安全生产许可证 GROUP BY 1"
)
TWO_OF_THREE = BY_STATE.replace(
    ", count(DISTINCT 主体_企业) FILTER (WHERE 许可状态 = '注销') AS 注销", ""
)


def plan_of(sql: str) -> Plan:
    plan = ask(sql).plan
    assert plan is not None
    return plan


def judged(sql: str, *groups: dict[str, int]) -> Checked:
    rows = [
        {"行政区划代码": f"1{place}", "许可状态": state, "主体_企业": f"{place}{state}{number}"}
        for place, states in enumerate(groups)
        for state, size in states.items()
        for number in range(size)
    ]
    plan = plan_of(sql)
    return protect(
        reference.run(plan, {"安全生产许可证": pa.Table.from_pylist(rows)}), plan, plan.k
    )


def shown(checked: Checked) -> list[tuple[int | None, ...]]:
    return [tuple(row.values())[1:-1] for row in checked.table.to_pylist()]


def causes(checked: Checked) -> dict[str, set[Cause]]:
    return {cell.measure: set(cell.causes) for cell in checked.for_reviewer.protected}


FULL = {"有效": 100, "暂扣": 40, "注销": 30}


def test_classes_that_are_large_are_shown_with_their_total() -> None:
    assert shown(judged(BY_STATE, FULL)) == [(170, 100, 40, 30)]


def test_the_last_class_is_not_the_rest_of_the_others() -> None:
    """4 are the total less the two others, so one of these is hidden, too."""
    checked = judged(BY_STATE, {**FULL, "注销": 4}, FULL)

    assert shown(checked) == [(145, 100, None, None), (170, 100, 40, 30)]
    assert causes(checked) == {"注销": {Cause.TOO_FEW}, "暂扣": {Cause.CUT_OUT}}


def test_a_class_that_nobody_asked_for_is_not_the_rest_either() -> None:
    checked = judged(TWO_OF_THREE, {**FULL, "注销": 4}, FULL)

    assert shown(checked) == [(145, 100, None), (170, 100, 40)]
    assert causes(checked) == {"暂扣": {Cause.CUT_OUT}}


def test_that_nobody_is_in_a_class_is_not_told_by_the_others() -> None:
    """Where some of the class are found elsewhere, its place here must hold enough others."""
    checked = judged(BY_STATE, {"有效": 100, "暂扣": 40, "注销": 0}, FULL)

    assert shown(checked) == [(140, 100, None, None), (170, 100, 40, 30)]


def test_a_class_of_almost_everybody_is_not_put_together_from_the_others() -> None:
    """950 of 1000 are hidden; 30 and 20 beside the total would give them back."""
    checked = judged(BY_STATE, {"有效": 950, "暂扣": 30, "注销": 20}, FULL)

    first = shown(checked)[0]
    assert first == (1000, None, 30, None)
    assert causes(checked)["有效"] == {Cause.CLASS_DISCLOSURE}


def test_three_counts_of_which_no_two_are_close() -> None:
    """Each pair is far apart; all three together leave three subjects alone."""
    sql = (
        "SELECT 行政区划代码 AS 区, "
        "count(DISTINCT 主体_企业) FILTER (WHERE 许可状态 IN ('有效', '暂扣')) AS a, "
        "count(DISTINCT 主体_企业) FILTER (WHERE 企业规模 IN ('大', '中')) AS b, "
        "count(DISTINCT 主体_企业) FILTER (WHERE 是否危化 = TRUE) AS c "
        "FROM 安全生产许可证 GROUP BY 1"
    )
    kinds = itertools.product(["有效", "注销"], ["大", "小"], [True, False])
    sizes = [3, 20, 20, 20, 20, 20, 20, 20]
    rows = [
        {
            "行政区划代码": "11",
            "许可状态": state,
            "企业规模": size,
            "是否危化": danger,
            "主体_企业": f"{state}{size}{danger}{number}",
        }
        for (state, size, danger), count in zip(kinds, sizes, strict=True)
        for number in range(count)
    ]
    plan = plan_of(sql)
    table = {"安全生产许可证": pa.Table.from_pylist(rows)}

    checked = protect(reference.run(plan, table), plan, plan.k)

    assert [set(cell.causes) for cell in checked.for_reviewer.protected] == [{Cause.CUT_OUT}]


def test_one_condition_needs_no_list_of_subjects() -> None:
    assert plan_of(BY_STATE).contributions
    one = TWO_OF_THREE.replace("许可状态 = '暂扣'", "许可状态 = '有效'")
    assert not plan_of(one).contributions
    assert plan_of(one).sql == plan_of(one).counting


def test_a_result_without_its_combinations_is_no_result() -> None:
    plan = plan_of(BY_STATE)
    (listed,) = plan.contributions
    assert listed.regions is not None
    rows = [
        {"行政区划代码": "11", "许可状态": state, "主体_企业": f"{state}{n}"}
        for state, size in FULL.items()
        for n in range(size)
    ]
    result = reference.run(plan, {"安全生产许可证": pa.Table.from_pylist(rows)})

    assert protect(result, plan, plan.k).protected == 0
    with pytest.raises(RunFailed):
        protect(result.drop_columns([listed.regions.columns[3]]), plan, plan.k)


def test_classes_of_which_one_may_have_several_are_judged_together_in_any_table() -> None:
    """Three have neither; the number of the group and both classes would leave them alone."""
    rows = [{"组": "甲", "类": "x", "人": f"{n}"} for n in range(60)]
    rows += [{"组": "甲", "类": "y", "人": f"{n}"} for n in range(40, 97)]
    rows += [{"组": "甲", "类": "z", "人": f"{n}"} for n in range(77, 100)]

    def asked(table: list[dict[str, str]]) -> Checked:
        found = pa.Table.from_pylist(table)
        return judge_table(found, subject="人", by="组", of="类", k=K, key_opened=True)

    assert Cause.CUT_OUT in {c for found in causes(asked(rows)).values() for c in found}

    with pytest.raises(Invalid):
        asked([*rows, *({"组": "甲", "类": f"{n}", "人": "0"} for n in range(7))])


# -- judged on the people themselves -----------------------------------------------------------

People = list[frozenset[int]]


def combinations_of(groups: list[People], bits: int) -> np.ndarray:
    """Each person is the set of cohorts that they are in; one row per group."""
    found = np.zeros((len(groups), 1 << bits), dtype=np.int64)
    for row, people in enumerate(groups):
        for person in people:
            found[row, sum(1 << bit for bit in person)] += 1
    return found


def classes(people: People, cohorts: list[int]) -> Iterator[list[frozenset[int]]]:
    """Everybody whom the shown cohorts cannot tell apart, in words: in these, not in those."""
    for inside in itertools.product([True, False], repeat=len(cohorts)):
        yield [
            p for p in people if all((c in p) == i for c, i in zip(cohorts, inside, strict=True))
        ]


@settings(deadline=None, max_examples=80)
@given(
    st.lists(
        st.lists(
            st.tuples(st.frozensets(st.integers(0, 3)), st.integers(1, 14)), min_size=1, max_size=6
        ),
        min_size=1,
        max_size=3,
    ),
    st.integers(0, 15),
)
def test_what_stands_shows_no_few_and_nothing_that_is_hidden(
    drawn: list[list[tuple[frozenset[int], int]]], hide: int
) -> None:
    groups = [[cohorts for cohorts, size in one for _ in range(size)] for one in drawn]
    allowed = np.array([[not hide >> bit & 1 for bit in range(4)]] * len(groups))

    found = regions.standing(combinations_of(groups, 4), allowed, ~allowed, K)

    assert not (found & ~allowed).any()
    for row, people in enumerate(groups):
        cohorts = [bit for bit in range(4) if found[row, bit]]
        parts = [part for part in classes(people, cohorts) if part]
        assert not cohorts or all(len(part) >= K for part in parts)
        for bit in range(4) if cohorts else ():
            members = [person for person in people if bit in person]
            if hide >> bit & 1 and members:
                mixed = [part for part in parts if 0 < sum(bit in p for p in part) < len(part)]
                assert mixed, "a hidden cohort is made of what is shown"


@pytest.mark.parametrize(
    ("hole", "expected"),
    [
        ("cuts_out_a_few", (145, 100, 40)),
        ("_told", (1000, None, 30, 20)),
    ],
)
def test_a_hole_shows_a_few(
    hole: str, expected: tuple[int | None, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(combinations: np.ndarray, *_: object) -> np.ndarray:
        return np.zeros(len(combinations), dtype=bool)

    def first() -> tuple[int | None, ...]:
        if hole == "_told":
            return shown(judged(BY_STATE, {"有效": 950, "暂扣": 30, "注销": 20}))[0]
        return shown(judged(TWO_OF_THREE, {**FULL, "注销": 4}))[0]

    assert first() != expected
    monkeypatch.setattr(regions, hole, never)
    assert first() == expected
