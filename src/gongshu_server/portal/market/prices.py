"""Prices on pages: necessity, trial price, permitted revenue, ceilings, and what was earned."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from gongshu.pricing.deviations import deviation
from gongshu.procedures import procedure
from gongshu_server.accounts.directory import holders
from gongshu_server.cases import queries as cases
from gongshu_server.cases.documents import kinds_present
from gongshu_server.cases.models import Case
from gongshu_server.market import shelf
from gongshu_server.portal import sessions
from gongshu_server.portal.asking import ask
from gongshu_server.portal.doing import Done, done, signed_in
from gongshu_server.portal.forms import paper_kinds
from gongshu_server.portal.lists import page_of
from gongshu_server.portal.market.forms import NecessityForm, SurveyForm
from gongshu_server.portal.stepping import take

YEAR = timedelta(days=365)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def necessity(request: HttpRequest, product_id: str) -> HttpResponse:
    """Ask why charging for a product is necessary; without it the product is free."""
    row = shelf.product(product_id, by=sessions.actor(request))
    at = sessions.now(request)
    form = NecessityForm(
        request.POST or None,
        authorising=holders("authorising_body", at=at),
        pricing=holders("price_authority", at=at),
    )

    def then(outcome: Done) -> HttpResponse:
        sentence = _("收费必要性说明已提交，等待授权主体指导试行收费标准。")
        return done(request, sentence, reverse("market:product", args=[row.pk]))

    page = {
        "title": _("说明收费必要性：%(title)s") % {"title": row.title},
        "button": _("提交说明"),
        "back": reverse("market:product", args=[row.pk]),
        "clause": "opinions-6.3",
    }
    given = {"product_id": row.pk}
    return ask(request, "market.state_necessity", form, given=given, then=then, page=page)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def fix_permitted_revenue(request: HttpRequest, case: Case, transition: str) -> HttpResponse:
    """Ask for the cost survey and its papers, and fix the permitted revenue from them."""
    table = procedure(case.procedure)
    kinds = paper_kinds(table, table.transition(transition), kinds_present(case))
    form = SurveyForm(request.POST or None, kinds=kinds)
    return take(request, case, transition, form)


@signed_in
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Show every charged product's prices and the state of its pricing case."""
    by, at = sessions.actor(request), sessions.now(request)
    page = page_of(shelf.products(by).exclude(price_case=""), request)
    products = page.rows
    revenues = shelf.revenues(products, since=at - YEAR)
    permitted = shelf.permitted(products)
    rows = []
    for product in products:
        limit, earned = permitted.get(product.pk), revenues.get(product.pk, Decimal(0))
        strayed = deviation(earned, limit.amount) if limit and limit.amount else None
        rows.append((product, limit, earned, strayed))
    context = {
        "page": page,
        "rows": rows,
        "charges": shelf.charges([product.pk for product in products]),
        "states": cases.states_of([product.price_case for product in products]),
    }
    return render(request, "portal/market/prices.html", context)
