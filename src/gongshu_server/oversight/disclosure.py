"""Disclosure by duty (27号 第18、19条): generated from the live grants, never typed in.

Who may use what, until when, at what price, and how much it was used. The page and the file are
the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Concat

from gongshu.policy import Grant
from gongshu.vocabulary.actions import Action
from gongshu.vocabulary.purposes import Purpose
from gongshu_server.accounts.models import Organisation
from gongshu_server.catalogue.models import Resource
from gongshu_server.market.models import Order, Price, Product
from gongshu_server.operation.models import Agreement
from gongshu_server.usage import compilation
from gongshu_server.usage.models import GrantRow, Metered

# Standing grants of owners and node to file and profile what they hold, and auditors' grants: none
# is a use that disclosure by duty is about. As the canonical form of a grant (`body`) writes it.
INTERNAL = tuple(f'"purposes":["{purpose}"]' for purpose in (Purpose.filing, Purpose.audit))
FILE = 500  # Lines of one page of the file.
PARTS = 10


@dataclass(frozen=True, slots=True)
class Line:
    """One live grant as the public sees it; no subject and no query is named."""

    grant: str
    party: str
    object: str
    what: str
    actions: tuple[str, ...]
    items: tuple[str, ...]
    purposes: tuple[str, ...]
    valid_until: date
    price: Decimal | None
    uses: int
    clause: str

    @property
    def any_purpose(self) -> bool:
        """Tell whether it is for every purpose that there is, as what was opened is."""
        return len(self.purposes) == len(Purpose)


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One page of what is made public by duty at one instant; `next` continues it.

    The newest products on the shelf stand on the first page only.
    """

    at: datetime
    authorisations: tuple[Line, ...]
    products: tuple[dict[str, Any], ...]
    next: str = ""


def disclosure(*, at: datetime, after: str = "", most: int = FILE) -> Disclosure:
    """Return what is public at `at`, newest grants first, `most` of them (filing left out).

    Nothing is kept between calls, so nothing can be stale; a call verifies no more grants than it
    shows and those it has to skip, however many the node has issued.
    """
    grants, following = live(at=at, after=after, most=most)
    products = () if after else _products()
    return Disclosure(at=at, authorisations=lines(grants), products=products, next=following)


def about(object: str, *, at: datetime, most: int = 30) -> tuple[Line, ...]:
    """Return who may use one resource or product now, as the disclosure says it."""
    grants, _ = live(at=at, most=most, object=object)
    return lines(grants)


def live(*, at: datetime, after: str = "", most: int, object: str = "") -> tuple[list[Grant], str]:
    """Return verified grants in force at `at`, newest first, and where to go on after them.

    What was revoked or serves filing alone is left out by the database; what has run out is
    skipped here, and at most `PARTS` parts of rows are looked at: a page may be short, and its
    successor goes on where it ended.
    """
    rows = GrantRow.objects.filter(Q(revoked_at__isnull=True) | Q(revoked_at__gt=at))
    for purpose in INTERNAL:
        rows = rows.exclude(body__contains=purpose)
    rows = rows.order_by("-pk")
    if object:
        rows = rows.filter(object=object)
    found: list[Grant] = []
    for _ in range(PARTS):
        part = list((rows.filter(pk__lt=after) if after else rows)[: most + 1])
        compiled = compilation.compile_rows(part, at=at)
        found += [grant for grant in compiled if grant.valid_from <= at < grant.ends]
        if len(found) > most:
            return found[:most], found[most - 1].id
        if len(part) <= most:
            return found, ""
        after = part[-1].pk
    return found, after


def lines(grants: Sequence[Grant]) -> tuple[Line, ...]:
    """Return the grants as the public sees them, in their order; four queries for any number."""
    names = _names(grants)
    ids = [grant.id for grant in grants]
    metered = Metered.objects.filter(grant__in=ids).values("grant")
    used = dict(metered.annotate(n=Sum("allowed")).values_list("grant", "n"))
    prices = dict(Order.objects.filter(grant__in=ids).values_list("grant", "price"))
    return tuple(_line(grant, names, used, prices) for grant in grants)


def _names(grants: Sequence[Grant]) -> dict[str, str]:
    """Return the names of parties and objects by id; ids are unique over all tables."""
    parties = {grant.grantee for grant in grants}
    objects = {grant.object.partition(":")[2] for grant in grants}
    ceiling = Concat("operator__name", Value("（授权运营协议上限）"))
    bodies = Organisation.objects.filter(pk__in=parties).values_list("id", "name")
    ceilings = Agreement.objects.filter(pk__in=parties).values_list("id", ceiling)
    resources = Resource.objects.filter(pk__in=objects).values_list("id", "title")
    products = Product.objects.filter(pk__in=objects).values_list("id", "title")
    return {"public": "社会公众", **dict(bodies.union(ceilings)), **dict(resources.union(products))}


def _line(
    grant: Grant, names: dict[str, str], used: dict[str, int], prices: dict[str, Decimal]
) -> Line:
    return Line(
        grant=grant.id,
        party=names.get(grant.grantee, grant.grantee),
        object=grant.object,
        what=names.get(grant.object.partition(":")[2], grant.object),
        actions=tuple(Action(code).zh for code in sorted(grant.actions)),
        items=tuple(sorted(grant.items - {"*"})),
        purposes=tuple(Purpose(code).zh for code in sorted(grant.purposes)),
        valid_until=grant.valid_until.date(),
        price=prices.get(grant.id),
        uses=used.get(grant.id, 0),
        clause=grant.clause,
    )


def _products(most: int = FILE) -> tuple[dict[str, Any], ...]:
    metered = Metered.objects.filter(product=OuterRef("pk")).order_by().values("product")
    used = Subquery(metered.annotate(n=Sum("allowed")).values("n"))
    listed = Product.objects.filter(state="listed").select_related("operator").annotate(used=used)
    products = list(listed.order_by("-pk")[:most])
    priced = Price.objects.filter(product__in=products, valid_until__isnull=True)
    prices = {price.product_id: price for price in priced}
    rows = []
    for product in products:
        price = prices.get(product.pk)
        rows.append(
            {
                "product": product.pk,
                "title": product.title,
                "form": product.get_form_display(),
                "operator": product.operator.name,
                "price_kind": price.get_kind_display() if price else "免费",
                "price": str(price.amount) if price else "0.00",
                "as_of": product.as_of.isoformat() if product.as_of else "",
                "uses": product.used or 0,
            }
        )
    return tuple(rows)
