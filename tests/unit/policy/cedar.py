"""A second opinion on decisions: each grant as a Cedar policy, each use as a Cedar request.

The translation shares no code with the library's evaluator. Every limit of a grant is in the
common subset; words and clauses are not, Cedar says yes or no and names the policy.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

import cedarpy

from gongshu.policy import PUBLIC, Grant, GrantIndex, Use, decide
from unit.policy import worlds

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
GRANTS, USES = 6, 50


def policy(grant: Grant) -> str:
    """Return the Cedar policy that permits what the grant permits."""
    who = "principal" if grant.grantee == PUBLIC else f"principal == Party::{_text(grant.grantee)}"
    actions = ", ".join(f"Action::{_text(action)}" for action in sorted(grant.actions))
    conditions = " && ".join(f"({condition})" for condition in _conditions(grant))
    return (
        f"permit({who}, action in [{actions}], resource == Object::{_text(grant.object)}) "
        f"when {{ {conditions} }};"
    )


def _conditions(grant: Grant) -> Iterable[str]:
    yield f"{_list(grant.items)}.containsAll(context.items)"
    yield f"{_list(grant.purposes)}.contains(context.purpose)"
    yield f"{_list(grant.businesses or {''})}.contains(context.business)"
    yield f"{_instant(grant.valid_from)} <= context.at"
    yield f"context.at < {_instant(grant.valid_until)}"
    if grant.revoked_at is not None:
        yield f"context.at < {_instant(grant.revoked_at)}"
    if grant.regions:
        yield " || ".join(f'context.region like "{prefix}*"' for prefix in sorted(grant.regions))
    if grant.scenario is not None:
        yield f"context.scenario == {_text(grant.scenario)}"
    if grant.quota is not None:
        spent = f"context.spent[{_text(grant.id)}]"
        yield f"{spent} + context.amount <= {grant.quota.amount}"
    if grant.minimum:
        yield f"context has minimum && context.minimum >= {grant.minimum}"
    if grant.max_rows is not None:
        yield f"context has rows && context.rows <= {grant.max_rows}"
    if grant.subject_authorisation:
        yield "context.subject_authorised"


def request(use: Use, spent: Mapping[str, int]) -> dict[str, object]:
    """Return the Cedar request of a use; what the use does not state is not in the context."""
    context: dict[str, object] = {
        "items": sorted(use.items),
        "purpose": use.purpose,
        "business": use.business or "",
        "region": use.region or "",
        "at": _instant(use.at),
        "scenario": use.scenario or "",
        "amount": use.amount,
        "spent": dict(spent),
        "subject_authorised": use.subject_authorised,
    }
    stated = {"minimum": use.minimum, "rows": use.rows}
    context |= {name: value for name, value in stated.items() if value is not None}
    return {
        "principal": f"Party::{_text(use.party)}",
        "action": f"Action::{_text(use.action)}",
        "resource": f"Object::{_text(use.object)}",
        "context": context,
    }


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _list(values: Iterable[str]) -> str:
    return f"[{', '.join(_text(value) for value in sorted(values))}]"


def _instant(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True)
class Tally:
    """How many pairs of a world and a use were put to both, and what they said."""

    pairs: int
    allowed: int
    disagreements: tuple[tuple[tuple[Grant, ...], Use], ...]


def compare(seed: int, pairs: int) -> Tally:
    """Put random uses of random worlds to both evaluators; every use is one pair with a world."""
    random = Random(seed)
    done = allowed = 0
    apart: list[tuple[tuple[Grant, ...], Use]] = []
    while done < pairs:
        grants = tuple(worlds.random_grant(random, f"g{number}") for number in range(GRANTS))
        spent = {grant.id: random.choice((0, 0, 4, 9)) for grant in grants}
        uses = [_use(random, grants) for _ in range(USES)]
        ours = [decide(GrantIndex.build(grants), use, spent) for use in uses]
        theirs = permitted_by(grants, [request(use, spent) for use in uses])
        for use, our, their in zip(uses, ours, theirs, strict=True):
            done += 1
            allowed += our.allowed
            if our.allowed != bool(their) or (our.allowed and our.grant not in their):
                apart.append((grants, use))
    return Tally(done, allowed, tuple(apart))


def _use(random: Random, grants: Sequence[Grant]) -> Use:
    usable = [grant for grant in grants if grant.purposes]
    if usable and random.random() < 0.8:
        return worlds.aimed_use(random, random.choice(usable))
    return worlds.random_use(random)


def permitted_by(grants: Sequence[Grant], requests: list[dict[str, object]]) -> list[set[str]]:
    """Return for each request the ids of the grants whose policy permits it; errors are faults."""
    policies = "\n".join(policy(grant) for grant in grants)
    found = []
    for answer in cedarpy.is_authorized_batch(requests, policies, []):
        assert not answer.diagnostics.errors, answer.diagnostics.errors
        named = {grants[int(name.removeprefix("policy"))].id for name in answer.diagnostics.reasons}
        assert bool(named) == answer.allowed
        found.append(named)
    return found
