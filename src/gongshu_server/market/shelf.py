"""Reads on what is offered: products on the shelf, their prices, what they rest on and are used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, Sum

from gongshu.vocabulary.errors import NotFound
from gongshu.vocabulary.purposes import Purpose
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.models import Key, Post
from gongshu_server.cases.models import Case, Document
from gongshu_server.cases.queries import organisation_names
from gongshu_server.market.models import Bill, Order, PermittedRevenue, Price, Product
from gongshu_server.registration.models import Registration
from gongshu_server.usage.models import Metered, SubjectAuthorisation
from gongshu_server.workshop.models import Release, ReleaseSource

NO_PRODUCT = "没有这个产品。"
MOST_POSTS = 50


@dataclass(frozen=True, slots=True)
class Charge:
    """What a unit of a product costs at most: the amount, and on which of the two limits it rests.

    `amount` is None where nothing may be charged.
    """

    amount: Decimal | None
    kind: str


@dataclass(frozen=True, slots=True)
class Offered:
    """A product as it is offered: its price, how often it was used, its registration's code."""

    product: Product
    charge: Charge | None
    uses: int
    registration: str


@dataclass(frozen=True, slots=True)
class Background:
    """What a product rests on: sources, developer, necessity of a charge, permitted revenue."""

    sources: tuple[tuple[str, str], ...]
    developer: str
    necessity: str
    revenue: PermittedRevenue | None


@dataclass(frozen=True, slots=True)
class DayOfUse:
    """What was allowed and refused on one day."""

    day: date
    allowed: int
    refused: int


@dataclass(frozen=True, slots=True)
class Given:
    """An authorisation that a subject gave: which question, to whom, for what, and for how long."""

    product: str
    caller: str
    purpose: str
    given_at: datetime
    expires_at: datetime


def products(by: Actor | None) -> QuerySet[Product]:
    """Return the products that the reader may see; a stranger sees what is on the shelf."""
    rows = Product.objects.select_related("operator")
    seen = rows.visible_to(by) if by is not None else rows.filter(state="listed")
    return seen.order_by("-pk")


def product(product_id: str, *, by: Actor | None) -> Product:
    """Return one product that the reader may see; NotFound otherwise."""
    found = products(by).filter(pk=product_id).first()
    if found is None:
        raise NotFound(NO_PRODUCT, code="product_not_found")
    return found


def offered(product_id: str, *, by: Actor | None) -> Offered:
    """Return one product with its price, its use and its registration; one query."""
    price = Price.objects.filter(product=OuterRef("pk"), valid_until__isnull=True)
    use = Metered.objects.filter(product=OuterRef("pk")).values("product")
    code = Registration.objects.filter(kind="product", subject_id=OuterRef("pk")).exclude(code="")
    found = (
        products(by)
        .filter(pk=product_id)
        .annotate(
            amount=Subquery(price.values("amount")[:1]),
            price_kind=Subquery(price.values("kind")[:1]),
            uses=Subquery(use.annotate(n=Sum("allowed")).values("n")),
            registered=Subquery(code.values("code")[:1]),
        )
        .first()
    )
    if found is None:
        raise NotFound(NO_PRODUCT, code="product_not_found")
    kinds = dict(Price._meta.get_field("kind").flatchoices)
    charge = Charge(found.amount, kinds[found.price_kind]) if found.price_kind else None
    return Offered(found, charge, found.uses or 0, found.registered or "")


def charges(product_ids: Iterable[str]) -> dict[str, Charge]:
    """Return what each product costs at most today; products without a price are left out."""
    rows = Price.objects.filter(product__in=list(product_ids), valid_until__isnull=True)
    return {row.product_id: Charge(row.amount, row.get_kind_display()) for row in rows}


def uses(product_ids: Iterable[str]) -> dict[str, int]:
    """Return how often each product was used."""
    rows = Metered.objects.filter(product__in=list(product_ids)).values("product")
    return dict(rows.annotate(n=Sum("allowed")).values_list("product", "n"))


def background(row: Product) -> Background:
    """Return what the product rests on; two queries, and two more for a charged one."""
    release = Release.objects.select_related("developer").get(pk=row.release)
    sources = ReleaseSource.objects.filter(release=release).select_related("resource")
    statement = (
        Document.objects.filter(case=row.price_case, kind="necessity_statement").first()
        if row.price_case
        else None
    )
    return Background(
        sources=tuple((s.resource_id, s.resource.title) for s in sources),
        developer=release.developer.name,
        necessity=statement.text if statement else "",
        revenue=permitted([row]).get(row.pk) if row.price_case else None,
    )


def releases_to_file(*, by: Actor) -> list[Release]:
    """Return the released results that the actor's organisation can still make products of."""
    taken = Product.objects.filter(operator_id=by.organisation).values("release")
    out = Case.objects.filter(pk=OuterRef("case"), state="released")
    rows = Release.objects.filter(Exists(out), operator_id=by.organisation)
    return list(rows.exclude(pk__in=taken).select_related("run__query__task").order_by("-pk")[:50])


def orders(*, by: Actor) -> QuerySet[Order]:
    """Return the orders that the actor may see, as buyer, operator or supervisor."""
    return Order.objects.visible_to(by).select_related("product", "buyer", "product__operator")


def order(order_id: str, *, by: Actor) -> Order:
    """Return one order that the actor may see; NotFound otherwise."""
    found = orders(by=by).filter(pk=order_id).first()
    if found is None:
        raise NotFound("没有这个订单。", code="order_not_found")
    return found


def used_of(grants: Iterable[str]) -> dict[str, int]:
    """Return how many charge units each grant has used so far."""
    rows = Metered.objects.filter(grant__in=[g for g in grants if g]).values("grant")
    return dict(rows.annotate(n=Sum("amount")).values_list("grant", "n"))


def days_of_use(grant: str, *, most: int = 60) -> list[DayOfUse]:
    """Return the last days on which the grant was used or refused, oldest first."""
    if not grant:
        return []
    rows = Metered.objects.filter(grant=grant).values("day")
    summed = rows.annotate(yes=Sum("allowed"), no=Sum("refused")).order_by("-day")[:most]
    return [DayOfUse(r["day"], r["yes"], r["no"]) for r in reversed(list(summed))]


def keys_of(row: Order, *, by: Actor) -> list[Key]:
    """Return the keys of an order to its buyer, newest first; nobody else sees them."""
    if row.buyer_id != by.organisation:
        return []
    found = Key.objects.filter(order=row.pk, post__organisation_id=by.organisation)
    return list(found.select_related("person", "post").order_by("-created_at")[:50])


def bills(*, by: Actor, order_id: str = "") -> QuerySet[Bill]:
    """Return the bills of the orders that the actor may see, newest first."""
    rows = Bill.objects.select_related("order__product", "order__buyer")
    rows = rows.filter(order__in=Order.objects.visible_to(by))
    return (rows.filter(order=order_id) if order_id else rows).order_by("-pk")


def revenues(products_: Iterable[Product], *, since: datetime) -> Mapping[str, Decimal]:
    """Return what was billed for each product from `since` on."""
    rows = Bill.objects.filter(order__product__in=list(products_), made_at__gte=since)
    summed = rows.values("order__product").annotate(sum=Sum("total"))
    return dict(summed.values_list("order__product", "sum"))


def permitted(rows: Iterable[Product]) -> dict[str, PermittedRevenue]:
    """Return the permitted revenue that holds for each product now."""
    found = PermittedRevenue.objects.filter(product__in=list(rows)).order_by("fixed_at")
    return {row.product_id: row for row in found}


def given(*, by: Actor) -> QuerySet[SubjectAuthorisation]:
    """Return the authorisations that the actor's organisation has given."""
    posts = Post.objects.filter(organisation_id=by.organisation).values_list("id", flat=True)
    own = Q(pk__in=[])
    for post in list(posts[:MOST_POSTS]):
        own |= Q(given_by__startswith=f"{post}/")
    return SubjectAuthorisation.objects.filter(own)


def authorisations(*, by: Actor, most: int = 100) -> list[Given]:
    """Return the newest authorisations that the actor's organisation has given."""
    return given_views(given(by=by).order_by("-given_at")[:most])


def given_views(found: Iterable[SubjectAuthorisation]) -> list[Given]:
    """Return what may be seen of each authorisation; two queries beside the rows' own."""
    rows = list(found)
    titles = dict(
        Product.objects.filter(pk__in={row.product for row in rows}).values_list("id", "title")
    )
    callers = organisation_names({row.caller for row in rows})
    return [
        Given(
            product=titles.get(row.product, ""),
            caller=callers.get(row.caller, ""),
            purpose=Purpose(row.purpose).zh,
            given_at=row.given_at,
            expires_at=row.expires_at,
        )
        for row in rows
    ]
