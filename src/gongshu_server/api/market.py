"""The market over the API: products, prices, orders, bills, authorisations, objections."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from gongshu_server.api.answers import present
from gongshu_server.api.reading import PAGING, Paging, listed, with_states
from gongshu_server.api.shapes import page_of, with_fields
from gongshu_server.api.writing import acting, tag
from gongshu_server.market import queries, shelf
from gongshu_server.market.models import Bill, Order, PermittedRevenue, Price, Product
from gongshu_server.market.shelf import Charge, DayOfUse, Given
from gongshu_server.oversight import queries as oversight
from gongshu_server.oversight.models import Objection

router = Router(tags=["market"])
ProductShown: Any = with_fields("ProductShown", Product, charge=Charge | None, uses=int)
ProductOverview: Any = with_fields(
    "ProductOverview",
    ProductShown,
    registration=str,
    prices=list[Price],
    permitted_revenue=PermittedRevenue | None,
)
OrderShown: Any = with_fields("OrderShown", Order, state=str, state_zh=str, used=int)
OrderOverview: Any = with_fields("OrderOverview", OrderShown, days=list[DayOfUse])
ObjectionShown: Any = with_fields("ObjectionShown", Objection, state=str, state_zh=str)
ObjectionOverview: Any = with_fields(
    "ObjectionOverview", ObjectionShown, product_title=str, resource_title=str, suspended=bool
)


@router.get("/products", response=page_of(ProductShown), summary="可见的产品")
def products(request: HttpRequest, paging: Paging = PAGING) -> Any:
    """Return listed products and the caller's own, with price and use, by title."""
    return listed(shelf.products(acting(request)), paging, ("title", "id"), _products)


def _products(rows: Any) -> list[dict[str, Any]]:
    ids = [row.pk for row in rows]
    charges, uses = shelf.charges(ids), shelf.uses(ids)
    return [
        present(row) | {"charge": charges.get(row.pk), "uses": uses.get(row.pk, 0)} for row in rows
    ]


@router.get(
    "/products/{product_id}", response=ProductOverview, summary="一个产品：价格、登记和使用"
)
def product(request: HttpRequest, response: HttpResponse, product_id: str) -> Any:
    """Return a product with its price, its price history, registration code and use."""
    seen = shelf.offered(product_id, by=acting(request))
    row = seen.product
    tag(response, row.case)
    return present(row) | {
        "charge": present(seen.charge),
        "uses": seen.uses,
        "registration": seen.registration,
        "prices": present(queries.prices(row.pk)),
        "permitted_revenue": present(shelf.permitted([row]).get(row.pk)),
    }


@router.get("/orders", response=page_of(OrderShown), summary="本机构作为使用方或运营方的订单")
def orders(request: HttpRequest, paging: Paging = PAGING) -> Any:
    """Return the caller's orders with state and use so far, the newest first."""
    return listed(shelf.orders(by=acting(request)), paging, show=_orders)


def _orders(rows: Any) -> list[dict[str, Any]]:
    used = shelf.used_of(row.grant for row in rows)
    return [shown | {"used": used.get(shown["grant"], 0)} for shown in with_states(rows)]


@router.get("/orders/{order_id}", response=OrderOverview, summary="一个订单：状态、额度、逐日用量")
def order(request: HttpRequest, response: HttpResponse, order_id: str) -> Any:
    """Return an order with its state, its use so far and the use of its last days."""
    row = shelf.order(order_id, by=acting(request))
    tag(response, row.case)
    return _orders([row])[0] | {"days": present(shelf.days_of_use(row.grant))}


@router.get("/orders/{order_id}/bills", response=page_of(Bill), summary="一个订单的账单")
def bills_of(request: HttpRequest, order_id: str, paging: Paging = PAGING) -> Any:
    """Return the bills of an order, the newest first."""
    by = acting(request)
    rows = shelf.bills(by=by, order_id=shelf.order(order_id, by=by).pk)
    return listed(rows, paging, ("-made_at", "-id"))


@router.get("/bills", response=page_of(Bill), summary="全部可见的账单")
def bills(request: HttpRequest, paging: Paging = PAGING) -> Any:
    """Return the bills of the orders that the caller may see, the newest first."""
    return listed(shelf.bills(by=acting(request)), paging, ("-made_at", "-id"))


@router.get("/authorisations", response=page_of(Given), summary="本机构作出的电子授权")
def authorisations(request: HttpRequest, paging: Paging = PAGING) -> Any:
    """Return the authorisations that the caller's organisation has given; no token is shown."""
    rows = shelf.given(by=acting(request))
    return listed(rows, paging, ("-given_at", "-id"), shelf.given_views)


@router.get("/objections", response=page_of(ObjectionShown), summary="提出的或须答复的异议")
def objections(request: HttpRequest, paging: Paging = PAGING) -> Any:
    """Return the objections that the caller may see, the newest first."""
    return listed(oversight.objections(by=acting(request)), paging, show=with_states)


@router.get("/objections/{objection_id}", response=ObjectionOverview, summary="一项异议及其效果")
def objection(request: HttpRequest, response: HttpResponse, objection_id: str) -> Any:
    """Return an objection, and whether the record is suspended meanwhile; no subject is named."""
    seen = oversight.objection(objection_id, by=acting(request))
    tag(response, seen.objection.case)
    return with_states([seen.objection])[0] | {
        "product_title": seen.product,
        "resource_title": seen.resource,
        "suspended": seen.suspended,
    }
