"""Moving a demo's time forward, so that limits can be seen to run."""

from __future__ import annotations

from datetime import datetime

from gongshu.vocabulary.errors import Invalid
from gongshu_server.accounts.actors import Actor
from gongshu_server.journal import clock
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.recording import Event


@action
def move_time(*, to: datetime, by: Actor, at: datetime) -> None:
    """Move the demo's clock forward to `to`; the entry is the last of the time before.

    Raises Invalid on a real node and for a time that is not ahead.
    """
    if to <= at:
        raise Invalid("时间只能向前，请选择今天以后的日期。", code="time_not_ahead")
    journal(Event("node.time_moved", ("node", "clock"), "", {"to": to.isoformat()}), by=by, at=at)
    clock.move_to(to)
