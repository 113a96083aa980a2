"""Refusals that no action records: of reads and of callers without a valid key, counted by minute.

A refused action is an entry of its own. A refused read writes nothing that could carry one, and
a stranger may send thousands a second: so they are counted, by who was refused and why, and one
entry a minute carries the counts. What a stranger sent, the address and the id that were asked
for are kept nowhere (ADR 0011).
"""

from __future__ import annotations

import logging
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from django.conf import settings

from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.permissions import require
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.models import Entry
from gongshu_server.journal.recording import Event

logger = logging.getLogger(__name__)
STRANGER: Final = "stranger"
EVENT: Final = "refusals.counted"
# Who and why in one minute; what is beyond is counted together, so that no flood fills an entry.
MOST_LINES: Final = 200
MOST_MINUTES: Final = 60  # In one go; the file holds no more than this either.
OTHERS: Final = ("others", "others")
_WAIT_SECONDS: Final = 2
_SCHEMA: Final = """
create table if not exists refused (
    minute text, who text, kind text, times integer, primary key (minute, who, kind)
) without rowid
"""


def count(by: Actor | None, kind: str, *, at: datetime, times: int = 1) -> None:
    """Count refusals of a person, or of a stranger (None), for the reason code `kind`.

    The count is on this host's disk when this returns. A disk that refuses is said in the log:
    the caller is refused in any case.
    """
    minute, who, why = _named(at), by.text_id if by else STRANGER, kind[:64]
    try:
        with _counts() as counts:
            minute, who, why = _line(counts, minute, who, why)
            counts.execute(
                "insert into refused values (?, ?, ?, ?)"
                " on conflict do update set times = times + excluded.times",
                (minute, who, why, times),
            )
    except (sqlite3.Error, OSError) as fault:
        logger.error("a refusal was not counted: %s", type(fault).__name__)


def _named(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%MZ}"


def _line(counts: sqlite3.Connection, minute: str, who: str, kind: str) -> tuple[str, str, str]:
    """Return the line to count on: the refusal's own while there is room, the common one after."""
    own = (minute, who, kind)
    asked = "select 1 from refused where minute = ? and who = ? and kind = ?"
    if counts.execute(asked, own).fetchone():
        return own
    minutes = {row[0] for row in counts.execute("select distinct minute from refused")}
    if minute not in minutes and len(minutes) >= MOST_MINUTES:
        return (max(minutes), *OTHERS)
    lines = counts.execute("select count(*) from refused where minute = ?", (minute,)).fetchone()
    return own if lines[0] < MOST_LINES else (minute, *OTHERS)


@action
def record_refusals(*, by: Actor, at: datetime) -> int:
    """Record the counts of all minutes that are over, one entry a minute; return how many entries.

    Counts are forgotten only when their entry has been committed; a crash in between leaves them,
    and the next call finds that their entry stands.
    """
    require(by, "job.run")
    # The last full minute is left alone: a slow request may still count in it.
    before = _named(at - timedelta(minutes=1))
    over = {minute: lines for minute, lines in _minutes().items() if minute < before}
    standing = set(
        Entry.objects.filter(event=EVENT, subject_id__in=over).values_list("subject_id", flat=True)
    )
    fresh = sorted(over.keys() - standing)
    for minute in fresh:
        details = {"minute": minute, "refused": over[minute]}
        event = Event(EVENT, ("period", minute), "", details, outcome="refused")
        journal(event, by=by, at=at)
    _forget(standing)
    return len(fresh)


def _minutes() -> Mapping[str, list[dict[str, str | int]]]:
    found: dict[str, list[dict[str, str | int]]] = defaultdict(list)
    with _counts() as counts:
        for minute, who, kind, times in counts.execute("select * from refused"):
            found[minute].append({"who": who, "code": kind, "times": times})
    return found


def _forget(minutes: set[str]) -> None:
    with _counts() as counts:
        counts.executemany("delete from refused where minute = ?", [(m,) for m in minutes])


@contextmanager
def _counts() -> Iterator[sqlite3.Connection]:
    """Open this host's file of counts in a transaction, which a killed process does not undo."""
    home = Path(settings.HOME)
    home.mkdir(parents=True, exist_ok=True)
    path = home / "refusals.sqlite3"
    with closing(sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)) as counts:
        # A power loss may take the last second's counts: no stranger makes the disk wait.
        counts.execute("pragma synchronous=off")
        counts.execute("begin immediate")
        counts.execute(_SCHEMA)
        yield counts
        counts.execute("commit")
