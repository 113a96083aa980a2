"""Complaints against the journal: who lodged one, and what it says, cannot be changed unseen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

from gongshu_server.journal.models import Entry
from gongshu_server.journal.recording import genuine
from gongshu_server.oversight.complaints import identity_mac
from gongshu_server.oversight.models import Complaint
from gongshu_server.usage.compilation import raise_alarm

AT_ONCE = 200


def differing() -> Iterator[str]:
    """Yield the id of each complaint that is not as it was lodged."""
    rows = list(Complaint.objects.order_by("id"))
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        known = _recorded([row.pk for row in some])
        for row in some:
            if known.get(row.pk) != identity_mac(row):
                yield row.pk


def _recorded(ids: list[str]) -> dict[str, str]:
    entries = Entry.objects.filter(event="complaint.submitted", subject_id__in=ids, outcome="done")
    return {
        entry.subject_id: json.loads(entry.body)["details"].get("identity", "")
        for entry in entries
        if entry.body is not None and genuine(entry)
    }


def verify_complaints(*, at: datetime) -> int:
    """Raise an alarm for each complaint that differs; return how many do."""
    count = 0
    for complaint_id in differing():
        sentence = f"投诉举报 {complaint_id} 的数据库记录与存证日志不一致，请审计人员核查。"
        raise_alarm("complaint_tampered", complaint_id, sentence, at=at)
        count += 1
    return count
