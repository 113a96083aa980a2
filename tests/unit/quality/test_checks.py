"""Each kind of rule on a table: what is evaluated, what fails, which rows; one query for all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongshu.quality import Check, Count, Report, Rule, RuleKind, check, checks, failing_rows
from gongshu.quality.queries import compile_rules
from gongshu.vocabulary.errors import Invalid, Unavailable

K = RuleKind
DAY = date(2026, 6, 30)
TABLE = pa.table(
    {
        "编号": ["A001", "A002", "A002", None, "\u3000"],
        "证件": ["11010519491231002X", "110105194912310021", "x", None, ""],
        "卡号": pa.array([6222021234567890128, 4111111111111111, 4111111111111112, None, 5]),
        "类": ["甲", "乙", "丙", None, "甲"],
        "数": ["1", "2.5", "三", None, "-7"],
        "额": pa.array([10, 20, 30, None, -1], pa.int64()),
        "限": pa.array([10, 10, 10, 10, None], pa.int64()),
        "始": pa.array(
            [date(2026, 1, 1), date(2026, 6, 1), date(2030, 1, 1), None, date(2025, 1, 1)]
        ),
        "止": ["2026-02-01", "2026-05-01", "2030-01-01", "2026-01-01", "某日"],
    }
)
OTHER = {"字典": pa.table({"代码": ["甲", "乙", None]})}
# rule, evaluated, failed, the numbers of the rows that fail
CASES: tuple[tuple[Rule, int, int, list[int]], ...] = (
    (Rule("1", K.not_null, ("编号",)), 5, 2, [4, 5]),
    (Rule("2", K.unique, ("编号",)), 3, 1, [2, 3]),
    (Rule("3", K.unique, ("类", "限")), 3, 0, []),
    (Rule("4", K.type, ("数",), type="integer"), 4, 2, [2, 3]),
    (Rule("5", K.type, ("数",), type="decimal"), 4, 1, [3]),
    (Rule("6", K.type, ("止",), type="date"), 5, 1, [5]),
    (Rule("7", K.type, ("额",), type="integer"), 4, 0, []),
    (Rule("8", K.length, ("证件",), low="18", high="18"), 3, 1, [3]),
    (Rule("9", K.pattern, ("编号",), pattern="A00[1-9]"), 3, 0, []),
    (Rule("10", K.pattern, ("编号",), pattern="A|B"), 3, 3, [1, 2, 3]),
    (Rule("11", K.code_set, ("类",), values=("甲", "乙'")), 4, 2, [2, 3]),
    (Rule("12", K.range, ("额",), low="0", high="20"), 4, 2, [3, 5]),
    (Rule("13", K.range, ("数",), low="2.5"), 4, 3, [1, 3, 5]),
    (Rule("14", K.period, ("始",), low="2026-01-01", high="2026-06-01"), 4, 2, [3, 5]),
    (Rule("15", K.checksum, ("证件",), check=Check.citizen_id), 3, 2, [2, 3]),
    (Rule("16", K.checksum, ("卡号",), check=Check.bank_card), 4, 2, [3, 5]),
    (Rule("17", K.equal, ("额", "限")), 3, 2, [2, 3]),
    (Rule("18", K.compare, ("额", "限"), operator="<="), 3, 2, [2, 3]),
    (Rule("19", K.sequence, ("始", "止")), 4, 2, [2, 5]),
    (Rule("20", K.referential, ("类",), table="字典", key="代码"), 4, 1, [3]),
    (Rule("21", K.timeliness, ("始",), days=180), 4, 1, [5]),
)


@pytest.mark.parametrize(
    ("rule", "tested", "failed", "rows"), CASES, ids=[c[0].name for c in CASES]
)
def test_a_rule_counts_and_finds_what_fails(
    rule: Rule, tested: int, failed: int, rows: list[int]
) -> None:
    """Null is evaluated by not_null alone; counts and rows agree."""
    (one,) = check(TABLE, [rule], as_of=DAY, tables=OTHER).results
    assert (one.tested, one.failed) == (tested, failed)
    found = failing_rows(TABLE, rule, as_of=DAY, tables=OTHER)
    assert found.column("行号").to_pylist() == rows
    assert found.column_names == ["行号", *TABLE.column_names]


def test_all_rules_of_a_table_are_one_query() -> None:
    """Together they give what each gives alone, and the rows are read once, in parts."""
    rules = [case[0] for case in CASES]
    reader = TABLE.to_reader(max_chunksize=2)
    found = check(reader, rules, as_of=DAY, tables=OTHER)
    assert [(one.tested, one.failed) for one in found.results] == [case[1:3] for case in CASES]
    assert compile_rules(rules, TABLE.schema, as_of=DAY).sql.count("FROM rows") == 1
    with pytest.raises(StopIteration):
        reader.read_next_batch()


def measured(found: Report) -> dict[str, tuple[int | None, int | None]]:
    """Return A and B of each metric that can be assessed."""
    return {m.metric.key: (m.a, m.b) for m in found.measures if m.value is not None}


@pytest.mark.clause("gbt36344")
def test_records_are_counted_beside_elements() -> None:
    """A record lacks something or is dirty once, however many of its elements fail."""
    table = pa.table({"a": ["1", None, None, "x"], "b": ["1", None, "2", "y"]})
    rules = [
        Rule(f"{c}{k}", k, (c,), pattern="[0-9]") for c in "ab" for k in (K.not_null, K.pattern)
    ]
    found = check(table, rules, as_of=DAY)
    assert (found.rows, found.incomplete, found.dirty) == (4, 2, 1)
    counts = measured(found)
    assert counts["gbt36344:0201"] == (5, 8)
    assert counts["gbt36344:0202"] == (2, 4)
    assert counts["gbt36344:0302"] == (3, 5)
    assert counts["gbt36344:0305"] == (1, 4)


def test_without_a_rule_of_a_kind_its_metrics_cannot_be_assessed() -> None:
    """No rule, no claim; facts from outside the table are taken as they come."""
    found = check(TABLE, [], as_of=DAY, facts={"fact.access": Count(99, 100)})
    assert measured(found) == {"gbt36344:0601": (99, 100)}
    assert (found.rows, found.incomplete, found.dirty) == (5, 0, 0)


def test_a_table_without_rows_is_not_assessable() -> None:
    """Of nothing, nothing can be said."""
    found = check(TABLE.slice(0, 0), [case[0] for case in CASES], as_of=DAY, tables=OTHER)
    assert found.rows == 0 and measured(found) == {}
    assert found.results[0].sentence == "1：没有可评价的值，无法评估。"


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (Rule("缺列", K.not_null, ("没有",)), "item_not_found"),
        (Rule("缺表", K.referential, ("类",), table="别的", key="代码"), "table_not_found"),
        (Rule("缺键", K.referential, ("类",), table="字典", key="没有"), "table_not_found"),
    ],
)
def test_what_is_not_there_is_refused(rule: Rule, code: str) -> None:
    """A rule about nothing is not a rule that holds."""
    with pytest.raises(Invalid) as refusal:
        check(TABLE, [rule], as_of=DAY, tables=OTHER)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    "rule",
    [
        Rule("坏式", K.pattern, ("编号",), pattern="(未完"),
        Rule("回看", K.pattern, ("编号",), pattern="(?<=A)0"),
        Rule("非日期", K.sequence, ("额", "始")),
    ],
)
def test_a_rule_that_cannot_run_is_named_without_a_value(rule: Rule) -> None:
    """One sentence names the rule among others; what the engine said, with its values, is not."""
    with pytest.raises(Invalid) as refusal:
        check(TABLE, [CASES[0][0], rule], as_of=DAY)
    assert refusal.value.code == "rule_not_runnable"
    assert rule.name in refusal.value.sentence and "A00" not in refusal.value.sentence


def test_a_fault_of_the_source_passes_through() -> None:
    """What reading raises is what the caller gets."""

    def broken() -> Iterator[pa.RecordBatch]:
        yield TABLE.to_batches()[0]
        raise Invalid("坏了。", code="broken")

    reader = pa.RecordBatchReader.from_batches(TABLE.schema, broken())
    with pytest.raises(Invalid) as fault:
        check(reader, [CASES[0][0]], as_of=DAY)
    assert fault.value.code == "broken"


def test_equal_headers_are_refused_in_a_rule() -> None:
    """A rule that could mean either of two columns means neither."""
    table = pa.table([pa.array([1]), pa.array([2])], names=["名", "名"])
    with pytest.raises(Invalid) as refusal:
        check(table, [Rule("名", K.not_null, ("名",))], as_of=DAY)
    assert refusal.value.code == "item_not_found"


def test_too_little_memory_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Uniqueness of many rows needs memory; beyond it there is no answer, and no spill."""
    monkeypatch.setattr(checks, "MEMORY", 4 * 1024**2)
    with pytest.raises(Unavailable) as refusal:
        check(pa.table({"n": range(1_000_000)}), [Rule("n", K.unique, ("n",))], as_of=DAY)
    assert refusal.value.code == "quality_memory"


@pytest.mark.parametrize(
    "evil",
    ["'); DROP TABLE rows; --", "x' OR '1'='1", '"', "\\'", "$$", "%s", "{0}"],
)
def test_what_a_rule_compares_with_never_becomes_query(evil: str) -> None:
    """A value is a value, in a code set and in a column's name."""
    table = pa.table({f"c{evil}": [evil, "y"]})
    rule = Rule(evil, K.code_set, (f"c{evil}",), values=(evil,))
    (one,) = check(table, [rule], as_of=DAY).results
    assert (one.tested, one.failed) == (2, 1)


BLANK = " \t\n\r\u3000\u00a0"
TEXT = st.text(st.sampled_from("aB1甲' \t\u3000\u00a0"), max_size=4)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.none() | TEXT, max_size=12))
def test_the_engine_agrees_with_a_plain_reading(values: list[Any]) -> None:
    """Python, value by value, judges not_null, unique, length, pattern and code set."""
    filled = [v for v in values if v is not None and v.strip(BLANK)]
    rules = {
        Rule("n", K.not_null, ("c",)): (len(values), len(values) - len(filled)),
        Rule("u", K.unique, ("c",)): (len(filled), len(filled) - len(set(filled))),
        Rule("l", K.length, ("c",), low="2", high="3"): (
            len(filled),
            sum(not 2 <= len(v) <= 3 for v in filled),
        ),
        Rule("p", K.pattern, ("c",), pattern="a|[1甲]+"): (
            len(filled),
            sum(not re.fullmatch("a|[1甲]+", v) for v in filled),
        ),
        Rule("s", K.code_set, ("c",), values=("a", "甲'")): (
            len(filled),
            sum(v not in {"a", "甲'"} for v in filled),
        ),
    }
    found = check(pa.table({"c": pa.array(values, pa.string())}), list(rules), as_of=DAY)
    assert [(one.tested, one.failed) for one in found.results] == list(rules.values())
