"""What tables that are harmless apart give away together."""

from __future__ import annotations

import pyarrow as pa
import pytest

from gongshu import risk
from gongshu.vocabulary.errors import Invalid

PEOPLE = range(40)
SCHOOL = pa.table(
    {
        "假名": [f"p{n:02d}" for n in PEOPLE],
        "区县": [["甲", "乙"][n % 2] for n in PEOPLE],
        "学历": [["高中", "本科"][n // 2 % 2] for n in PEOPLE],
    }
)
CLINIC = pa.table(
    {
        "编号": [f"p{n:02d}" for n in (*PEOPLE, 3, 3)],
        "出生月": [n // 4 for n in (*PEOPLE, 3, 3)],
    }
)
QUASI = {"学籍": ["区县", "学历"], "门诊": ["出生月"]}


def test_columns_are_joined_by_inclusion_and_not_by_name():
    found = risk.find_joinable({"学籍": SCHOOL, "门诊": CLINIC})
    assert {(one.left, one.right, one.inclusion) for one in found} == {
        (("学籍", "假名"), ("门诊", "编号"), 1.0),
        (("门诊", "编号"), ("学籍", "假名"), 1.0),
    }
    half = CLINIC.filter(pa.array([n < 20 for n in range(42)]))
    (one,) = risk.find_joinable({"学籍": SCHOOL, "门诊": half})
    assert (one.left, one.inclusion) == (("门诊", "编号"), 1.0)
    (sure, loose) = risk.find_joinable({"学籍": SCHOOL, "门诊": half}, included=0.5)
    assert (sure.inclusion, loose.inclusion) == (1.0, 0.5)


def test_harmless_apart_and_everybody_alone_together():
    worst, other = risk.assess_holdings({"学籍": SCHOOL}, {"门诊": CLINIC}, QUASI)
    assert worst.join.left == ("学籍", "假名")
    assert (worst.rows, worst.matched, worst.alone, worst.together) == (40, 40, 0, 40)
    assert worst.gained == 40
    # Three rows of one person share all values: they are not alone, and the join makes no rows.
    assert (other.rows, other.alone, other.together) == (42, 0, 39)


def test_tables_that_nothing_joins_add_nothing():
    strange = pa.table({"编号": [f"q{n}" for n in PEOPLE], "出生月": list(PEOPLE)})
    assert risk.assess_holdings({"学籍": SCHOOL}, {"门诊": strange}, QUASI) == ()


def test_tables_that_are_both_held_already_are_not_measured_again():
    held = {"学籍": SCHOOL, "门诊": CLINIC}
    new = {"新表": pa.table({"x": [f"z{n}" for n in PEOPLE]})}
    assert risk.assess_holdings(held, new, {**QUASI, "新表": ["x"]}) == ()


@pytest.mark.parametrize(
    ("new", "code"), [("学籍", "table_repeated"), ("新表", "no_quasi_identifier")]
)
def test_unclear_holdings_are_refused(new, code):
    with pytest.raises(Invalid) as refused:
        risk.assess_holdings({"学籍": SCHOOL}, {new: CLINIC}, QUASI)
    assert refused.value.code == code
