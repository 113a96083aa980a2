"""Disclosure: generated from live grants, so that it cannot say what is not so."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal
from typing import Any

from gongshu_server.accounts.models import Person
from gongshu_server.market import actions as market
from gongshu_server.oversight.disclosure import Disclosure, Line, disclosure
from gongshu_server.usage.models import Alarm, GrantRow, Metered, Segment
from integration.city import City, published
from integration.market.test_orders import accepted
from integration.market.test_prices import on_trial


def lines(city: City) -> dict[str, Line]:
    """Return the lines that are public now, by grant."""
    return {line.grant: line for line in disclosure(at=city.at).authorisations}


def text(shown: Disclosure) -> str:
    """Return everything that is public as one text."""
    return json.dumps(asdict(shown), ensure_ascii=False, default=str)


def test_who_may_use_what_until_when_at_what_price_and_how_much(city: City) -> None:
    product = on_trial(city)
    order = accepted(city, product, price="0.50")
    segment = Segment.objects.create(
        id="s", root="0" * 64, records=7, collected_at=city.at, entry="x"
    )
    Metered.objects.create(
        segment=segment,
        grant=order.grant,
        product=product.pk,
        party=order.buyer_id,
        day=city.at.date(),
        allowed=7,
        refused=2,
        amount=7,
    )
    line = lines(city)[order.grant]
    assert line.party == "安澜财产保险股份有限公司"
    assert line.what == product.title
    assert line.valid_until == order.valid_until.date()
    assert (line.price, line.uses, line.clause) == (Decimal("0.50"), 7, "opinions-9.3")
    assert line.purposes == ("产业发展",)
    (shown,) = disclosure(at=city.at).products
    assert (shown["price_kind"], shown["price"], shown["uses"]) == ("试行收费标准", "0.50", 7)


def test_what_ended_is_gone_at_once(city: City) -> None:
    order = accepted(city, on_trial(city), price="0.50")
    assert order.grant in lines(city)
    city.do(market.revoke_order, "operator", order_id=order.pk, reason="违约")
    assert order.grant not in lines(city)


def test_what_has_run_out_is_gone(city: City) -> None:
    order = accepted(city, on_trial(city), price="0.50")
    city.at = order.valid_until - timedelta(seconds=1)
    assert order.grant in lines(city)
    city.at = order.valid_until
    assert order.grant not in lines(city)


def test_a_tampered_grant_is_not_disclosed_but_alarmed(city: City) -> None:
    """The page says what holds, not what somebody has written into a row."""
    order = accepted(city, on_trial(city), price="0.50")
    row = GrantRow.objects.get(pk=order.grant)
    GrantRow.objects.filter(pk=row.pk).update(body=row.body.replace('"amount":20', '"amount":99'))
    assert order.grant not in lines(city)
    assert Alarm.objects.filter(object_id=row.pk).exists()


def test_filing_is_nobodys_business(city: City) -> None:
    """What lets the node and the owner type and look on is no authorisation to use."""
    published(city)
    assert disclosure(at=city.at).authorisations == ()
    accepted(city, on_trial(city), price="0.50")
    (line,) = disclosure(at=city.at).authorisations
    assert line.party not in {"node", "临澜市应急管理局"}


def test_a_withdrawn_product_leaves_the_list(city: City) -> None:
    product = on_trial(city)
    assert len(disclosure(at=city.at).products) == 1
    city.do(market.delist_product, "operator", product_id=product.pk, reason="换版")
    assert disclosure(at=city.at).products == ()


def test_no_person_is_named(city: City) -> None:
    """Organisations are public; who acted for them is not."""
    accepted(city, on_trial(city), price="0.50")
    said = text(disclosure(at=city.at))
    assert not any(person.name in said for person in Person.objects.all())


def test_a_page_shows_so_many_and_the_next_goes_on(city: City) -> None:
    """However many grants there are, a call verifies those that it shows, newest first."""
    product = on_trial(city)
    grants = [accepted(city, product, price="0.50").grant for _ in range(5)]
    seen, after = [], ""
    for _ in range(3):
        page = disclosure(at=city.at, after=after, most=2)
        assert bool(page.products) == (after == "")
        seen += [line.grant for line in page.authorisations]
        after = page.next
    assert after == ""
    assert seen == sorted(grants, reverse=True)


def test_what_has_run_out_is_skipped_and_not_counted(
    city: City, django_assert_max_num_queries: Any
) -> None:
    product = on_trial(city)
    orders = [accepted(city, product, price="0.50") for _ in range(6)]
    lasting = accepted(city, product, price="0.50", valid_until=city.at + timedelta(days=400))
    with django_assert_max_num_queries(8):
        assert len(disclosure(at=city.at, most=20).authorisations) == 7
    city.at = orders[-1].valid_until
    page = disclosure(at=city.at, most=2)
    assert [line.grant for line in page.authorisations] == [lasting.grant]
