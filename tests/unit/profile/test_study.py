"""A study: spread, frequent values and keys for the owner, and what others may not read."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from gongshu.profile import keys, protect, study
from gongshu.profile.statistics import Spread
from gongshu.profile.study import Study
from gongshu.vocabulary.errors import Invalid
from gongshu.vocabulary.identifiers import citizen_id_check_character


def of(table: pa.Table, **more: str) -> Study:
    """Study a table in memory."""
    return study(lambda: table, **more)


def citizen(n: int) -> str:
    """Return a valid citizen number."""
    first = f"11010519{50 + n % 50}0{1 + n % 9}{10 + n % 18}{n % 1000:03d}"
    return first + citizen_id_check_character(first)


# --- spread ---------------------------------------------------------------------------------------


def test_numbers_and_dates_have_a_spread_and_text_has_none() -> None:
    """Least, greatest, mean and quantiles of every kind of number and date, as text."""
    morning = datetime(2020, 1, 1, 8)  # noqa: DTZ001 - local wall time, as the lake holds it
    table = pa.table(
        {
            "整": pa.array([1, 2, 3, 4, None]),
            "小": pa.array([Decimal("1.50"), Decimal("2.50"), None, None, None]),
            "日": pa.array([date(2020, 1, 1), date(2024, 2, 29), None, None, None]),
            "时": pa.array([morning, None, None, None, None], pa.timestamp("us")),
            "文": ["甲", "乙", "丙", "丁", None],
            "空": pa.nulls(5),
        }
    )
    whole, fraction, day, time, text, nothing = (one.spread for one in of(table).values)
    assert whole is not None and (whole.minimum, whole.maximum, whole.mean) == ("1", "4", 2.5)
    assert fraction is not None and (fraction.minimum, fraction.mean) == ("1.50", 2.0)
    assert day is not None and (day.maximum, day.mean) == ("2024-02-29", None)
    assert time is not None and time.minimum == "2020-01-01 08:00:00"
    assert (text, nothing) == (None, None)


def test_quantiles_are_near_the_exact_ones() -> None:
    """Of 0 to 100,000 in any order each quantile is within 1 % of its rank."""
    numbers = list(range(100_001))
    random.Random(1).shuffle(numbers)
    (one,) = of(pa.table({"n": numbers})).values
    assert one.spread is not None
    for at, found in zip((5, 25, 50, 75, 95), one.spread.quantiles, strict=True):
        assert abs(float(found) - at * 1_000) < 1_000


def test_what_is_no_number_does_not_spoil_the_others() -> None:
    """NaN and infinity, as some programs write, are left out of the spread."""
    (one,) = of(pa.table({"n": [1.0, float("nan"), float("inf"), 3.0, None]})).values
    assert one.spread is not None
    assert (one.spread.minimum, one.spread.maximum, one.spread.mean) == ("1.0", "3.0", 2.0)


def test_the_rows_are_read_once_in_the_same_scan() -> None:
    """One opening tells all of a table whose keys are plain; pairs are counted in a second."""
    opened = []

    def rows(first: list[int], second: list[int]) -> pa.RecordBatchReader:
        opened.append(1)
        return pa.table({"n": first, "m": second}).to_reader(max_chunksize=2)

    assert study(lambda: rows([1, 1, 1, 1], [1, 1, 1, 1])).keys == ()
    assert study(lambda: rows([1, 2, 3, 4], [1, 1, 1, 1])).keys != ()
    assert len(opened) == 2
    assert study(lambda: rows([1, 1, 2, 2], [1, 2, 1, 2])).keys != ()
    assert len(opened) == 4


def test_a_fault_of_the_source_passes_through() -> None:
    """What reading raises is what the caller gets, and not a sentence of the engine."""

    def broken() -> Iterator[pa.RecordBatch]:
        yield pa.RecordBatch.from_pydict({"n": [1]})
        raise Invalid("坏了。", code="broken")

    schema = pa.schema([("n", pa.int64())])
    with pytest.raises(Invalid) as fault:
        study(lambda: pa.RecordBatchReader.from_batches(schema, broken()))
    assert fault.value.code == "broken"


@pytest.mark.parametrize("table", [pa.table({}), pa.table({"n": pa.array([], pa.int64())})])
def test_tables_without_rows_or_columns_are_studied(table: pa.Table) -> None:
    """Nothing in, nothing claimed: no spread, no value, no key."""
    found = of(table)
    assert (found.profile.rows, found.keys) == (0, ())
    assert all(one.spread is None and not one.frequent for one in found.values)


def test_equal_headers_and_quotes_are_told_apart_by_place() -> None:
    """A header is never part of a query."""
    table = pa.table([pa.array([1, 2]), pa.array([3, 4])], names=['a" FROM x', 'a" FROM x'])
    assert [one.spread.maximum for one in of(table).values if one.spread] == ["2", "4"]


def test_the_number_of_rows_is_held_to() -> None:
    """A scan that saw fewer rows than the snapshot has gives nothing."""
    with pytest.raises(Invalid) as refusal:
        study(lambda: pa.table({"n": [1]}), rows=2)
    assert refusal.value.code == "rows_differ"


# --- keys -----------------------------------------------------------------------------------------


def test_a_column_that_tells_all_rows_apart_is_a_key() -> None:
    """A number without repetition is a key; with one repetition or one gap it is none."""
    n = 1_000
    table = pa.table(
        {
            "编号": [f"A{i}" for i in range(n)],
            "重复": [f"B{i % (n - 1)}" for i in range(n)],
            "缺": [None, *(f"C{i}" for i in range(1, n))],
            "测量": [i / 7 for i in range(n)],
        }
    )
    found = of(table)
    assert found.keys is not None and [key.names for key in found.keys] == [("编号",)]
    assert [one.unique for one in found.values] == [True, False, False, False]


def test_keys_of_many_rows_are_counted_exactly() -> None:
    """Beyond 100,000 values an estimate cannot tell a key from a column with one repetition."""
    n = 150_000
    table = pa.table({"全": pa.array(range(n)), "重": pa.array([*range(n - 1), 0])})
    found = of(table)
    assert not found.profile.columns[0].distinct_exact
    assert [one.unique for one in found.values] == [True, False]


def test_a_wide_table_is_studied_in_seconds() -> None:
    """Eight hundred columns that all tell the rows apart need no eight hundred counts."""
    start = time.process_time()
    found = of(pa.table({f"c{n}": range(n, n + 50) for n in range(800)}))
    assert found.keys is not None and len(found.keys) == 800
    assert time.process_time() - start < 10


def test_two_columns_together_are_a_key_where_none_is_alone() -> None:
    """Household and member number tell rows apart together."""
    table = pa.table({"户": [i // 3 for i in range(300)], "人": [i % 3 for i in range(300)]})
    found = of(table)
    assert found.keys is not None and [key.names for key in found.keys] == [("户", "人")]
    assert of(pa.table({"户": [1, 1], "人": [2, 2]})).keys == ()


def test_a_key_that_cannot_be_decided_is_not_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    """When memory does not suffice the answer is unknown, neither yes nor no."""
    monkeypatch.setattr(keys, "MEMORY", 4 * 1024**2)
    many = pa.table({"n": pa.array(range(1_000_000), pa.int64())})
    found = of(many)
    assert (found.keys, found.values[0].unique) == (None, None)


# --- what others may not read ---------------------------------------------------------------------


@pytest.mark.clause("gbt37964")
def test_identifiers_show_no_value_to_others() -> None:
    """The owner sees the numbers; protected, not one of them is anywhere in the study."""
    table = pa.table({"身份证号": [citizen(n // 20) for n in range(400)], "区": ["东"] * 400})
    found = of(table)
    assert len(found.values[0].frequent) == 10
    said = str(protect(found).as_json())
    assert all(citizen(n) not in said for n in range(20))
    assert protect(found).values[0].withheld
    assert "东" in said


def test_rare_values_are_not_shown_to_others() -> None:
    """Nine rows are too few to name a value, ten are enough."""
    table = pa.table({"型号": ["多"] * 10 + ["少"] * 9})
    found = of(table)
    assert [one.value for one in found.values[0].frequent] == ["多", "少"]
    hidden = protect(found).values[0]
    assert [one.value for one in hidden.frequent] == ["多"]
    assert hidden.withheld is not None and "不足10行" in hidden.withheld


def test_extremes_of_persons_are_not_shown_and_those_of_things_are() -> None:
    """The oldest person is one person; the hottest day is weather."""
    people = pa.table({"身份证号": [citizen(n) for n in range(50)], "票数": list(range(50))})
    assert of(people).values[1].spread is not None
    assert protect(of(people)).values[1].spread is None
    weather = pa.table({"日期": [date(2024, 1, 1)] * 3, "气温": [1, 2, 3]})
    spread = protect(of(weather)).values[1].spread
    assert isinstance(spread, Spread) and spread.maximum == "3"


def test_a_count_that_may_be_short_is_not_taken_for_more() -> None:
    """What is shown was counted: at least so many rows, never an estimate above them."""
    table = pa.table({"型号": [f"x{n}" for n in range(20_000)] + ["常"] * 40})
    (one,) = protect(of(table)).values
    assert [(v.value, v.rows <= 40) for v in one.frequent] == [("常", True)]
