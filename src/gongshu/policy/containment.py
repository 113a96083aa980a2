"""Containment: whether a grant stays within a ceiling, such as an agreement (27号 Art. 14, 21)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, cycle
from typing import Final

from gongshu.policy.decisions import Decision
from gongshu.policy.evaluation import decide
from gongshu.policy.grants import Grant
from gongshu.policy.index import GrantIndex
from gongshu.policy.periods import INSTANT, Per, periods_touched
from gongshu.policy.uses import UNBOUNDED, Use

_LONGEST_MONTH: Final = 31


def contained(inner: Grant, outer: Grant) -> Decision:
    """Return whether every use that `inner` allows would be allowed by `outer`, and if not, why.

    The answer comes from `decide` itself, on the most extreme uses of `inner`, so a ceiling means
    in a proposal exactly what it means in a use. The reasons name `inner` as the asked and `outer`
    as the allowed. The grantee is no limit: under an operator's agreement a developer may hold a
    grant, and whether this one may is a question for the case. Each grant is compared alone; what
    several grants under one ceiling spend together is counted by the caller.
    """
    index = GrantIndex.build([outer])
    decisions = [decide(index, use, {}) for use in extreme_uses(inner, outer)]
    refusals = [decision for decision in decisions if not decision.allowed]
    if not refusals:
        return Decision(True, outer.id, outer.clause)
    reasons = tuple(dict.fromkeys(chain.from_iterable(each.reasons for each in refusals)))
    broken = tuple(dict.fromkeys(reason.limit for reason in reasons))
    return Decision(False, refusals[0].grant, refusals[0].clause, broken, lambda: reasons)


def extreme_uses(inner: Grant, outer: Grant) -> Iterator[Use]:
    """Return uses, put to `outer`'s grantee, that together reach every edge of what `inner` allows.

    Limits are evaluated one by one, so it is enough that each extreme value occurs in some use;
    not every combination need occur. A grant that allows nothing has no uses.
    """
    if inner.ends <= inner.valid_from:
        return
    edges = (
        sorted(inner.actions),
        sorted(inner.purposes),
        sorted(inner.businesses) or (None,),
        sorted(inner.regions) or (None,),
        (inner.valid_from, inner.ends - INSTANT),
    )
    amount = most_used(inner, "total" if outer.quota is None else outer.quota.per)
    turns = zip(range(max(map(len, edges))), *map(cycle, edges), strict=False)
    for _, action, purpose, business, region, at in turns:
        yield Use(
            party=outer.grantee,
            object=inner.object,
            action=action,
            items=inner.items,
            purpose=purpose,
            business=business,
            region=region,
            at=at,
            amount=amount,
            subject_authorised=inner.subject_authorisation,
            minimum=inner.minimum,
            rows=UNBOUNDED if inner.max_rows is None else inner.max_rows,
            scenario=inner.scenario,
        )


def most_used(grant: Grant, per: Per) -> int:
    """Return the most that the grant's own quota lets be used within one period `per`."""
    quota = grant.quota
    if quota is None:
        return UNBOUNDED
    if quota.per in ("total", per) or per == "day":
        return quota.amount
    periods = periods_touched(quota.per, grant.valid_from, grant.ends)
    return quota.amount * (min(periods, _LONGEST_MONTH) if per == "month" else periods)
