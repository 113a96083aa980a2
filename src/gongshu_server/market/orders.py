"""Writes on orders: an order within the price becomes a grant; a bill equals the use records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal

from gongshu.pricing import CHARGEABLE, check_price
from gongshu.pricing.money import fen
from gongshu.vocabulary.errors import Conflict, Invalid, NotFound, NotPermitted
from gongshu.vocabulary.purposes import Purpose
from gongshu.workflow.limits import SHANGHAI
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.permissions import require
from gongshu_server.cases import engine
from gongshu_server.cases.models import Case
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.ids import ulid
from gongshu_server.journal.recording import Event
from gongshu_server.market import products, queries
from gongshu_server.market.models import Bill, Order, Price, Product
from gongshu_server.usage import collecting

FREE = frozenset({Purpose.public_governance, Purpose.public_welfare})
OFFERED = FREE | CHARGEABLE
# 公共治理 is the work of departments; whoever else names this purpose would pay and ask nobody.
DEPARTMENTS = frozenset({"provider", "demander"})


@dataclass(frozen=True, slots=True)
class Request:
    """What a buyer asks for: purpose, price a unit in yuan, quota, and the half-open end."""

    purpose: str
    price: Decimal
    quota: int
    valid_until: datetime
    undertaking: str


@action
def place_order(*, product_id: str, request: Request, by: Actor, at: datetime) -> Order:
    """Order a listed product.

    Raises Invalid, naming the clause, when the price lies above the trial price or ceiling, when a
    free purpose is charged for, or a charge has no necessity statement; NotPermitted when anybody
    but a department orders for public governance.
    """
    if request.purpose not in OFFERED:
        raise Invalid("没有这个用途，请从列表中选择。", code="unknown_purpose", clause="65-1")
    product = products.listed(product_id, (request.purpose,))
    _check_price(product, request, at=at)
    _refuse_pretence(request, by=by)
    _check_terms(product, request, at=at)
    order_id = ulid(at)
    case = engine.open_case(
        "order",
        subject=("order", order_id),
        title=f"订单：{product.title}",
        handler=product.operator_id,
        by=by,
        at=at,
    )
    order = Order.objects.create(
        id=order_id,
        product=product,
        buyer_id=by.organisation,
        purpose=request.purpose,
        price=request.price,
        quota=request.quota,
        valid_until=request.valid_until,
        undertaking=request.undertaking,
        case=case.pk,
    )
    details = {"product": product.pk, "purpose": request.purpose, "price": str(request.price)}
    engine.advance(case, "place", by=by, at=at, details=details | {"quota": request.quota})
    return order


def _refuse_pretence(request: Request, *, by: Actor) -> None:
    if request.purpose == Purpose.public_governance and not by.roles & DEPARTMENTS:
        raise NotPermitted(
            "公共治理用途只供政府部门办理公务时使用，请改选其他用途。",
            code="not_a_department",
            clause="65-1",
        )


def _check_terms(product: Product, request: Request, *, at: datetime) -> None:
    if request.quota < 1 or request.valid_until <= at:
        raise Invalid("数量和有效期必须大于零。", code="invalid_order")
    if request.valid_until > product.operating_until:
        raise Invalid("有效期超过授权运营期限。", code="beyond_term", clause="27-14")
    if not request.undertaking.strip():
        raise Invalid("请写明用途承诺。", code="no_undertaking", clause="27-21")


def _check_price(product: Product, request: Request, *, at: datetime) -> None:
    if request.price < 0 or request.price != fen(request.price):
        raise Invalid("价格应为非负数，精确到分。", code="invalid_price", clause="65-2")
    if request.purpose in FREE:
        if request.price:
            raise Invalid(
                "用于公共治理、公益事业的，有条件无偿使用，不得收费。",
                code="must_be_free",
                clause="65-1",
            )
        return
    if request.price and not product.price_case:
        raise Invalid(
            "没有收费必要性说明，不得收费；默认免费。", code="no_necessity", clause="opinions-6.3"
        )
    limit = Price.objects.filter(product=product, valid_until__isnull=True).first()
    check_price(
        request.price,
        limit.amount if limit else None,
        trial=limit is None or limit.kind == "trial",
    )


def _order(order_id: str, *, by: Actor) -> tuple[Order, Case]:
    """Return the order and its case, locked, to whoever serves or supervises it.

    A buyer may be an operator elsewhere: to its own order it is a buyer and takes no step there.
    """
    order = Order.objects.visible_to(by).select_for_update(of=("self",)).filter(pk=order_id).first()
    if order is None:
        raise NotFound("没有这个订单。", code="order_not_found")
    if by.organisation == order.buyer_id != order.product.operator_id:
        raise NotPermitted(
            "订单由产品的运营机构办理，请联系运营机构。", code="not_the_operator", clause="27-3"
        )
    return order, engine.locked(order.case, by=by)


@action
def accept_order(*, order_id: str, by: Actor, at: datetime) -> Order:
    """Accept an order; its effect issues the buyer's grant, from which keys may be made.

    Raises Conflict when the product has left the shelf or the order's term is over.
    """
    order, case = _order(order_id, by=by)
    if case.state == "placed":
        _refuse_stale(order, at=at)
    engine.advance(case, "accept", by=by, at=at, details={"case": case.pk})
    return order


def _refuse_stale(order: Order, *, at: datetime) -> None:
    if order.product.state != "listed":
        raise Conflict("产品已经下架，不能再接受订单，请不予接受并说明理由。", code="not_listed")
    if order.valid_until <= at:
        raise Conflict("订单所写的有效期已过，请不予接受并请买方重新下单。", code="term_over")


@action
def refuse_order(*, order_id: str, reason: str, by: Actor, at: datetime) -> Order:
    """Refuse an order, with reasons; service must be fair (27号 第6条)."""
    order, case = _order(order_id, by=by)
    engine.advance(case, "refuse", by=by, at=at, reason=reason)
    return order


@action
def activate_order(*, order_id: str, by: Actor, at: datetime) -> Order:
    """Put an accepted order to use; the product counts as delivered from its first activation."""
    order, case = _order(order_id, by=by)
    engine.advance(case, "activate", by=by, at=at)
    Product.objects.filter(pk=order.product_id, delivered_at__isnull=True).update(delivered_at=at)
    return order


@action
def revoke_order(*, order_id: str, reason: str, by: Actor, at: datetime) -> Order:
    """Revoke an order; its effect revokes the grant at the next call."""
    order, case = _order(order_id, by=by)
    engine.advance(case, "revoke", by=by, at=at, reason=reason)
    return order


@action
def complete_order(*, order_id: str, by: Actor, at: datetime) -> Order:
    """Complete an order; its effect ends the grant."""
    order, case = _order(order_id, by=by)
    engine.advance(case, "complete", by=by, at=at)
    return order


@action
def make_bill(*, order_id: str, first_day: date, end_day: date, by: Actor, at: datetime) -> Bill:
    """Bill an order for the days [first_day, end_day): exactly what the use records add up to.

    Raises Conflict when the period overlaps an earlier bill, has not ended, or uses of it are
    still on their way into the ledger: a bill is made once and must not miss any.
    """
    order, _ = _order(order_id, by=by)
    require(by, "order.bill")
    if end_day > at.astimezone(SHANGHAI).date():
        raise Conflict("账期还没有结束，请在账期最后一天过后再出账。", code="period_not_over")
    if collecting.pending(before=datetime.combine(end_day, time(), SHANGHAI)):
        raise Conflict("账期内还有用数记录没有存证，请稍后再出账。", code="uses_not_collected")
    earlier = Bill.objects.filter(order=order, first_day__lt=end_day, end_day__gt=first_day)
    if earlier.exists() or first_day >= end_day:
        raise Conflict("这段日期已经出过账单，或起止日期颠倒。", code="bill_overlaps")
    metered = queries.metered(order.grant, first_day, end_day)
    bill = Bill.objects.create(
        id=ulid(at),
        order=order,
        first_day=first_day,
        end_day=end_day,
        uses=metered.amount,
        price=order.price,
        total=fen(order.price * metered.amount),
        segments=metered.segments,
        made_at=at,
    )
    details = {"order": order.pk, "uses": bill.uses, "total": str(bill.total)}
    journal(Event("order.billed", ("bill", bill.pk), "65-5", details), by=by, at=at)
    return bill
