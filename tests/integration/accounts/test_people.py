"""People: posts of one's own organisation, delegation for a time, keys that lend no duty."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gongshu.vocabulary.errors import Invalid, NotFound, NotPermitted
from gongshu_server.accounts import actions, keys
from gongshu_server.accounts.actors import Actor, acting
from gongshu_server.accounts.models import Delegation, Holding, Key, OrganisationRole, Post
from gongshu_server.catalogue import actions as catalogue
from integration.city import City, details, entry, events, noted, refused

DAY = timedelta(days=1)


def colleague(city: City, duties: tuple[str, ...] = ("handler",), person: str = "") -> Holding:
    """Return a new post of the emergency bureau with somebody in it."""
    holding: Holding = city.do(
        actions.appoint,
        "emergency/head",
        organisation_id=city.org("emergency"),
        title="科员",
        duties=duties,
        person_name="新同事",
        person_id=person,
    )
    return holding


def test_an_organisation_fills_its_own_posts(city: City) -> None:
    holding = colleague(city, ("handler", "reviewer"))
    actor = acting(person_id=holding.person_id, post_id=holding.post_id, at=city.at)
    assert actor.organisation == city.org("emergency")
    assert actor.duties == {"handler", "reviewer"}
    assert "provider" in actor.roles
    assert details(events("post.filled")[-1])["person"] == holding.person_id


def test_one_person_holds_several_posts(city: City) -> None:
    first = colleague(city)
    second = colleague(city, ("reviewer",), person=first.person_id)
    one = acting(person_id=first.person_id, post_id=first.post_id, at=city.at)
    other = acting(person_id=first.person_id, post_id=second.post_id, at=city.at)
    assert (one.duties, other.duties) == ({"handler"}, {"reviewer"})


def test_nobody_is_put_into_another_organisation(city: City) -> None:
    """An operator's handler who made a reviewer of itself would review its own release."""
    arguments = {
        "organisation_id": city.org("cyberspace"),
        "title": "审核员",
        "duties": ("reviewer",),
        "person_name": "自己人",
    }
    refused(city, actions.appoint, "operator", "not_permitted", **arguments)
    error = refused(
        city, actions.appoint, "bureau/system_admin", "not_your_organisation", **arguments
    )
    assert isinstance(error, NotPermitted)


def test_the_data_authority_fills_the_first_post_only(city: City) -> None:
    row = city.do(
        actions.found, "bureau/system_admin", name="新局", short_name="新局", roles=("provider",)
    )
    arguments = {
        "organisation_id": row.pk,
        "title": "负责人",
        "duties": ("head",),
        "person_name": "首任",
    }
    city.do(actions.appoint, "bureau/system_admin", **arguments)
    refused(city, actions.appoint, "bureau/system_admin", "not_your_organisation", **arguments)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"duties": ("emperor",)}, "unknown_code"),
        ({"duties": ("system",)}, "unknown_code"),
        ({"duties": ()}, "unknown_code"),
        ({"person_name": ""}, "incomplete"),
        ({"person_id": "nobody"}, "person_not_found"),
        ({"organisation_id": "nowhere"}, "organisation_not_found"),
    ],
)
def test_appointments_that_are_refused(city: City, changes: dict[str, object], code: str) -> None:
    arguments: dict[str, object] = {
        "organisation_id": city.org("emergency"),
        "title": "科员",
        "duties": ("handler",),
        "person_name": "新同事",
    }
    refused(city, actions.appoint, "emergency/head", code, **arguments | changes)


def test_nobody_acts_from_a_post_that_is_not_theirs(city: City) -> None:
    person, _ = city.cast.people["emergency", "handler"]
    _, post = city.cast.people["emergency", "head"]
    for wanted in (post, "nowhere"):
        with pytest.raises(NotPermitted) as caught:
            acting(person_id=person, post_id=wanted, at=city.at)
        assert caught.value.code == "not_in_post"


def test_a_post_is_held_over_a_half_open_period(city: City) -> None:
    person, post = city.cast.people["emergency", "handler"]
    Holding.objects.filter(post_id=post).update(valid_until=city.at + DAY)
    acting(person_id=person, post_id=post, at=city.at + DAY - timedelta(microseconds=1))
    with pytest.raises(NotPermitted):
        acting(person_id=person, post_id=post, at=city.at + DAY)


def test_a_role_is_held_over_a_half_open_period(city: City) -> None:
    person, post = city.cast.people["emergency", "handler"]
    OrganisationRole.objects.filter(organisation_id=city.org("emergency")).update(
        valid_until=city.at + DAY
    )
    assert acting(person_id=person, post_id=post, at=city.at).roles
    assert acting(person_id=person, post_id=post, at=city.at + DAY).roles == frozenset()


def delegated(city: City, days: int = 3) -> tuple[str, Delegation]:
    """Let the head of the emergency bureau be represented by somebody of the sector authority."""
    taker, _ = city.cast.people["emergency", "handler"]
    row = city.do(
        actions.delegate,
        "emergency/head",
        taker_id=taker,
        until=city.at + days * DAY,
        clause="809-13",
    )
    return taker, row


def test_a_delegate_acts_for_the_post_in_time(city: City) -> None:
    taker, row = delegated(city)
    actor = acting(person_id=taker, post_id=row.post_id, at=row.valid_until - DAY)
    assert actor.duties == {"head"}
    assert actor.person == taker
    # The journal names post, person and delegation.
    assert actor.text_id == f"{row.post_id}/{taker}/{row.pk}"
    catalogue.file_resource(
        entry=entry(city), authority=city.org("bureau"), by=actor, at=city.later()
    )
    assert events("catalogue.filed")[-1].actor == actor.text_id
    assert events("delegation.given")[-1].clause == "809-13"


def test_a_delegation_is_over_when_it_is_over(city: City) -> None:
    taker, row = delegated(city)
    for at in (row.valid_until, row.valid_until + DAY, row.valid_from - timedelta(seconds=1)):
        with pytest.raises(NotPermitted) as caught:
            acting(person_id=taker, post_id=row.post_id, at=at)
        assert caught.value.code == "not_in_post"


def test_a_delegation_ends_with_its_revocation(city: City) -> None:
    taker, row = delegated(city)
    Delegation.objects.filter(pk=row.pk).update(revoked_at=city.at)
    with pytest.raises(NotPermitted):
        acting(person_id=taker, post_id=row.post_id, at=city.at)


def test_a_delegation_ends_with_its_givers_post(city: City) -> None:
    taker, row = delegated(city)
    Holding.objects.filter(post_id=row.post_id).update(valid_until=city.at + DAY)
    acting(person_id=taker, post_id=row.post_id, at=city.at)
    with pytest.raises(NotPermitted):
        acting(person_id=taker, post_id=row.post_id, at=city.at + DAY)


def test_what_is_delegated_is_not_delegated_on(city: City) -> None:
    taker, row = delegated(city)
    by = acting(person_id=taker, post_id=row.post_id, at=city.at)
    other, _ = city.cast.people["taxation", "head"]
    at = city.later()
    with pytest.raises(Invalid) as caught:
        actions.delegate(taker_id=other, until=at + DAY, clause="809-13", by=by, at=at)
    assert caught.value.code == "delegation_of_delegation"
    assert details(events("denied")[-1])["code"] == "delegation_of_delegation"


def test_delegations_that_are_refused(city: City) -> None:
    taker, _ = city.cast.people["emergency", "handler"]
    sound = {"taker_id": taker, "until": city.at + DAY, "clause": "809-13"}
    self_, _ = city.cast.people["emergency", "head"]
    for changes, code in (
        ({"until": city.at}, "delegation_period"),
        ({"clause": "nothing-1"}, "unknown_clause"),
        ({"taker_id": "nobody"}, "person_not_found"),
        ({"taker_id": self_}, "person_not_found"),
    ):
        refused(city, actions.delegate, "emergency/head", code, **sound | changes)


def holder(city: City, clear: str) -> Actor:
    """Return whoever the key lets act now."""
    return keys.holder(clear, at=city.at)


def test_a_key_is_its_holder_and_nothing_in_the_database(city: City) -> None:
    key = city.do(actions.issue_key, "emergency", label="接口", scopes=("all",))
    assert holder(city, key.clear) == city.actor("emergency")
    row = Key.objects.get(pk=key.id)
    assert row.digest == keys.digest(key.clear)
    stored = [str(value) for value in vars(row).values()]
    assert not any(key.clear in value for value in stored)
    assert key.clear not in "".join(e.body or "" for e in events())


def test_hosts_learn_of_a_key_before_the_answer(city: City) -> None:
    before = noted()
    key = city.do(actions.issue_key, "emergency", label="接口")
    assert noted() == before + 1
    city.do(actions.revoke_key, "emergency", key_id=key.id)
    assert noted() == before + 2


@pytest.mark.parametrize("fault", ["unknown", "expired", "revoked", "for a product"])
def test_every_useless_key_gets_the_same_answer(city: City, fault: str) -> None:
    product = "p" if fault == "for a product" else ""
    expires = city.at + DAY if fault == "expired" else None
    key = city.do(
        actions.issue_key, "emergency", label="接口", product_id=product, expires_at=expires
    )
    if fault == "revoked":
        city.do(actions.revoke_key, "emergency", key_id=key.id)
    clear = "gs_unknown" if fault == "unknown" else key.clear
    city.later(days=2)
    with pytest.raises(NotFound) as caught:
        holder(city, clear)
    assert caught.value.code == "unknown_key"


def test_a_key_gives_no_duty_that_its_issuer_lacks(city: City) -> None:
    """Whoever sees a key can act with it: a handler gets none of the head's."""
    person, post = city.cast.people["emergency", "head"]
    error = refused(
        city,
        actions.issue_key,
        "emergency",
        "borrowed_duties",
        label="x",
        person_id=person,
        post_id=post,
    )
    assert error.details == ("head",)
    holding = colleague(city)
    city.do(
        actions.issue_key,
        "emergency",
        label="x",
        person_id=holding.person_id,
        post_id=holding.post_id,
    )


def test_keys_that_are_refused(city: City) -> None:
    other_person, other_post = city.cast.people["taxation", "handler"]
    foreign = {"label": "x", "person_id": other_person, "post_id": other_post}
    refused(city, actions.issue_key, "emergency", "post_not_found", **foreign)
    refused(city, actions.issue_key, "emergency", "post_not_found", label="x", post_id="nowhere")
    holding = colleague(city)
    wrong = {"label": "x", "person_id": other_person, "post_id": holding.post_id}
    refused(city, actions.issue_key, "emergency", "not_in_post", **wrong)


def test_only_the_own_organisation_revokes_a_key(city: City) -> None:
    key = city.do(actions.issue_key, "emergency", label="x")
    refused(city, actions.revoke_key, "taxation", "key_not_found", key_id=key.id)
    refused(city, actions.revoke_key, "emergency", "key_not_found", key_id="nothing")
    assert Key.objects.get(pk=key.id).revoked_at is None
    row = city.do(actions.revoke_key, "emergency/head", key_id=key.id)
    assert row.revoked_at == city.at
    # A second time changes nothing.
    assert city.do(actions.revoke_key, "emergency", key_id=key.id).revoked_at < city.at
    assert len(events("key.revoked")) == 1


def test_a_key_dies_with_its_holders_post(city: City) -> None:
    key = city.do(actions.issue_key, "emergency", label="x")
    _, post = city.cast.people["emergency", "handler"]
    Holding.objects.filter(post=Post.objects.get(pk=post)).update(valid_until=city.at)
    with pytest.raises(NotPermitted):
        holder(city, key.clear)
