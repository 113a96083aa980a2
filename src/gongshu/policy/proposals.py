"""Proposals: what a grant must be before it may be issued.

A limit that cannot be evaluated is refused here, not discovered at the thousandth use.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gongshu.policy.grants import Grant
from gongshu.policy.limits import LIMITS
from gongshu.vocabulary.actions import Action
from gongshu.vocabulary.errors import Invalid
from gongshu.vocabulary.purposes import Business, Purpose
from gongshu.vocabulary.regions import is_region, prefix_of

_KINDS: Final = ("resource", "product")


def refuse_unevaluable(grant: Grant) -> None:
    """Raise `Invalid` when some part of the proposed grant could not be evaluated at a use.

    All faults are listed at once, each as a sentence in `details`; nothing is returned.
    """
    faults = tuple(_faults(grant))
    if faults:
        raise Invalid(
            f"用数许可有{len(faults)}处无法判定，不能发出：{'；'.join(faults)}。请改正后重新提出。",
            code="unevaluable_limit",
            clause=grant.clause or None,
            details=faults,
        )


def _faults(grant: Grant) -> Iterator[str]:
    yield from _identity_faults(grant)
    yield from _set_faults(grant)
    yield from _region_faults(grant)
    yield from _number_faults(grant)
    if grant.valid_from >= grant.valid_until:
        yield "许可的起始时间不早于截止时间"


def _identity_faults(grant: Grant) -> Iterator[str]:
    named = {
        "许可编号": grant.id,
        "被许可方": grant.grantee,
        "依据": grant.clause,
        "办件": grant.case,
    }
    for zh, value in named.items():
        if not value.strip():
            yield f"没有写明{zh}"
    kind, _, key = grant.object.partition(":")
    if kind not in _KINDS or not key.strip():
        yield f"许可对象“{grant.object}”不是数据资源或数据产品"
    for limit in sorted(set(grant.clauses) - set(LIMITS)):
        yield f"依据所属的限制“{limit}”不存在"
    if grant.scenario is not None and not grant.scenario.strip():
        yield "应用场景是空白"


def _set_faults(grant: Grant) -> Iterator[str]:
    lists = (
        ("操作", grant.actions, set(Action)),
        ("用途", grant.purposes, set(Purpose)),
        ("业务", grant.businesses, set(Business)),
    )
    for zh, codes, known in lists:
        for code in sorted(codes - known):
            yield f"{zh}“{code}”不在词表内"
    if not grant.actions:
        yield "没有写明许可的操作"
    if not grant.purposes:
        yield "没有写明许可的用途"
    if any(not item.strip() for item in grant.items):
        yield "数据项中有空白的名称"


def _region_faults(grant: Grant) -> Iterator[str]:
    for code in sorted(grant.regions):
        if not is_region(code):
            yield f"区域“{code}”不是行政区划代码"
        elif prefix_of(code) != code:
            yield f"区域“{code}”请写成“{prefix_of(code)}”，末尾补的零不表示下级区域"


def _number_faults(grant: Grant) -> Iterator[str]:
    if grant.quota is not None:
        if grant.quota.amount < 1:
            yield f"用量限额{grant.quota.amount}不是正数"
        if grant.quota.per not in ("total", "day", "month"):
            yield f"用量限额的周期“{grant.quota.per}”不是许可期、每日或每月"
    if grant.minimum < 0:
        yield f"最小主体数{grant.minimum}是负数"
    if grant.max_rows is not None and grant.max_rows < 1:
        yield f"输出行数上限{grant.max_rows}不是正数"
