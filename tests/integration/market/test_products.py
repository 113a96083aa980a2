"""Products: only what was released, by its operator alone, once, and built before it is sold."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from gongshu_server.accounts import actions as accounts
from gongshu_server.market import actions
from gongshu_server.market.models import Product
from gongshu_server.market.products import Built, Offer
from integration.city import City, details, events, listed, noted, refused, released

OFFER = Offer("许可证核验", "verification", ("industry",))
BUILT = Built("a.sqlite", "0" * 64, ("许可状态",), 3, date(2025, 9, 1))


def arguments(city: City, release_id: str, **changes_: Any) -> dict[str, Any]:
    """Return what makes a product of a release."""
    sound = {"release_id": release_id, "offer": OFFER, "authority": city.org("bureau")}
    return sound | changes_


def filed(city: City) -> Product:
    """Return a product in the operator's stock."""
    product: Product = city.do(
        actions.file_product, "operator", **arguments(city, released(city).pk)
    )
    return product


def other_operator(city: City) -> str:
    """Record a second operator."""
    row = city.do(accounts.found, "node", name="乙", short_name="乙", roles=("operator",))
    holding = city.do(
        accounts.appoint,
        "node",
        organisation_id=row.pk,
        title="经办",
        duties=("handler",),
        person_name="乙",
    )
    city.cast.organisations["other"] = row.pk
    city.cast.people["other", "handler"] = (holding.person_id, holding.post_id)
    return "other"


def test_from_the_release_to_the_shelf(city: City) -> None:
    product = filed(city)
    assert (product.state, product.unit, product.form) == ("filed", "call", "verification")
    before = noted()
    city.do(actions.record_built, "node", product_id=product.pk, built=BUILT)
    assert noted() == before + 1
    city.do(actions.list_product, "operator", product_id=product.pk)
    product.refresh_from_db()
    assert (product.state, product.serving, product.rows) == ("listed", "a.sqlite", 3)
    city.do(actions.delist_product, "operator", product_id=product.pk, reason="换版")
    product.refresh_from_db()
    assert product.state == "delisted"
    assert details(events("product.delisted")[-1])["reason"] == "换版"


@pytest.mark.parametrize("state", ["in_review", "passed", "signed_off", "rejected", "withdrawn"])
def test_nothing_is_sold_before_it_went_out(city: City, state: str) -> None:
    release = released(city, state=state)
    error = refused(
        city, actions.file_product, "operator", "not_released", **arguments(city, release.pk)
    )
    assert error.clause == "opinions-12.7"


def test_one_release_is_one_product(city: City) -> None:
    release = released(city)
    city.do(actions.file_product, "operator", **arguments(city, release.pk))
    refused(
        city, actions.file_product, "operator", "already_a_product", **arguments(city, release.pk)
    )


def test_the_form_is_the_exit_that_was_reviewed(city: City) -> None:
    service, export = released(city), released(city, "export")
    dataset = Offer("数据集", "dataset", ("industry",))
    for release, offer in ((service, dataset), (export, OFFER), (service, Offer("", "x", ()))):
        refused(
            city,
            actions.file_product,
            "operator",
            "form_mismatch",
            **arguments(city, release.pk, offer=offer),
        )


def test_who_makes_a_product_of_it(city: City) -> None:
    release = released(city)
    known = refused(
        city,
        actions.file_product,
        other_operator(city),
        "release_not_found",
        **arguments(city, release.pk),
    )
    unknown = refused(
        city, actions.file_product, "other", "release_not_found", **arguments(city, "nothing")
    )
    assert known.sentence == unknown.sentence
    refused(
        city,
        actions.file_product,
        "developer/developer",
        "not_the_operator",
        **arguments(city, release.pk),
    )


def test_who_records_a_build(city: City) -> None:
    product = filed(city)
    named = {"product_id": product.pk, "built": BUILT}
    refused(city, actions.record_built, "insurer", "not_permitted", **named)
    refused(city, actions.record_built, other_operator(city), "product_not_found", **named)
    refused(
        city,
        actions.record_built,
        "node",
        "product_not_found",
        product_id="nothing",
        built=BUILT,
    )
    city.do(actions.record_built, "operator", **named)


def test_what_is_not_built_is_not_listed(city: City) -> None:
    refused(city, actions.list_product, "operator", "not_built", product_id=filed(city).pk)


@pytest.mark.parametrize("step", ["list_product", "delist_product"])
def test_the_shelf_is_the_operators(city: City, step: str) -> None:
    product = listed(city)
    named = {"product_id": product.pk} | ({"reason": "x"} if step == "delist_product" else {})
    for who in ("insurer", "bureau", other_operator(city)):
        refused(city, getattr(actions, step), who, "product_not_found", **named)


def test_what_is_listed_is_not_listed_again(city: City) -> None:
    product = listed(city)
    refused(city, actions.list_product, "operator", "invalid_transition", product_id=product.pk)
    refused(
        city, actions.delist_product, "operator", "incomplete", product_id=product.pk, reason=" "
    )


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        ("operator", True),
        ("bureau", True),
        ("pricing", True),
        ("audit/auditor", True),
        ("insurer", False),
        ("emergency", False),
    ],
)
def test_who_sees_what_is_not_listed(city: City, who: str, sees: bool) -> None:
    product, shown = filed(city), listed(city)
    seen = set(Product.objects.visible_to(city.who(who)).values_list("pk", flat=True))
    assert shown.pk in seen
    assert (product.pk in seen) is sees
