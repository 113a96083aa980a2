"""Hand-over: proposed by one side, confirmed by the other; what hung on the person has ended."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gongshu.vocabulary.errors import NotFound, NotPermitted
from gongshu_server.accounts import actions, keys, reconciling
from gongshu_server.accounts.actors import Actor, acting
from gongshu_server.accounts.models import Delegation, Handover, Holding, Key
from integration.city import City, details, events, refused

pytestmark = pytest.mark.django_db(transaction=True)


def person(city: City, who: str = "registry", duty: str = "handler") -> tuple[str, str]:
    return city.cast.people[who, duty]


def proposed(city: City, by: str = "registry", taker: str = "head") -> Handover:
    giver, post = person(city)
    row: Handover = city.do(
        actions.propose_handover,
        by,
        post_id=post,
        giver_id=giver,
        taker_id=person(city, duty=taker)[0],
        note="三件在办，材料在柜",
    )
    return row


def test_a_confirmed_handover_moves_the_post_and_ends_what_hung_on_the_person(city: City) -> None:
    giver, post = person(city)
    clear = city.do(actions.issue_key, "registry", label="脚本").clear
    taker = person(city, "water")[0]
    until = city.at + timedelta(days=9)
    lent = {"taker_id": taker, "until": until, "clause": "809-13"}
    city.do(actions.delegate, "registry", **lent)
    row = proposed(city)
    city.do(actions.confirm_handover, "registry/head", handover_id=row.pk)
    new = person(city, duty="head")[0]
    held = Holding.objects.filter(post_id=post, valid_until=None)
    assert list(held.values_list("person_id", flat=True)) == [new]
    with pytest.raises(NotPermitted):
        acting(person_id=giver, post_id=post, at=city.later())
    assert acting(person_id=new, post_id=post, at=city.at).duties == {"handler"}
    with pytest.raises(NotFound):
        keys.holder(clear, at=city.at)
    assert Delegation.objects.get().revoked_at is not None
    (done,) = events("handover.confirmed")
    assert details(done) == {"keys": 1, "delegations": 1}
    assert list(reconciling.differing()) == []


def test_the_row_that_was_changed_beside_it_is_found(city: City) -> None:
    row = proposed(city)
    city.do(actions.confirm_handover, "registry/head", handover_id=row.pk)
    Holding.objects.filter(post=row.post, valid_until=None).update(person=person(city, "water")[0])
    assert list(reconciling.differing()) == [("post", row.post_id)]


def test_only_the_taker_confirms(city: City) -> None:
    row = proposed(city)
    said = {"handover_id": row.pk}
    for who in ("registry", "water", "bureau/head"):
        refused(city, actions.confirm_handover, who, "handover_not_found", **said)
    city.do(actions.confirm_handover, "registry/head", **said)
    refused(city, actions.confirm_handover, "registry/head", "handover_not_found", **said)


def test_a_delegate_does_not_confirm_for_the_taker(city: City) -> None:
    taker = person(city, "registry", "head")
    until = city.at + timedelta(days=9)
    lent = {"taker_id": person(city)[0], "until": until, "clause": "809-13"}
    city.do(actions.delegate, "registry/head", **lent)
    row = proposed(city)
    by: Actor = acting(person_id=person(city)[0], post_id=taker[1], at=city.later())
    with pytest.raises(NotFound):
        actions.confirm_handover(handover_id=row.pk, by=by, at=city.at)


def test_the_holder_or_who_manages_people_proposes(city: City) -> None:
    giver, post = person(city, "audit", "auditor")
    said = {"post_id": post, "giver_id": giver, "taker_id": person(city, "water")[0]}
    refused(city, actions.propose_handover, "water/head", "post_not_found", **said)
    city.do(actions.propose_handover, "audit/auditor", **said)
    other = {"post_id": person(city, "cyberspace", "head")[1]}
    other |= {"giver_id": person(city, "cyberspace", "head")[0], "taker_id": said["taker_id"]}
    refused(city, actions.propose_handover, "cyberspace/reviewer", "not_permitted", **other)


def test_one_handover_of_a_post_at_a_time(city: City) -> None:
    row = proposed(city, by="registry/head")
    giver, post = person(city)
    said = {"post_id": post, "giver_id": giver, "taker_id": person(city, duty="head")[0]}
    refused(city, actions.propose_handover, "registry", "handover_open", **said)
    city.do(actions.decline_handover, "registry", handover_id=row.pk)
    city.do(actions.propose_handover, "registry", **said)


def test_who_may_call_it_off(city: City) -> None:
    row = proposed(city)
    said = {"handover_id": row.pk}
    refused(city, actions.decline_handover, "water/head", "handover_not_found", **said)
    city.do(actions.decline_handover, "registry/head", **said)
    refused(city, actions.decline_handover, "registry/head", "handover_not_found", **said)
    assert Handover.objects.get().state == "declined"


def test_takers_that_are_refused(city: City) -> None:
    giver, post = person(city)
    bare = city.do(
        actions.appoint,
        "registry/head",
        organisation_id=city.org("registry"),
        title="候任",
        duties=["handler"],
        person_name="新人",
    )
    city.do(actions.leave_post, "registry/head", post_id=bare.post_id, person_id=bare.person_id)
    for taker, code in (
        (giver, "person_not_found"),
        ("nobody", "person_not_found"),
        (bare.person_id, "taker_without_post"),
        (person(city, "operator")[0], "both_sides"),
    ):
        said = {"post_id": post, "giver_id": giver, "taker_id": taker}
        refused(city, actions.propose_handover, "registry", code, **said)
    said = {"post_id": post, "giver_id": person(city, "water")[0], "taker_id": giver}
    refused(city, actions.propose_handover, "registry/head", "not_in_post", **said)


def test_a_giver_who_left_meanwhile_hands_nothing_over(city: City) -> None:
    row = proposed(city)
    giver, post = person(city)
    city.do(actions.leave_post, "registry/head", post_id=post, person_id=giver)
    refused(city, actions.confirm_handover, "registry/head", "not_in_post", handover_id=row.pk)
    assert not Key.objects.filter(person_id=giver, revoked_at=None).exists()
