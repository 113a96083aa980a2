"""What the reviewers of a result see and its author does not: counts and reasons."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

_ZH = MappingProxyType(
    {
        "group_too_small": "该组的主体数不足",
        "too_few": "计数涉及的主体数不足",
        "complement": "未计入的主体数过少",
        "class_disclosure": "占本组比例超过九成",
        "dominant_group": "某一组占全部主体超过九成",
        "nested": "与另一列只差少数主体",
        "cut_out": "与其他列相减，会单独显出少数主体或被保护的数",
        "p_percent": "从合计可以过近地推算最大主体的数值",
        "largest_share": "最大的主体超过合计的一半",
        "tail": "分位数一侧的主体数不足",
        "uniform": "全部为零，或取值不足三种",
        "not_finite": "含有不是有限数的值",
        "secondary": "不同时保护它，用合计一减就能得出被保护的数",
    }
)


class Cause(StrEnum):
    """Why a cell is protected; the rules of disclosure-control §4."""

    GROUP_TOO_SMALL = "group_too_small"
    TOO_FEW = "too_few"
    COMPLEMENT = "complement"
    CLASS_DISCLOSURE = "class_disclosure"
    DOMINANT_GROUP = "dominant_group"
    NESTED = "nested"
    CUT_OUT = "cut_out"
    P_PERCENT = "p_percent"
    LARGEST_SHARE = "largest_share"
    TAIL = "tail"
    UNIFORM = "uniform"
    NOT_FINITE = "not_finite"
    SECONDARY = "secondary"

    @property
    def zh(self) -> str:
        return _ZH[self.value]


@dataclass(frozen=True, slots=True)
class CellReview:
    """One protected cell: its row, its column, its exact value, its subjects, and the causes.

    The value of a count is whole; a sum or a mean that is no finite number is told as 0.
    """

    row: int
    key: str | None
    measure: str
    value: float
    subjects: int
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True)
class ForReviewer:
    """`smallest` is the fewest subjects behind any number that is shown, None if none is."""

    groups: int
    cells: int
    k: int
    smallest: int | None
    protected: tuple[CellReview, ...] = ()
