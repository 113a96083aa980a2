"""Rules proposed from a study: what holds today, and nothing that holds by chance."""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa

from gongshu.profile import study
from gongshu.quality import Check, Rule, RuleKind, check, propose_rules
from gongshu.vocabulary.identifiers import MOBILE_PATTERN, citizen_id_check_character

K = RuleKind
ROWS = 200


def citizen(n: int) -> str:
    """Return a valid citizen number."""
    first = f"11010519{50 + n % 50}0{1 + n % 9}{10 + n % 18}{n % 1000:03d}"
    return first + citizen_id_check_character(first)


def proposed(columns: dict[str, pa.Array]) -> dict[str, Rule]:
    """Return the rules proposed for a table, by name."""
    table = pa.table(columns)
    return {rule.name: rule for rule in propose_rules(study(lambda: table))}


def test_a_register_gets_the_rules_that_it_keeps() -> None:
    """Each kind of column has its rule, and the table passes all of them."""
    day = date(2020, 1, 1)
    table = pa.table(
        {
            "编号": [f"B{n:05d}" for n in range(ROWS)],
            "身份证号": [citizen(n) for n in range(ROWS)],
            "手机": [f"139{n:08d}" for n in range(ROWS)],
            "状态": [("在业", "注销")[n % 2] for n in range(ROWS)],
            "金额": [n / 2 for n in range(ROWS)],
            "开始日期": [day + timedelta(n) for n in range(ROWS)],
            "结束日期": [day + timedelta(n + 30) for n in range(ROWS)],
            "备注": [None if n % 3 else "有" for n in range(ROWS)],
        }
    )
    rules = propose_rules(study(lambda: table))
    found = {rule.name: rule for rule in rules}
    assert found["编号唯一"].kind is K.unique
    assert (found["编号长度"].low, found["编号长度"].high) == ("6", "6")
    assert found["身份证号校验位"].check is Check.citizen_id
    assert found["手机格式"].pattern == MOBILE_PATTERN
    assert found["状态代码集"].values == ("在业", "注销")
    assert found["金额不为负"].low == "0"
    assert found["开始日期不晚于结束日期"].columns == ("开始日期", "结束日期")
    assert "备注非空" not in found and "编号非空" in found
    assert all(not one.failed for one in check(table, rules, as_of=day).results)


def test_faults_among_numbers_do_not_hide_the_check() -> None:
    """Of 200 citizen numbers 20 are wrong: the check is proposed, and finds the 20."""
    numbers = [citizen(n) if n % 10 else citizen(n)[:17] + "0" for n in range(ROWS)]
    table = pa.table({"证件": numbers})
    wrong = sum(citizen(n)[17] != "0" for n in range(0, ROWS, 10))
    (rule,) = [r for r in propose_rules(study(lambda: table)) if r.kind is K.checksum]
    (one,) = check(table, [rule], as_of=date(2026, 1, 1)).results
    assert one.failed == wrong > 0


def test_nothing_is_proposed_from_a_handful_of_rows() -> None:
    """In nineteen rows everything holds by chance."""
    assert proposed({"n": pa.array(["a"] * 19)}) == {}
    assert proposed({"n": pa.array(["a"] * 20)}) != {}


def test_a_code_set_needs_all_values_and_many_rows_of_each() -> None:
    """Ten values in 200 rows are a code set; eleven are not known all, ten in 190 are too rare."""

    def named(values: int, rows: int) -> set[str]:
        return set(
            proposed({"码": pa.array([f"码{n % values}x" * (n % values + 1) for n in range(rows)])})
        )

    assert "码代码集" in named(10, 200)
    assert "码代码集" not in named(11, 400)
    assert "码代码集" not in named(10, 190)


def test_negative_amounts_and_equal_headers_get_no_rule() -> None:
    """A balance may be negative, and a rule names its column."""
    assert "余额不为负" not in proposed({"余额": pa.array(range(-1, 199))})
    table = pa.table([pa.array(range(50)), pa.array(range(50))], names=["名", "名"])
    assert propose_rules(study(lambda: table)) == ()
