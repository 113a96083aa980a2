"""Grants: from a case, evaluable, inside their ceiling; revoked with all that hangs under them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gongshu.policy import PUBLIC, Quota
from gongshu.vocabulary.errors import Conflict, NotFound, NotPermitted
from gongshu_server.catalogue import actions as catalogue
from gongshu_server.usage import actions, queries
from gongshu_server.usage.models import Change, GrantRow
from integration.city import City, details, events, finished_case, noted, refused
from integration.usage.conftest import Granting


def live(city: City) -> set[str]:
    """Return the ids of the grants that are in force now."""
    return {g.id for g in queries.full_index(at=city.at) if g.valid_from <= city.at < g.ends}


def test_a_grant_is_in_force_and_in_the_journal(city: City, granting: Granting) -> None:
    grant = granting.ceiling()
    row = granting.issue(grant)
    assert queries.live_grant(row.pk, at=city.at) == grant
    (event,) = events("grant.issued")[-1:]
    assert details(event)["grant"] == grant.canonical()
    assert event.clause == "27-14"


def test_hosts_learn_of_it_before_the_answer(city: City, granting: Granting) -> None:
    before = noted()
    row = granting.issue(granting.ceiling())
    assert noted() == before + 1
    last = Change.objects.order_by("id").last()
    assert last is not None
    assert last.object_id == row.pk


@pytest.mark.parametrize(
    ("procedure", "state"),
    [
        ("scenario_application", "submitted"),
        ("scenario_application", "ended"),
        ("agreement", "signed"),
        ("order", "placed"),
        ("opening_review", "refused"),
        ("registration", "registered"),
    ],
)
def test_no_grant_without_a_case_that_yields_one(
    city: City, granting: Granting, procedure: str, state: str
) -> None:
    case = finished_case(city, procedure, state, ("bureau",))
    error = refused(
        city,
        actions.issue,
        "bureau/head",
        "no_grant_without_case",
        grant=granting.ceiling(case=case.pk),
        giver=city.org("bureau"),
    )
    assert isinstance(error, Conflict)


def test_no_grant_from_nothing(city: City, granting: Granting) -> None:
    for case in ("", "nothing"):
        refused(
            city,
            actions.issue,
            "bureau/head",
            "no_grant_without_case",
            grant=granting.ceiling(case=case),
            giver=city.org("bureau"),
        )


def test_a_limit_that_cannot_be_evaluated_is_refused(city: City, granting: Granting) -> None:
    grant = granting.ceiling(purposes=frozenset({"whatever"}))
    with pytest.raises(Exception) as caught:
        granting.issue(grant)
    assert "denied" in {e.event for e in events()[-1:]}
    assert not GrantRow.objects.filter(pk=grant.id).exists(), caught.value


def test_a_grant_inside_its_ceiling(city: City, granting: Granting) -> None:
    outer = granting.ceiling()
    granting.issue(outer)
    inner = granting.under(outer, items=frozenset({"许可状态"}), quota=Quota(10, "month"))
    row = granting.issue(inner)
    assert row.parent == outer.id
    assert inner.id in live(city)


BEYOND: dict[str, dict[str, Any]] = {
    "action": {"actions": frozenset({"query", "download"})},
    "items": {"items": frozenset({"许可状态", "法定代表人"})},
    "purpose": {"purposes": frozenset({"industry", "sector"})},
    "region": {"regions": frozenset()},
    "quota": {"quota": None},
    "minimum": {"minimum": 5},
    "rows": {"max_rows": None},
}


@pytest.mark.parametrize("limit", BEYOND)
def test_each_limit_of_the_ceiling_holds(city: City, granting: Granting, limit: str) -> None:
    outer = granting.ceiling()
    granting.issue(outer)
    error = refused(
        city,
        actions.issue,
        "bureau/head",
        "beyond_ceiling",
        grant=granting.under(outer, **BEYOND[limit]),
        giver=city.org("bureau"),
    )
    assert isinstance(error, NotPermitted)
    assert len(error.details) == 1


def test_every_limit_that_is_broken_is_named(city: City, granting: Granting) -> None:
    outer = granting.ceiling()
    granting.issue(outer)
    wide: dict[str, Any] = {}
    for change in BEYOND.values():
        wide |= change
    wide["valid_until"] = outer.valid_until + timedelta(days=1)
    error = refused(
        city,
        actions.issue,
        "bureau/head",
        "beyond_ceiling",
        grant=granting.under(outer, **wide),
        giver=city.org("bureau"),
    )
    assert len({reason.limit for reason in error.details}) == len(BEYOND) + 1
    assert all(reason.sentence in error.sentence for reason in error.details)
    assert not GrantRow.objects.filter(parent=outer.id).exists()


def test_a_grant_under_nothing_or_under_what_ended(city: City, granting: Granting) -> None:
    outer = granting.ceiling()
    orphan = granting.under(replace(outer, id="nothing"))
    giver = city.org("bureau")
    refused(city, actions.issue, "bureau/head", "grant_not_found", grant=orphan, giver=giver)
    granting.issue(outer)
    city.do(actions.revoke, "bureau", grant_id=outer.id, reason="协议终止")
    late = granting.under(outer)
    refused(city, actions.issue, "bureau/head", "beyond_ceiling", grant=late, giver=giver)


def family(granting: Granting) -> list[str]:
    """Issue a ceiling, a grant under it and one under that; return their ids."""
    outer = granting.ceiling()
    middle = granting.under(outer)
    inner = granting.under(middle, grantee=granting.city.org("operator"))
    for grant in (outer, middle, inner):
        granting.issue(grant)
    return [outer.id, middle.id, inner.id]


def test_revocation_takes_everything_under_it_along(city: City, granting: Granting) -> None:
    ids = family(granting)
    other = granting.ceiling()
    granting.issue(other)
    assert live(city) >= {*ids, other.id}
    before = noted()
    city.do(actions.revoke, "bureau", grant_id=ids[0], reason="违约")
    assert live(city) & set(ids) == set()
    assert other.id in live(city)
    assert noted() == before + 3
    assert [details(e)["grant"]["revoked_at"] is not None for e in events("grant.revoked")] == [
        True,
        True,
        True,
    ]
    assert {details(e)["reason"] for e in events("grant.revoked")} == {"违约"}


def test_revoking_the_lower_one_leaves_the_upper(city: City, granting: Granting) -> None:
    ids = family(granting)
    city.do(actions.revoke, "bureau", grant_id=ids[1], reason="场景结束")
    assert live(city) & set(ids) == {ids[0]}


def test_revoking_twice_changes_nothing(city: City, granting: Granting) -> None:
    ids = family(granting)
    first = city.do(actions.revoke, "bureau", grant_id=ids[0], reason="违约").revoked_at
    assert city.do(actions.revoke, "bureau", grant_id=ids[0], reason="再次").revoked_at == first
    assert len(events("grant.revoked")) == 3


def test_who_revokes(city: City, granting: Granting) -> None:
    ids = family(granting)
    stranger = refused(
        city, actions.revoke, "insurer", "grant_not_found", grant_id=ids[0], reason="x"
    )
    unknown = refused(
        city, actions.revoke, "insurer", "grant_not_found", grant_id="nothing", reason="x"
    )
    assert isinstance(stranger, NotFound)
    assert stranger.sentence == unknown.sentence
    # The grantee sees its grant, and does not revoke it.
    refused(
        city,
        actions.revoke,
        "developer/developer",
        "not_permitted",
        grant_id=ids[1],
        reason="x",
    )
    refused(city, actions.revoke, "bureau", "reason_required", grant_id=ids[0], reason=" ")
    assert live(city) >= set(ids)


def test_a_resource_that_is_withdrawn_takes_every_grant_along(
    city: City, granting: Granting
) -> None:
    """Whichever case a grant came from: the agreement's and the scenario's go, too."""
    ids = family(granting)
    before = live(city)
    assert before >= set(ids)
    city.do(catalogue.withdraw, "emergency", resource_id=granting.resource.pk, reason="停止更新")
    gone = {g.id for g in queries.full_index(at=city.at) if g.object.endswith(granting.resource.pk)}
    assert gone >= set(ids)
    assert live(city) & gone == set()


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        ("developer", True),
        ("bureau", True),
        ("audit/auditor", True),
        ("insurer", False),
        ("emergency", False),
    ],
)
def test_who_sees_a_grant(city: City, granting: Granting, who: str, sees: bool) -> None:
    ids = family(granting)
    assert GrantRow.objects.visible_to(city.who(who)).filter(pk=ids[1]).exists() is sees


@pytest.mark.clause("dc-4")
def test_no_result_of_the_workshop_is_given_to_everybody(city: City, granting: Granting) -> None:
    """What is published openly needs 21 subjects a number; runs are checked for buyers' 10."""
    ceiling = granting.ceiling(object="product:01K0000000000000000000000P", grantee=PUBLIC)
    error = refused(
        city,
        actions.issue,
        "bureau/head",
        "result_not_for_everybody",
        grant=ceiling,
        giver=city.org("bureau"),
    )
    assert error.clause == "dc-4"
    assert not GrantRow.objects.filter(grantee=PUBLIC).exclude(object__startswith="resource:")
