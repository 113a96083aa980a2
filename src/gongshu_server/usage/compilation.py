"""From rows to grants in force: a row counts only when an entry that the node wrote agrees with it.

Whoever edits a grant by SQL changes nothing on running hosts, and at the next compile the row is
refused and alarmed; editing or adding an entry with it does not help. Entries that were edited so
that they are found no more (a revocation under another name) are looked for apart, and alarmed.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from gongshu.ledger.canonical import canonical
from gongshu.policy import Grant
from gongshu.vocabulary.errors import Unavailable
from gongshu_server.journal.models import Entry, Head
from gongshu_server.journal.recording import genuine
from gongshu_server.usage.models import Alarm, GrantRow

logger = logging.getLogger(__name__)
PART = 5_000  # Entries looked through at once, in about a third of a second.
PART_SECONDS = 30
MOST_IDS = 5_000  # In one query.
GRANT_EVENTS = ("grant.issued", "grant.revoked", "grant.moved")


def latest_entries(grant_ids: Iterable[str]) -> dict[str, Entry]:
    """Return the latest entry about each grant, by grant id; databases bound a list of ids."""
    found: dict[str, Entry] = {}
    about = Entry.objects.filter(subject_kind="grant", event__in=GRANT_EVENTS).order_by("sequence")
    for some in batched(grant_ids, MOST_IDS):
        found |= {entry.subject_id: entry for entry in about.filter(subject_id__in=some)}
    return found


def batched(ids: Iterable[str], size: int) -> Iterator[list[str]]:
    """Yield the ids in lists of at most `size`."""
    rest = iter(ids)
    while some := list(islice(rest, size)):
        yield some


def agrees(row: GrantRow, entry: Entry | None) -> bool:
    """Tell whether the row equals its latest entry, and the entry is the node's own."""
    said = _said(entry)
    if said is None:
        return False
    columns = (row.id, row.grantee, row.object, row.case, row.parent or None)
    same = columns == (said["id"], said["grantee"], said["object"], said["case"], said["parent"])
    revoked = row.revoked_at is None if said["revoked_at"] is None else row.revoked_at is not None
    return same and revoked and canonical(said).decode() == row.body


def _said(entry: Entry | None) -> dict[str, Any] | None:
    """Return the grant's canonical form in the entry; None when the entry is not what it was."""
    if entry is None or entry.body is None or not genuine(entry):
        return None
    said: dict[str, Any] = json.loads(entry.body)["details"]["grant"]
    return said


def journalled(grant_id: str) -> Grant:
    """Return the grant as its latest entry has it, whatever the row says.

    Raises Unavailable when the entry is not the one that the node wrote.
    """
    said = _said(latest_entries([grant_id]).get(grant_id))
    if said is None:
        raise _tampered()
    return Grant.from_canonical(said)


def verified(row: GrantRow) -> Grant:
    """Return the row's grant; Unavailable when the row does not agree with the journal."""
    if not agrees(row, latest_entries([row.pk]).get(row.pk)):
        raise _tampered()
    return Grant.from_canonical(json.loads(row.body))


def _tampered() -> Unavailable:
    return Unavailable(
        "该许可记录与存证日志不一致，已停止使用并告警，请联系数据管理部门。",
        code="grant_tampered",
    )


def compile_rows(rows: Iterable[GrantRow], *, at: datetime) -> list[Grant]:
    """Return the grants of all rows that agree with the journal; alarm each one that does not."""
    rows = list(rows)
    entries = latest_entries(row.pk for row in rows)
    grants = []
    for row in rows:
        if agrees(row, entries.get(row.pk)):
            grants.append(Grant.from_canonical(json.loads(row.body)))
        else:
            _alarm(row, at=at)
    return grants


def _alarm(row: GrantRow, *, at: datetime) -> None:
    sentence = f"用数许可 {row.pk} 的数据库记录与存证日志不一致，已停止使用。"
    raise_alarm("grant_tampered", row.pk, sentence, at=at)


def verify_entries(*, at: datetime) -> int:
    """Look through a part of the journal and alarm each entry that is not what the node wrote.

    The part changes with the time, so that calls every half minute see all of it in turn. Returns
    how many entries were altered or are missing.
    """
    last = Head.objects.filter(pk=1).values_list("sequence", flat=True).first() or 0
    parts = -(-last // PART) or 1
    start = int(at.timestamp() // PART_SECONDS) % parts * PART
    rows = Entry.objects.filter(sequence__gt=start, sequence__lte=start + PART)
    seen = {row.sequence: row.body is None or genuine(row) for row in rows}
    wrong = [k for k in range(start + 1, min(start + PART, last) + 1) if not seen.get(k)]
    for sequence in wrong:
        sentence = f"存证流水第 {sequence} 条不是节点写入的原样，请审计人员核查。"
        raise_alarm("entry_altered", str(sequence), sentence, at=at)
    return len(wrong)


def raise_alarm(kind: str, object_id: str, sentence: str, *, at: datetime) -> None:
    """Raise an alarm about an object, and say it in the log, once while it is open."""
    _, raised = Alarm.objects.get_or_create(
        kind=kind,
        object_id=object_id,
        closed_at=None,
        defaults={"sentence": sentence, "raised_at": at},
    )
    if raised:
        logger.error("alarm %s %s", kind, object_id)
