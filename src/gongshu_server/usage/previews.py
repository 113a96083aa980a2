"""Looking at a few rows of a resource: strictly what a grant of the reader allows, and recorded.

A department looks at what it filed, rows that were not taken included; anybody looks at what was
opened. Nobody else gets rows here: data of others is worked on in the workshop and leaves it
reviewed (S13).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings

from gongshu.lake import Reject, read_rejects
from gongshu.policy import Use
from gongshu.vocabulary.actions import Action
from gongshu.vocabulary.errors import Invalid, NotFound
from gongshu.vocabulary.levels import Level, Regime, SubjectKind, regime_of
from gongshu.vocabulary.purposes import Purpose
from gongshu_server.accounts.actors import Actor
from gongshu_server.catalogue import outcomes
from gongshu_server.catalogue import queries as catalogue
from gongshu_server.catalogue.models import Item, Resource, Snapshot
from gongshu_server.usage import actions, queries

ROWS = 20
MOST_REJECTS = 200
WHOLE = "*"
CELL = 200


@dataclass(frozen=True, slots=True)
class Readable:
    """What a reader may look at of a resource: the items, and the purpose that allows it."""

    items: tuple[str, ...]
    purpose: str


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows of a version as text, and the items that were left out."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    withheld: tuple[str, ...]
    as_of: date


@dataclass(frozen=True, slots=True)
class Rejects:
    """The first rows of a version's file that could not be taken, out of how many."""

    resource: str
    version: int
    count: int
    rows: tuple[Reject, ...]


def readable(row: Resource, items: Iterable[Item], *, by: Actor, at: datetime) -> Readable:
    """Return what the actor may look at; no items where no grant lets them look at any.

    What was opened and is sealed by its level stays closed to others: one of the two is wrong.
    """
    index = queries.index_for({by.organisation}, {f"resource:{row.pk}"}, at=at)
    names = {item.name: item for item in items}
    own = row.provider_id == by.organisation
    best = Readable((), Purpose.opening)
    for grant in index.candidates(by.organisation, f"resource:{row.pk}"):
        for purpose in (Purpose.filing, Purpose.opening):
            terms = grant.terms
            if Action.read not in terms.actions or purpose not in terms.purposes:
                continue
            if not grant.valid_from <= at < min(grant.valid_until, grant.revoked_at):
                continue
            held = tuple(n for n, one in names.items() if n in terms.items and (own or _open(one)))
            best = max(best, Readable(held, purpose), key=lambda each: len(each.items))
    return best


def _open(item: Item) -> bool:
    """Tell whether an item that was opened may really be looked at by others."""
    if not item.opened or item.level == Level.core:
        return False
    level, grade = Level(item.level or "general"), item.grade or 4
    subject = SubjectKind(item.subject or "person")
    return regime_of(opened=True, level=level, grade=grade, subject=subject) is Regime.open


def preview(resource_id: str, *, by: Actor, at: datetime) -> Preview:
    """Return the first rows of the newest version, decided and recorded as a use of the reader.

    Raises NotFound for a resource that the actor may not see or holds no grant on, NotPermitted
    where no grant lets them look, Conflict where there are no data.
    """
    row = catalogue.resource(resource_id, by=by)
    items = catalogue.items(row.pk)
    snapshot = catalogue.latest_snapshot(row.pk)
    allowed = readable(row, items, by=by, at=at)
    columns = tuple(name for name in allowed.items if name in snapshot.schema)
    asked = frozenset(columns or (item.name for item in items))
    use = Use(
        party=by.organisation,
        object=f"resource:{row.pk}",
        action=Action.read,
        items=asked,
        purpose=allowed.purpose,
        business=None,
        region=None,
        at=at,
        rows=ROWS,
    )
    actions.use(uses=(use,), by=by, at=at)
    if not columns:
        raise Invalid("这个版本没有您可以预览的数据项。", code="nothing_to_preview")
    withheld = tuple(item.name for item in items if item.name not in columns)
    return Preview(columns, tuple(_rows(snapshot, columns)), withheld, snapshot.as_of)


def rejected(file_id: str, *, by: Actor, at: datetime) -> Iterator[str]:
    """Return the rejected rows of a file to its provider as lines of CSV, recorded as a use.

    Raises NotFound for a file that is not of the actor's own organisation or has no version.
    """
    found = outcomes.outcome(file_id, by=by, most=0)
    if found.snapshot is None or not found.snapshot.rejects:
        raise NotFound("这个文件没有未收进的行。", code="no_rejects")
    _look(found.file.resource_id, found.snapshot.rejects, by=by, at=at)
    return outcomes.rejects_csv(found.snapshot)


def rejects(
    resource_id: str, version: int, *, limit: int = 100, by: Actor, at: datetime
) -> Rejects:
    """Return the rows of a version's file that were not taken to its provider, recorded as a use.

    Raises NotFound for a version that there is not, NotPermitted for another organisation's
    resource.
    """
    snapshot = catalogue.quality(resource_id, version, by=by)
    most = max(1, min(limit, MOST_REJECTS))
    _look(resource_id, min(most, snapshot.rejects), by=by, at=at)
    path = Path(settings.HOME) / "lake" / resource_id / "rejects" / f"{version}.parquet"
    found = read_rejects(path, limit=most) if path.is_file() else []
    return Rejects(resource_id, version, snapshot.rejects, tuple(found))


def _look(resource_id: str, rows: int, *, by: Actor, at: datetime) -> None:
    """Decide and record that the provider looks at rows of its file that were not taken."""
    use = Use(
        party=by.organisation,
        object=f"resource:{resource_id}",
        action=Action.process,
        items=frozenset({WHOLE}),
        purpose=Purpose.filing,
        business=None,
        region=None,
        at=at,
        rows=rows,
    )
    actions.use(uses=(use,), by=by, at=at)


def _rows(snapshot: Snapshot, columns: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    # The use is recorded; only now is the first row read.
    with catalogue.open_rows(snapshot, columns=columns) as reader:
        for batch in reader:
            lists = [batch.column(name).slice(0, ROWS).to_pylist() for name in columns]
            yield from islice(
                (tuple(_cell(value) for value in line) for line in zip(*lists, strict=True)), ROWS
            )
            if batch.num_rows:
                return


def _cell(value: Any) -> str:
    return "" if value is None else str(value)[:CELL]
