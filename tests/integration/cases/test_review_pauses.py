"""A pause of a limit in working days: what was left is counted anew, holidays and all."""

from __future__ import annotations

from datetime import datetime

import pytest

from gongshu.workflow.limits import Limit, Unit
from gongshu_server.cases import clocks
from gongshu_server.cases.models import Clock
from integration.city import BEIJING, City, submitted

TEN = Limit("reg.accept", "受理", 10, Unit.working_day, "26-10")


def day(month: int, day_of_month: int, hour: int = 0) -> datetime:
    return datetime(2025, month, day_of_month, hour, tzinfo=BEIJING)


def running(city: City, start: datetime) -> Clock:
    """Return a clock of ten working days from the start."""
    row = submitted(city)
    ran = Clock.objects.get(case_id=row.case, limit="reg.accept")
    ran.started_at, ran.due = start, clocks.due(TEN, start).at
    ran.save()
    return ran


@pytest.mark.parametrize(
    ("paused", "resumed", "ends"),
    [
        # From Monday 1 September: ten working days end with Monday 15 September.
        ((9, 3, 10), (9, 3, 15), (9, 16)),
        # Two used; eight more after Friday 12 September end with Wednesday 24 September.
        ((9, 3, 10), (9, 12, 9), (9, 25)),
        # Resumed on a Saturday or Sunday is as good as on the Friday before.
        ((9, 3, 10), (9, 13, 9), (9, 25)),
        ((9, 3, 10), (9, 14, 9), (9, 25)),
        # Eight days after 26 September run past the holidays of 1-8 October; the 28th and the
        # 11th are make-up days.
        ((9, 3, 10), (9, 26, 9), (10, 15)),
        # Paused over a weekend, the weekend was never counted anyway.
        ((9, 5, 17), (9, 7, 9), (9, 16)),
    ],
)
def test_what_was_left_is_counted_in_working_days(
    city: City, paused: tuple[int, ...], resumed: tuple[int, ...], ends: tuple[int, ...]
) -> None:
    ran = running(city, day(9, 1, 9))
    assert ran.due == day(9, 16)
    ran.paused_at = day(*paused)
    clocks._resume(ran, TEN, at=day(*resumed))
    assert ran.due == day(*ends)
    assert ran.paused_at is None
    # Whoever computes it again comes to the same day.
    assert clocks._ends(ran, TEN).at == ran.due


def test_two_pauses_add_up(city: City) -> None:
    ran = running(city, day(9, 1, 9))
    for paused, resumed in ((day(9, 3, 9), day(9, 8, 9)), (day(9, 10, 9), day(9, 17, 9))):
        ran.paused_at = paused
        clocks._resume(ran, TEN, at=resumed)
    # 2 + 2 used; six more after 17 September.
    assert (ran.used, ran.due) == (4, day(9, 26))


def test_what_was_overdue_stays_overdue(city: City) -> None:
    ran = running(city, day(9, 1, 9))
    ran.paused_at = day(9, 20)
    clocks._resume(ran, TEN, at=day(11, 1))
    assert ran.due == day(9, 16)


def test_hours_go_on_by_the_minute(city: City) -> None:
    ran = running(city, day(9, 1, 9))
    limit = Limit("h", "报告", 24, Unit.hour, "26-10", starts="same_instant")
    ran.due, ran.paused_at = day(9, 2, 9), day(9, 1, 12)
    clocks._resume(ran, limit, at=day(9, 3, 12))
    assert ran.due == day(9, 4, 9)
