"""Uses: decided together, recorded one by one; strangers and parties are refused differently."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gongshu.policy import Quota, Use
from gongshu.vocabulary.errors import NotFound, NotPermitted
from gongshu_server.usage import actions, queries
from gongshu_server.usage.models import Metered, Segment
from integration.city import City, details, events, refused
from integration.usage.conftest import Granting


def attempt(city: City, granting: Granting, **changes: Any) -> Use:
    """Return a use by the developer that its grant allows."""
    plain = Use(
        party=city.org("developer"),
        object=f"resource:{granting.resource.pk}",
        action="query",
        items=frozenset({"许可状态"}),
        purpose="industry",
        business="resource_development",
        region="139901",
        at=city.at,
        amount=1,
        minimum=10,
        rows=1,
    )
    return replace(plain, **changes)


@pytest.fixture
def grant(granting: Granting) -> str:
    """Return the developer's grant, 20 a month."""
    outer = granting.ceiling()
    granting.issue(outer)
    return granting.issue(granting.under(outer, quota=Quota(20, "month"))).pk


def test_a_use_is_allowed_and_recorded(city: City, granting: Granting, grant: str) -> None:
    (decision,) = city.do(actions.use, "developer/developer", uses=(attempt(city, granting),))
    assert (decision.allowed, decision.grant) == (True, grant)
    (event,) = events("use.allowed")[-1:]
    assert event.subject_id == grant
    assert details(event)["items"] == ["许可状态"]
    assert event.clause == "opinions-3.4"


def test_a_party_learns_every_broken_limit(city: City, granting: Granting, grant: str) -> None:
    wrong = attempt(
        city, granting, items=frozenset({"法定代表人"}), purpose="sector", region="110101"
    )
    error = refused(city, actions.use, "developer/developer", "out_of_scope", uses=(wrong,))
    assert isinstance(error, NotPermitted)
    assert {reason["limit"] for reason in error.details} == {"items", "purpose", "region"}


def test_a_stranger_learns_nothing(city: City, granting: Granting, grant: str) -> None:
    """Without a grant: the same answer for what exists and what does not (S10)."""
    known = attempt(city, granting, party=city.org("insurer"))
    unknown = replace(known, object="resource:nothing")
    first = refused(city, actions.use, "insurer", "no_grant", uses=(known,))
    second = refused(city, actions.use, "insurer", "no_grant", uses=(unknown,))
    assert isinstance(first, NotFound)
    assert (first.sentence, first.details) == (second.sentence, second.details)


def test_no_use_counts_unless_all_do(city: City, granting: Granting, grant: str) -> None:
    good = attempt(city, granting)
    bad = attempt(city, granting, purpose="sector")
    before = len(events("use.allowed"))
    refused(city, actions.use, "developer/developer", "out_of_scope", uses=(good, bad))
    assert len(events("use.allowed")) == before


def test_what_was_metered_counts_against_the_quota(
    city: City, granting: Granting, grant: str
) -> None:
    segment = Segment.objects.create(
        id="s", root="0" * 64, records=1, collected_at=city.at, entry="x"
    )
    metered = {
        "segment": segment,
        "grant": grant,
        "product": "",
        "party": "x",
        "allowed": 1,
        "refused": 0,
    }
    Metered.objects.create(day=city.at.date(), amount=18, **metered)
    city.do(actions.use, "developer/developer", uses=(attempt(city, granting, amount=2),))
    error = refused(
        city,
        actions.use,
        "developer/developer",
        "out_of_scope",
        uses=(attempt(city, granting, amount=3),),
    )
    assert [reason["limit"] for reason in error.details] == ["quota"]
    # The next month has its own quota.
    city.later(days=30)
    city.do(actions.use, "developer/developer", uses=(attempt(city, granting, amount=3),))


def test_a_quota_bound_index_needs_few_questions(
    city: City, granting: Granting, grant: str, django_assert_max_num_queries: Any
) -> None:
    index = queries.full_index(at=city.at)
    with django_assert_max_num_queries(3):
        queries.spent(index, at=city.at)


def test_a_revoked_grant_allows_nothing_more(city: City, granting: Granting, grant: str) -> None:
    city.do(actions.revoke, "bureau", grant_id=grant, reason="违约")
    city.later()
    error = refused(
        city, actions.use, "developer/developer", "out_of_scope", uses=(attempt(city, granting),)
    )
    assert [reason["limit"] for reason in error.details] == ["revoked"]


def test_the_owner_needs_its_grant_like_anybody(city: City, granting: Granting) -> None:
    """The emergency bureau reads its own published resource, for filing only."""
    reading = attempt(
        city,
        granting,
        party=city.org("emergency"),
        action="read",
        purpose="filing",
        business=None,
        region=None,
        minimum=None,
    )
    city.do(actions.use, "emergency", uses=(reading,))
    wrong = replace(reading, purpose="industry")
    refused(city, actions.use, "emergency", "out_of_scope", uses=(wrong,))
