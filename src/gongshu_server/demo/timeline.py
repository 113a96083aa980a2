"""The story's time: it starts in the past, only moves forward, and ends at `ends`."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from gongshu.vocabulary.errors import Invalid
from gongshu.workflow.calendar import add_working_days

ZONE = ZoneInfo("Asia/Shanghai")
# The story needs a full year of operation and what comes before and after it.
LENGTH = timedelta(days=445)
# 809号 came into force on this day; the catalogue scenes rest on it.
EARLIEST = date(2025, 8, 1)


class Timeline:
    """The present moment of the story; every action takes its `at` from here."""

    def __init__(self, ends: datetime) -> None:
        self.ends = ends
        start = (ends - LENGTH).astimezone(ZONE).date()
        if start < EARLIEST:
            raise Invalid(
                f"故事须在 {EARLIEST + LENGTH} 以后结束：更早时其依据的条款尚未施行。",
                code="too_early",
            )
        first, _ = add_working_days(start, 1)
        self.at = datetime.combine(first, time(9, 0), ZONE).astimezone(UTC)

    def minutes(self, n: int = 1) -> datetime:
        """Let some minutes pass and return the time."""
        return self._to(self.at + timedelta(minutes=n))

    def working_days(self, n: int) -> datetime:
        """Go to nine o'clock of the n-th working day from now."""
        day, _ = add_working_days(self.at.astimezone(ZONE).date(), n)
        return self._to(datetime.combine(day, time(9, 0), ZONE))

    def days(self, n: int) -> datetime:
        """Let calendar days pass."""
        return self._to(self.at + timedelta(days=n))

    def before_the_end(self, n: int) -> datetime:
        """Go to `n` days before the story's end; stays where it is if that is past."""
        return self._to(max(self.at, self.ends - timedelta(days=n)))

    def not_before(self, at: datetime | None) -> datetime:
        """Catch up with what has been recorded: some work adds its own real seconds."""
        return self._to(max(self.at, at or self.at))

    def finish(self) -> datetime:
        """Go to the story's end."""
        return self._to(self.ends)

    def _to(self, at: datetime) -> datetime:
        at = at.astimezone(UTC)
        if at > self.ends:
            raise RuntimeError(f"the story runs past its end: {at} > {self.ends}")
        self.at = max(self.at, at)
        return self.at
