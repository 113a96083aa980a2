"""Which of the bodies that an agreement names reviews a release: drawn, never chosen.

The lots come from the first checkpoint that was signed after the submission (`ledger.draws`), so
neither author, nor bodies, nor the data authority can know or choose them. The entry of the draw
holds the checkpoint, the candidates and the outcome: anybody who may see it can draw again. It is
the only place where the outcome stands.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from types import MappingProxyType

from django.conf import settings
from django.db.models import OuterRef, Subquery

from gongshu.ledger.checkpoints import Checkpoint, open_checkpoint
from gongshu.ledger.draws import drawn_order
from gongshu.vocabulary.errors import Conflict, NotPermitted, Unavailable
from gongshu_server.accounts.actors import Actor, node
from gongshu_server.accounts.permissions import require
from gongshu_server.cases import engine, notices
from gongshu_server.cases.models import Case
from gongshu_server.journal import recording, sealing
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.models import Entry, Head
from gongshu_server.journal.recording import Event
from gongshu_server.operation import queries as operation
from gongshu_server.workshop.models import Release

CLAUSE = "opinions-12.5"
KINDS = MappingProxyType({"security": "安全审核", "compliance": "业务规范性审核"})
DRAWN = "release.reviewers_drawn"
AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Body:
    """A body that may review: which review, its control group at that time, its name."""

    organisation: str
    kind: str
    group: str
    name: str


def needed(release: Release) -> bool:
    """Return whether some review of the release has more than one body to choose from."""
    return _choice(_candidates(release, named(release)))


def named(release: Release) -> tuple[Body, ...]:
    """Return the bodies that the agreement of the release names."""
    rows = operation.reviewers(release.run.query.task.scenario.agreement_id)
    return tuple(
        Body(row.organisation_id, row.kind, row.organisation.control_group, row.organisation.name)
        for row in rows
    )


def entry_of(release: OuterRef) -> Subquery:
    """Return the id of the draw's entry, for the annotation `draw` of a query of releases."""
    entries = Entry.objects.filter(subject_kind="release", subject_id=release, event=DRAWN)
    return Subquery(entries.order_by("sequence").values("pk")[:1])


def reviewers(release: Release) -> tuple[Body, ...]:
    """Return the bodies that review the release; none before the draw.

    Without a choice these are all the bodies that the agreement names. Raises Unavailable when the
    entry of the draw is not one that the node has written.
    """
    entry = _entry(release)
    if entry is not None:
        if entry.body is None or not recording.genuine(entry):
            raise Unavailable(
                "抽定审核单位的存证不是节点写入的，已停止办理，请联系数据管理部门。",
                code="draw_tampered",
            )
        return tuple(Body(**one) for one in json.loads(entry.body)["details"]["drawn"])
    bodies = named(release)
    return () if _choice(_candidates(release, bodies)) else bodies


def refuse_unless_drawn(release: Release, kind: str, *, by: Actor) -> None:
    """Raise unless the body carries out this review of the release.

    NotPermitted when the agreement does not name it, or the lots named another; Conflict before
    the draw.
    """
    if (by.organisation, kind) not in {(b.organisation, b.kind) for b in named(release)}:
        raise NotPermitted(
            f"协议没有指定贵单位承担{KINDS[kind]}。", code="not_a_named_reviewer", clause=CLAUSE
        )
    found = reviewers(release)
    if not found:
        raise Conflict(
            "审核单位在提交后由下一个签名锚点抽定，现在还没有抽定。请稍等片刻再办。",
            code="not_drawn",
            clause=CLAUSE,
        )
    if (by.organisation, kind) not in {(body.organisation, body.kind) for body in found}:
        raise NotPermitted(
            f"这项出域申请的{KINDS[kind]}抽定由其他单位承担，贵单位无需办理。",
            code="another_was_drawn",
            clause=CLAUSE,
        )


@action
def draw_reviewers(*, release_id: str, by: Actor, at: datetime) -> Release:
    """Draw the reviewing bodies of a submitted release; only the node does this.

    Raises Conflict when they are drawn already, when there is nothing to draw, or before a
    checkpoint covers the submission.
    """
    release = Release.objects.visible_to(by).locked().get(pk=release_id)
    require(by, "release.draw_reviewers", clause=CLAUSE)
    if not needed(release) or _entry(release) is not None:
        raise Conflict("这项出域申请不需要抽定审核单位，或者已经抽定。", code="nothing_to_draw")
    checkpoint, submitted = _signed(), _submission(release)
    if checkpoint is None or submitted is None or checkpoint.size <= submitted:
        raise Conflict("提交还没有被签名锚点覆盖，请稍后再抽。", code="not_sealed", clause=CLAUSE)
    candidates = _candidates(release, named(release))
    drawn = _drawn(release, checkpoint, submitted, candidates)
    details = {
        "checkpoint": checkpoint.note.decode(),
        "submitted": submitted,
        "candidates": [asdict(body) for body in candidates],
        "drawn": [asdict(body) for body in drawn],
    }
    journal(Event(DRAWN, ("release", release.pk), CLAUSE, details), by=by, at=at)
    case = Case.objects.get(pk=release.case)
    for body in drawn:
        engine.add_party(case, body.organisation, "consulted")
        text = f"抽定由贵单位承担{KINDS[body.kind]}：{case.title}"
        notices.notify([body.organisation], case=case, text=text, at=at)
    return release


def draw_waiting(*, at: datetime) -> int:
    """Draw for every release under review that waits for it; return how many were drawn."""
    sealed = Entry.objects.filter(event="release.submitted", index__isnull=False)
    done = Entry.objects.filter(event=DRAWN)
    under_review = Case.objects.filter(procedure="release", state="in_review").values("id")
    waiting = (
        Release.objects.filter(live=True, case__in=under_review)
        .filter(pk__in=sealed.values("subject_id"))
        .exclude(pk__in=done.values("subject_id"))
        .order_by("pk")[:AT_ONCE]
    )
    found = [release for release in waiting if needed(release)]
    for release in found:
        draw_reviewers(release_id=release.pk, by=node(), at=at)
    return len(found)


def _drawn(
    release: Release, checkpoint: Checkpoint, submitted: int, candidates: Sequence[Body]
) -> list[Body]:
    """Return one body of each kind; two that share control never review together (S8)."""
    drawn: list[Body] = []
    for kind in KINDS:
        lots = {body.organisation: body for body in candidates if body.kind == kind}
        about = f"{release.pk}/{kind}"
        order = drawn_order(checkpoint, lots, about=about, entry=submitted)
        groups = {body.group for body in drawn}
        free = (lots[one] for one in order if lots[one].group not in groups)
        drawn += [body for body in (next(free, None),) if body is not None]
    return drawn


def _candidates(release: Release, bodies: Sequence[Body]) -> list[Body]:
    """Return the bodies outside the control of the author and of its operator, by id."""
    theirs = {release.developer.control_group, release.operator.control_group}
    free = (body for body in bodies if body.group not in theirs)
    return sorted(free, key=lambda body: body.organisation)


def _choice(candidates: Sequence[Body]) -> bool:
    return any(count > 1 for count in Counter(body.kind for body in candidates).values())


def _entry(release: Release) -> Entry | None:
    entries = Entry.objects.filter(subject_kind="release", subject_id=release.pk, event=DRAWN)
    known = vars(release)
    if "draw" in known:
        return entries.filter(pk=known["draw"]).first() if known["draw"] else None
    return entries.order_by("sequence").first()


def _submission(release: Release) -> int | None:
    """Return the place of the submission in the ledger; None while it is not sealed."""
    entries = Entry.objects.filter(
        subject_kind="release", subject_id=release.pk, event="release.submitted"
    )
    index: int | None = entries.order_by("sequence").values_list("index", flat=True).first()
    return index


def _signed() -> Checkpoint | None:
    """Return the last checkpoint that the node signed."""
    note = Head.objects.filter(pk=1).values_list("checkpoint", flat=True).first()
    if not note:
        return None
    verifier = sealing.signer().verifier
    return open_checkpoint(note.encode(), verifier, origin=settings.LEDGER_ORIGIN)
