"""Working days of the State Council calendar, make-up days included.

The calendar of a year is announced near the end of the year before. For a year that is not yet
announced Monday to Friday count, and every answer that touches such a year is provisional.
"""

from __future__ import annotations

from datetime import date, timedelta

import chinese_calendar

ONE_DAY = timedelta(days=1)
_SATURDAY = 5


def is_working_day(day: date) -> tuple[bool, bool]:
    """Tell whether the day is a working day, and whether that is provisional.

    Statutory holidays are not working days, make-up Saturdays and Sundays are (行政许可法 第82条,
    yearly notice of the State Council General Office).
    """
    try:
        return chinese_calendar.is_workday(day), False
    except NotImplementedError:
        return day.weekday() < _SATURDAY, True


def add_working_days(day: date, n: int) -> tuple[date, bool]:
    """Return the n-th working day after the day, which itself is not counted, and provisionality.

    With n = 0 it is the day itself. Raises ValueError for a negative n.
    """
    if n < 0:
        raise ValueError("working days are counted forwards only")
    provisional = False
    while n > 0:
        day += ONE_DAY
        counts, guessed = is_working_day(day)
        provisional = provisional or guessed
        n -= counts
    return day, provisional


def next_working_day(day: date) -> tuple[date, bool]:
    """Return the day itself when it is a working day, else the first one after it."""
    return add_working_days(day - ONE_DAY, 1)


def working_days_between(start: date, end: date) -> tuple[int, bool]:
    """Return how many working days lie after `start` up to and including `end`, and provisionality.

    It is the inverse of `add_working_days`; with `end` before `start` the count is negative.
    """
    if end < start:
        count, provisional = working_days_between(end, start)
        return -count, provisional
    count, provisional = 0, False
    while start < end:
        start += ONE_DAY
        counts, guessed = is_working_day(start)
        provisional = provisional or guessed
        count += counts
    return count, provisional
