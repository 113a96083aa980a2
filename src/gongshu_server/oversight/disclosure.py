"""Disclosure by duty (27号 第18、19条): generated from the live grants, never typed in.

Who may use what, until when, at what price, and how much it was used. The page and the file are
the same rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from gongshu.policy import Grant
from gongshu.vocabulary.purposes import Purpose
from gongshu_server.accounts.models import Organisation
from gongshu_server.catalogue.models import Resource
from gongshu_server.market.models import Order, Price, Product
from gongshu_server.operation.models import Agreement
from gongshu_server.usage import queries
from gongshu_server.usage.models import Metered

# Standing grants of owners and node to file and profile what they hold; nobody else uses data so.
INTERNAL = frozenset({Purpose.filing})


@dataclass(frozen=True, slots=True)
class Line:
    """One live grant as the public sees it; no subject and no query is named."""

    grant: str
    party: str
    what: str
    items: tuple[str, ...]
    purposes: tuple[str, ...]
    valid_until: date
    price: Decimal | None
    uses: int
    clause: str


@dataclass(frozen=True, slots=True)
class Disclosure:
    """Everything that is made public by duty at one instant."""

    at: datetime
    authorisations: tuple[Line, ...]
    products: tuple[dict[str, Any], ...]


def disclosure(*, at: datetime) -> Disclosure:
    """Return what is public at `at`, from verified live grants (filing left out)."""
    grants = [
        grant
        for grant in queries.full_index(at=at)
        if grant.valid_from <= at < grant.ends and grant.purposes != INTERNAL
    ]
    names = _names()
    used = dict(
        Metered.objects.values("grant").annotate(n=Sum("allowed")).values_list("grant", "n")
    )
    prices = dict(Order.objects.exclude(grant="").values_list("grant", "price"))
    lines = [_line(grant, names, used, prices) for grant in grants]
    lines.sort(key=lambda line: (line.what, line.party, line.grant))
    return Disclosure(at=at, authorisations=tuple(lines), products=_products())


def _names() -> dict[str, str]:
    names = {"public": "社会公众"}
    names |= dict(Organisation.objects.values_list("id", "name"))
    for agreement in Agreement.objects.select_related("operator"):
        names[agreement.pk] = f"{agreement.operator.name}（授权运营协议上限）"
    for kind, model in (("resource", Resource), ("product", Product)):
        names |= {f"{kind}:{pk}": title for pk, title in model.objects.values_list("id", "title")}
    return names


def _line(
    grant: Grant, names: dict[str, str], used: dict[str, int], prices: dict[str, Decimal]
) -> Line:
    return Line(
        grant=grant.id,
        party=names.get(grant.grantee, grant.grantee),
        what=names.get(grant.object, grant.object),
        items=tuple(sorted(grant.items - {"*"})),
        purposes=tuple(Purpose(code).zh for code in sorted(grant.purposes)),
        valid_until=grant.valid_until.date(),
        price=prices.get(grant.id),
        uses=used.get(grant.id, 0),
        clause=grant.clause,
    )


def _products() -> tuple[dict[str, Any], ...]:
    prices = {p.product_id: p for p in Price.objects.filter(valid_until__isnull=True)}
    used = dict(
        Metered.objects.values("product").annotate(n=Sum("allowed")).values_list("product", "n")
    )
    rows = []
    for product in Product.objects.filter(state="listed").select_related("operator"):
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
                "uses": used.get(product.pk, 0),
            }
        )
    return tuple(sorted(rows, key=lambda row: row["product"]))
