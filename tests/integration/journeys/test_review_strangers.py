"""The right role in the wrong organisation takes no step of somebody else's matter."""

from __future__ import annotations

import importlib
from decimal import Decimal
from typing import Any

import pytest

from gongshu.vocabulary.errors import DomainError
from gongshu_server.accounts import actions as accounts
from gongshu_server.usage.models import GrantRow
from integration.city import City, papers, published, refused, submitted
from integration.market.test_orders import accepted, placed
from integration.market.test_prices import on_trial

ROLES = (
    "operator",
    "provider",
    "registration_body",
    "implementing_body",
    "authorising_body",
    "price_authority",
)


@pytest.fixture
def strangers(city: City) -> City:
    """Return the city with a second organisation of each role, named after it."""
    for role in ROLES:
        row = city.do(accounts.found, "node", name=role, short_name=role, roles=(role,))
        holding = city.do(
            accounts.appoint,
            "node",
            organisation_id=row.pk,
            title="全职",
            duties=("handler", "head", "reviewer"),
            person_name="外人",
        )
        city.cast.people[f"other_{role}", "handler"] = (holding.person_id, holding.post_id)
        city.cast.organisations[f"other_{role}"] = row.pk
    return city


def matters(city: City) -> dict[str, str]:
    """Return the ids of one matter of each kind, none of them a stranger's."""
    product = on_trial(city)
    running = accepted(city, product, price="0.50")
    resource = published(city)
    return {
        "product_id": product.pk,
        "running": running.pk,
        "placed": placed(city, product).pk,
        "resource_id": resource.pk,
        "registration_id": submitted(city, published(city)).pk,
        "grant_id": running.grant,
        "owner_grant": GrantRow.objects.filter(grantee=city.org("emergency")).first().pk,
    }


FOREIGN = frozenset({"not_the_provider", "not_a_party"})
# Action, stranger, which matter, further arguments.
TABLE: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("market.accept_order", "operator", "order_id=placed", {}),
    ("market.refuse_order", "operator", "order_id=placed", {"reason": "x"}),
    ("market.activate_order", "operator", "order_id=running", {}),
    ("market.revoke_order", "operator", "order_id=running", {"reason": "x"}),
    ("market.revoke_order", "implementing_body", "order_id=running", {"reason": "x"}),
    ("market.complete_order", "operator", "order_id=running", {}),
    ("market.delist_product", "operator", "product_id", {"reason": "x"}),
    ("market.list_product", "operator", "product_id", {}),
    ("market.guide_trial_price", "authorising_body", "product_id", {"amount": Decimal(9)}),
    (
        "market.set_ceilings",
        "authorising_body",
        "product_id",
        {"amount": Decimal(9), "expected_volume": 1, "papers": papers("ceilings_report")},
    ),
    ("registration.accept", "registration_body", "registration_id", {}),
    ("registration.reject", "registration_body", "registration_id", {"reason": "x"}),
    ("registration.notify_incomplete", "registration_body", "registration_id", {}),
    ("registration.resubmit", "implementing_body", "registration_id", {"papers": []}),
    ("catalogue.withdraw", "provider", "resource_id", {"reason": "x"}),
    ("catalogue.note_change", "provider", "resource_id", {"reason": "x"}),
    ("catalogue.confirm_levels", "provider", "resource_id", {"confirmations": {}}),
    ("usage.revoke", "provider", "grant_id", {"reason": "x"}),
    ("usage.revoke", "implementing_body", "grant_id", {"reason": "x"}),
    ("usage.revoke", "provider", "grant_id=owner_grant", {"reason": "x"}),
)


def test_the_right_role_elsewhere_takes_no_step(strangers: City) -> None:
    ids = matters(strangers)
    taken = []
    for name, who, which, more in TABLE:
        context, _, verb = name.partition(".")
        action = getattr(importlib.import_module(f"gongshu_server.{context}.actions"), verb)
        argument, _, matter = which.partition("=")
        try:
            strangers.do(action, f"other_{who}", **{argument: ids[matter or argument], **more})
        except DomainError as error:
            if error.code.endswith("_not_found") or error.code in FOREIGN:
                continue
            taken.append(f"{name} by another {who}: {error.code}")
        else:
            taken.append(f"{name} by another {who}: done")
    assert taken == []


def test_nobody_issues_a_key_for_anothers_post(strangers: City) -> None:
    person, post = strangers.cast.people["emergency", "head"]
    for role in ROLES:
        refused(
            strangers,
            accounts.issue_key,
            f"other_{role}",
            "post_not_found",
            label="x",
            person_id=person,
            post_id=post,
        )


@pytest.mark.parametrize("name", ["found", "rename", "succeed"])
def test_organisations_are_the_data_authoritys(strangers: City, name: str) -> None:
    said: dict[str, dict[str, Any]] = {
        "found": {"name": "x", "short_name": "x", "roles": ("provider",)},
        "rename": {"organisation_id": strangers.org("sector"), "name": "x"},
        "succeed": {
            "organisation_id": strangers.org("water"),
            "successor_id": strangers.org("other_provider"),
        },
    }
    for role in ROLES:
        refused(strangers, getattr(accounts, name), f"other_{role}", "not_permitted", **said[name])
