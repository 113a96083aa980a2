"""Reads on the market: the grant an order yields, and what was metered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from gongshu.policy import Grant, Quota, Undertaking
from gongshu.vocabulary.actions import Action
from gongshu.vocabulary.purposes import Purpose
from gongshu_server.journal.ids import ulid
from gongshu_server.market.models import Order, Price, Product
from gongshu_server.usage.models import Metered

# A buyer's grant rests on these clauses, limit by limit.
CLAUSES = {"purpose": "27-21", "quota": "27-21", "subject_authorisation": "dc-7"}


def order_grant(order_id: str, *, at: datetime) -> tuple[Grant, str]:
    """Return the grant that an accepted order yields, and its giver; notes the id on the order."""
    order = Order.objects.select_related("product").get(pk=order_id)
    product = order.product
    # Only departments at their public work ask without the subject (dc-7).
    official = order.purpose == Purpose.public_governance
    asks_subject = bool(product.question.get("authorisation")) and not official
    grant = Grant(
        id=ulid(at),
        grantee=order.buyer_id,
        object=f"product:{product.pk}",
        actions=frozenset({Action.call}),
        items=frozenset(product.items),
        purposes=frozenset({order.purpose}),
        businesses=frozenset(),
        regions=frozenset(),
        valid_from=at,
        valid_until=order.valid_until,
        quota=Quota(order.quota, "total"),
        minimum=0,
        max_rows=None,
        subject_authorisation=asks_subject,
        undertakings=(Undertaking("purpose", order.undertaking, "27-21"),),
        clause="opinions-9.3",
        clauses=CLAUSES,
        case=order.case,
        parent=None,
        scenario=None,
    )
    Order.objects.filter(pk=order.pk).update(grant=grant.id)
    return grant, product.operator_id


def made_from(resource_id: str, *, most: int = 20) -> list[Product]:
    """Return the products on the shelf that are made from the resource's data, newest first."""
    rows = Product.objects.filter(state="listed", snapshots__has_key=resource_id)
    return list(rows.select_related("operator").order_by("-pk")[:most])


@dataclass(frozen=True, slots=True)
class MeteredUse:
    """What a grant used over some days: charge units, and the segments that hold the records."""

    amount: int
    segments: list[str]


def metered(grant: str, first_day: date, end_day: date) -> MeteredUse:
    """Return what the grant used on the days [first_day, end_day)."""
    rows = list(
        Metered.objects.filter(grant=grant, day__gte=first_day, day__lt=end_day)
        .order_by("segment_id")
        .values_list("segment_id", "amount")
    )
    return MeteredUse(sum(amount for _, amount in rows), sorted({s for s, _ in rows}))


def prices(product_id: str, *, most: int = 100) -> list[Price]:
    """Return the price limits that a product has had, the newest first."""
    rows = Price.objects.filter(product_id=product_id).order_by("-valid_from", "-id")
    return list(rows[:most])
