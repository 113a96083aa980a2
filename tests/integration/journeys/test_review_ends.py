"""What ends below ends above: no product outlives its agreement or a source that is gone."""

from __future__ import annotations

from typing import Any

import pytest

from gongshu_server.cases.models import Case
from gongshu_server.catalogue import actions as catalogue
from gongshu_server.market import actions as market
from gongshu_server.market.models import Order, Product
from gongshu_server.operation import actions as operation
from gongshu_server.operation.models import Agreement
from gongshu_server.usage.models import GrantRow
from gongshu_server.workshop.models import Release, ReleaseSource
from integration.city import City, entry, events, published, refused
from integration.market.test_orders import accepted, placed
from integration.market.test_prices import on_trial


def agreement_of(product: Product) -> Agreement:
    """Return the agreement under which the product came to be."""
    release = Release.objects.get(pk=product.release)
    agreement = release.run.query.task.scenario.agreement
    Case.objects.filter(pk=agreement.case).update(subject_id=agreement.pk)
    return agreement


def assert_ended(city: City, product: Product, order: Order) -> None:
    """The product is off the shelf, the order is over, its grant is revoked: all by the node."""
    product.refresh_from_db()
    assert product.state == "delisted"
    assert Case.objects.get(pk=order.case).state == "revoked"
    assert GrantRow.objects.get(pk=order.grant).revoked_at == city.at
    for name in ("product.delisted", "order.revoked"):
        assert events(name)[-1].organisation == "node"


def test_with_the_agreement_ends_what_was_made_under_it(city: City) -> None:
    product = on_trial(city)
    order = accepted(city, product, price="0.50")
    waiting = placed(city, product)
    agreement = agreement_of(product)
    city.do(operation.terminate_agreement, "bureau/head", agreement_id=agreement.pk, reason="违约")
    assert_ended(city, product, order)
    refused(city, market.accept_order, "operator", "not_listed", order_id=waiting.pk)


def test_another_agreements_products_go_on(city: City) -> None:
    product, other = on_trial(city), on_trial(city)
    order = accepted(city, other, price="0.50")
    agreement = agreement_of(product)
    city.do(operation.terminate_agreement, "bureau/head", agreement_id=agreement.pk, reason="违约")
    other.refresh_from_db()
    assert other.state == "listed"
    assert GrantRow.objects.get(pk=order.grant).revoked_at is None


@pytest.mark.parametrize("end", ["withdraw", "stop_as_secret"])
def test_with_a_source_ends_what_rests_on_it(city: City, end: str) -> None:
    product, resource = on_trial(city), published(city)
    ReleaseSource.objects.create(release_id=product.release, resource=resource, guarded=True)
    order = accepted(city, product, price="0.50")
    named: dict[str, Any] = {"resource_id": resource.pk}
    if end == "stop_as_secret":
        # A secret is found while a published entry is being updated.
        city.do(catalogue.amend, "emergency", entry=entry(city), **named)
    city.do(getattr(catalogue, end), "emergency/head", reason="依法", **named)
    assert_ended(city, product, order)
