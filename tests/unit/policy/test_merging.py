"""Merged limits are the intersection: what they allow, each grant allows, and the reverse."""

from collections import Counter
from random import Random

import pytest

from gongshu.policy import GrantIndex, Quota, Undertaking, decide, merge
from gongshu.vocabulary.errors import Invalid
from unit.policy.worlds import (
    DAY,
    START,
    aimed_use,
    plain_grant,
    plain_use,
    random_grant,
    random_use,
)


def allows(grant, use, spent=0):
    return decide(GrantIndex.build([grant]), use, {grant.id: spent}).allowed


def test_the_most_restrictive_wins():
    wide = plain_grant(
        actions=frozenset({"query", "export"}),
        items=frozenset({"name", "id_number"}),
        purposes=frozenset({"industry", "sector"}),
        regions=frozenset({"33", "32"}),
        valid_from=START + DAY,
        valid_until=START + 999 * DAY,
        quota=Quota(500, "total"),
        minimum=20,
        max_rows=None,
        subject_authorisation=False,
        undertakings=(Undertaking("delete", "用后删除", "809-27"),),
        clauses={"rows": "27-21", "items": "809-20"},
        scenario=None,
        revoked_at=START + 50 * DAY,
    )
    merged = merge(plain_grant(), wide)
    assert merged == plain_grant(
        items=frozenset({"name"}),
        valid_from=START + DAY,
        quota=Quota(100, "total"),
        minimum=20,
        undertakings=(*plain_grant().undertakings, *wide.undertakings),
        clauses={"rows": "27-21", "items": "27-21", "purpose": "809-25"},
        revoked_at=START + 50 * DAY,
    )


def test_one_grant_is_its_own_merge():
    assert merge(plain_grant()) == plain_grant()
    assert merge(plain_grant(), plain_grant()) == plain_grant()


@pytest.mark.parametrize(
    ("left", "right", "common"),
    [
        ({"33"}, {"3301"}, {"3301"}),
        ({"3301", "32"}, {"33"}, {"3301"}),
        (set(), {"33"}, {"33"}),
        (set(), set(), set()),
        ({"33", "3205"}, {"330106", "32"}, {"330106", "3205"}),
    ],
)
def test_regions_meet_in_the_smaller_one(left, right, common):
    merged = merge(plain_grant(regions=frozenset(left)), plain_grant(regions=frozenset(right)))
    assert merged.regions == common


@pytest.mark.parametrize(
    ("left", "right", "tighter"),
    [
        (None, None, None),
        (Quota(5, "day"), None, Quota(5, "day")),
        (None, Quota(5, "day"), Quota(5, "day")),
        (Quota(5, "day"), Quota(9, "month"), Quota(5, "month")),
        (Quota(9, "total"), Quota(5, "month"), Quota(5, "total")),
    ],
)
def test_the_smaller_amount_counts_over_the_longer_period(left, right, tighter):
    assert merge(plain_grant(quota=left), plain_grant(quota=right)).quota == tighter


DISJOINT = {
    "操作": ({"actions": frozenset({"query"})}, {"actions": frozenset({"export"})}),
    "用途": ({"purposes": frozenset({"industry"})}, {"purposes": frozenset({"audit"})}),
    "业务": ({"businesses": frozenset()}, {"businesses": frozenset({"technical_service"})}),
    "区域": ({"regions": frozenset({"33"})}, {"regions": frozenset({"32"})}),
    "期限": ({"valid_until": START + DAY}, {"valid_from": START + DAY}),
    "应用场景": ({"scenario": "risk"}, {"scenario": "credit"}),
}


@pytest.mark.parametrize("zh", DISJOINT)
def test_nothing_in_common_is_refused_and_never_read_as_no_limit(zh):
    left, right = DISJOINT[zh]
    with pytest.raises(Invalid) as refusal:
        merge(plain_grant(**left), plain_grant(**right))
    assert refusal.value.code == "nothing_in_common"
    assert refusal.value.details == (zh,)
    assert zh in refusal.value.sentence
    assert "请" in refusal.value.sentence


def test_limits_merged_over_two_objects_are_a_permission_on_neither():
    merged = merge(plain_grant(), plain_grant(object="resource:2"))
    assert merged.object == "resource:1+resource:2"
    assert not allows(merged, plain_use())
    assert merge(merged, plain_grant()).object == merged.object


def test_the_merge_is_exactly_the_intersection():
    """Over 6,000 seeded uses: allowed by the merge if and only if allowed by each grant."""
    random = Random(25)
    outcomes = Counter()
    fixed = {"grantee": "alpha", "object": "resource:1", "quota": None}
    while outcomes["uses"] < 6_000:
        grants = [random_grant(random, f"g{n}", **fixed) for n in range(random.randint(2, 3))]
        uses = [aimed_use(random, random.choice(grants)) for _ in range(10)]
        uses += [random_use(random, party="alpha", object="resource:1") for _ in range(10)]
        indexes = [GrantIndex.build([grant]) for grant in grants]
        agreed = [all(decide(index, use, {}).allowed for index in indexes) for use in uses]
        try:
            merged = merge(*grants)
        except Invalid:
            assert not any(agreed)
            outcomes["apart"] += 1
            continue
        index = GrantIndex.build([merged])
        assert [decide(index, use, {}).allowed for use in uses] == agreed
        outcomes["uses"] += len(uses)
        outcomes["agreed"] += sum(agreed)
    assert outcomes["agreed"] > 200
    assert outcomes["apart"] > 200


def test_a_merged_quota_is_never_looser_than_any():
    random = Random(6)
    for _ in range(500):
        grants = [plain_grant(id=f"g{n}", quota=Quota(random.randint(1, 9), "day")) for n in (1, 2)]
        use, spent = plain_use(amount=random.randint(0, 9)), random.randint(0, 9)
        each = all(allows(grant, use, spent) for grant in grants)
        assert allows(merge(*grants), use, spent) is each
