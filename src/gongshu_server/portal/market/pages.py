"""Products on pages: the shelf that anybody may read, one product, and the operator's stock."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from gongshu.vocabulary.errors import NotFound
from gongshu.vocabulary.purposes import Purpose
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.directory import holders
from gongshu_server.accounts.permissions import require
from gongshu_server.cases import queries as cases
from gongshu_server.jobs.tasks import enqueue, pending
from gongshu_server.market import shelf
from gongshu_server.market.models import DATASET, VERIFICATION, Product
from gongshu_server.portal import sessions
from gongshu_server.portal.asking import ask
from gongshu_server.portal.cases import head_context
from gongshu_server.portal.doing import Done, done, signed_in
from gongshu_server.portal.lists import page_of
from gongshu_server.portal.market.calls import examples
from gongshu_server.portal.market.forms import OfferForm


def _reader(request: HttpRequest) -> Actor | None:
    signed = sessions.of(request)
    return signed.actor if signed else None


@require_safe
def products(request: HttpRequest) -> HttpResponse:
    """Show what is offered, at what price, for which purposes; no account is needed."""
    rows = shelf.products(_reader(request)).filter(state="listed")
    form = request.GET.get("form", "")
    if form in {DATASET, VERIFICATION}:
        rows = rows.filter(form=form)
    page = page_of(rows, request)
    ids = [row.pk for row in page.rows]
    context = {
        "page": page,
        "charges": shelf.charges(ids),
        "uses": shelf.uses(ids),
        "form": form,
        "forms": Product._meta.get_field("form").choices,
    }
    return render(request, "portal/market/products.html", context)


@require_safe
def product(request: HttpRequest, product_id: str) -> HttpResponse:
    """Show one product: what it answers, costs and rests on, and how to call it."""
    by = _reader(request)
    offered = shelf.offered(product_id, by=by)
    row = offered.product
    own = by is not None and by.organisation == row.operator_id
    context = {
        "product": row,
        "purposes": [Purpose(code).zh for code in row.purposes],
        "offered": offered,
        "charge": offered.charge,
        "background": shelf.background(row),
        "examples": examples(row, request.build_absolute_uri("/")),
        "own": own,
        # Asked only of whoever has just queued it: the page of everybody else costs a query less.
        "building": own and "building" in request.GET and pending("build", row.pk),
        "may_order": by is not None and not own and by.may("order.place") and row.state == "listed",
        "may_state_necessity": by is not None
        and own
        and not row.price_case
        and by.may("price.state_necessity"),
    }
    if by is not None:
        at = sessions.now(request)
        context |= head_context(cases.heading(row.case, by=by, at=at), at=at)
    return render(request, "portal/market/product.html", context)


@signed_in
@require_safe
def own(request: HttpRequest) -> HttpResponse:
    """Show the operator its stock, and the releases that it can make products of."""
    by = sessions.actor(request)
    page = page_of(shelf.products(by).filter(operator_id=by.organisation), request)
    ids = [row.pk for row in page.rows]
    context = {
        "page": page,
        "charges": shelf.charges(ids),
        "uses": shelf.uses(ids),
        "releases": shelf.releases_to_file(by=by),
        "states": cases.states_of([row.case for row in page.rows]),
        "may_file": by.may("product.file"),
    }
    return render(request, "portal/market/own.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def file_product(request: HttpRequest, release_id: str) -> HttpResponse:
    """Ask what a release becomes as a product, and take it into stock."""
    by = sessions.actor(request)
    release = next((r for r in shelf.releases_to_file(by=by) if r.pk == release_id), None)
    if release is None:
        raise NotFound(_("没有可以入库的这项出域成果。"), code="release_not_found")
    authorities = holders("data_authority", at=sessions.now(request))
    form = OfferForm(request.POST or None, exit=release.exit, authorities=authorities)

    def then(outcome: Done) -> HttpResponse:
        return done(
            request,
            _("产品已入库。下一步：构建，然后上架。"),
            reverse("market:product", args=[outcome.id]),
        )

    page = {
        "title": _("产品入库：%(title)s") % {"title": release.run.query.task.title},
        "lead": _("审核通过并出域的成果成为产品。形式由审核通过的出口决定，不能另选。"),
        "button": _("入库"),
        "back": reverse("market:own"),
        "clause": "opinions-10.1",
    }
    return ask(
        request,
        "market.file_product",
        form,
        given={"release_id": release.pk},
        then=then,
        page=page,
    )


@signed_in
@require_POST
def build(request: HttpRequest, product_id: str) -> HttpResponse:
    """Queue the building of a product's serving file in the operator's name."""
    by = sessions.actor(request)
    row = shelf.product(product_id, by=by)
    if row.operator_id != by.organisation:
        raise NotFound(shelf.NO_PRODUCT, code="product_not_found")
    require(by, "product.build", clause="opinions-10.1")
    enqueue("build", row.pk)
    sentence = _("已排队构建。完成后这里会出现行数和数据时点，届时可以上架。")
    return done(request, sentence, reverse("market:product", args=[row.pk]) + "?building=1")
