"""Limits: an amount, a unit, a start rule and a last-day rule; and when they are due.

A due time is half-open: it is the midnight after the last day, so that a thing done at any time of
the last day is in time. The day of the event is not counted (民法典 第201条) unless the rule counts
from the instant itself, as terms of validity and reports within hours do.
"""

from __future__ import annotations

import calendar as months
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Literal
from zoneinfo import ZoneInfo

from gongshu.vocabulary.errors import Invalid
from gongshu.workflow.calendar import (
    ONE_DAY,
    add_working_days,
    next_working_day,
    working_days_between,
)

__all__ = ["SHANGHAI", "Due", "Light", "Limit", "Unit", "due", "light", "working_days_between"]

SHANGHAI = ZoneInfo("Asia/Shanghai")

Starts = Literal["next_day", "same_instant"]


class Unit(StrEnum):
    """What a limit is counted in."""

    working_day = "working_day"
    calendar_day = "calendar_day"
    hour = "hour"
    month = "month"
    year = "year"
    fixed = "fixed"


@dataclass(frozen=True, slots=True)
class Limit:
    """A statutory limit.

    `amount` counts `unit`; for `Unit.fixed` it is month × 100 + day, the next such date.
    `starts` "next_day" does not count the day of the event; "same_instant" counts hours from the
    instant, and longer units from the event's own day as the first.
    `roll`: a last day that is no working day moves to the first working day after it (民法典 203).
    `ceiling`: the rule gives the longest period; a case may name an earlier end.
    `standing`: the limit goes on when the case has ended (a term of validity, a review).
    """

    code: str
    zh: str
    amount: int
    unit: Unit
    clause: str
    starts: Starts = "next_day"
    roll: bool = False
    ceiling: bool = False
    standing: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """When a limit runs out; provisional while the holiday calendar of a year is not announced."""

    at: datetime
    provisional: bool


class Light(StrEnum):
    """How much of a limit is used up."""

    green = "green"
    half = "50"
    late = "80"
    overdue = "overdue"


def due(
    limit: Limit, start: datetime, tz: tzinfo = SHANGHAI, *, agreed: datetime | None = None
) -> Due:
    """Return when the limit that starts at the aware instant runs out, in the time zone `tz`.

    `agreed` is the earlier, half-open end that a case names where the rule gives only a ceiling.
    Raises ValueError for a naive instant or for an agreed end of a limit that is no ceiling, and
    Invalid for an agreed end beyond the ceiling.
    """
    if start.tzinfo is None:
        raise ValueError("a limit starts at an aware instant")
    longest = _longest(limit, start, tz)
    if agreed is None:
        return longest
    if not limit.ceiling:
        raise ValueError(f"{limit.code} has a statutory length, none to agree on")
    if agreed > longest.at:
        raise Invalid(
            f"“{limit.zh}”最长到{longest.at:%Y年%m月%d日}零时，请改为不晚于此时的期限。",
            code="beyond_ceiling",
            clause=limit.clause,
        )
    return Due(agreed.astimezone(tz), provisional=False)


def _longest(limit: Limit, start: datetime, tz: tzinfo) -> Due:
    if limit.unit is Unit.hour:
        # Hours are added in UTC's arithmetic: an aware sum would ignore a shift of the zone.
        return Due((start.astimezone(tz) + timedelta(hours=limit.amount)), provisional=False)
    last, provisional = _last_day(limit, start.astimezone(tz).date())
    if limit.roll:
        last, guessed = next_working_day(last)
        provisional = provisional or guessed
    return Due(datetime.combine(last + ONE_DAY, time(), tz), provisional)


def _last_day(limit: Limit, event: date) -> tuple[date, bool]:
    from_same_day = limit.starts == "same_instant"
    before = event - ONE_DAY if from_same_day else event
    match limit.unit:
        case Unit.working_day:
            return add_working_days(before, limit.amount)
        case Unit.calendar_day:
            return before + timedelta(days=limit.amount), False
        case Unit.fixed:
            return _next_date(event, *divmod(limit.amount, 100)), False
        case _:
            count = limit.amount * (12 if limit.unit is Unit.year else 1)
            return _after_months(event, count, from_same_day=from_same_day), False


def _after_months(event: date, count: int, *, from_same_day: bool) -> date:
    """Return the last day of a period of months (民法典 202: corresponding day or month end)."""
    year, month = divmod(event.year * 12 + event.month - 1 + count, 12)
    length = months.monthrange(year, month + 1)[1]
    corresponding = date(year, month + 1, min(event.day, length))
    if from_same_day and event.day <= length:
        return corresponding - ONE_DAY
    return corresponding


def _next_date(event: date, month: int, day: int) -> date:
    this_year = date(event.year, month, day)
    return this_year if this_year >= event else date(event.year + 1, month, day)


def light(start: datetime, due: datetime, now: datetime) -> Light:
    """Return the light of a running limit at 50, 80 and 100 % of the time between start and due."""
    if now >= due:
        return Light.overdue
    used = (now - start) / (due - start)
    if used >= 0.8:
        return Light.late
    return Light.half if used >= 0.5 else Light.green
