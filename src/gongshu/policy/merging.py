"""Merging: the limits that hold when several grants bind one use. The most restrictive wins."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import Final

from gongshu.policy.grants import Grant, Quota
from gongshu.policy.limits import WORDINGS
from gongshu.vocabulary.errors import Invalid
from gongshu.vocabulary.regions import covers

_PERIODS_BY_LENGTH: Final = ("day", "month", "total")


def merge(first: Grant, *others: Grant) -> Grant:
    """Return the limits within which a use keeps every one of the grants: their intersection.

    Sets are intersected, the period is the common one, quota and rows are the smallest, the
    minimum is the largest, undertakings add up. Identity (id, case, parent) is that of the first
    grant; grantees or objects that differ are joined by "+", so that limits merged over several
    objects never are a permission on one of them.

    Raises `Invalid` naming the limits that have nothing in common.
    """
    return reduce(_narrowed, others, first)


def _narrowed(left: Grant, right: Grant) -> Grant:
    _refuse_disjoint(left, right)
    return replace(
        left,
        grantee=_joined(left.grantee, right.grantee),
        object=_joined(left.object, right.object),
        actions=left.actions & right.actions,
        items=left.items & right.items,
        purposes=left.purposes & right.purposes,
        businesses=left.businesses & right.businesses,
        regions=_common_regions(left.regions, right.regions),
        valid_from=max(left.valid_from, right.valid_from),
        valid_until=min(left.valid_until, right.valid_until),
        quota=_tighter(left.quota, right.quota),
        minimum=max(left.minimum, right.minimum),
        max_rows=min((n for n in (left.max_rows, right.max_rows) if n is not None), default=None),
        subject_authorisation=left.subject_authorisation or right.subject_authorisation,
        undertakings=tuple(dict.fromkeys(left.undertakings + right.undertakings)),
        clauses={**right.clauses, **left.clauses},
        scenario=left.scenario or right.scenario,
        revoked_at=min(
            (at for at in (left.revoked_at, right.revoked_at) if at is not None), default=None
        ),
    )


def _refuse_disjoint(left: Grant, right: Grant) -> None:
    """Refuse what would allow nothing, before an empty set could be read as "not limited"."""
    meets = {
        "action": left.actions & right.actions,
        "purpose": left.purposes & right.purposes,
        "business": left.businesses & right.businesses or left.businesses == right.businesses,
        "region": not (left.regions and right.regions)
        or _common_regions(left.regions, right.regions),
        "period": max(left.valid_from, right.valid_from) < min(left.valid_until, right.valid_until),
        "scenario": None in (left.scenario, right.scenario) or left.scenario == right.scenario,
    }
    apart = tuple(words.zh for limit, words in WORDINGS.items() if not meets.get(limit, True))
    if apart:
        raise Invalid(
            f"这些用数许可没有共同的{'、'.join(apart)}，不能合并使用。"
            "请分别使用，或申请范围相交的许可。",
            code="nothing_in_common",
            details=apart,
        )


def _common_regions(left: frozenset[str], right: frozenset[str]) -> frozenset[str]:
    if not left or not right:
        return left | right
    inside_right = {code for code in left if covers(right, code)}
    inside_left = {code for code in right if covers(left, code)}
    return frozenset(inside_right | inside_left)


def _tighter(left: Quota | None, right: Quota | None) -> Quota | None:
    """Return the smaller amount over the longer period, which exceeds neither quota."""
    if left is None or right is None:
        return left or right
    longer = max(left.per, right.per, key=_PERIODS_BY_LENGTH.index)
    return Quota(min(left.amount, right.amount), longer)


def _joined(left: str, right: str) -> str:
    return "+".join(dict.fromkeys([*left.split("+"), *right.split("+")]))
