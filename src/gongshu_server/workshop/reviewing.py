"""What reviewers and the signing body see of a release; every look is in the ledger (S5).

Of an export they see the rows, the counts of protected cells and the match rates; of a service the
question, the answers and the limits, never the serving table (disclosure-control §1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from gongshu.vocabulary.errors import NotPermitted
from gongshu.vocabulary.permissions import READ
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.permissions import require_scope
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.recording import Event
from gongshu_server.workshop import content, drawing, releases, results
from gongshu_server.workshop.models import Query, Release

CLAUSE = "opinions-12.5"
LOOKING = (
    "release.security_vote",
    "release.compliance_vote",
    "release.sign_off",
    "release.release",
)


@dataclass(frozen=True, slots=True)
class Content:
    """A release as its reviewers see it; `rows` is None for a service."""

    release: str
    exit: str
    sql: str
    lineage: tuple[Mapping[str, Any], ...]
    opened_copies: tuple[str, ...]
    question: Mapping[str, Any]
    for_reviewer: Mapping[str, Any]
    rows: pa.Table | None


@action
def view_release(*, release_id: str, by: Actor, at: datetime) -> Release:
    """Record that a reviewer or the signing body looks at a release.

    Raises NotPermitted for everybody else, the author and its operator first of all (S13), and
    Conflict when the content is not what was submitted.
    """
    release, _ = releases.locked(release_id, by=by)
    require_scope(by, READ)
    reviewing = {body.organisation for body in drawing.reviewers(release)}
    looking = reviewing | {release.implementing_body_id}
    if by.organisation not in looking or not any(by.has_duty(code) for code in LOOKING):
        raise NotPermitted(
            "出域之前，只有审核单位和签批单位可以查看内容。", code="not_a_reviewer", clause="dc-6"
        )
    content.refuse_if_changed(release)
    details = {"content": release.content_digest}
    journal(Event("resource.viewed", ("release", release.pk), CLAUSE, details), by=by, at=at)
    return release


def reviewed(*, release_id: str, by: Actor, at: datetime) -> Content:
    """Return what is to be reviewed, after recording the look."""
    release = view_release(release_id=release_id, by=by, at=at)
    run = release.run
    query = Query.objects.get(pk=run.query_id)
    return Content(
        release=release.pk,
        exit=release.exit,
        sql=query.sql_final,
        lineage=tuple(query.verdict["lineage"]),
        opened_copies=tuple(query.verdict["opened_copies"]),
        question=release.question,
        for_reviewer=run.for_reviewer,
        rows=results.read(run.result) if release.exit == "export" else None,
    )
