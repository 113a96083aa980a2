"""Orders under a pretended purpose, stale orders, and bills that would miss uses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from gongshu.workflow.limits import SHANGHAI
from gongshu_server.accounts import actions as accounts
from gongshu_server.market import actions
from gongshu_server.usage import collecting, queries, segments
from gongshu_server.usage.records import draw
from integration.city import City, listed, refused
from integration.market.test_orders import accepted, placed, request
from integration.market.test_prices import necessity, on_trial

DAY = timedelta(days=1)


@pytest.mark.parametrize("who", ["insurer", "developer", "operator"])
def test_nobody_pretends_to_govern(city: City, who: str) -> None:
    """公共治理 is free and asks no subject: a firm that named it would pay and ask nobody."""
    product = on_trial(city)
    asked = request(city, purpose="public_governance")
    error = refused(
        city, actions.place_order, who, "not_a_department", product_id=product.pk, request=asked
    )
    assert error.clause == "65-1"


def test_whoever_is_no_department_asks_the_subject(city: City) -> None:
    order = accepted(city, on_trial(city), price="0.50")
    assert queries.live_grant(order.grant, at=city.at).subject_authorisation


def test_no_grant_on_what_has_left_the_shelf(city: City) -> None:
    product = listed(city)
    order = placed(city, product)
    city.do(actions.delist_product, "operator", product_id=product.pk, reason="换版")
    refused(city, actions.accept_order, "operator", "not_listed", order_id=order.pk)
    city.do(actions.refuse_order, "operator", order_id=order.pk, reason="已下架")


def test_no_grant_whose_term_is_over(city: City) -> None:
    order = placed(city, listed(city), valid_until=city.at + DAY)
    city.later(days=2)
    refused(city, actions.accept_order, "operator", "term_over", order_id=order.pk)


def _period(order: Any, first: Any, days: int) -> dict[str, Any]:
    return {"order_id": order.pk, "first_day": first, "end_day": first + days * DAY}


def test_a_period_that_runs_is_not_billed(city: City) -> None:
    """What is used on its last day afterwards would be in no bill."""
    order = accepted(city, on_trial(city), price="0.50")
    today = city.at.astimezone(SHANGHAI).date()
    refused(city, actions.make_bill, "operator", "period_not_over", **_period(order, today, 1))
    city.later(days=1)
    assert city.do(actions.make_bill, "operator", **_period(order, today, 1)).uses == 0


def test_the_last_day_ends_at_midnight_in_beijing(city: City) -> None:
    order = accepted(city, on_trial(city), price="0.50")
    today = city.at.astimezone(SHANGHAI).date()
    midnight = datetime.combine(today + DAY, datetime.min.time(), SHANGHAI)
    city.at = midnight - timedelta(minutes=2)
    refused(city, actions.make_bill, "operator", "period_not_over", **_period(order, today, 1))
    city.at = midnight
    city.do(actions.make_bill, "operator", **_period(order, today, 1))


@pytest.mark.parametrize("suffix", [segments.OPEN, segments.CLOSED])
def test_no_bill_while_its_uses_are_on_their_way(city: City, suffix: str) -> None:
    order = accepted(city, on_trial(city), price="0.50")
    used, today = city.at, city.at.astimezone(SHANGHAI).date()
    folder = Path(settings.HOME) / segments.USES
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"late-1{suffix}"
    body = {"amount": 1, "grant": order.grant, "outcome": "allowed"}
    try:
        path.write_bytes(segments.header(name="late-1", owner="late", at=used))
        # A header alone is an idle server: nothing is missed.
        assert not collecting.pending(before=used + DAY)
        with path.open("ab") as file:
            file.write(draw(body, at=used.astimezone(UTC)).line)
        assert not collecting.pending(before=used)
        city.later(days=1)
        refused(
            city, actions.make_bill, "operator", "uses_not_collected", **_period(order, today, 1)
        )
    finally:
        path.unlink()
    city.do(actions.make_bill, "operator", **_period(order, today, 1))


def test_an_operator_does_not_choose_who_guides_its_price(city: City) -> None:
    """Another government's authorising body could set any trial price for it."""
    product = listed(city)
    for name, role in (("邻市政府", "authorising_body"), ("邻市发改委", "price_authority")):
        row = city.do(accounts.found, "node", name=name, short_name=name, roles=(role,))
        city.cast.organisations[role] = row.pk
    other = necessity(city, product, authorising_body=city.org("authorising_body"))
    refused(city, actions.state_necessity, "operator", "other_authorising_body", **other)
    for wrong in ("authorising_body", "price_authority"):
        nobody = necessity(city, product, **{wrong: city.org("insurer")})
        refused(city, actions.state_necessity, "operator", f"role.{wrong}", **nobody)
    city.do(actions.state_necessity, "operator", **necessity(city, product))
