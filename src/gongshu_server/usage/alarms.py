"""Alarms: who watches over the node closes one, with what was found."""

from __future__ import annotations

from datetime import datetime

from gongshu.vocabulary.errors import Conflict, Invalid, NotFound
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.permissions import require
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.recording import Event
from gongshu_server.usage.models import Alarm

CLAUSE = "opinions-12.3"


@action
def close_alarm(*, alarm_id: str, reason: str, by: Actor, at: datetime) -> Alarm:
    """Close an alarm, saying what was found and done.

    A breach that still stands raises it again at the next look. Raises Invalid without a reason,
    Conflict for one that is closed.
    """
    require(by, "alarm.close", clause=CLAUSE)
    if not reason.strip():
        raise Invalid("请写明核查结果和处置情况。", code="reason_required", clause=CLAUSE)
    rows = Alarm.objects.visible_to(by).select_for_update(of=("self",))
    row = rows.filter(pk=int(alarm_id)).first() if alarm_id.isdecimal() else None
    if row is None:
        raise NotFound("没有这条告警。", code="alarm_not_found")
    if row.closed_at is not None:
        raise Conflict("这条告警已经关闭。", code="alarm_closed", clause=CLAUSE)
    row.closed_at = at
    row.save(update_fields=["closed_at"])
    details = {"kind": row.kind, "object": row.object_id, "reason": reason.strip()}
    journal(Event("alarm.closed", ("alarm", str(row.pk)), CLAUSE, details), by=by, at=at)
    return row
