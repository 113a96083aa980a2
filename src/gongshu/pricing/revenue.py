"""The maximum permitted revenue of an operator, and the ceilings that must fit into it.

permitted revenue = operating cost + permitted profit + tax - excess of the cycle before, where
permitted profit = operating cost x (mean 10-year treasury yield + at most 6 points).
Source: 65号 二 and 三(一).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from gongshu.pricing.money import exact, fen, refuse_unreal
from gongshu.vocabulary.errors import Invalid

MOST_POINTS: Final = Decimal(6)
_COST: Final = "65-3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The surveyed yearly cost of the products for industry use, in yuan (成本调查).

    `processing` is transfer, collection, storage and governance; `acquisition` is what obtaining
    public data cost; `subsidies` from government are deducted. Raises `Invalid` when a part is
    negative or the subsidies exceed the cost.
    """

    platform: Decimal
    processing: Decimal
    staff: Decimal
    acquisition: Decimal
    period_expenses: Decimal
    subsidies: Decimal

    def __post_init__(self) -> None:
        for part in fields(self):
            refuse_unreal(getattr(self, part.name), _PARTS[part.name], clause=_COST)
        if self.operating < 0:
            raise Invalid(
                "政府补贴超过了各项费用之和，运营成本不能为负。请核对成本调查的数据。",
                code="subsidies_exceed_cost",
                clause=_COST,
            )

    @property
    def operating(self) -> Decimal:
        """The operating cost, net of government subsidies."""
        with exact():
            gross = self.platform + self.processing + self.staff + self.acquisition
            return gross + self.period_expenses - self.subsidies


_PARTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "platform": "平台建设运维费用",
        "processing": "数据传输、归集、存储、治理费用",
        "staff": "人员费用",
        "acquisition": "公共数据获取费用",
        "period_expenses": "期间费用",
        "subsidies": "政府补贴",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PermittedRevenue:
    """The permitted revenue with its parts, in yuan; `profit_rate` in percent.

    `deducted` is the earlier excess that this cycle took off, `carried_on` what was left of it
    because the revenue cannot fall below zero.
    """

    operating_cost: Decimal
    profit_rate: Decimal
    profit: Decimal
    tax: Decimal
    deducted: Decimal
    carried_on: Decimal
    total: Decimal


def permitted_revenue(
    *,
    cost: Cost,
    treasury_yields: Sequence[Decimal],
    profit_points: Decimal,
    tax: Decimal,
    carried_excess: Decimal,
) -> PermittedRevenue:
    """Return the maximum permitted revenue by the formula of 65号 三, each amount to the fen.

    `treasury_yields` are the 10-year yields of the year before the survey and `profit_points` the
    margin on their mean, both in percent ("2.35" is 2.35 %). `carried_excess` is the part of
    earlier excess that is deducted now; a large one may be spread over several cycles.

    Raises `Invalid` when yields are missing, when the margin is negative or above 6 points, or
    when an amount is negative.
    """
    refuse_unreal(tax, "税金", clause=_COST)
    refuse_unreal(carried_excess, "上一周期的超额收入", clause="65-4")
    _refuse_margin(profit_points)
    _refuse_yields(treasury_yields)
    with exact():
        rate = sum(treasury_yields, Decimal(0)) / len(treasury_yields) + profit_points
        operating, tax = fen(cost.operating), fen(tax)
        profit = fen(operating * rate / 100)
        gross = operating + profit + tax
        deducted = min(fen(carried_excess), gross)
        return PermittedRevenue(
            operating_cost=operating,
            profit_rate=rate,
            profit=profit,
            tax=tax,
            deducted=deducted,
            carried_on=fen(carried_excess) - deducted,
            total=gross - deducted,
        )


def _refuse_yields(yields: Sequence[Decimal]) -> None:
    if not yields or not all(each.is_finite() for each in yields):
        raise Invalid(
            "上一年度十年期国债收益率缺失或有误，无法计算准许利润率。请补充更正后重新核定。",
            code="no_yields",
            clause=_COST,
        )


def _refuse_margin(points: Decimal) -> None:
    if not points.is_finite() or not 0 <= points <= MOST_POINTS:
        raise Invalid(
            f"准许利润率在国债平均收益率上最多加{MOST_POINTS}个百分点，收到的是{points}个百分点。"
            "请在0至6个百分点之间重新核定。",
            code="profit_margin_too_high",
            clause=_COST,
        )


def check_ceilings(permitted: Decimal, ceilings: Mapping[str, tuple[Decimal, int]]) -> Decimal:
    """Return what the ceilings would earn in a year; it is at most the `permitted` revenue.

    `ceilings` maps a product class to its ceiling price and the expected yearly volume. Raises
    `Invalid`, with one line per class in `details`, when together they would earn more (65号 二).
    """
    refuse_unreal(permitted, "最高准许收入", clause="65-2")
    for name, (price, volume) in ceilings.items():
        refuse_unreal(price, f"“{name}”的上限收费标准", clause="65-2")
        refuse_unreal(Decimal(volume), f"“{name}”的预计销量", clause="65-2")
    with exact():
        earned = {name: price * volume for name, (price, volume) in ceilings.items()}
        total = sum(earned.values(), Decimal(0))
    if total > permitted:
        raise Invalid(
            f"按各类产品上限收费标准预计收入{total:f}元，超过最高准许收入{permitted:f}元，"
            f"多出{total - permitted:f}元。请降低上限收费标准后重新提出。",
            code="ceilings_exceed_permitted",
            clause="65-2",
            details=tuple(f"{name}：{amount:f}元" for name, amount in earned.items()),
        )
    return total
