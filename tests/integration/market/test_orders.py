"""Orders: within price, purpose and term; accepted they are a grant; a bill equals the uses."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from gongshu_server.accounts import actions as accounts
from gongshu_server.market import actions
from gongshu_server.market.models import Order, Product
from gongshu_server.market.orders import Request
from gongshu_server.usage import queries
from gongshu_server.usage.models import GrantRow, Metered, Segment
from integration.city import City, details, events, listed, papers, refused
from integration.market.test_prices import fixed, on_trial

DAY = timedelta(days=1)


def request(city: City, price: str = "0.00", **changes: Any) -> Request:
    """Return a sound request."""
    plain = Request(
        purpose="industry",
        price=Decimal(price),
        quota=20,
        valid_until=city.at + 300 * DAY,
        undertaking="只用于承保核验",
    )
    return replace(plain, **changes)


def placed(city: City, product: Product, buyer: str = "insurer", **changes: Any) -> Order:
    """Return an order that was placed."""
    order: Order = city.do(
        actions.place_order, buyer, product_id=product.pk, request=request(city, **changes)
    )
    return order


def accepted(city: City, product: Product, **changes: Any) -> Order:
    """Return an accepted order."""
    order = placed(city, product, **changes)
    city.do(actions.accept_order, "operator", order_id=order.pk)
    order.refresh_from_db()
    return order


def test_an_accepted_order_is_a_grant_within_it(city: City) -> None:
    product = on_trial(city)
    order = accepted(city, product, price="0.50")
    grant = queries.live_grant(order.grant, at=city.at)
    assert (grant.grantee, grant.object) == (city.org("insurer"), f"product:{product.pk}")
    assert grant.actions == {"call"}
    assert grant.purposes == {"industry"}
    assert grant.quota is not None
    assert (grant.quota.amount, grant.quota.per) == (20, "total")
    assert grant.valid_until == order.valid_until
    assert grant.subject_authorisation
    assert [u.zh for u in grant.undertakings] == ["只用于承保核验"]
    assert grant.case == order.case
    row = GrantRow.objects.get(pk=order.grant)
    assert row.giver == city.org("operator")


def test_government_use_is_free_and_asks_no_subject(city: City) -> None:
    product = on_trial(city)
    order = accepted(city, product, buyer="emergency", purpose="public_governance")
    assert not queries.live_grant(order.grant, at=city.at).subject_authorisation


def test_no_grant_before_acceptance(city: City) -> None:
    order = placed(city, listed(city))
    assert not GrantRow.objects.filter(case=order.case).exists()
    city.do(actions.refuse_order, "operator", order_id=order.pk, reason="暂无容量")
    assert not GrantRow.objects.filter(case=order.case).exists()


@pytest.mark.parametrize("end", ["revoke_order", "complete_order"])
def test_the_grant_ends_with_the_order(city: City, end: str) -> None:
    order = accepted(city, listed(city))
    city.do(actions.activate_order, "operator", order_id=order.pk)
    named = {"order_id": order.pk} | ({"reason": "违约"} if end == "revoke_order" else {})
    city.do(getattr(actions, end), "operator", **named)
    assert queries.live_grant(order.grant, at=city.at).ends == city.at
    assert details(events("grant.revoked")[-1])["grant"]["id"] == order.grant


def test_the_first_activation_is_the_delivery(city: City) -> None:
    product = listed(city)
    first = accepted(city, product)
    city.do(actions.activate_order, "operator", order_id=first.pk)
    delivered = city.at
    second = accepted(city, product)
    city.do(actions.activate_order, "operator", order_id=second.pk)
    product.refresh_from_db()
    assert product.delivered_at == delivered


def place(city: City, product: Product, code: str, who: str = "insurer", **changes: Any) -> Any:
    """Place an order that is refused."""
    return refused(
        city,
        actions.place_order,
        who,
        code,
        product_id=product.pk,
        request=request(city, **changes),
    )


def test_no_charge_without_its_necessity(city: City) -> None:
    assert place(city, listed(city), "no_necessity", price="0.01").clause == "opinions-6.3"


def test_nothing_above_the_trial_price(city: City) -> None:
    product = on_trial(city, "0.50")
    error = place(city, product, "above_trial_price", price="0.51")
    assert error.clause == "65-2"
    assert error.details == ({"asked": "0.51", "allowed": "0.50"},)
    placed(city, product, price="0.50")


def test_nothing_above_the_ceiling(city: City) -> None:
    product = fixed(city)
    city.do(
        actions.set_ceilings,
        "government",
        product_id=product.pk,
        amount=Decimal("0.40"),
        expected_volume=100,
        papers=papers("ceilings_report"),
    )
    place(city, product, "above_ceiling", price="0.50")
    placed(city, product, price="0.40")


def test_what_is_free_is_not_charged_for(city: City) -> None:
    product = on_trial(city)
    free = {"price": "0.10", "purpose": "public_governance"}
    assert place(city, product, "must_be_free", **free).clause == "65-1"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"purpose": "whatever"}, "unknown_purpose"),
        ({"purpose": "filing"}, "unknown_purpose"),
        ({"purpose": "sector"}, "purpose_not_offered"),
        ({"quota": 0}, "invalid_order"),
        ({"undertaking": " "}, "no_undertaking"),
        ({"valid_until": timedelta(0)}, "invalid_order"),
        ({"valid_until": timedelta(days=5000)}, "beyond_term"),
    ],
)
def test_orders_that_are_refused(city: City, changes: dict[str, Any], code: str) -> None:
    product = listed(city)
    if "valid_until" in changes:
        changes = {"valid_until": city.at + changes["valid_until"]}
    place(city, product, code, **changes)
    assert not Order.objects.exists()


def test_what_is_not_listed_is_not_there(city: City) -> None:
    product = listed(city)
    city.do(actions.delist_product, "operator", product_id=product.pk, reason="换版")
    known = place(city, product, "product_not_found")
    product.pk = "nothing"
    assert place(city, product, "product_not_found").sentence == known.sentence


def test_reviewers_do_not_buy(city: City) -> None:
    place(city, listed(city), "not_permitted", "cyberspace/reviewer")


STEPS = ("accept_order", "refuse_order", "activate_order", "revoke_order", "complete_order")


def taken(step: str, order: Order) -> dict[str, Any]:
    """Return the arguments of a step."""
    reasoned = step in {"refuse_order", "revoke_order"}
    return {"order_id": order.pk} | ({"reason": "x"} if reasoned else {})


@pytest.mark.parametrize("step", STEPS)
def test_the_buyer_takes_no_step_of_the_operators(city: City, step: str) -> None:
    order = placed(city, listed(city))
    refused(city, getattr(actions, step), "insurer", "not_the_operator", **taken(step, order))


@pytest.mark.parametrize("step", STEPS)
def test_strangers_learn_of_no_order(city: City, step: str) -> None:
    order = placed(city, listed(city))
    for arguments in (taken(step, order), taken(step, order) | {"order_id": "nothing"}):
        refused(city, getattr(actions, step), "emergency", "order_not_found", **arguments)


def test_an_operator_that_buys_is_a_buyer(city: City) -> None:
    """A second operator orders a product and would like to accept its own order."""
    row = city.do(accounts.found, "node", name="乙", short_name="乙", roles=("operator",))
    holding = city.do(
        accounts.appoint,
        "node",
        organisation_id=row.pk,
        title="经办",
        duties=("handler",),
        person_name="乙",
    )
    city.cast.people["other", "handler"] = (holding.person_id, holding.post_id)
    order = placed(city, listed(city), buyer="other")
    refused(city, actions.accept_order, "other", "not_the_operator", order_id=order.pk)
    day = city.at.date()
    period = {"first_day": day, "end_day": day + DAY}
    refused(city, actions.make_bill, "other", "not_the_operator", order_id=order.pk, **period)


def test_no_step_out_of_order(city: City) -> None:
    order = placed(city, listed(city))
    refused(city, actions.activate_order, "operator", "invalid_transition", order_id=order.pk)
    city.do(actions.accept_order, "operator", order_id=order.pk)
    refused(city, actions.accept_order, "operator", "invalid_transition", order_id=order.pk)
    refused(city, actions.revoke_order, "operator", "incomplete", order_id=order.pk, reason=" ")


def metered(city: City, order: Order, *days: tuple[int, int]) -> None:
    """Meter (day from now, charge units), each in a segment of its own."""
    for k, (day, amount) in enumerate(days):
        segment = Segment.objects.create(
            id=f"s{k}", root="0" * 64, records=1, collected_at=city.at, entry="x"
        )
        Metered.objects.create(
            segment=segment,
            grant=order.grant,
            product=order.product_id,
            party=order.buyer_id,
            day=city.at.date() + day * DAY,
            allowed=amount,
            refused=3,
            amount=amount,
        )


def test_a_bill_is_what_the_uses_add_up_to(city: City) -> None:
    order = accepted(city, on_trial(city), price="0.50")
    other = accepted(city, listed(city))
    metered(city, order, (0, 3), (1, 4), (2, 100))
    city.at += 3 * DAY
    first = city.at.date() - 3 * DAY
    bill = city.do(
        actions.make_bill,
        "operator",
        order_id=order.pk,
        first_day=first,
        end_day=first + 2 * DAY,
    )
    assert (bill.uses, bill.total, bill.segments) == (7, Decimal("3.50"), ["s0", "s1"])
    empty = city.do(
        actions.make_bill,
        "operator",
        order_id=other.pk,
        first_day=first,
        end_day=first + DAY,
    )
    assert (empty.uses, empty.total) == (0, Decimal(0))


def test_no_day_is_billed_twice(city: City) -> None:
    order = accepted(city, on_trial(city), price="0.50")
    day = city.at.date()
    period = {"order_id": order.pk, "first_day": day, "end_day": day + 2 * DAY}
    city.at += 5 * DAY
    city.do(actions.make_bill, "operator", **period)
    for first, end in ((0, 2), (1, 3), (-1, 1), (0, 1), (5, 5)):
        refused(
            city,
            actions.make_bill,
            "operator",
            "bill_overlaps",
            order_id=order.pk,
            first_day=day + first * DAY,
            end_day=day + end * DAY,
        )
    city.do(
        actions.make_bill,
        "operator",
        order_id=order.pk,
        first_day=day + 2 * DAY,
        end_day=day + 3 * DAY,
    )


def test_who_bills(city: City) -> None:
    order = accepted(city, on_trial(city), price="0.50")
    day = city.at.date()
    period = {"order_id": order.pk, "first_day": day, "end_day": day + DAY}
    city.at += 2 * DAY
    refused(city, actions.make_bill, "insurer", "not_the_operator", **period)
    refused(city, actions.make_bill, "emergency", "order_not_found", **period)
    refused(city, actions.make_bill, "bureau", "not_permitted", **period)
    city.do(actions.make_bill, "node", **period)
