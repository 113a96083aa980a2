"""A grant inside a ceiling allows nothing that the ceiling refuses; judged by trying the uses."""

import itertools
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from gongshu.policy import GrantIndex, Quota, Use, contained, decide
from gongshu.policy.containment import extreme_uses, most_used
from gongshu.policy.periods import INSTANT
from unit.policy.worlds import DAY, START, plain_grant, random_grant

CEILING = plain_grant(
    id="agreement",
    actions=frozenset({"query", "export"}),
    purposes=frozenset({"industry", "sector"}),
    quota=Quota(12_000, "total"),
    scenario=None,
    subject_authorisation=False,
)
INSIDE = replace(CEILING, id="inside", quota=Quota(1_000, "total"), scenario="risk")

BEYOND = {
    "action": {"actions": frozenset({"query", "build"})},
    "items": {"items": frozenset({"name", "id_number"})},
    "purpose": {"purposes": frozenset({"industry", "audit"})},
    "business": {"businesses": frozenset({"technical_service"})},
    "region": {"regions": frozenset({"330106", "32"})},
    "period": {"valid_until": CEILING.valid_until + INSTANT},
    "quota": {"quota": Quota(12_001, "total")},
    "minimum": {"minimum": 9},
    "rows": {"max_rows": 1_001},
}
UNLIMITED = {
    "region": {"regions": frozenset()},
    "quota": {"quota": None},
    "rows": {"max_rows": None},
    "business": {"businesses": frozenset()},
    "minimum": {"minimum": 0},
}


@pytest.mark.clause("27-14")
def test_a_grant_within_its_agreement_rests_on_the_agreement():
    decision = contained(INSIDE, CEILING)
    assert decision.allowed
    assert (decision.grant, decision.clause) == ("agreement", "27-14")
    assert contained(CEILING, CEILING).allowed


@pytest.mark.clause("27-21")
@pytest.mark.parametrize("limit", BEYOND)
def test_what_reaches_beyond_the_agreement_is_named(limit):
    decision = contained(replace(INSIDE, **BEYOND[limit]), CEILING)
    assert not decision.allowed
    assert decision.broken == (limit,)
    assert decision.party_known


@pytest.mark.parametrize("limit", UNLIMITED)
def test_no_limit_is_wider_than_any(limit):
    decision = contained(replace(INSIDE, **UNLIMITED[limit]), CEILING)
    assert decision.broken == (limit,)
    assert "9223372036854775807" not in decision.reasons[0].sentence


def test_all_that_reaches_beyond_is_named_at_once():
    changes = {field: value for change in BEYOND.values() for field, value in change.items()}
    assert set(contained(replace(INSIDE, **changes), CEILING).broken) == set(BEYOND)


def test_each_purpose_beyond_is_named():
    inner = replace(INSIDE, purposes=frozenset({"audit", "review", "industry"}))
    asked = {reason.asked for reason in contained(inner, CEILING).reasons}
    assert asked == {"审计", "审核"}


def test_a_ceiling_of_one_scenario_or_with_authorisation_binds():
    strict = replace(CEILING, scenario="risk", subject_authorisation=True)
    assert contained(replace(INSIDE, subject_authorisation=True), strict).allowed
    assert contained(INSIDE, strict).broken == ("subject_authorisation",)
    loose = replace(INSIDE, subject_authorisation=True, scenario=None)
    assert contained(loose, strict).broken == ("scenario",)


def test_a_revoked_ceiling_holds_nothing_later():
    revoked = replace(CEILING, revoked_at=START + 30 * DAY)
    assert contained(INSIDE, revoked).broken == ("revoked",)
    assert contained(replace(INSIDE, valid_until=START + 30 * DAY), revoked).allowed


def test_another_object_is_not_inside():
    assert not contained(replace(INSIDE, object="resource:2"), CEILING).allowed


def test_the_grantee_is_not_a_limit():
    assert contained(replace(INSIDE, grantee="developer"), CEILING).allowed


@pytest.mark.parametrize(
    ("inner", "outer", "inside"),
    [
        (Quota(1_000, "month"), Quota(12_000, "total"), False),  # 2026 has 13 months in Beijing
        (Quota(923, "month"), Quota(12_000, "total"), True),
        (Quota(32, "day"), Quota(12_000, "total"), True),
        (Quota(33, "day"), Quota(12_000, "total"), False),
        (Quota(10, "day"), Quota(310, "month"), True),
        (Quota(10, "day"), Quota(309, "month"), False),
        (Quota(10, "month"), Quota(10, "day"), True),
        (Quota(11, "month"), Quota(10, "day"), False),
        (Quota(10, "total"), Quota(10, "day"), True),
        (Quota(10, "total"), Quota(10, "month"), True),
        (Quota(11, "total"), Quota(10, "month"), False),
    ],
)
def test_quotas_of_different_periods_are_compared_at_their_most(inner, outer, inside):
    decision = contained(replace(INSIDE, quota=inner), replace(CEILING, quota=outer))
    assert decision.allowed is inside


@pytest.mark.parametrize("per", ["total", "day", "month"])
def test_the_most_used_is_never_less_than_what_a_greedy_user_gets(per):
    random = Random(31)
    for _ in range(60):
        own = Quota(random.randint(1, 9), random.choice(("total", "day", "month")))
        start = START + timedelta(hours=random.randrange(2_000))
        days = timedelta(hours=random.randrange(1, 3_000))
        grant = plain_grant(quota=own, valid_from=start, valid_until=start + days)
        assert _greedy(grant, per) <= most_used(grant, per)


def _greedy(grant, per):
    """Use all that is left, every four hours; return the most that fell into one period `per`."""
    own, other = Counter(), Counter()
    at = grant.valid_from
    while at < grant.valid_until:
        left = grant.quota.amount - own[grant.quota.period(at)]
        own[grant.quota.period(at)] += left
        other[Quota(1, per).period(at)] += left
        at += timedelta(hours=4)
    return max(other.values())


def test_a_grant_that_allows_nothing_is_inside_anything():
    assert contained(replace(INSIDE, actions=frozenset()), CEILING).allowed
    assert contained(replace(INSIDE, revoked_at=START), replace(CEILING, object="x:1")).allowed


def test_contained_agrees_with_trying_every_use():
    """Contained: no use that inner allows is refused by outer. Not contained: one such use is."""
    random = Random(2714)
    outcomes = Counter()
    for _ in range(160):
        outer = _small_grant(random, "outer")
        inner = replace(outer, id="inner")
        if random.random() < 0.9:
            other = _small_grant(random, "other")
            fields = random.sample(sorted(_FIELDS), random.randint(1, 3))
            inner = replace(inner, **{field: getattr(other, field) for field in fields})
        escaping = next(_escaping(inner, outer), None)
        assert contained(inner, outer).allowed is (escaping is None), escaping
        outcomes[escaping is None] += 1
    assert min(outcomes.values()) > 40


def test_the_extreme_uses_are_uses_that_inner_allows():
    random = Random(809)
    for number in range(500):
        inner = random_grant(random, f"g{number}", quota=None)
        for use in extreme_uses(inner, inner):
            assert decide(GrantIndex.build([inner]), use, {}).allowed


_FIELDS = {
    "actions",
    "items",
    "purposes",
    "businesses",
    "regions",
    "valid_from",
    "valid_until",
    "minimum",
    "max_rows",
    "subject_authorisation",
    "scenario",
    "revoked_at",
}


def _small_grant(random, grant_id):
    """Return a grant over two values of each limit, so that all its uses can be tried."""
    return plain_grant(
        id=grant_id,
        actions=random.choice((frozenset({"query"}), frozenset({"query", "export"}))),
        items=random.choice((frozenset({"name"}), frozenset({"name", "licence"}), frozenset())),
        purposes=random.choice((frozenset({"industry"}), frozenset({"industry", "audit"}))),
        businesses=random.choice((frozenset(), frozenset({"technical_service"}))),
        regions=random.choice(
            (frozenset(), frozenset({"33"}), frozenset({"3301"}), frozenset({"3301", "32"}))
        ),
        valid_from=random.choice((START, START + DAY)),
        valid_until=random.choice((START + 2 * DAY, START + 3 * DAY)),
        quota=None,
        minimum=random.choice((0, 10)),
        max_rows=random.choice((None, 5)),
        subject_authorisation=random.random() < 0.5,
        scenario=random.choice((None, "risk")),
        revoked_at=random.choice((None, None, START + 2 * DAY)),
    )


def _escaping(inner, outer):
    """Yield each use of the small world that `inner` allows and `outer` refuses."""
    inside, outside = GrantIndex.build([inner]), GrantIndex.build([outer])
    items = [frozenset(), frozenset({"name"}), frozenset({"licence"})]
    facts = itertools.product(
        sorted(inner.actions),
        [some for some in (*items, items[1] | items[2]) if some <= inner.items],
        sorted(inner.purposes),
        (None, "technical_service"),
        (None, "33", "3301", "330106", "32"),
        (inner.valid_from, inner.ends - INSTANT, START + DAY),
        (1,),
        (False, True),
        (None, 9, 10),
        (None, 0, 5, 6),
        (None, "risk"),
    )
    for fact in facts:
        use = Use("alpha", "resource:1", *fact)
        if decide(inside, use, {}).allowed and not decide(outside, use, {}).allowed:
            yield use
