"""Writes on prices: necessity, trial price, permitted revenue, ceilings (65号)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from gongshu.pricing import Cost, check_ceilings, permitted_revenue
from gongshu.procedures import procedure
from gongshu.vocabulary.errors import Conflict, Invalid, NotFound
from gongshu.workflow.limits import due
from gongshu_server.accounts.actors import Actor
from gongshu_server.cases import engine
from gongshu_server.cases.documents import Paper
from gongshu_server.cases.models import Case, Clock, Party
from gongshu_server.journal.actions import action
from gongshu_server.market.models import PermittedRevenue, Price, Product
from gongshu_server.market.products import own
from gongshu_server.operation import faults, parties
from gongshu_server.workshop.models import Release


@action
def state_necessity(
    *,
    product_id: str,
    statement: Paper,
    authorising_body: str,
    price_authority: str,
    by: Actor,
    at: datetime,
) -> Product:
    """State why charging is necessary; without this statement a product is free (《意见》六).

    Raises Invalid for a body that is not the price authority, or not the one that authorised the
    operation of this product: an operator does not choose who guides its price.
    """
    product = own(product_id, by=by)
    if product.price_case:
        raise Conflict("该产品已经说明收费必要性。", code="necessity_stated")
    if not statement.text.strip():
        raise Invalid("收费必要性说明不能为空。", code="incomplete", clause="opinions-6.3")
    _refuse_other_bodies(product, authorising_body, price_authority, at=at)
    case = engine.open_case(
        "price",
        subject=("product", product.pk),
        title=f"价格：{product.title}",
        handler=authorising_body,
        consulted=(price_authority,),
        by=by,
        at=at,
    )
    product.price_case = case.pk
    product.save(update_fields=["price_case"])
    engine.advance(case, "state_necessity", by=by, at=at, papers=[statement])
    return product


def _refuse_other_bodies(
    product: Product, authorising_body: str, price_authority: str, *, at: datetime
) -> None:
    faults.refuse(
        (
            *parties.without_role("authorising_body", [authorising_body], clause="65-2", at=at),
            *parties.without_role("price_authority", [price_authority], clause="65-2", at=at),
        )
    )
    release = Release.objects.get(pk=product.release)
    plan = release.run.query.task.scenario.agreement.plan
    decided = Party.objects.filter(case_id=plan.case, part="handler")
    if not decided.filter(organisation_id=authorising_body).exists():
        raise Invalid(
            "所填授权主体不是批准该产品所依据实施方案的授权主体，请改填。",
            code="other_authorising_body",
            clause="65-2",
        )


def _case(product_id: str, *, by: Actor) -> tuple[Product, Case]:
    product = (
        Product.objects.visible_to(by).select_for_update(of=("self",)).filter(pk=product_id).first()
    )
    if product is None:
        raise NotFound("没有这个产品。", code="product_not_found")
    if not product.price_case:
        raise Conflict(
            "运营机构还没有说明收费必要性，默认免费。", code="no_necessity", clause="opinions-6.3"
        )
    return product, engine.locked(product.price_case, by=by)


def _set_price(product: Product, kind: str, amount: Decimal, *, at: datetime) -> None:
    Price.objects.filter(product=product, valid_until__isnull=True).update(valid_until=at)
    Price.objects.create(product=product, kind=kind, amount=amount, valid_from=at)


@action
def guide_trial_price(*, product_id: str, amount: Decimal, by: Actor, at: datetime) -> Product:
    """Guide the trial price until a full year of operation has passed (65号 二)."""
    product, case = _case(product_id, by=by)
    if amount < 0 or amount != amount.quantize(Decimal("0.01")):
        raise Invalid("价格应为非负数，精确到分。", code="invalid_price", clause="65-2")
    details = {"amount": str(amount)}
    engine.advance(case, "guide_trial_price", by=by, at=at, details=details)
    _set_price(product, "trial", amount, at=at)
    return product


@dataclass(frozen=True, slots=True)
class Survey:
    """The result of the cost survey (成本调查), from which the permitted revenue follows."""

    cost: Cost
    treasury_yields: tuple[Decimal, ...]
    profit_points: Decimal
    tax: Decimal
    carried_excess: Decimal = Decimal(0)


@action
def fix_permitted_revenue(
    *, product_id: str, survey: Survey, papers: Sequence[Paper], by: Actor, at: datetime
) -> PermittedRevenue:
    """Fix the maximum permitted revenue with the data authority, after a full year (65号 二、三).

    Raises InvalidTransition before the year is over, Invalid when the profit rate passes the cap.
    """
    product, case = _case(product_id, by=by)
    result = permitted_revenue(
        cost=survey.cost,
        treasury_yields=survey.treasury_yields,
        profit_points=survey.profit_points,
        tax=survey.tax,
        carried_excess=survey.carried_excess,
    )
    details: dict[str, Any] = {"amount": str(result.total)}
    engine.advance(case, "fix_permitted_revenue", by=by, at=at, papers=papers, details=details)
    review = due(procedure("price").limit("price.review"), at).at
    return PermittedRevenue.objects.create(
        product=product,
        amount=result.total,
        calculation={name: str(value) for name, value in asdict(result).items()},
        fixed_at=at,
        review_by=review,
    )


@action
def set_ceilings(
    *,
    product_id: str,
    amount: Decimal,
    expected_volume: int,
    papers: Sequence[Paper],
    by: Actor,
    at: datetime,
) -> Product:
    """Set the ceiling price within the permitted revenue and report it in writing (65号 二).

    Raises Invalid when the ceiling times the expected volume passes the permitted revenue.
    """
    product, case = _case(product_id, by=by)
    permitted = PermittedRevenue.objects.filter(product=product).order_by("-fixed_at").first()
    if permitted is None:
        raise Conflict("最高准许收入尚未核定。", code="no_permitted_revenue", clause="65-2")
    check_ceilings(permitted.amount, {product.title: (amount, expected_volume)})
    details = {"amount": str(amount), "expected_volume": expected_volume}
    engine.advance(case, "set_ceilings", by=by, at=at, papers=papers, details=details)
    _set_price(product, "ceiling", amount, at=at)
    return product


def trial_started(product: Product) -> datetime | None:
    """Return when the trial price began to run; None before that."""
    clock = Clock.objects.filter(case_id=product.price_case, limit="price.trial").first()
    return clock.started_at if clock else None
