"""The yearly comparison of actual with permitted revenue (65号 四)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from gongshu.pricing.money import exact, fen, refuse_unreal
from gongshu.vocabulary.errors import Invalid
from gongshu.vocabulary.terms import Term

_CLAUSE: Final = "65-4"
_TOLERATED: Final = Decimal("0.1")


class Adjustment(Term):
    """What the authorising body does about a deviation."""

    none = "none", "无需调整"
    price = "price", "指导运营机构调整具体收费标准"
    ceiling = "ceiling", "调整上限收费标准"


@dataclass(frozen=True, slots=True)
class Deviation:
    """`ratio` is (actual - permitted) / permitted, above zero for too much, and what follows."""

    ratio: Decimal
    adjustment: Adjustment
    clause: str = _CLAUSE


def deviation(actual: Decimal, permitted: Decimal) -> Deviation:
    """Return how far the year's revenue lies from the permitted one, and what follows from it.

    Up to 10 % in either direction the operator is guided to adjust its price, above that the
    ceiling is adjusted. The text gives no formula; the ratio to the permitted revenue, in both
    directions, is our reading. Raises `Invalid` when nothing was permitted.
    """
    refuse_unreal(actual, "实际收入", clause=_CLAUSE)
    refuse_unreal(permitted, "最高准许收入", clause=_CLAUSE)
    if permitted == 0:
        raise Invalid(
            "最高准许收入为零，无法计算偏离程度。请先核定最高准许收入。",
            code="no_permitted_revenue",
            clause=_CLAUSE,
        )
    with exact():
        ratio = (actual - permitted) / permitted
        within = abs(actual - permitted) <= permitted * _TOLERATED
    if actual == permitted:
        return Deviation(ratio, Adjustment.none)
    return Deviation(ratio, Adjustment.price if within else Adjustment.ceiling)


def excess(actual: Decimal, permitted: Decimal) -> Decimal:
    """Return the revenue above the permitted one, to be deducted when the next one is fixed."""
    refuse_unreal(actual, "实际收入", clause=_CLAUSE)
    refuse_unreal(permitted, "最高准许收入", clause=_CLAUSE)
    with exact():
        return fen(max(actual - permitted, Decimal(0)))
