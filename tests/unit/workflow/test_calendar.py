"""Working days, judged by the announced holiday calendars and by values computed independently."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongshu.workflow.calendar import (
    add_working_days,
    is_working_day,
    next_working_day,
    working_days_between,
)

pytestmark = pytest.mark.clause("licensing-82", "civil-201")

KNOWN = st.dates(date(2015, 1, 1), date(2026, 6, 30))


@pytest.mark.parametrize(
    ("event", "n", "last"),
    [
        (date(2025, 9, 26), 10, date(2025, 10, 16)),
        (date(2026, 2, 12), 3, date(2026, 2, 24)),
        (date(2026, 2, 10), 20, date(2026, 3, 16)),
        (date(2026, 9, 28), 10, date(2026, 10, 16)),
    ],
)
def test_counts_over_the_long_holidays(event: date, n: int, last: date) -> None:
    assert add_working_days(event, n) == (last, False)
    assert working_days_between(event, last) == (n, False)


def test_make_up_days_of_2026_are_working_days() -> None:
    weekends = {
        day
        for k in range(365)
        if (day := date(2026, 1, 1) + timedelta(days=k)).weekday() >= 5 and is_working_day(day)[0]
    }
    assert weekends == {
        date(2026, 1, 4),
        date(2026, 2, 14),
        date(2026, 2, 28),
        date(2026, 5, 9),
        date(2026, 9, 20),
        date(2026, 10, 10),
    }


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_every_day_of_the_announced_calendars(shared: Path, year: int) -> None:
    path = shared / "data" / "calendar" / f"holiday-cn-{year}.json"
    announced = {
        date.fromisoformat(entry["date"]): not entry["isOffDay"]
        for entry in json.loads(path.read_text(encoding="utf-8"))["days"]
    }
    day = date(year, 1, 1)
    wrong = []
    while day.year == year:
        expected = announced.get(day, day.weekday() < 5)
        if is_working_day(day) != (expected, False):
            wrong.append(day)
        day += timedelta(days=1)
    assert len(announced) >= 28
    assert wrong == []


def test_a_year_not_announced_is_provisional() -> None:
    assert is_working_day(date(2026, 12, 31)) == (True, False)
    assert is_working_day(date(2027, 1, 1)) == (True, True)
    assert is_working_day(date(2027, 1, 2)) == (False, True)
    assert add_working_days(date(2026, 12, 30), 1) == (date(2026, 12, 31), False)
    assert add_working_days(date(2026, 12, 31), 1) == (date(2027, 1, 1), True)
    assert working_days_between(date(2026, 12, 30), date(2027, 1, 5)) == (4, True)


def test_zero_days_and_the_next_working_day() -> None:
    saturday = date(2026, 3, 7)
    assert add_working_days(saturday, 0) == (saturday, False)
    assert next_working_day(saturday) == (date(2026, 3, 9), False)
    assert next_working_day(date(2026, 3, 6)) == (date(2026, 3, 6), False)


def test_counting_backwards_is_refused() -> None:
    with pytest.raises(ValueError, match="forwards"):
        add_working_days(date(2026, 3, 6), -1)


@settings(deadline=None, max_examples=60)
@given(event=KNOWN, n=st.integers(1, 40))
def test_counting_and_adding_are_inverse(event: date, n: int) -> None:
    last, _ = add_working_days(event, n)
    assert is_working_day(last)[0]
    assert working_days_between(event, last)[0] == n
    assert working_days_between(last, event)[0] == -n


@settings(deadline=None, max_examples=40)
@given(a=KNOWN, span=st.integers(0, 40), more=st.integers(0, 40))
def test_counts_add_up(a: date, span: int, more: int) -> None:
    b, c = a + timedelta(days=span), a + timedelta(days=span + more)
    whole = working_days_between(a, c)[0]
    assert whole == working_days_between(a, b)[0] + working_days_between(b, c)[0]
