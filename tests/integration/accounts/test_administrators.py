"""The three administrators: three people, one duty each; what one prepares another authorises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from gongshu.vocabulary.errors import Conflict
from gongshu.vocabulary.permissions import (
    ADMIN_DUTIES,
    PERMISSIONS,
    POST_DUTIES,
    incompatible_duties,
)
from gongshu_server.accounts import actions, queries, reconciling
from gongshu_server.accounts.actors import acting
from gongshu_server.accounts.models import (
    Handover,
    Holding,
    Login,
    Organisation,
    OrganisationRole,
    RoleProposal,
)
from integration.city import City, refused

pytestmark = pytest.mark.django_db(transaction=True)


def prepared(city: City, roles: Sequence[str] = ("provider",)) -> Organisation:
    row: Organisation = city.do(
        actions.found, "bureau/system_admin", name="新局", short_name="新局", roles=roles
    )
    return row


def roles_of(row: Organisation) -> set[str]:
    held = OrganisationRole.objects.filter(organisation=row, valid_until=None)
    return set(held.values_list("role", flat=True))


def test_what_is_prepared_counts_for_nothing_before_it_is_authorised(city: City) -> None:
    row = prepared(city)
    assert roles_of(row) == set()
    said = {"organisation_id": row.pk}
    for who in ("bureau/system_admin", "bureau/head", "bureau/audit_admin", "water/head"):
        refused(city, actions.authorise_roles, who, "not_permitted", **said)
    city.do(actions.authorise_roles, "bureau/security_admin", **said)
    assert roles_of(row) == {"provider"}
    assert list(reconciling.differing()) == []
    refused(city, actions.authorise_roles, "bureau/security_admin", "nothing_to_authorise", **said)


def test_nobody_authorises_what_they_prepared(city: City) -> None:
    row = prepared(city)
    person = city.cast.people["bureau", "security_admin"][0]
    RoleProposal.objects.update(person=person)
    said = {"organisation_id": row.pk}
    refused(city, actions.authorise_roles, "bureau/security_admin", "own_proposal", **said)


def test_a_role_that_became_incompatible_is_not_authorised(city: City) -> None:
    row = prepared(city, ("operator",))
    Organisation.objects.filter(pk=row.pk).update(control_group=city.org("registry"))
    said = {"organisation_id": row.pk}
    refused(city, actions.authorise_roles, "bureau/security_admin", "incompatible_roles", **said)


def test_a_role_that_nobody_authorised_is_found(city: City) -> None:
    row = prepared(city)
    OrganisationRole.objects.create(organisation=row, role="provider", valid_from=city.at)
    assert list(reconciling.differing()) == [("organisation", row.pk)]


def test_handlers_and_heads_found_nothing_any_more(city: City) -> None:
    said = {"name": "x", "short_name": "x", "roles": ("provider",)}
    for who in ("bureau", "bureau/head", "bureau/security_admin", "bureau/audit_admin"):
        refused(city, actions.found, who, "not_permitted", **said)


@pytest.mark.parametrize(
    "duties", [("system_admin", "audit_admin"), ("security_admin", "handler"), ADMIN_DUTIES]
)
def test_one_post_has_one_of_the_three_or_none(city: City, duties: tuple[str, ...]) -> None:
    said = {"organisation_id": city.org("bureau"), "title": "x", "person_name": "x"}
    refused(city, actions.appoint, "bureau/head", "admin_duties", duties=duties, **said)


@pytest.mark.parametrize("duty", ADMIN_DUTIES)
def test_one_person_has_one_of_the_three_or_none(city: City, duty: str) -> None:
    said = {"title": "x", "person_name": "", "organisation_id": city.org("bureau")}
    said["person_id"] = city.cast.people["bureau", "handler"][0]
    refused(city, actions.appoint, "bureau/head", "admin_duties", duties=(duty,), **said)
    said["person_id"] = city.cast.people["bureau", duty][0]
    said["organisation_id"] = city.org("water")
    refused(city, actions.appoint, "water/head", "admin_duties", duties=("handler",), **said)


def test_a_delegation_or_a_handover_does_not_join_them(city: City) -> None:
    admin = city.cast.people["bureau", "audit_admin"][0]
    lent = {"taker_id": admin, "until": city.at + timedelta(days=9), "clause": "809-13"}
    refused(city, actions.delegate, "bureau", "admin_duties", **lent)
    giver, post = city.cast.people["bureau", "handler"]
    said = {"post_id": post, "giver_id": giver, "taker_id": admin}
    refused(city, actions.propose_handover, "bureau", "admin_duties", **said)


def test_the_head_of_the_authority_appoints_them(city: City) -> None:
    said = {"title": "安全审计员", "duties": ("audit_admin",), "person_name": "新人"}
    own = said | {"organisation_id": city.org("bureau")}
    refused(city, actions.appoint, "bureau/system_admin", "borrowed_duties", **own)
    other = said | {"organisation_id": city.org("water")}
    refused(city, actions.appoint, "water/head", "not_permitted", **other)
    row: Holding = city.do(actions.appoint, "bureau/head", **own)
    by = acting(person_id=row.person_id, post_id=row.post_id, at=city.later())
    allowed = {code for code in PERMISSIONS if by.may(code)}
    assert allowed == {"ledger.read", "key.issue", "notice.read", "profile.change"}


def new(city: City, duty: str) -> Holding:
    """Return the first post, with this duty, of somebody new."""
    said = {"organisation_id": city.org("bureau"), "title": "新岗", "person_name": "新人"}
    row: Holding = city.do(actions.appoint, "bureau/head", duties=(duty,), **said)
    return row


def leave(city: City, row: Holding) -> None:
    """End the person's time in the post."""
    said = {"post_id": row.post_id, "person_id": row.person_id}
    city.do(actions.leave_post, "bureau/head", **said)


def proposed(city: City, duty: str, taker: str) -> Handover:
    """Propose that the post of an administrator goes to somebody."""
    giver, post = city.cast.people["bureau", duty]
    row: Handover = city.do(
        actions.propose_handover, "bureau/head", post_id=post, giver_id=giver, taker_id=taker
    )
    return row


def test_an_administrators_post_goes_to_one_of_the_same_kind_alone(city: City) -> None:
    taker = new(city, "audit_admin")
    proposed(city, "audit_admin", taker.person_id)
    giver, post = city.cast.people["bureau", "system_admin"]
    said = {"post_id": post, "giver_id": giver, "taker_id": taker.person_id}
    refused(city, actions.propose_handover, "bureau/head", "admin_duties", **said)


def test_a_hand_over_that_waits_is_looked_at_again(city: City) -> None:
    """The taker has become something else between the proposal and the confirmation."""
    taker = new(city, "audit_admin")
    waits = proposed(city, "audit_admin", taker.person_id)
    leave(city, taker)
    said = {"organisation_id": city.org("bureau"), "title": "x", "person_name": ""}
    said["person_id"] = taker.person_id
    row = city.do(actions.appoint, "bureau/head", duties=("handler",), **said)
    by = acting(person_id=row.person_id, post_id=row.post_id, at=city.later())
    with pytest.raises(Conflict, match="三员分立"):
        actions.confirm_handover(handover_id=waits.pk, by=by, at=city.later())


def test_who_acts_for_a_handler_becomes_no_administrator_meanwhile(city: City) -> None:
    taker = new(city, "handler")
    lent = {"until": city.at + timedelta(days=9), "clause": "809-13"}
    city.do(actions.delegate, "bureau", taker_id=taker.person_id, **lent)
    leave(city, taker)
    said = {"organisation_id": city.org("bureau"), "title": "x", "person_name": ""}
    said["person_id"] = taker.person_id
    refused(city, actions.appoint, "bureau/head", "admin_duties", duties=("audit_admin",), **said)


@pytest.mark.parametrize("duty", ADMIN_DUTIES)
def test_no_administrator_lends_their_post(city: City, duty: str) -> None:
    other = city.cast.people["bureau", "handler"][0]
    lent = {"taker_id": other, "until": city.at + timedelta(days=9), "clause": "809-13"}
    refused(city, actions.delegate, f"bureau/{duty}", "not_permitted", **lent)


@pytest.mark.parametrize("duty", ["security_admin", "audit_admin"])
def test_a_key_for_another_administrator_is_not_issued(city: City, duty: str) -> None:
    person, post = city.cast.people["bureau", duty]
    said = {"label": "x", "person_id": person, "post_id": post}
    refused(city, actions.issue_key, "bureau/system_admin", "borrowed_duties", **said)


@pytest.mark.parametrize("duty", [*ADMIN_DUTIES, "head"])
def test_no_link_for_administrators_and_who_appoints_them(city: City, duty: str) -> None:
    """Who hands out a link could open it: the system administrator would be any of them."""
    person = city.cast.people["bureau", duty][0]
    city.do(actions.open_login, "bureau/system_admin", person_id=person, username="someone")
    said = {"person_id": person}
    refused(city, actions.give_password_link, "bureau/system_admin", "guarded_login", **said)
    assert Login.objects.get(username="someone").link_digest == ""
    assert city.do(actions.give_password_link, "node", **said).token


def test_links_for_others_are_the_system_administrators(city: City) -> None:
    for number, who in enumerate((("water", "head"), ("bureau", "handler"))):
        said = {"person_id": city.cast.people[who][0]}
        name = {"username": f"someone{number}"}
        city.do(actions.open_login, "bureau/system_admin", **said, **name)
        assert city.do(actions.give_password_link, "bureau/system_admin", **said).token


def test_the_audit_administrator_reads_no_keys_of_others_and_not_the_node(city: City) -> None:
    own = city.do(actions.issue_key, "bureau/audit_admin", label="own")
    for who in ("bureau", "bureau/head", "bureau/system_admin"):
        city.do(actions.issue_key, who, label="other")
    by = city.who("bureau/audit_admin")
    assert [row.pk for row in queries.keys(by=by)] == [own.id]
    reads = [duty for duty in POST_DUTIES if reads_node(city, duty)]
    assert reads == ["system_admin", "security_admin"]


def reads_node(city: City, duty: str) -> bool:
    """Tell whether somebody of the authority with this duty alone may read the node's numbers."""
    by = replace(city.who("bureau"), duties=frozenset({duty}))
    return duty != "system" and by.may("node.read")


def test_pairs() -> None:
    assert incompatible_duties(["handler", "head", "reviewer"]) == ()
    assert incompatible_duties(["system_admin", "system"]) == ()
    assert incompatible_duties(["audit_admin", "handler"]) == (("audit_admin", "handler"),)
    assert incompatible_duties(ADMIN_DUTIES) == (
        ("security_admin", "system_admin"),
        ("audit_admin", "security_admin"),
        ("audit_admin", "system_admin"),
    )
