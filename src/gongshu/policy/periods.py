"""The instants and periods that limits speak of: half-open, counted by Beijing time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Final, Literal

BEIJING: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China has kept one fixed offset since 1992, so no time-zone database is needed."""

NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
INSTANT: Final = timedelta(microseconds=1)
"""The distance from the end of a half-open period to the last instant inside it."""

Per = Literal["total", "day", "month"]


def period_key(per: Per, at: datetime) -> str:
    """Return the name of the quota period that `at` lies in: "total", "2026-06-01" or "2026-06"."""
    local = at.astimezone(BEIJING)
    return {"total": "total", "day": f"{local:%Y-%m-%d}", "month": f"{local:%Y-%m}"}[per]


def periods_touched(per: Per, start: datetime, end: datetime) -> int:
    """Return how many quota periods the half-open span from `start` to `end` touches."""
    if per == "total" or end <= start:
        return 1
    first, last = start.astimezone(BEIJING), (end - INSTANT).astimezone(BEIJING)
    if per == "day":
        return (last.date() - first.date()).days + 1
    return (last.year - first.year) * 12 + last.month - first.month + 1
