"""Reviewers are drawn by a checkpoint that was signed after the submission; nobody chooses them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from gongshu.ledger.checkpoints import parse_checkpoint
from gongshu.ledger.draws import drawn_order
from gongshu.vocabulary.errors import Conflict, NotFound, NotPermitted, Unavailable
from gongshu_server.accounts.actors import node
from gongshu_server.accounts.models import Organisation
from gongshu_server.cases import engine
from gongshu_server.cases.models import Case, Notice
from gongshu_server.journal import sealing
from gongshu_server.journal.models import Entry
from gongshu_server.operation.models import ReviewingBody
from gongshu_server.workshop import actions, drawing, queries
from gongshu_server.workshop.models import Release, Vote
from integration.workshop.bench import Bench

pytestmark = [pytest.mark.django_db, pytest.mark.clause("opinions-12.5")]

BODIES = ("cyberspace", "secrecy")


@pytest.fixture
def choice(home: Path, bench: Bench) -> Bench:
    """Return a bench whose agreement names two bodies for the security review."""
    ReviewingBody.objects.create(
        agreement=bench.agreement,
        organisation_id=bench.world.organisations["secrecy"],
        kind="security",
    )
    return bench


def drawn(bench: Bench) -> tuple[Release, str, str]:
    """Return a release after its draw, the body that was drawn and the other one."""
    release = bench.submitted()
    sealing.seal_all(at=bench.world.later())
    assert actions.draw_waiting(at=bench.world.later()) == 1
    reviewing = {body.organisation for body in drawing.reviewers(release)}
    one, other = sorted(BODIES, key=lambda code: bench.world.organisations[code] not in reviewing)
    return release, one, other


def seen(bench: Bench, release: Release, who: str = "bureau") -> tuple[queries.VoteView, ...]:
    return queries.votes(release.pk, by=bench.world.actor(who))


def said(release: Release) -> dict[str, Any]:
    entry = Entry.objects.get(event=drawing.DRAWN, subject_id=release.pk)
    details: dict[str, Any] = json.loads(entry.body or "")["details"]
    return details


def test_the_drawn_body_reviews_and_the_other_never_sees_the_case(choice: Bench) -> None:
    release, one, other = drawn(choice)
    with pytest.raises(NotFound):
        choice.vote(release, "security", by=(other, "reviewer"))
    with pytest.raises(NotFound):
        choice.do(actions.view_release, by=(other, "reviewer"), release_id=release.pk)
    told = Notice.objects.filter(case_id=release.case, text__contains="抽定")
    bodies = {choice.world.organisations[code] for code in (one, "sector")}
    assert set(told.values_list("organisation_id", flat=True)) == bodies
    choice.do(actions.view_release, by=(one, "reviewer"), release_id=release.pk)
    choice.vote(release, "security", by=(one, "reviewer"))
    choice.vote(release, "compliance")
    assert queries.state(release) == "passed"


def test_before_the_draw_nobody_votes_or_looks(choice: Bench) -> None:
    release = choice.submitted()
    for code in (*BODIES, "sector"):
        with pytest.raises(NotFound):
            choice.do(actions.view_release, by=(code, "reviewer"), release_id=release.pk)
    with pytest.raises(NotFound):
        choice.vote(release, "security")
    assert [vote.reviewer for vote in seen(choice, release, "lab")] == ["", ""]


def test_a_body_that_takes_part_otherwise_waits_for_its_lot(choice: Bench) -> None:
    """Whoever sees the case for another reason votes neither before the draw nor undrawn."""
    release = choice.submitted()
    case = Case.objects.get(pk=release.case)
    for code in BODIES:
        engine.add_party(case, choice.world.organisations[code], "consulted")
        with pytest.raises(Conflict) as caught:
            choice.vote(release, "security", by=(code, "reviewer"))
        assert (caught.value.code, caught.value.clause) == ("not_drawn", "opinions-12.5")
    sealing.seal_all(at=choice.world.later())
    actions.draw_waiting(at=choice.world.later())
    reviewing = {body.organisation for body in drawing.reviewers(release)}
    (other,) = (code for code in BODIES if choice.world.organisations[code] not in reviewing)
    with pytest.raises(NotPermitted) as denied:
        choice.vote(release, "security", by=(other, "reviewer"))
    assert denied.value.code == "another_was_drawn"
    with pytest.raises(NotPermitted) as denied:
        choice.do(actions.view_release, by=(other, "reviewer"), release_id=release.pk)
    assert denied.value.code == "not_a_reviewer"
    assert not Vote.objects.exists()


def test_nothing_is_drawn_before_a_checkpoint_covers_the_submission(choice: Bench) -> None:
    """Otherwise whoever knows the present root could choose when to submit."""
    sealing.seal_all(at=choice.world.later())
    release = choice.submitted()
    assert actions.draw_waiting(at=choice.world.later()) == 0
    with pytest.raises(Conflict) as caught:
        actions.draw_reviewers(release_id=release.pk, by=node(), at=choice.world.later())
    assert caught.value.code == "not_sealed"


def test_anybody_draws_again_from_the_entry(choice: Bench) -> None:
    release, one, _ = drawn(choice)
    told = said(release)
    checkpoint = parse_checkpoint(told["checkpoint"].encode())
    assert checkpoint.size > told["submitted"]
    lots = [body["organisation"] for body in told["candidates"] if body["kind"] == "security"]
    assert len(lots) == 2
    order = drawn_order(checkpoint, lots, about=f"{release.pk}/security", entry=told["submitted"])
    drawn_for = {body["kind"]: body["organisation"] for body in told["drawn"]}
    assert order[0] == drawn_for["security"] == choice.world.organisations[one]
    names = [vote.named for vote in seen(choice, release)]
    assert all(names), names


def test_a_release_is_drawn_for_once_and_only_by_the_node(choice: Bench) -> None:
    release, _, _ = drawn(choice)
    for who in (("sector", "reviewer"), ("bureau", "head"), ("lab", "developer")):
        with pytest.raises(NotPermitted):
            choice.do(actions.draw_reviewers, by=who, release_id=release.pk)
    sealing.seal_all(at=choice.world.later())
    with pytest.raises(Conflict) as caught:
        actions.draw_reviewers(release_id=release.pk, by=node(), at=choice.world.later())
    assert caught.value.code == "nothing_to_draw"
    assert actions.draw_waiting(at=choice.world.later()) == 0
    assert Entry.objects.filter(event=drawing.DRAWN).count() == 1


def test_without_a_choice_nothing_is_drawn(home: Path, bench: Bench) -> None:
    release = bench.submitted()
    sealing.seal_all(at=bench.world.later())
    assert actions.draw_waiting(at=bench.world.later()) == 0
    bench.vote(release, "security")


def test_a_body_under_the_authors_control_has_no_lot(choice: Bench) -> None:
    group = Organisation.objects.get(pk=choice.world.organisations["lab"]).control_group
    Organisation.objects.filter(pk=choice.world.organisations["secrecy"]).update(
        control_group=group
    )
    release = choice.submitted()
    sealing.seal_all(at=choice.world.later())
    assert actions.draw_waiting(at=choice.world.later()) == 0
    with pytest.raises(NotPermitted) as caught:
        choice.vote(release, "security", by=("secrecy", "reviewer"))
    assert caught.value.code == "author_reviews"
    choice.vote(release, "security")


def test_a_draw_that_was_edited_stops_the_review(choice: Bench) -> None:
    """Whoever edits the entry's row to name a body of their choice stops the review instead."""
    release, one, other = drawn(choice)
    entry = Entry.objects.get(event=drawing.DRAWN)
    ids = [choice.world.organisations[code] for code in (one, other)]
    Entry.objects.filter(pk=entry.pk).update(body=(entry.body or "").replace(ids[0], ids[1]))
    with pytest.raises(Unavailable) as caught:
        choice.vote(release, "security", by=(one, "reviewer"))
    assert caught.value.code == "draw_tampered"
    assert not Vote.objects.exists()


def test_each_body_is_drawn_about_as_often(choice: Bench) -> None:
    """The lots of one checkpoint and 400 releases: two bodies, 200 ± 5 standard deviations."""
    release, _, _ = drawn(choice)
    checkpoint = parse_checkpoint(said(release)["checkpoint"].encode())
    found = Counter(
        drawn_order(checkpoint, BODIES, about=f"{number}/security", entry=0)[0]
        for number in range(400)
    )
    assert 150 <= found["cyberspace"] <= 250
