"""What serving hosts are told: control groups of newcomers, and tables of any size."""

from __future__ import annotations

import pytest

from gongshu_server.accounts import actions as accounts
from gongshu_server.accounts.models import Organisation
from gongshu_server.delivery import database_source
from gongshu_server.delivery.database_source import DatabaseSource
from gongshu_server.delivery.entitlements import compile
from gongshu_server.market import actions as market
from gongshu_server.usage import compilation
from integration.city import City
from integration.market.test_orders import accepted, request
from integration.market.test_prices import on_trial


@pytest.fixture(autouse=True)
def in_the_tests_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the loader keep the connection, whose transaction holds the city."""
    monkeypatch.setattr(database_source, "close_old_connections", lambda: None)


def test_a_newcomer_counts_with_its_group_at_once(city: City) -> None:
    """A subsidiary founded after the host has loaded: the group has its quota once, not twice."""
    product = on_trial(city)
    accepted(city, product, price="0.50")
    source = DatabaseSource()
    loaded = compile(source)
    group = Organisation.objects.get(pk=city.org("insurer")).control_group
    row = city.do(
        accounts.found,
        "node",
        name="子公司",
        short_name="子",
        roles=("data_user",),
        control_group=group,
    )
    holding = city.do(
        accounts.appoint,
        "node",
        organisation_id=row.pk,
        title="经办",
        duties=("handler",),
        person_name="某",
    )
    city.cast.people["child", "handler"] = (holding.person_id, holding.post_id)
    order = city.do(
        market.place_order, "child", product_id=product.pk, request=request(city, "0.50")
    )
    city.do(market.accept_order, "operator", order_id=order.pk)
    after = loaded.apply(source.load(loaded.epoch))
    assert after.group_of(row.pk) == group
    held = {one.grantee for one in after.allowances(group, f"product:{product.pk}")}
    assert held == {row.pk, city.org("insurer")}


@pytest.mark.parametrize("most", [1, 2, 5_000])
def test_any_number_of_grants_keys_and_products(
    city: City, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """Databases bound the ids in a question; the answer does not depend on it."""
    monkeypatch.setattr(compilation, "MOST_IDS", most)
    monkeypatch.setattr(database_source, "MOST_IDS", most)
    keys = []
    for _ in range(3):
        order = accepted(city, on_trial(city), price="0.50")
        named = {"product_id": order.product_id, "order_id": order.pk}
        keys.append(city.do(accounts.issue_key, "insurer", label="x", **named).id)
    state = compile(DatabaseSource())
    assert {entry.id: entry.purpose for entry in state.keys.values()} == dict.fromkeys(
        keys, "industry"
    )
    assert {entry.party for entry in state.keys.values()} == {city.org("insurer")}
    assert len(state.products) == len(list(state.index)) == 3
