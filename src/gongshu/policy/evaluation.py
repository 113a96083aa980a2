"""The evaluator: the only way to a yes.

`decide` denies by default and knows neither roles nor owners nor administrators. It is pure: the
time, the observed facts and the spending are arguments, so every answer can be computed again.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import compress
from operator import not_

from gongshu.policy.decisions import NO_GRANT, Decision
from gongshu.policy.grants import Grant
from gongshu.policy.index import Entitlement, GrantIndex
from gongshu.policy.limits import LIMITS, reasons_against
from gongshu.policy.uses import Use


def decide(index: GrantIndex, use: Use, spent: Mapping[str, int]) -> Decision:
    """Return whether some grant allows the use; a no names every limit of the nearest grant.

    `spent` maps a grant id to the amount used in its current quota period. Any one grant that
    keeps all its limits suffices; otherwise the reasons are those of the grant that breaks the
    fewest. A party without any grant on the object gets the same fixed answer as for an object
    that does not exist.
    """
    refused = []
    for entitlement in index.candidates(use.party, use.object):
        verdict = kept(entitlement, use, spent)
        if all(verdict):
            return entitlement.granted
        refused.append((entitlement, verdict))
    if not refused:
        return NO_GRANT
    nearest, verdict = max(refused, key=lambda each: each[1].count(True))
    return _refusal(nearest.grant, verdict, use, spent)


def kept(grant: Entitlement, use: Use, spent: Mapping[str, int]) -> tuple[bool, ...]:
    """Return for each limit of `LIMITS`, in order, whether the use keeps it.

    All of them are evaluated always, so that a refusal names every broken limit. What the use does
    not state is refused where the grant limits it.
    """
    terms = grant.terms
    return (
        use.at < grant.revoked_at,
        grant.valid_from <= use.at < grant.valid_until,
        use.action in terms.actions,
        use.items <= terms.items,
        use.purpose in terms.purposes,
        use.business in terms.businesses,
        not terms.regions or (use.region or "").startswith(terms.regions),
        grant.scenario is None or use.scenario == grant.scenario,
        grant.quota is None or spent.get(grant.id, 0) + use.amount <= grant.quota,
        (use.minimum or 0) >= terms.minimum,
        terms.max_rows is None or (use.rows is not None and use.rows <= terms.max_rows),
        use.subject_authorised or not terms.subject_authorisation,
    )


def _refusal(
    grant: Grant, verdict: tuple[bool, ...], use: Use, spent: Mapping[str, int]
) -> Decision:
    broken = tuple(compress(LIMITS, map(not_, verdict)))
    explain = partial(reasons_against, use, grant, broken, spent.get(grant.id, 0))
    return Decision(False, grant.id, grant.clause_of(broken[0]), broken, explain)
