"""When limits run out: start rule, last-day rule, units, ceilings, lights."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongshu.vocabulary.errors import Invalid
from gongshu.workflow.limits import SHANGHAI, Due, Light, Limit, Unit, due, light


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def limit(amount: int, unit: Unit, **rules: object) -> Limit:
    return Limit("test.limit", "测试时限", amount, unit, "civil-201", **rules)  # type: ignore[arg-type] # rules are the dataclass's own keywords


THREE_DAYS = limit(3, Unit.working_day)


@pytest.mark.clause("civil-201")
@pytest.mark.parametrize("clock", ["00:00", "09:30", "23:59"])
def test_the_day_of_the_event_is_not_counted(clock: str) -> None:
    assert due(THREE_DAYS, at(f"2026-02-12T{clock}")) == Due(at("2026-02-25T00:00"), False)


def test_the_day_is_shanghais_whatever_the_zone_of_the_instant() -> None:
    # 17:00 UTC is 01:00 of the next day in Shanghai.
    start = datetime(2026, 2, 11, 17, 0, tzinfo=UTC)
    assert due(THREE_DAYS, start).at == at("2026-02-25T00:00")
    assert due(THREE_DAYS, start, UTC).at == datetime(2026, 2, 15, tzinfo=UTC)


def test_counting_from_the_same_day() -> None:
    assert due(limit(1, Unit.working_day, starts="same_instant"), at("2026-03-06T10:00")).at == at(
        "2026-03-07T00:00"
    )
    assert due(limit(2, Unit.calendar_day, starts="same_instant"), at("2026-03-06T10:00")).at == at(
        "2026-03-08T00:00"
    )


def test_hours_run_from_the_instant() -> None:
    assert due(limit(4, Unit.hour), at("2026-03-06T22:15")) == Due(at("2026-03-07T02:15"), False)


@pytest.mark.clause("civil-203")
def test_a_last_day_on_a_holiday_moves_only_where_the_rule_says_so() -> None:
    start = at("2026-09-21T08:00")
    ten = limit(10, Unit.calendar_day)
    rolled = limit(10, Unit.calendar_day, roll=True)
    assert due(ten, start).at == at("2026-10-02T00:00")
    assert due(rolled, start).at == at("2026-10-09T00:00")
    assert due(rolled, at("2026-09-20T08:00")).at == at("2026-10-01T00:00")


def test_a_roll_into_an_unknown_year_is_provisional() -> None:
    rolled = limit(7, Unit.calendar_day, roll=True)
    assert due(rolled, at("2026-12-26T08:00")).provisional
    assert not due(limit(7, Unit.calendar_day), at("2026-12-26T08:00")).provisional


@pytest.mark.clause("civil-202")
@pytest.mark.parametrize(
    ("unit", "amount", "starts", "event", "midnight"),
    [
        (Unit.month, 1, "next_day", "2026-01-31", "2026-03-01"),
        (Unit.month, 1, "next_day", "2026-03-15", "2026-04-16"),
        (Unit.month, 12, "next_day", "2024-02-29", "2025-03-01"),
        (Unit.month, 11, "next_day", "2026-02-10", "2027-01-11"),
        (Unit.year, 3, "same_instant", "2025-06-01", "2028-06-01"),
        (Unit.year, 1, "same_instant", "2024-02-29", "2025-03-01"),
        (Unit.year, 1, "same_instant", "2023-03-01", "2024-03-01"),
        (Unit.year, 5, "same_instant", "2025-01-01", "2030-01-01"),
    ],
)
def test_months_and_years(unit: Unit, amount: int, starts: str, event: str, midnight: str) -> None:
    found = due(limit(amount, unit, starts=starts), at(f"{event}T12:00"))
    assert found == Due(at(f"{midnight}T00:00"), False)


@pytest.mark.parametrize(
    ("event", "midnight"),
    [("2026-01-01", "2026-04-01"), ("2026-03-31", "2026-04-01"), ("2026-04-01", "2027-04-01")],
)
def test_a_fixed_date_is_the_next_one(event: str, midnight: str) -> None:
    assert due(limit(331, Unit.fixed), at(f"{event}T12:00")).at == at(f"{midnight}T00:00")


def test_an_agreed_end_lies_within_the_ceiling() -> None:
    five_years = limit(5, Unit.year, starts="same_instant", ceiling=True)
    start, agreed = at("2025-06-01T00:00"), at("2027-06-01T00:00")
    assert due(five_years, start, agreed=agreed).at == agreed
    assert due(five_years, start, agreed=at("2030-06-01T00:00")).at == at("2030-06-01T00:00")
    with pytest.raises(Invalid) as refused:
        due(five_years, start, agreed=at("2030-06-01T00:01"))
    assert refused.value.clause == "civil-201"
    assert "2030年06月01日" in refused.value.sentence


def test_a_statutory_length_is_not_agreed_on() -> None:
    with pytest.raises(ValueError, match="none to agree on"):
        due(THREE_DAYS, at("2026-02-12T09:00"), agreed=at("2026-02-13T00:00"))


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        due(THREE_DAYS, datetime(2026, 2, 12))  # noqa: DTZ001  the naive instant is what is refused


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (0, Light.green),
        (49.9, Light.green),
        (50, Light.half),
        (79.9, Light.half),
        (80, Light.late),
        (99.9, Light.late),
        (100, Light.overdue),
        (300, Light.overdue),
    ],
)
def test_lights(hours: float, expected: Light) -> None:
    start = at("2026-03-02T00:00")
    now = start + timedelta(hours=hours)
    assert light(start, start + timedelta(hours=100), now) is expected


@settings(deadline=None, max_examples=60)
@given(
    start=st.integers(0, 11 * 365 * 24 * 60).map(
        lambda minutes: at("2015-01-01T00:00") + timedelta(minutes=minutes)
    ),
    unit=st.sampled_from([Unit.working_day, Unit.calendar_day, Unit.month, Unit.year]),
    amount=st.integers(1, 12),
    roll=st.booleans(),
)
def test_due_is_a_later_midnight_and_grows_with_the_amount(
    start: datetime, unit: Unit, amount: int, roll: bool
) -> None:
    first = due(limit(amount, unit, roll=roll), start).at
    assert first > start
    assert (first.hour, first.minute, first.second, first.microsecond) == (0, 0, 0, 0)
    assert due(limit(amount + 1, unit, roll=roll), start).at >= first
