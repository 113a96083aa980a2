"""Looking into data: a few rows within the reader's own grant, and the rows that were not taken.

A look is a use like any other: it is decided on the reader's grants and recorded before anything
is shown (S5).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings

from gongshu.lake import Reject, read_rejects
from gongshu.policy import Grant, Use
from gongshu.vocabulary.actions import Action
from gongshu.vocabulary.errors import NotFound
from gongshu.vocabulary.purposes import Purpose
from gongshu_server.accounts.actors import Actor
from gongshu_server.catalogue import queries as catalogue
from gongshu_server.catalogue.models import Snapshot
from gongshu_server.usage import actions, queries

MOST_ROWS, MOST_REJECTS = 50, 200
WHOLE = "*"


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows of a version: the items that the reader's grant names, cells as text."""

    resource: str
    version: int
    as_of: date
    grant: str
    items: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]


@dataclass(frozen=True, slots=True)
class Rejects:
    """The first rows of a version's file that could not be taken, out of how many."""

    resource: str
    version: int
    count: int
    rows: tuple[Reject, ...]


def preview(resource_id: str, *, limit: int = 20, by: Actor, at: datetime) -> Preview:
    """Return the first rows of the newest version, after recording the look.

    Raises NotFound for a resource or data that the actor has no grant to read, Conflict while
    there is no version.
    """
    row = catalogue.resource(resource_id, by=by)
    snapshot = catalogue.latest_snapshot(row.pk)
    grant = _reading(row.pk, by=by, at=at)
    present = [item.name for item in catalogue.items(row.pk) if item.name in snapshot.schema]
    items = [name for name in present if name in grant.items]
    limit = max(1, min(limit, MOST_ROWS))
    (decision,) = actions.use(uses=(_use(grant, items, limit, by=by, at=at),), by=by, at=at)
    return Preview(
        resource=row.pk,
        version=snapshot.version,
        as_of=snapshot.as_of,
        grant=decision.grant or "",
        items=tuple(items),
        rows=tuple(islice(_rows(snapshot, items), limit)),
    )


def _reading(resource_id: str, *, by: Actor, at: datetime) -> Grant:
    """Return the grant by which the actor may read; its own before the public's."""
    index = queries.index_for({by.organisation}, {f"resource:{resource_id}"}, at=at)
    reading = [
        grant
        for grant in index
        if Action.read in grant.actions and grant.valid_from <= at < grant.ends
    ]
    if not reading:
        raise NotFound("没有这个数据，或没有您可用的许可。", code="no_grant")
    return min(reading, key=lambda grant: (grant.grantee != by.organisation, grant.id))


def _use(grant: Grant, items: list[str], rows: int, *, by: Actor, at: datetime) -> Use:
    return Use(
        party=by.organisation,
        object=grant.object,
        action=Action.read,
        items=frozenset(items),
        purpose=min(grant.purposes),
        business=None,
        region=None,
        at=at,
        rows=rows,
    )


def _rows(snapshot: Snapshot, items: list[str]) -> Any:
    reader = catalogue.open_rows(snapshot, columns=items)
    for batch in reader:
        columns = [batch.column(name) for name in items]
        for place in range(batch.num_rows):
            cells = (column[place].as_py() for column in columns)
            yield tuple(None if cell is None else str(cell) for cell in cells)


def rejects(
    resource_id: str, version: int, *, limit: int = 100, by: Actor, at: datetime
) -> Rejects:
    """Return the rows of a version's file that were not taken, for the resource's provider.

    They hold cells of the file, so that the look is recorded. Raises NotFound for a version that
    there is not, NotPermitted for another organisation's resource.
    """
    snapshot = catalogue.quality(resource_id, version, by=by)
    look = Use(
        party=by.organisation,
        object=f"resource:{resource_id}",
        action=Action.process,
        items=frozenset({WHOLE}),
        purpose=Purpose.filing,
        business=None,
        region=None,
        at=at,
    )
    actions.use(uses=(look,), by=by, at=at)
    path = Path(settings.HOME) / "lake" / resource_id / "rejects" / f"{version}.parquet"
    found = read_rejects(path, limit=max(1, min(limit, MOST_REJECTS))) if path.is_file() else []
    return Rejects(resource_id, version, snapshot.rejects, tuple(found))
