"""Recompute (复算): the journal is replayed, and what it adds up to is compared with the tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from gongshu_server.accounts import reconciling as accounts
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.permissions import require
from gongshu_server.cases import reconciling as cases
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.recording import Event
from gongshu_server.usage.compilation import agrees, latest_entries
from gongshu_server.usage.models import GrantRow

CLAUSE = "opinions-17.2"
SHOWN = 50


@dataclass(frozen=True, slots=True)
class Compared:
    """One table against the journal: how many rows differ, and the first of them."""

    zh: str
    differing: int
    first: tuple[str, ...]


def recompute(*, by: Actor, at: datetime) -> list[Compared]:
    """Replay the journal and return each comparison; that it was done, and the result, is recorded.

    The work grows with the journal: about a second for each ten thousand entries.
    """
    require(by, "audit.read", clause=CLAUSE)
    parts: Mapping[str, Callable[[], Iterable[str]]] = {
        "机构角色、岗位、代办和凭证": lambda: (f"{k} {i}" for k, i in accounts.differing()),
        "在办办件的状态": cases.differing,
        "用数许可": _grants,
    }
    found = []
    for zh, differing in parts.items():
        ids = list(differing())
        found.append(Compared(zh, len(ids), tuple(ids[:SHOWN])))
    record_recomputation(differing=sum(one.differing for one in found), by=by, at=at)
    return found


def _grants() -> Iterable[str]:
    rows = list(GrantRow.objects.all())
    entries = latest_entries(row.pk for row in rows)
    return [row.pk for row in rows if not agrees(row, entries.get(row.pk))]


@action
def record_recomputation(*, differing: int, by: Actor, at: datetime) -> None:
    """Record that the journal was replayed, and how many rows differ."""
    require(by, "audit.read", clause=CLAUSE)
    event = Event("ledger.checked", ("ledger", "rows"), CLAUSE, {"differing": differing})
    journal(event, by=by, at=at)


@action
def record_export(*, rows: int, sought: Mapping[str, str], by: Actor, at: datetime) -> None:
    """Record that a list of entries was taken out of the node: how many, and what was sought."""
    require(by, "ledger.read", clause=CLAUSE)
    details = {"rows": rows, "sought": dict(sought)}
    journal(Event("ledger.exported", ("ledger", "entries"), CLAUSE, details), by=by, at=at)
