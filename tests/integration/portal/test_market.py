"""The market by hand: the shelf, an order with its keys, bills, prices, authorisations."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from gongshu_server.accounts.models import Key, Organisation
from gongshu_server.cases.models import Step
from gongshu_server.market.models import Order, Product
from gongshu_server.usage.models import SubjectAuthorisation
from integration.city import USCC, City, events, listed, released
from integration.market.test_orders import accepted, placed
from integration.market.test_prices import on_trial
from integration.portal.reader import opened, sent, signed_in

pytestmark = pytest.mark.django_db(transaction=True)
UNKNOWN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def form(city: City, **changes: str) -> dict[str, str]:
    """Return a sound order form."""
    return {
        "purpose": "industry",
        "price": "0.50",
        "quota": "20",
        "last_day": f"{city.at + timedelta(days=600):%Y-%m-%d}",
        "undertaking": "只用于承保核验",
        **changes,
    }


def test_anybody_reads_the_shelf_and_a_product(city: City) -> None:
    product = on_trial(city)
    page = opened(Client(), "/market/products/")
    assert product.title in page
    assert "￥0.50" in page
    page = opened(Client(), f"/market/products/{product.pk}/")
    assert "curl" in page
    assert "dc-7" not in page or "本人授权" in page


def test_an_orders_receipt_is_for_its_parties(city: City) -> None:
    """Both read the same number; a use's receipt is for its caller and not for others."""
    order = accepted(city, on_trial(city))
    url = f"/market/orders/{order.pk}/"
    last = Step.objects.filter(case_id=order.case).latest("id").entry
    for who in ("insurer", "operator"):
        page = opened(signed_in(city, who), url)
        assert f'class="receipt-number">{last}<' in page
    assert "回执编号" in opened(signed_in(city, "insurer"), url)
    assert "回执编号" not in opened(signed_in(city, "operator"), url)
    opened(signed_in(city, "water"), url, status=404)
    for number in (UNKNOWN, "x", ""):
        page = opened(
            signed_in(city, "insurer"), f"/market/use/receipt/?number={number}", status=404
        )
        assert "没有这张存证回执" in page
    assert Client().get("/market/use/receipt/")["Location"].startswith("/sign-in/")


def test_an_unlisted_product_is_its_operators_own(city: City) -> None:
    product = listed(city)
    Product.objects.update(state="draft")
    url = f"/market/products/{product.pk}/"
    opened(Client(), url, status=404)
    opened(signed_in(city, "insurer"), url, status=404)
    opened(signed_in(city, "operator"), url)


def test_an_order_is_placed_by_its_form(city: City) -> None:
    product = on_trial(city)
    client = signed_in(city, "insurer")
    to = sent(client, f"/market/products/{product.pk}/order/", **form(city))
    order = Order.objects.get()
    assert to == f"/market/orders/{order.pk}/"
    assert (order.quota, str(order.price)) == (20, "0.50")
    assert "等待运营机构接受" in client.get(to).content.decode()


def test_a_price_above_the_limit_is_refused_with_its_clause(city: City) -> None:
    product = on_trial(city)
    client = signed_in(city, "insurer")
    url = f"/market/products/{product.pk}/order/"
    page = sent(client, url, status=422, **form(city, price="0.80"))
    assert "65号" in page
    assert "只用于承保核验" in page, "what was typed is kept"
    assert not Order.objects.exists()
    assert [row.subject_kind for row in events("denied")] == ["product"]


@pytest.mark.parametrize("fault", [{"quota": "0"}, {"last_day": "昨天"}, {"purpose": "filing"}])
def test_a_form_that_says_nothing_sensible_is_not_sent_on(
    city: City, fault: dict[str, str]
) -> None:
    product = on_trial(city)
    url = f"/market/products/{product.pk}/order/"
    page = sent(signed_in(city, "insurer"), url, status=200, **form(city, **fault))
    assert 'class="error"' in page
    assert not events("denied")


def test_an_order_is_for_its_two_sides(city: City) -> None:
    order = placed(city, listed(city))
    url = f"/market/orders/{order.pk}/"
    opened(signed_in(city, "insurer"), url)
    opened(signed_in(city, "operator"), url)
    stranger = opened(signed_in(city, "emergency"), url, status=404)
    unknown = opened(signed_in(city, "emergency"), f"/market/orders/{UNKNOWN}/", status=404)
    assert "没有这个订单" in stranger
    assert "没有这个订单" in unknown


def test_a_key_is_shown_once_to_the_buyer_alone(city: City) -> None:
    order = accepted(city, on_trial(city), price="0.50")
    page, url = f"/market/orders/{order.pk}/", f"/market/orders/{order.pk}/keys/"
    buyer = signed_in(city, "insurer")
    hidden = {"once": "a-token-of-the-form"}
    reply = buyer.post(url, {**hidden, "label": "生产"})
    assert reply["Cache-Control"] == "no-store"
    clear = reply.content.decode()
    assert "gs_" in clear
    again = buyer.post(url, {**hidden, "label": "生产"}).content.decode()
    assert "gs_" not in again
    key = Key.objects.get(order=order.pk)
    assert key.expires_at == order.valid_until
    assert key.label in opened(buyer, page)
    assert signed_in(city, "operator").post(url, {"label": "偷"}).status_code == 404
    assert Key.objects.filter(order=order.pk).count() == 1


def test_a_key_is_taken_back_by_its_organisation(city: City) -> None:
    order = accepted(city, on_trial(city), price="0.50")
    buyer = signed_in(city, "insurer")
    buyer.post(f"/market/orders/{order.pk}/keys/", {"label": "生产"})
    key = Key.objects.get(order=order.pk)
    url = f"/market/orders/{order.pk}/keys/{key.pk}/"
    assert signed_in(city, "operator").post(url).status_code == 404
    assert buyer.post(url).status_code == 302
    key.refresh_from_db()
    assert key.revoked_at is not None


def test_a_released_result_is_filed_by_its_operator(city: City) -> None:
    release = released(city)
    operator = signed_in(city, "operator")
    assert f"/market/own/{release.pk}/file/" in opened(operator, "/market/own/")
    said = {"title": "许可证核验", "purposes": ["industry"], "authority": city.org("bureau")}
    sent(operator, f"/market/own/{release.pk}/file/", **said)
    assert Product.objects.get().title == "许可证核验"
    opened(signed_in(city, "insurer"), f"/market/own/{release.pk}/file/", status=404)


def test_only_its_operator_builds_a_product(city: City) -> None:
    product = listed(city)
    url = f"/market/products/{product.pk}/build/"
    assert signed_in(city, "insurer").post(url).status_code == 404
    operator = signed_in(city, "operator")
    page = f"/market/products/{product.pk}/?building=1"
    assert "正在构建" not in opened(operator, page)
    queued = operator.post(url)
    assert (queued.status_code, queued["Location"]) == (302, page)
    shown = opened(operator, page)
    assert "正在构建" in shown
    assert f'hx-get="{page}"' in shown
    assert "正在构建" not in opened(signed_in(city, "insurer"), page)
    assert signed_in(city, "operator/developer").get(url).status_code == 405


def test_necessity_is_stated_by_its_form(city: City) -> None:
    product = listed(city)
    url = f"/market/products/{product.pk}/necessity/"
    said = {
        "text": "持续投入",
        "authorising_body": city.org("government"),
        "price_authority": city.org("pricing"),
    }
    sent(signed_in(city, "insurer"), url, status=404, **said)
    sent(signed_in(city, "operator"), url, **said)
    product.refresh_from_db()
    assert product.price_case
    assert product.title in opened(signed_in(city, "government"), "/market/prices/")


def test_a_subject_authorises_and_sees_the_token_once(city: City) -> None:
    product = on_trial(city)
    Organisation.objects.filter(pk=city.org("citizen")).update(uscc=USCC)
    subject = signed_in(city, "citizen/subject")
    said = {
        "product_id": product.pk,
        "caller_id": city.org("insurer"),
        "purpose": "industry",
        "days": "7",
    }
    page = sent(subject, "/market/authorisations/give/", status=200, **said)
    assert 'class="secret"' in page
    assert SubjectAuthorisation.objects.count() == 1
    listed_there = opened(subject, "/market/authorisations/")
    assert product.title in listed_there
    assert product.title not in opened(signed_in(city, "insurer"), "/market/authorisations/")
