"""Prices: no charge without necessity, a trial price for a year, then ceilings in the revenue."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from gongshu.pricing import Cost
from gongshu_server.cases.documents import Paper
from gongshu_server.market import actions
from gongshu_server.market.models import PermittedRevenue, Price, Product
from gongshu_server.market.prices import Survey
from integration.city import City, listed, papers, refused

STATEMENT = Paper(kind="necessity_statement", title="收费必要性说明", text="需持续投入。")
SURVEY = Survey(
    cost=Cost(
        platform=Decimal(1000),
        processing=Decimal(0),
        staff=Decimal(0),
        acquisition=Decimal(0),
        period_expenses=Decimal(0),
        subsidies=Decimal(0),
    ),
    treasury_yields=(Decimal("2.00"),),
    profit_points=Decimal("4.00"),
    tax=Decimal(40),
)
SURVEYED = ("application", "cost_survey", "data_authority_opinion")
YEAR = timedelta(days=366)


def stated(city: City) -> Product:
    """Return a listed product whose charging is shown to be necessary."""
    product = listed(city)
    city.do(actions.state_necessity, "operator", **necessity(city, product))
    product.refresh_from_db()
    return product


def necessity(city: City, product: Product, **changes: Any) -> dict[str, Any]:
    """Return the statement of necessity and to whom it goes."""
    sound = {
        "product_id": product.pk,
        "statement": STATEMENT,
        "authorising_body": city.org("government"),
        "price_authority": city.org("pricing"),
    }
    return sound | changes


def on_trial(city: City, amount: str = "0.50") -> Product:
    """Return a product with a guided trial price."""
    product = stated(city)
    city.do(actions.guide_trial_price, "government", product_id=product.pk, amount=Decimal(amount))
    return product


def fixed(city: City) -> Product:
    """Return a product whose permitted revenue is fixed after a full year."""
    product = on_trial(city)
    city.at += YEAR
    city.do(actions.fix_permitted_revenue, "pricing", **revenue(product))
    return product


def revenue(product: Product, **changes: Any) -> dict[str, Any]:
    """Return the survey with its three documents."""
    return {"product_id": product.pk, "survey": SURVEY, "papers": papers(*SURVEYED)} | changes


def ceilings(product: Product, **changes: Any) -> dict[str, Any]:
    """Return a ceiling that earns exactly the permitted revenue."""
    sound = {
        "product_id": product.pk,
        "amount": Decimal("1.10"),
        "expected_volume": 1000,
        "papers": papers("ceilings_report"),
    }
    return sound | changes


def running(product: Product) -> Price:
    """Return the price limit in force."""
    return Price.objects.get(product=product, valid_until__isnull=True)


def test_the_whole_way(city: City) -> None:
    product = on_trial(city)
    assert (running(product).kind, running(product).amount) == ("trial", Decimal("0.50"))
    city.at += YEAR
    row = city.do(actions.fix_permitted_revenue, "pricing", **revenue(product))
    # 1,000 x (1 + 6 %) + 40.
    assert row.amount == Decimal("1100.00")
    assert row.calculation["profit"] == "60.00"
    assert row.review_by > city.at + 2 * YEAR
    city.do(actions.set_ceilings, "government", **ceilings(product))
    assert (running(product).kind, running(product).amount) == ("ceiling", Decimal("1.10"))
    old = Price.objects.get(product=product, kind="trial")
    assert old.valid_until == running(product).valid_from == city.at


def test_necessity_is_the_operators_and_has_reasons(city: City) -> None:
    product = listed(city)
    empty = replace(STATEMENT, text=" ")
    error = refused(
        city,
        actions.state_necessity,
        "operator",
        "incomplete",
        **necessity(city, product, statement=empty),
    )
    assert error.clause == "opinions-6.3"
    refused(
        city,
        actions.state_necessity,
        "insurer",
        "product_not_found",
        **necessity(city, product),
    )
    refused(
        city,
        actions.state_necessity,
        "operator",
        "role.price_authority",
        **necessity(city, product, price_authority="nobody"),
    )
    city.do(actions.state_necessity, "operator", **necessity(city, product))
    refused(
        city, actions.state_necessity, "operator", "necessity_stated", **necessity(city, product)
    )


def test_no_price_without_necessity(city: City) -> None:
    product = listed(city)
    named = {"product_id": product.pk, "amount": Decimal("0.50")}
    error = refused(city, actions.guide_trial_price, "government", "no_necessity", **named)
    assert error.clause == "opinions-6.3"
    named["product_id"] = "nothing"
    refused(city, actions.guide_trial_price, "government", "product_not_found", **named)


@pytest.mark.parametrize("amount", ["-0.01", "0.005"])
def test_amounts_are_to_the_fen(city: City, amount: str) -> None:
    named = {"product_id": stated(city).pk, "amount": Decimal(amount)}
    error = refused(city, actions.guide_trial_price, "government", "invalid_price", **named)
    assert error.clause == "65-2"


@pytest.mark.parametrize("who", ["operator", "pricing", "bureau/head"])
def test_the_trial_price_is_the_authorising_bodys(city: City, who: str) -> None:
    named = {"product_id": stated(city).pk, "amount": Decimal("0.50")}
    refused(city, actions.guide_trial_price, who, "not_permitted", **named)


def test_a_full_year_comes_first(city: City) -> None:
    product = on_trial(city)
    city.at += timedelta(days=364)
    error = refused(city, actions.fix_permitted_revenue, "pricing", "too_early", **revenue(product))
    assert error.clause == "65-2"
    assert not PermittedRevenue.objects.exists()


def test_the_revenue_is_the_price_authoritys_with_three_documents(city: City) -> None:
    product = on_trial(city)
    city.at += YEAR
    for who in ("operator", "government"):
        refused(city, actions.fix_permitted_revenue, who, "not_permitted", **revenue(product))
    error = refused(
        city,
        actions.fix_permitted_revenue,
        "pricing",
        "incomplete",
        **revenue(product, papers=papers("application")),
    )
    assert set(error.details) == {"cost_survey", "data_authority_opinion"}


def test_the_profit_is_capped(city: City) -> None:
    product = on_trial(city)
    city.at += YEAR
    greedy = replace(SURVEY, profit_points=Decimal("6.01"))
    error = refused(
        city,
        actions.fix_permitted_revenue,
        "pricing",
        "profit_margin_too_high",
        **revenue(product, survey=greedy),
    )
    assert error.clause == "65-3"


def test_ceilings_stay_within_the_revenue(city: City) -> None:
    product = fixed(city)
    error = refused(
        city,
        actions.set_ceilings,
        "government",
        "ceilings_exceed_permitted",
        **ceilings(product, amount=Decimal("1.11")),
    )
    assert error.clause == "65-2"
    assert running(product).kind == "trial"
    refused(
        city,
        actions.set_ceilings,
        "government",
        "incomplete",
        **ceilings(product, papers=[]),
    )
    refused(city, actions.set_ceilings, "pricing", "not_permitted", **ceilings(product))


def test_no_ceilings_without_a_revenue(city: City) -> None:
    product = on_trial(city)
    refused(city, actions.set_ceilings, "government", "no_permitted_revenue", **ceilings(product))


def test_an_unlisted_product_has_no_price_for_strangers(city: City) -> None:
    """Whoever may not see a product learns nothing from asking for its price."""
    product = stated(city)
    Product.objects.filter(pk=product.pk).update(state="filed")
    named = {"amount": Decimal("0.50")}
    known = refused(
        city,
        actions.guide_trial_price,
        "insurer",
        "product_not_found",
        product_id=product.pk,
        **named,
    )
    unknown = refused(
        city,
        actions.guide_trial_price,
        "insurer",
        "product_not_found",
        product_id="nothing",
        **named,
    )
    assert known.sentence == unknown.sentence
