"""Keys reach as far as their scopes, and never farther than the post."""

from __future__ import annotations

import importlib
import json
from dataclasses import replace
from typing import Any

import pytest
from django.apps import apps

from gongshu.vocabulary.errors import NotPermitted
from gongshu.vocabulary.permissions import PERMISSIONS, SCOPES, scope_of
from gongshu_server.accounts import actions, keys, reconciling
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.models import Key
from gongshu_server.accounts.permissions import require
from gongshu_server.cases import actions as cases
from gongshu_server.catalogue import actions as catalogue
from integration.city import City, entry, events, filed, refused

pytestmark = pytest.mark.django_db(transaction=True)


def holder(city: City, *scopes: str, who: str = "emergency") -> Actor:
    made = city.do(actions.issue_key, who, label="x", scopes=scopes)
    return keys.holder(made.clear, at=city.later())


@pytest.mark.parametrize("permission", sorted(PERMISSIONS))
def test_every_permission_has_one_scope(permission: str) -> None:
    assert scope_of(permission) in set(SCOPES) - {"all"}


def test_a_key_does_what_its_scopes_say_and_nothing_else(city: City) -> None:
    by = holder(city, "catalogue")
    catalogue.file_resource(entry=entry(city), authority=city.org("bureau"), by=by, at=city.later())
    with pytest.raises(NotPermitted) as caught:
        actions.issue_key(label="y", by=by, at=city.later())
    assert caught.value.code == "scope_missing"
    assert "“机构、人员、凭证和材料”（house）" in caught.value.sentence
    assert caught.value.details == ("house",)
    assert json.loads(events("denied")[-1].body or "")["details"]["code"] == "scope_missing"


@pytest.mark.parametrize("scopes", [("read",), ("registration", "market")])
def test_a_key_without_the_scope_files_nothing(city: City, scopes: tuple[str, ...]) -> None:
    by = holder(city, *scopes)
    with pytest.raises(NotPermitted, match="“目录和数据报送”"):
        catalogue.file_resource(
            entry=entry(city), authority=city.org("bureau"), by=by, at=city.later()
        )


def test_what_the_post_may_not_do_no_scope_lets_it(city: City) -> None:
    """The missing duty is named first: another key would not help."""
    by = holder(city, "all")
    with pytest.raises(NotPermitted) as caught:
        require(by, "catalogue.publish")
    assert caught.value.code == "not_permitted"


def test_steps_inside_an_organisation_need_a_scope_too(city: City) -> None:
    by = holder(city, "catalogue")
    said: dict[str, Any] = {"transition": "file", "step": "x", "agreed": True}
    with pytest.raises(NotPermitted, match="house"):
        cases.mark_substep(case_id=filed(city).case, **said, by=by, at=city.later())


def test_a_new_key_reads_unless_more_is_asked(city: City) -> None:
    made = city.do(actions.issue_key, "emergency", label="x")
    assert keys.holder(made.clear, at=city.later()).scopes == {"read"}


def test_a_key_makes_none_that_reaches_farther(city: City) -> None:
    by = holder(city, "house", "read")
    narrow = actions.issue_key(label="x", scopes=("read",), by=by, at=city.later())
    assert Key.objects.get(pk=narrow.id).scopes == ["read"]
    for wider in ("all", "market"):
        with pytest.raises(NotPermitted) as caught:
            actions.issue_key(label="x", scopes=(wider,), by=by, at=city.later())
        assert caught.value.code == "scope_missing"


@pytest.mark.parametrize("scopes", [(), ("everything",), ("read", "")])
def test_unknown_scopes_are_refused_with_those_there_are(city: City, scopes: Any) -> None:
    error = refused(city, actions.issue_key, "emergency", "unknown_scope", label="x", scopes=scopes)
    assert "登记（registration）" in error.sentence


def test_the_day_of_the_last_use_is_noted_once_a_day(
    city: City, django_assert_num_queries: Any
) -> None:
    made = city.do(actions.issue_key, "emergency", label="x")
    at = city.later()
    keys.holder(made.clear, at=at)
    assert Key.objects.get(pk=made.id).last_used == at.date()
    with django_assert_num_queries(3):
        keys.holder(made.clear, at=city.later())
    keys.holder(made.clear, at=city.later(days=1))
    assert Key.objects.get(pk=made.id).last_used == city.at.date()


def test_scopes_widened_under_the_ledger_are_found(city: City) -> None:
    made = city.do(actions.issue_key, "emergency", label="x")
    assert ("key", made.id) not in set(reconciling.differing())
    Key.objects.filter(pk=made.id).update(scopes=["all"])
    assert ("key", made.id) in set(reconciling.differing())


def test_keys_from_before_scopes_carry_all_of_them(city: City) -> None:
    """The migration, and the journal's entries of that time, which name none."""
    made = city.do(actions.issue_key, "emergency", label="x", scopes=("all",))
    product = city.do(actions.issue_key, "emergency", label="x", product_id="01PRODUCT")
    Key.objects.update(scopes=[])
    migration = importlib.import_module("gongshu_server.accounts.migrations.0002_key_scopes")
    migration.let_existing_keys_be(apps, None)
    assert Key.objects.get(pk=made.id).scopes == ["all"]
    assert Key.objects.get(pk=product.id).scopes == []
    known = reconciling._Replayed()
    known.take("key.issued", "k", {"person": "p", "post": "q"})
    known.take("key.issued", "o", {"person": "p", "product": "x"})
    assert (known.keys["k"][-1], known.keys["o"][-1]) == ("all", "")


def test_a_scope_is_not_part_of_who_one_is(city: City) -> None:
    by = holder(city, "read")
    assert replace(by, scopes=frozenset({"all"})).text_id == by.text_id
