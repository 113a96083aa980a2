"""Two connections at once in the workshop: one outcome, no vote lost, no export doubled."""

from __future__ import annotations

from functools import partial

import pytest

from gongshu.vocabulary.errors import Conflict, DomainError
from gongshu_server.journal.models import Entry
from gongshu_server.workshop import actions, queries
from gongshu_server.workshop.models import Release, Run, Vote
from integration.operation.races import at_once
from integration.workshop.bench import ARREARS_BY_DISTRICT, Bench

pytestmark = pytest.mark.django_db(transaction=True)


def refusals(answers: list[object]) -> list[str]:
    return [answer.code for answer in answers if isinstance(answer, DomainError)]


def test_both_votes_at_once_are_both_counted_and_opened_once(bench: Bench) -> None:
    release = bench.submitted()
    at = bench.world.later()
    said = {"release_id": release.pk, "passed": True, "opinion": "同意", "at": at}
    answers = at_once(
        partial(actions.vote_security, by=bench.world.actor("cyberspace", "reviewer"), **said),
        partial(actions.vote_compliance, by=bench.world.actor("sector", "reviewer"), **said),
    )
    assert refusals(answers) == []
    assert queries.state(release) == "passed"
    assert Vote.objects.filter(passed=True).count() == 2
    assert Entry.objects.filter(event="release.passed").count() == 1


def test_one_review_voted_on_twice_at_once_gives_one_vote(bench: Bench) -> None:
    release = bench.submitted()
    said = {"release_id": release.pk, "opinion": "意见", "at": bench.world.later()}
    answers = at_once(
        partial(
            actions.vote_security,
            by=bench.world.actor("cyberspace", "reviewer"),
            passed=True,
            **said,
        ),
        partial(
            actions.vote_security,
            by=bench.world.actor("cyberspace", "reviewer"),
            passed=False,
            **said,
        ),
    )
    assert refusals(answers) == ["vote_cast"]
    assert Vote.objects.count() == 1


def test_two_exports_from_the_same_sources_at_once_give_one_release(bench: Bench) -> None:
    runs = [bench.finished(), bench.finished(ARREARS_BY_DISTRICT)]
    by, at = bench.world.actor("lab", "developer"), bench.world.later()
    answers = at_once(
        *(partial(actions.submit_release, run_id=run.pk, by=by, at=at) for run in runs)
    )
    assert refusals(answers) == ["second_export"]
    assert Release.objects.count() == 1


def test_one_run_submitted_twice_at_once_gives_one_release(bench: Bench) -> None:
    run = bench.finished()
    by, at = bench.world.actor("lab", "developer"), bench.world.later()
    submit = partial(actions.submit_release, run_id=run.pk, by=by, at=at)
    assert refusals(at_once(submit, submit)) == ["already_submitted"]


def test_one_query_started_twice_at_once_runs_once(bench: Bench) -> None:
    query = bench.draft()
    by, at = bench.world.actor("lab", "developer"), bench.world.later()
    start = partial(actions.start_run, query_id=query.pk, by=by, at=at)
    answers = at_once(start, start)
    assert [type(a) for a in answers if isinstance(a, DomainError)] == [Conflict]
    assert Run.objects.count() == 1
