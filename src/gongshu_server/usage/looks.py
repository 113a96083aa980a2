"""Looking at the rows of a received file that were not taken.

A look is a use like any other: it is decided on the reader's grants and recorded before anything
is shown (S5).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings

from gongshu.lake import Reject, read_rejects
from gongshu.policy import Use
from gongshu.vocabulary.actions import Action
from gongshu.vocabulary.purposes import Purpose
from gongshu_server.accounts.actors import Actor
from gongshu_server.catalogue import queries as catalogue
from gongshu_server.usage import actions

MOST_REJECTS = 200
WHOLE = "*"


@dataclass(frozen=True, slots=True)
class Rejects:
    """The first rows of a version's file that could not be taken, out of how many."""

    resource: str
    version: int
    count: int
    rows: tuple[Reject, ...]


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
