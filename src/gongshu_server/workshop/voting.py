"""The two reviews: 安全审核 and 业务规范性审核, by different bodies that do not see each other.

No entry, notice, state or error before both votes are in depends on how the first one was cast.
"""

from __future__ import annotations

from datetime import datetime

from gongshu.procedures import procedure
from gongshu.vocabulary.errors import Conflict, Invalid, NotPermitted
from gongshu_server.accounts.actors import Actor, node
from gongshu_server.accounts.models import Organisation
from gongshu_server.accounts.permissions import require
from gongshu_server.cases import engine
from gongshu_server.journal.actions import action
from gongshu_server.workshop import ballots, content, drawing, releases
from gongshu_server.workshop.ballots import Ballot, Sealed
from gongshu_server.workshop.drawing import KINDS
from gongshu_server.workshop.models import Query, Release, Vote

CLAUSE = "opinions-12.5"


@action
def vote_security(*, release_id: str, passed: bool, opinion: str, by: Actor, at: datetime) -> Vote:
    """Cast the security review's vote (安全审核); it stays sealed until both are in."""
    return _cast("security", release_id, passed, opinion, by=by, at=at)


@action
def vote_compliance(
    *, release_id: str, passed: bool, opinion: str, by: Actor, at: datetime
) -> Vote:
    """Cast the compliance review's vote (业务规范性审核); it stays sealed until both are in."""
    return _cast("compliance", release_id, passed, opinion, by=by, at=at)


def _cast(
    kind: str, release_id: str, passed: bool, opinion: str, *, by: Actor, at: datetime
) -> Vote:
    release, case = releases.locked(release_id, by=by)
    transition = procedure("release").follow(case.state, f"{kind}_vote")
    require(by, transition.permission, clause=CLAUSE)
    _independent(release, kind, by=by)
    if not opinion.strip():
        # Asked of a pass as well: a denial that only a "no" can get would tell the vote.
        raise Invalid("审核意见必须写明，通过与否都一样。", code="opinion_required", clause=CLAUSE)
    content.refuse_if_changed(release)
    ballot = Ballot(release.pk, kind, by.organisation, release.content_digest, passed, opinion)
    sealed = ballots.seal(ballot)
    details = {"commitment": sealed.commitment, "content": release.content_digest}
    engine.advance(case, transition.name, by=by, at=at, details=details)
    vote = Vote.objects.create(
        release=release,
        kind=kind,
        reviewer_id=by.organisation,
        actor=by.text_id,
        cast_at=at,
        commitment=sealed.commitment,
        sealed=sealed.sealed,
    )
    if Vote.objects.filter(release=release).count() == len(KINDS):
        open_votes(release_id=release.pk, by=node(), at=at)
        vote.refresh_from_db()
    return vote


def _independent(release: Release, kind: str, *, by: Actor) -> None:
    """Refuse a reviewer who was not drawn for this review, wrote the query, or votes twice (S8)."""
    query = Query.objects.get(pk=release.run.query_id)
    drawing.refuse_unless_drawn(release, kind, by=by)
    interested = [release.developer_id, release.operator_id]
    authors = {_person(text) for text in (query.author, release.author, release.run.actor)}
    if _share_control(by, interested) or by.person in authors:
        raise NotPermitted(
            "起草人及其控制关系内的单位和人员不得参与审核。",
            code="author_reviews",
            clause="opinions-11.1",
        )
    for vote in Vote.objects.filter(release=release):
        if vote.kind == kind:
            raise Conflict(f"{KINDS[kind]}已经投过票。", code="vote_cast", clause=CLAUSE)
        if _share_control(by, [vote.reviewer_id]) or by.person == _person(vote.actor):
            raise NotPermitted(
                "两项审核必须由互不控制的两个单位、两个人办理。",
                code="same_reviewer",
                clause=CLAUSE,
            )


def _share_control(by: Actor, organisations: list[str]) -> bool:
    rows = Organisation.objects.filter(pk__in=organisations)
    return by.control_group in set(rows.values_list("control_group", flat=True))


def _person(text_id: str) -> str:
    """Return the person of an actor's text id ("post/person" or "post/person/delegation")."""
    return text_id.split("/")[1]


@action
def open_votes(*, release_id: str, by: Actor, at: datetime) -> Release:
    """Open both votes together and pass or reject the release; only the node does this.

    Raises Conflict before both are in, Unavailable when one is not what was committed to.
    """
    release, case = releases.locked(release_id, by=by)
    require(by, "release.open_votes", clause=CLAUSE)
    votes = {vote.kind: vote for vote in Vote.objects.filter(release=release)}
    if set(votes) != set(KINDS):
        raise Conflict("两项审核还没有都办完。", code="votes_missing", clause=CLAUSE)
    said = [_opened(votes[kind], release) for kind in KINDS]
    against = [f"{KINDS[b.kind]}不通过：{b.opinion}" for b in said if not b.passed]
    details = {"votes": [_told(votes[b.kind]) for b in said]}
    if against:
        release.live = False
        release.save(update_fields=["live"])
    engine.advance(
        case,
        "reject" if against else "both_passed",
        by=by,
        at=at,
        reason="；".join(against),
        details=details,
    )
    return release


def _opened(vote: Vote, release: Release) -> Ballot:
    sealed = Sealed(vote.commitment, bytes(vote.sealed))
    ballot, salt = ballots.unseal(sealed, release=release.pk, kind=vote.kind)
    vote.passed, vote.opinion, vote.salt = ballot.passed, ballot.opinion, salt
    vote.save(update_fields=["passed", "opinion", "salt"])
    return ballot


def _told(vote: Vote) -> dict[str, object]:
    """Return what the entry says of an opened vote: enough to check its commitment."""
    return {
        "kind": vote.kind,
        "reviewer": vote.reviewer_id,
        "commitment": vote.commitment,
        "salt": vote.salt,
        "passed": vote.passed,
        "opinion": vote.opinion,
    }
