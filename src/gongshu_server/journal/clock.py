"""The one clock of a node. Demo databases carry an offset; no request can set a time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gongshu.vocabulary.errors import Invalid
from gongshu_server.journal.models import Head


def offset() -> timedelta:
    """Return how far the node's time lies from the machine's (zero outside a demo)."""
    seconds = Head.objects.filter(pk=1).values_list("clock_offset", flat=True).first()
    return timedelta(seconds=seconds or 0)


def now() -> datetime:
    """Return the node's present time, aware, in UTC."""
    return datetime.now(UTC) + offset()


@dataclass(frozen=True, slots=True)
class Reading:
    """The node's present time, and whether its database is a demo's: one look at the head row."""

    at: datetime
    demo: bool


def read() -> Reading:
    """Return the time and the kind of node together; one query."""
    row = Head.objects.filter(pk=1).values_list("clock_offset", "demo").first()
    seconds, demo = row or (0, False)
    return Reading(datetime.now(UTC) + timedelta(seconds=seconds), demo)


def last_entry() -> datetime | None:
    """Return the time of the journal's last entry; None for an empty journal."""
    return Head.objects.filter(pk=1).values_list("last_at", flat=True).first()


def move_to(at: datetime) -> None:
    """Set a demo database's clock so that now is `at`.

    Raises Invalid on a real node, and when it would make journal time run backwards.
    """
    head = Head.objects.get(pk=1)
    if not head.demo:
        raise Invalid("只有演示节点可以移动时间。", code="not_a_demo")
    if head.last_at is not None and at < head.last_at:
        raise Invalid("时间不能早于存证日志的最后一条。", code="time_runs_backwards")
    # Rounded up: what was recorded at `at` must lie in the past for whoever reads the clock next.
    seconds = math.ceil((at - datetime.now(UTC)).total_seconds())
    Head.objects.filter(pk=1, demo=True).update(clock_offset=seconds)
