"""The two reviews: independent bodies, sealed until both are in, nobody learns the first vote."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction

from gongshu.ledger.canonical import canonical
from gongshu.ledger.commitments import commit
from gongshu.vocabulary.errors import (
    Conflict,
    DomainError,
    Invalid,
    InvalidTransition,
    NotFound,
    NotPermitted,
    Unavailable,
)
from gongshu_server.accounts import actions as accounts
from gongshu_server.accounts.actors import Actor, acting, node
from gongshu_server.accounts.models import Delegation, Holding, Organisation
from gongshu_server.cases.models import Notice, Step
from gongshu_server.journal.ids import ulid
from gongshu_server.journal.models import Entry
from gongshu_server.operation.models import ReviewingBody
from gongshu_server.workshop import actions, ballots, queries
from gongshu_server.workshop.ballots import Ballot
from gongshu_server.workshop.models import Release, Vote
from integration.workshop.bench import Bench, denial_of

pytestmark = pytest.mark.django_db

SECURITY = ("cyberspace", "reviewer")
COMPLIANCE = ("sector", "reviewer")
OBJECTION = "第三组可推断单个企业，不同意出域"


def join(bench: Bench, code: str, group_of: str) -> None:
    """Put one body under the control of another (a merger after the agreement)."""
    group = Organisation.objects.get(pk=bench.world.organisations[group_of]).control_group
    Organisation.objects.filter(pk=bench.world.organisations[code]).update(control_group=group)


def everything(release: Release) -> str:
    """Return all that any table of the node holds, but the sealed opening, as one text."""
    found = []
    for model in apps.get_models():
        if not model.__module__.startswith("gongshu_server"):
            continue
        fields = [f.attname for f in model._meta.concrete_fields if f.name != "sealed"]
        found.append(json.dumps(list(model.objects.values_list(*fields)), default=str))
    assert release.pk in " ".join(found)
    return " ".join(found).encode().decode("unicode_escape", errors="ignore")


@pytest.mark.clause("opinions-12.5")
def test_both_pass_whichever_comes_first(bench: Bench) -> None:
    for first, second in (("security", "compliance"), ("compliance", "security")):
        release = bench.submitted()
        assert bench.vote(release, first).passed is None
        assert queries.state(release) == "in_review"
        assert bench.vote(release, second).passed is True
        assert queries.state(release) == "passed"
        bench.do(actions.withdraw_release, release_id=release.pk, reason="再来一次")


@pytest.mark.parametrize("against", ["security", "compliance"])
def test_one_refusal_is_enough(bench: Bench, against: str) -> None:
    release = bench.submitted()
    for kind in ("security", "compliance"):
        bench.vote(release, kind, passed=kind != against)
    assert queries.state(release) == "rejected"
    step = Step.objects.get(case_id=release.case, transition="reject")
    assert "分组过细" in step.reason
    assert Release.objects.get(pk=release.pk).live is False
    with pytest.raises(InvalidTransition):
        bench.do(actions.sign_off, by=("bureau", "head"), release_id=release.pk)


# -- nobody learns the first vote ----------------------------------------------------------------


@pytest.mark.clause("opinions-12.5")
@pytest.mark.parametrize("passed", [True, False])
def test_no_table_notice_or_entry_tells_the_first_vote(bench: Bench, passed: bool) -> None:
    release = bench.submitted()
    arguments = {"release_id": release.pk, "passed": passed, "opinion": OBJECTION}
    bench.do(actions.vote_security, by=SECURITY, **arguments)
    assert OBJECTION not in everything(release)
    entry = Entry.objects.get(event="release.security_voted")
    details = json.loads(entry.body or "")["details"]
    assert set(details) - {"case", "number", "transition", "from", "to", "late"} == {
        "reason",
        "documents",
        "commitment",
        "content",
    }
    assert (details["reason"], details["documents"]) == ("", [])
    bench.vote(release, "compliance")
    assert OBJECTION in everything(release)


def test_pass_and_refusal_leave_the_same_trace(bench: Bench) -> None:
    """Everything but ids, times and random values is equal, whatever the first vote said."""
    traces = []
    for passed in (True, False):
        release = bench.submitted()
        before = Entry.objects.count(), Notice.objects.count(), Step.objects.count()
        bench.vote(release, "security", passed=passed)
        after = Entry.objects.count(), Notice.objects.count(), Step.objects.count()
        vote = Vote.objects.get(release=release)
        texts = list(Notice.objects.order_by("-id").values_list("text", flat=True)[:5])
        steps = list(
            Step.objects.filter(case_id=release.case).values_list("transition", "target", "reason")
        )
        traces.append(
            (
                [b - a for a, b in zip(before, after, strict=True)],
                texts,
                steps,
                (vote.passed, vote.opinion, vote.salt, len(vote.sealed), len(vote.commitment)),
                [{**asdict(v), "commitment": ""} for v in seen(bench, release)],
                queries.state(release),
            )
        )
        bench.do(actions.withdraw_release, release_id=release.pk, reason="再来一次")
    assert traces[0] == traces[1]


def seen(bench: Bench, release: Release, who: tuple[str, str] = COMPLIANCE) -> Any:
    return queries.votes(release.pk, by=bench.world.actor(*who))


@pytest.mark.parametrize(
    "who",
    [COMPLIANCE, SECURITY, ("lab", "developer"), ("bureau", "head"), ("audit", "auditor")],
)
def test_until_both_are_in_only_being_cast_is_shown(bench: Bench, who: tuple[str, str]) -> None:
    release = bench.submitted()
    bench.vote(release, "security", passed=False)
    security, compliance = seen(bench, release, who)
    assert (security.cast, security.passed, security.opinion, security.salt) == (
        True,
        None,
        None,
        None,
    )
    assert compliance.cast is False
    bench.vote(release, "compliance")
    assert [vote.passed for vote in seen(bench, release, who)] == [False, True]


def test_strangers_see_no_votes(bench: Bench) -> None:
    release = bench.submitted()
    with pytest.raises(NotFound):
        queries.votes(release.pk, by=bench.world.actor("other_security", "reviewer"))


def test_an_opinion_is_asked_of_a_pass_as_well(bench: Bench) -> None:
    """A denial that only a refusal can get would tell the vote to whoever reads denials."""
    release = bench.submitted()
    denials = []
    for passed in (True, False):
        with pytest.raises(Invalid) as caught:
            bench.do(
                actions.vote_security,
                by=SECURITY,
                release_id=release.pk,
                passed=passed,
                opinion=" ",
            )
        details = json.loads(denial_of(caught.value).body or "")["details"]
        denials.append(details)
    assert denials[0] == denials[1]


@pytest.mark.clause("opinions-12.5")
def test_the_opened_votes_are_what_was_committed_to(bench: Bench) -> None:
    release = bench.submitted()
    bench.vote(release, "security", passed=False)
    committed = Vote.objects.get(release=release).commitment
    entry = Entry.objects.get(event="release.security_voted")
    assert json.loads(entry.body or "")["details"]["commitment"] == committed
    bench.vote(release, "compliance")
    told = json.loads(Entry.objects.get(event="release.rejected").body or "")["details"]["votes"]
    for said in told:
        ballot = Ballot(
            release.pk,
            said["kind"],
            said["reviewer"],
            release.content_digest,
            said["passed"],
            said["opinion"],
        )
        salt = bytes.fromhex(said["salt"])
        assert commit(ballots.KIND, salt, canonical(asdict(ballot))).hex() == said["commitment"]
    assert told[0]["commitment"] == committed


def test_equal_votes_have_different_commitments(bench: Bench) -> None:
    ballot = Ballot("R", "security", "O", "0" * 64, True, "同意")
    assert ballots.seal(ballot).commitment != ballots.seal(ballot).commitment


def test_a_vote_altered_in_the_table_stops_the_opening(bench: Bench) -> None:
    """The opening of another vote, or of another release, does not pass for this one."""
    release = bench.submitted()
    bench.vote(release, "security", passed=False)
    forged = ballots.seal(
        Ballot(
            release.pk,
            "security",
            bench.world.organisations["cyberspace"],
            release.content_digest,
            True,
            "同意",
        )
    )
    for changed in ({"sealed": forged.sealed}, {"sealed": b"0" * 1052}):
        Vote.objects.filter(release=release).update(**changed)
        with pytest.raises(Unavailable) as caught:
            bench.vote(release, "compliance")
        assert caught.value.code == "vote_tampered"
    assert queries.state(release) == "in_review"
    assert Vote.objects.count() == 1


def test_only_the_node_opens_and_only_both(bench: Bench) -> None:
    release = bench.submitted()
    at = bench.world.later()
    with pytest.raises(Conflict, match="没有都办完"):
        actions.open_votes(release_id=release.pk, by=node(), at=at)
    bench.vote(release, "security")
    with pytest.raises(Conflict):
        actions.open_votes(release_id=release.pk, by=node(), at=bench.world.later())
    for who in (SECURITY, ("bureau", "head"), ("lab", "head")):
        with pytest.raises(NotPermitted):
            bench.do(actions.open_votes, by=who, release_id=release.pk)


# -- who reviews ---------------------------------------------------------------------------------


@pytest.mark.clause("opinions-11.1", "opinions-12.5")
@pytest.mark.parametrize(
    ("by", "error", "code"),
    [
        (("lab", "developer"), NotPermitted, "not_permitted"),
        (("operator", "reviewer"), NotPermitted, "not_permitted"),
        (("bureau", "reviewer"), NotPermitted, "not_permitted"),
        (("cyberspace", "head"), NotPermitted, "not_permitted"),
        (("sector", "reviewer"), NotPermitted, "not_permitted"),
        (("other_security", "reviewer"), NotFound, "release_not_found"),
        (("audit", "reviewer"), NotPermitted, "not_permitted"),
    ],
)
def test_who_may_not_review_for_security(
    bench: Bench, by: tuple[str, str], error: type[DomainError], code: str
) -> None:
    release = bench.submitted()
    with pytest.raises(error) as caught:
        bench.vote(release, "security", by=by)
    assert caught.value.code == code
    assert not Vote.objects.exists()


def test_a_body_that_the_agreement_does_not_name_does_not_review(bench: Bench) -> None:
    release = bench.submitted()
    ReviewingBody.objects.filter(organisation_id=bench.world.organisations["cyberspace"]).delete()
    with pytest.raises(NotPermitted) as caught:
        bench.vote(release, "security")
    assert caught.value.code == "not_a_named_reviewer"
    assert not Vote.objects.exists()


@pytest.mark.clause("opinions-11.1")
@pytest.mark.parametrize("author", ["lab", "operator"])
def test_the_authors_control_group_does_not_review(bench: Bench, author: str) -> None:
    release = bench.submitted()
    join(bench, "cyberspace", author)
    with pytest.raises(NotPermitted) as caught:
        bench.vote(release, "security")
    assert (caught.value.code, caught.value.clause) == ("author_reviews", "opinions-11.1")
    assert not Vote.objects.exists()


@pytest.mark.clause("opinions-11.1")
def test_the_author_does_not_review_from_another_post(bench: Bench) -> None:
    """The person who drafted takes a second post at the reviewing body."""
    release = bench.submitted()
    person, _ = bench.world.people["lab", "developer"]
    _, post = bench.world.people[SECURITY]
    Holding.objects.create(post_id=post, person_id=person, valid_from=bench.world.at)
    by = acting(person_id=person, post_id=post, at=bench.world.later())
    assert_author(bench, release, by)


@pytest.mark.clause("opinions-11.1")
def test_the_author_does_not_review_under_a_delegation(bench: Bench) -> None:
    release = bench.submitted()
    person, _ = bench.world.people["lab", "developer"]
    named = {"taker_id": person, "until": bench.agreement.valid_until, "clause": "opinions-12.5"}
    with pytest.raises(Conflict):
        bench.do(accounts.delegate, by=SECURITY, **named)
    # One from before that rule, or from before the author came to the developer.
    giver, post = bench.world.people[SECURITY]
    at = bench.world.later()
    Delegation.objects.create(
        id=ulid(at),
        post_id=post,
        giver_id=giver,
        taker_id=person,
        valid_from=at,
        valid_until=bench.agreement.valid_until,
        clause="opinions-12.5",
    )
    by = acting(person_id=person, post_id=post, at=bench.world.later())
    assert by.delegation
    assert_author(bench, release, by)


def assert_author(bench: Bench, release: Release, by: Actor) -> None:
    with pytest.raises(NotPermitted) as caught:
        actions.vote_security(
            release_id=release.pk, passed=True, opinion="同意", by=by, at=bench.world.at
        )
    assert caught.value.code == "author_reviews"


def test_a_body_votes_once(bench: Bench) -> None:
    release = bench.submitted()
    bench.vote(release, "security", passed=False)
    with pytest.raises(Conflict, match="已经投过票"):
        bench.vote(release, "security", passed=True)
    assert Vote.objects.count() == 1
    bench.vote(release, "compliance")
    assert queries.state(release) == "rejected"
    with pytest.raises(InvalidTransition):
        bench.vote(release, "security")


@pytest.mark.clause("opinions-12.5")
def test_two_bodies_under_one_control_are_one_reviewer(bench: Bench) -> None:
    release = bench.submitted()
    bench.vote(release, "security")
    join(bench, "sector", "cyberspace")
    with pytest.raises(NotPermitted) as caught:
        bench.vote(release, "compliance")
    assert caught.value.code == "same_reviewer"
    assert queries.state(release) == "in_review"


@pytest.mark.clause("opinions-12.5")
def test_one_person_in_two_bodies_is_one_reviewer(bench: Bench) -> None:
    release = bench.submitted()
    bench.vote(release, "security")
    person, _ = bench.world.people[SECURITY]
    _, post = bench.world.people[COMPLIANCE]
    Holding.objects.create(post_id=post, person_id=person, valid_from=bench.world.at)
    by = acting(person_id=person, post_id=post, at=bench.world.later())
    with pytest.raises(NotPermitted) as caught:
        actions.vote_compliance(
            release_id=release.pk, passed=True, opinion="同意", by=by, at=bench.world.at
        )
    assert caught.value.code == "same_reviewer"


def test_nothing_is_voted_on_outside_the_review(bench: Bench) -> None:
    release = bench.submitted()
    bench.do(actions.withdraw_release, release_id=release.pk, reason="口径要改")
    with pytest.raises(InvalidTransition, match="已撤回"):
        bench.vote(release, "security")


def test_votes_stay_sealed_when_the_release_is_withdrawn(bench: Bench) -> None:
    release = bench.submitted()
    bench.vote(release, "security", passed=False)
    bench.do(actions.withdraw_release, release_id=release.pk, reason="口径要改")
    assert [vote.passed for vote in seen(bench, release)] == [None, None]


def test_a_half_opened_vote_cannot_be_stored(bench: Bench) -> None:
    release = bench.submitted()
    bench.vote(release, "security")
    with pytest.raises(IntegrityError), transaction.atomic():
        Vote.objects.filter(release=release).update(passed=True)
