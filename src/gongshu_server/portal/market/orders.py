"""Orders on pages: placing one, its terms, keys and use, and its bills."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from gongshu.vocabulary.errors import NotFound
from gongshu.vocabulary.purposes import Purpose
from gongshu_server.cases import queries as cases
from gongshu_server.market import shelf
from gongshu_server.market.models import Order
from gongshu_server.portal import sessions
from gongshu_server.portal.asking import ask
from gongshu_server.portal.cases import head_context
from gongshu_server.portal.doing import Done, done, perform, signed_in
from gongshu_server.portal.lists import page_of
from gongshu_server.portal.market.forms import BillForm, KeyForm, OrderForm
from gongshu_server.usage.receipts import use_receipt

NO_ORDER = "没有这个订单。"


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def place(request: HttpRequest, product_id: str) -> HttpResponse:
    """Ask for an order of a product, and place it."""
    row = shelf.product(product_id, by=sessions.actor(request))
    charge = shelf.charges([row.pk]).get(row.pk)
    known = {"price": charge.amount} if charge else {}
    form = OrderForm(request.POST or None, offered=row.purposes, initial=known)

    def then(outcome: Done) -> HttpResponse:
        sentence = _("订单已提交，等待运营机构接受。")
        return done(request, sentence, reverse("market:order", args=[outcome.id]))

    page = {
        "title": _("订购：%(title)s") % {"title": row.title},
        "lead": _("接受后产生用数许可：所写的用途、次数、期限就是每次调用的限制。"),
        "button": _("下单"),
        "back": reverse("market:product", args=[row.pk]),
        "clause": "27-21",
        "product": row,
        "charge": charge,
    }
    return ask(
        request,
        "market.place_order",
        form,
        given={"product_id": row.pk},
        then=then,
        page=page,
        template="portal/market/place_order.html",
    )


@signed_in
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Show the orders of the reader's organisation, as buyer or operator, newest first."""
    by = sessions.actor(request)
    page = page_of(shelf.orders(by=by), request)
    context = {
        "page": page,
        "used": shelf.used_of(order.grant for order in page.rows),
        "states": _states(page.rows),
        "organisation": by.organisation,
    }
    return render(request, "portal/market/orders.html", context)


def _states(rows: list[Order]) -> dict[str, str]:
    return cases.states_of([row.case for row in rows])


@signed_in
@require_safe
def order(request: HttpRequest, order_id: str) -> HttpResponse:
    """Show one order: what it allows and promises, use so far, keys, bills, and its case."""
    return render(request, "portal/market/order.html", order_context(request, order_id))


def order_context(request: HttpRequest, order_id: str) -> dict[str, Any]:
    """Return what the page of an order shows."""
    by, at = sessions.actor(request), sessions.now(request)
    row = shelf.order(order_id, by=by)
    used = shelf.used_of([row.grant]).get(row.grant, 0)
    return {
        "order": row,
        "purpose": Purpose(row.purpose).zh,
        "used": used,
        "left": max(0, row.quota - used),
        "days": shelf.days_of_use(row.grant),
        "keys": shelf.keys_of(row, by=by),
        "buyer": row.buyer_id == by.organisation,
        "key_form": KeyForm() if _may_have_keys(row, by) else None,
        "bills": list(shelf.bills(by=by, order_id=row.pk)[:24]),
        "bill_form": BillForm() if _bills(row, by) else None,
        **head_context(cases.heading(row.case, by=by, at=at), at=at),
    }


def _may_have_keys(row: Order, by: Any) -> bool:
    return row.buyer_id == by.organisation and bool(row.grant) and by.may("key.issue")


def _bills(row: Order, by: Any) -> bool:
    return row.product.operator_id == by.organisation and bool(row.grant) and by.may("order.bill")


@signed_in
@require_POST
def issue_key(request: HttpRequest, order_id: str) -> HttpResponse:
    """Issue a key of the order to the reader, and show it once."""
    by = sessions.actor(request)
    row = shelf.order(order_id, by=by)
    if not _may_have_keys(row, by):
        raise NotFound(NO_ORDER, code="order_not_found")
    form = KeyForm(request.POST)
    if not form.is_valid():
        context = order_context(request, order_id) | {"key_form": form}
        return render(request, "portal/market/order.html", context, status=422)
    said = form.arguments()
    said["expires_at"] = said["expires_at"] or row.valid_until
    given = {"product_id": row.product_id, "order_id": row.pk}
    outcome = perform(request, "accounts.issue_key", {**said, **given})
    clear = outcome.result.clear if outcome.result is not None else ""
    context = {"clear": clear, "order": row, "label": said["label"]}
    response = render(request, "portal/market/key.html", context)
    response["Cache-Control"] = "no-store"
    return response


@signed_in
@require_POST
def revoke_key(request: HttpRequest, order_id: str, key_id: str) -> HttpResponse:
    """Revoke a key of the order; it is refused at the next call."""
    row = shelf.order(order_id, by=sessions.actor(request))
    perform(request, "accounts.revoke_key", {"key_id": key_id})
    sentence = _("凭证已收回，下一次调用即被拒绝。")
    return done(request, sentence, reverse("market:order", args=[row.pk]))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def make_bill(request: HttpRequest, order_id: str) -> HttpResponse:
    """Ask for the days of a bill, and make it from the use records."""
    row = shelf.order(order_id, by=sessions.actor(request))

    def then(outcome: Done) -> HttpResponse:
        to = reverse("market:order", args=[row.pk])
        return done(request, _("账单已出，与用数记录逐条相符。"), to)

    page = {
        "title": _("出具账单：%(title)s") % {"title": row.product.title},
        "lead": _("账单由存证的用数记录相加而成，不能手工填写；同一段日期只出一次。"),
        "button": _("出账"),
        "back": reverse("market:order", args=[row.pk]),
        "clause": "65-5",
    }
    return ask(
        request,
        "market.make_bill",
        BillForm(request.POST or None),
        given={"order_id": row.pk},
        then=then,
        page=page,
    )


@signed_in
@require_safe
def bills(request: HttpRequest) -> HttpResponse:
    """Show the bills of the reader's orders, as buyer or operator, newest first."""
    page = page_of(shelf.bills(by=sessions.actor(request)), request)
    return render(request, "portal/market/bills.html", {"page": page})


@signed_in
@require_safe
def use(request: HttpRequest) -> HttpResponse:
    """Show the reader's own orders in use with their keys and quotas."""
    by = sessions.actor(request)
    page = page_of(shelf.orders(by=by).filter(buyer_id=by.organisation).exclude(grant=""), request)
    context = {"page": page, "used": shelf.used_of(order.grant for order in page.rows)}
    return render(request, "portal/market/use.html", context)


@signed_in
@require_safe
def receipt(request: HttpRequest) -> HttpResponse:
    """Hand out the receipt file of one of the reader's own uses, by the number in its answer."""
    number = request.GET.get("number", "").strip().upper()
    body = use_receipt(number, party=sessions.actor(request).organisation)
    response = HttpResponse(body, content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="receipt-{number}.json"'
    return response
