"""Small random worlds, and a slow, obvious evaluator that judges the fast one.

The reference is written from the meaning of the limits, limit by limit, and shares no code with
the library. The worlds are small so that uses hit and miss every limit often.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from random import Random

from gongshu.policy import Grant, Quota, Undertaking, Use

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
ZONES = (UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-5)))

PARTIES = ("alpha", "beta", "public")
OBJECTS = ("resource:1", "product:2")
ACTIONS = ("query", "export")
ITEMS = ("name", "licence", "id_number")
PURPOSES = ("industry", "public_welfare")
BUSINESSES = (None, "resource_development", "product_operation")
REGIONS = (None, "33", "3301", "330106", "32")
SCENARIOS = (None, "risk", "credit")
NUMBERS = (None, 0, 5, 10, 20)
INSTANTS = tuple(START + n * DAY / 2 for n in range(9))


def plain_grant(**changes: object) -> Grant:
    """Return a grant for alpha on resource:1 that limits everything, with some fields changed."""
    grant = Grant(
        id="g1",
        grantee="alpha",
        object="resource:1",
        actions=frozenset({"query"}),
        items=frozenset({"name", "licence"}),
        purposes=frozenset({"industry"}),
        businesses=frozenset({"resource_development"}),
        regions=frozenset({"3301"}),
        valid_from=START,
        valid_until=START + 365 * DAY,
        quota=Quota(100, "month"),
        minimum=10,
        max_rows=1_000,
        subject_authorisation=True,
        undertakings=(Undertaking("no_onward", "不向第三方提供", "809-25"),),
        clause="27-14",
        clauses={"items": "27-21", "purpose": "809-25"},
        case="case-1",
        parent="g0",
        scenario="risk",
    )
    return replace(grant, **changes)


def plain_use(**changes: object) -> Use:
    """Return a use that keeps every limit of `plain_grant()`, with some fields changed."""
    use = Use(
        party="alpha",
        object="resource:1",
        action="query",
        items=frozenset({"name"}),
        purpose="industry",
        business="resource_development",
        region="330106",
        at=START + 10 * DAY,
        amount=1,
        subject_authorised=True,
        minimum=10,
        rows=500,
        scenario="risk",
    )
    return replace(use, **changes)


def some(random: Random, values: Iterable[str | None], *, at_least: int = 0) -> frozenset[str]:
    named = [value for value in values if value is not None]
    return frozenset(random.sample(named, random.randint(at_least, len(named))))


def random_grant(random: Random, grant_id: str, **fixed: object) -> Grant:
    """Return a grant of the small world; sets may be empty, periods may be over."""
    start = random.choice(INSTANTS)
    grant = Grant(
        id=grant_id,
        grantee=random.choice(PARTIES),
        object=random.choice(OBJECTS),
        actions=some(random, ACTIONS, at_least=random.randint(0, 1)),
        items=some(random, ITEMS, at_least=1),
        purposes=some(random, PURPOSES, at_least=1),
        businesses=some(random, BUSINESSES),
        regions=some(random, REGIONS) if random.random() < 0.5 else frozenset(),
        valid_from=start.astimezone(random.choice(ZONES)),
        valid_until=(start + random.randint(0, 6) * DAY / 2).astimezone(random.choice(ZONES)),
        quota=random.choice((None, Quota(5, "total"), Quota(20, "day"), Quota(9, "month"))),
        minimum=random.choice((0, 0, 5, 10)),
        max_rows=random.choice((None, None, 5, 10)),
        subject_authorisation=random.random() < 0.3,
        undertakings=random.choice(((), (Undertaking("delete", "用后删除", "809-27"),))),
        clause=random.choice(("27-14", "809-20")),
        clauses=random.choice(({}, {"items": "27-21"}, {"period": "27-14", "quota": "65-2"})),
        case="case-1",
        parent=random.choice((None, "g0")),
        scenario=random.choice((None, None, "risk", "credit")),
        revoked_at=random.choice((None, None, None, random.choice(INSTANTS))),
    )
    return replace(grant, **fixed)


def random_use(random: Random, **fixed: object) -> Use:
    """Return a use of the small world."""
    use = Use(
        party=random.choice((*PARTIES, "stranger")),
        object=random.choice(OBJECTS),
        action=random.choice(ACTIONS),
        items=some(random, ITEMS),
        purpose=random.choice(PURPOSES),
        business=random.choice(BUSINESSES),
        region=random.choice(REGIONS),
        at=random.choice(INSTANTS).astimezone(random.choice(ZONES)),
        amount=random.choice((0, 1, 1, 5, 9)),
        subject_authorised=random.random() < 0.5,
        minimum=random.choice(NUMBERS),
        rows=random.choice(NUMBERS),
        scenario=random.choice(SCENARIOS),
    )
    return replace(use, **fixed)


def aimed_use(random: Random, grant: Grant) -> Use:
    """Return a use that mostly keeps the limits of `grant`, each field but for a small chance."""
    wild = random_use(random)
    aimed = {
        "party": grant.grantee,
        "object": grant.object,
        "action": min(grant.actions, default=wild.action),
        "items": some(random, sorted(grant.items)),
        "purpose": max(grant.purposes),
        "business": min(grant.businesses, default=None),
        "region": min(grant.regions, default=wild.region),
        "at": grant.valid_from,
        "amount": random.choice((0, 1)),
        "subject_authorised": True,
        "minimum": 10,
        "rows": 5,
        "scenario": grant.scenario,
    }
    missed = {field for field in aimed if random.random() < 0.05}
    return replace(wild, **{field: aimed[field] for field in aimed.keys() - missed})


def broken_by(grant: Grant, use: Use, spent: int) -> set[str]:
    """Return the limits of the grant that the use breaks: the reference."""
    return _scope_broken(grant, use) | _amount_broken(grant, use, spent)


def _scope_broken(grant: Grant, use: Use) -> set[str]:
    broken = set()
    if use.at < grant.valid_from or not use.at < grant.valid_until:
        broken.add("period")
    if use.action not in list(grant.actions):
        broken.add("action")
    if any(item not in list(grant.items) for item in use.items):
        broken.add("items")
    if use.purpose not in list(grant.purposes):
        broken.add("purpose")
    if use.business not in (list(grant.businesses) or [None]):
        broken.add("business")
    inside = [use.region is not None and use.region[: len(p)] == p for p in grant.regions]
    if inside and not any(inside):
        broken.add("region")
    if grant.scenario is not None and use.scenario != grant.scenario:
        broken.add("scenario")
    return broken


def _amount_broken(grant: Grant, use: Use, spent: int) -> set[str]:
    broken = set()
    if grant.revoked_at is not None and not use.at < grant.revoked_at:
        broken.add("revoked")
    if grant.quota is not None and spent + use.amount > grant.quota.amount:
        broken.add("quota")
    if grant.minimum > 0 and (use.minimum is None or use.minimum < grant.minimum):
        broken.add("minimum")
    if grant.max_rows is not None and (use.rows is None or use.rows > grant.max_rows):
        broken.add("rows")
    if grant.subject_authorisation and not use.subject_authorised:
        broken.add("subject_authorisation")
    return broken


def judged(
    grants: Iterable[Grant], use: Use, spent: Mapping[str, int]
) -> dict[str, set[str]] | None:
    """Return the broken limits by id of each grant that speaks of the use, or None if none does."""
    speaking = [
        grant
        for grant in grants
        if grant.object == use.object and grant.grantee in {use.party, "public"}
    ]
    if not speaking:
        return None
    return {grant.id: broken_by(grant, use, spent.get(grant.id, 0)) for grant in speaking}
