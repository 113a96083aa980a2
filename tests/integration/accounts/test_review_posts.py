"""Nobody promotes themselves, nobody stands on both sides, and whoever leaves is out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from gongshu.vocabulary.errors import NotPermitted
from gongshu_server.accounts import actions, keys
from gongshu_server.accounts.actors import acting
from gongshu_server.accounts.models import Key
from integration.city import City, events, refused

DAY = timedelta(days=1)


def asked(city: City, code: str, *duties: str, **changes: Any) -> dict[str, Any]:
    """Return a new post in the organisation."""
    plain = {"organisation_id": city.org(code), "title": "岗位", "duties": duties}
    return plain | {"person_name": "某人"} | changes


@pytest.mark.parametrize("duty", ["head", "reviewer", "auditor"])
def test_a_handler_does_not_make_itself_a_head(city: City, duty: str) -> None:
    """It would sign off what it prepared (四眼原则), under a second post of its own."""
    me, _ = city.cast.people["bureau", "handler"]
    error = refused(
        city,
        actions.appoint,
        "bureau",
        "borrowed_duties",
        **asked(city, "bureau", duty, person_id=me),
    )
    assert error.details == (duty,)
    city.do(actions.appoint, "bureau", **asked(city, "bureau", "handler"))
    city.do(actions.appoint, "bureau/head", **asked(city, "bureau", duty))


@pytest.mark.parametrize(
    ("at_home", "abroad"),
    [("developer", "cyberspace"), ("operator", "sector"), ("operator", "bureau")],
)
def test_nobody_works_for_both_sides(city: City, at_home: str, abroad: str) -> None:
    for inside, outside in ((at_home, abroad), (abroad, at_home)):
        person, _ = city.cast.people[outside, "head"]
        error = refused(
            city,
            actions.appoint,
            f"{inside}/head",
            "both_sides",
            **asked(city, inside, "handler", person_id=person),
        )
        assert error.clause == "opinions-11.1"
        refused(
            city,
            actions.delegate,
            f"{inside}/head",
            "both_sides",
            taker_id=person,
            until=city.at + 9 * DAY,
            clause="809-13",
        )


def test_a_delegation_counts_as_a_side(city: City) -> None:
    row = city.do(actions.found, "node", name="三方", short_name="三方", roles=("data_user",))
    made = asked(city, "bureau", "handler", organisation_id=row.pk)
    person = city.do(actions.appoint, "node", **made).person_id
    lent = {"taker_id": person, "clause": "809-13"}
    given = city.do(actions.delegate, "operator/head", until=city.at + 9 * DAY, **lent)
    refused(city, actions.delegate, "sector/head", "both_sides", until=city.at + 9 * DAY, **lent)
    refused(
        city,
        actions.revoke_delegation,
        "sector/head",
        "delegation_not_found",
        delegation_id=given.pk,
    )
    city.do(actions.revoke_delegation, "operator/head", delegation_id=given.pk)
    _, post = city.cast.people["operator", "head"]
    with pytest.raises(NotPermitted):
        acting(person_id=person, post_id=post, at=city.at)
    city.do(actions.delegate, "sector/head", until=city.at + 9 * DAY, **lent)


def test_whoever_leaves_is_out_with_every_key(city: City) -> None:
    person, post = city.cast.people["emergency", "handler"]
    own = city.do(actions.issue_key, "emergency", label="接口")
    product = city.do(actions.issue_key, "emergency", label="产品", product_id="p")
    named = {"post_id": post, "person_id": person}
    refused(city, actions.leave_post, "taxation/head", "not_in_post", **named)
    refused(city, actions.leave_post, "bureau/head", "not_in_post", **named)
    city.do(actions.leave_post, "emergency/head", **named)
    with pytest.raises(Exception, match="凭证无效"):
        keys.holder(own.clear, at=city.at)
    with pytest.raises(NotPermitted):
        acting(person_id=person, post_id=post, at=city.at)
    assert not Key.objects.filter(post_id=post, revoked_at__isnull=True).exists()
    revoked = {entry.subject_id for entry in events("key.revoked")}
    assert {own.id, product.id} <= revoked
    assert events("post.left")[-1].subject_id == post
    refused(city, actions.leave_post, "emergency/head", "not_in_post", **named)
