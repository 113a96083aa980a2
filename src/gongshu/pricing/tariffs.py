"""Tariffs: what a unit costs, why charging is necessary, and that the price is under its cap."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from gongshu.pricing.money import refuse_unreal
from gongshu.vocabulary.errors import Invalid
from gongshu.vocabulary.purposes import Purpose
from gongshu.vocabulary.terms import Term

CHARGEABLE: Final = frozenset({Purpose.industry, Purpose.sector})
"""The purposes that may be charged for; public governance and welfare are free (65号 一)."""


class Unit(Term):
    """What is counted for charging (65号 三): products, calls, hours of service, megabytes."""

    product = "product", "件"
    call = "call", "次"
    time = "time", "小时"
    volume = "volume", "兆字节"


@dataclass(frozen=True, slots=True)
class Necessity:
    """The statement that charging is necessary: the reasons, the document, the day (《意见》六).

    Raises `Invalid` when the reasons or the document are blank.
    """

    reasons: str
    document: str
    stated_on: date

    def __post_init__(self) -> None:
        if not self.reasons.strip() or not self.document.strip():
            raise Invalid(
                "收费必要性说明须写明理由并附文件。请补全后重新提出，否则该产品免费提供。",
                code="empty_necessity",
                clause="opinions-6.3",
            )


@dataclass(frozen=True, slots=True)
class Tariff:
    """The price of one unit in yuan, or that it is free.

    Raises `Invalid` for a charge without a statement of necessity, and for a free tariff with a
    price.
    """

    unit: Unit
    price: Decimal
    free: bool = False
    necessity: Necessity | None = None

    def __post_init__(self) -> None:
        refuse_unreal(self.price, "价格", clause="65-2")
        if self.free != (self.price == 0):
            raise Invalid(
                "免费的产品价格应为零，收费的产品价格应大于零。请改正价格或收费方式。",
                code="price_and_free_disagree",
                clause="65-1",
            )
        if not self.free and self.necessity is None:
            raise Invalid(
                "没有说明收费的必要性，不能收费；公共数据产品默认免费。"
                "请先提交收费必要性说明，或免费提供。",
                code="no_necessity",
                clause="opinions-6.3",
            )


def applicable(tariff: Tariff, purpose: str) -> Tariff:
    """Return the tariff for a use with this purpose: as it stands, or free (65号 一).

    Raises `ValueError` for an unknown purpose.
    """
    if Purpose(purpose) in CHARGEABLE:
        return tariff
    return Tariff(tariff.unit, Decimal(0), free=True)


def check_price(
    price: Decimal, ceiling: Decimal | None, *, trial: bool, clause: str = "65-2"
) -> None:
    """Raise `Invalid` when `price` is above `ceiling`, or when there is none to charge under.

    With `trial` the cap is the trial price that the authorising body guided, which holds until a
    full year of operation; otherwise it is the ceiling that it set within the permitted revenue.
    Nothing is returned; a price of zero needs no cap.
    """
    refuse_unreal(price, "报价", clause=clause)
    cap = "试行收费标准" if trial else "上限收费标准"
    if ceiling is None and price > 0:
        raise Invalid(
            f"还没有确定{cap}，不能收费。请先由授权主体确定{cap}。",
            code="no_guided_price",
            clause=clause,
        )
    if ceiling is not None and price > ceiling:
        raise Invalid(
            f"报价{price:f}元高于{cap}{ceiling:f}元，不能成交。请按不高于{ceiling:f}元的价格重新提出。",
            code="above_trial_price" if trial else "above_ceiling",
            clause=clause,
            details=({"asked": f"{price:f}", "allowed": f"{ceiling:f}"},),
        )


def full_year_reached(start: date, at: date) -> bool:
    """Return whether on the day `at` a full year of operation since `start` lies behind (65号 二).

    The first day counts: from 1 March on, the year is full when 1 March comes round again. From a
    29 February it is full on the 1 March of the next year.
    """
    return (at.year, at.month, at.day) >= (start.year + 1, start.month, start.day)
