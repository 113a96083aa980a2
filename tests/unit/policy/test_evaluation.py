"""`decide`: every limit by itself, all of them together, and against the slow reference."""

from collections import Counter
from dataclasses import asdict
from datetime import timedelta
from random import Random

import pytest

from gongshu.policy import LIMITS, PUBLIC, GrantIndex, Quota, decide
from unit.policy.worlds import (
    DAY,
    START,
    aimed_use,
    broken_by,
    judged,
    plain_grant,
    plain_use,
    random_grant,
    random_use,
)

INSTANT = timedelta(microseconds=1)

SINGLE_BREACHES = {
    "revoked": ({"revoked_at": START + 9 * DAY}, {}, "2026-01-11", "2026-01-10"),
    "period": ({}, {"at": START - DAY}, "2025-12-31", "2026-01-01"),
    "action": ({}, {"action": "export"}, "结果导出", "加工查询"),
    "items": ({}, {"items": frozenset({"name", "id_number"})}, "id_number", "licence、name"),
    "purpose": ({}, {"purpose": "marketing"}, "marketing", "产业发展"),
    "business": ({}, {"business": "product_operation"}, "产品经营", "资源开发"),
    "region": ({}, {"region": "33"}, "浙江省", "浙江省（3301）"),
    "scenario": ({}, {"scenario": "credit"}, "credit", "risk"),
    "quota": ({}, {"amount": 101}, "101", "每月100"),
    "minimum": ({}, {"minimum": 9}, "9", "不少于10"),
    "rows": ({}, {"rows": 1_001}, "1001", "不多于1000"),
    "subject_authorisation": ({}, {"subject_authorised": False}, "没有", "电子授权"),
}


def answer(grant, use, spent=None):
    return decide(GrantIndex.build([grant]), use, spent or {})


@pytest.mark.clause("27-14")
def test_a_use_within_every_limit_is_allowed_and_names_grant_and_clause():
    decision = answer(plain_grant(), plain_use())
    assert decision.allowed
    assert (decision.grant, decision.clause, decision.reasons) == ("g1", "27-14", ())


def test_every_limit_has_a_breach_here():
    assert tuple(SINGLE_BREACHES) == LIMITS


@pytest.mark.clause("27-21", "809-25")
@pytest.mark.parametrize("limit", SINGLE_BREACHES)
def test_one_broken_limit_is_named_alone_with_both_sides(limit):
    grant_changes, use_changes, asked, allowed = SINGLE_BREACHES[limit]
    decision = answer(plain_grant(**grant_changes), plain_use(**use_changes))
    assert not decision.allowed
    assert decision.grant == "g1"
    assert decision.party_known
    (reason,) = decision.reasons
    assert (reason.limit, *decision.broken) == (limit, limit)
    assert asked in reason.asked
    assert allowed in reason.allowed
    assert reason.asked in reason.sentence
    assert reason.allowed in reason.sentence
    assert "请" in reason.sentence.partition("。")[2], "the sentence names the way on"
    assert reason.clause == decision.clause


def test_a_limit_rests_on_its_own_clause_or_on_that_of_the_grant():
    items = answer(plain_grant(), plain_use(items=frozenset({"id_number"})))
    rows = answer(plain_grant(), plain_use(rows=9_999))
    assert [reason.clause for reason in items.reasons] == ["27-21"]
    assert [reason.clause for reason in rows.reasons] == ["27-14"]


def test_all_broken_limits_are_named_not_only_the_first():
    grant = plain_grant(revoked_at=START)
    use = plain_use(
        action="export",
        items=frozenset({"id_number"}),
        purpose="marketing",
        business=None,
        region=None,
        at=START + 400 * DAY,
        amount=101,
        subject_authorised=False,
        minimum=None,
        rows=None,
        scenario=None,
    )
    decision = answer(grant, use)
    assert decision.broken == LIMITS
    assert tuple(reason.limit for reason in decision.reasons) == LIMITS
    assert len({reason.sentence for reason in decision.reasons}) == len(LIMITS)


def test_reasons_are_plain_values():
    (reason,) = answer(plain_grant(), plain_use(rows=9_999)).reasons
    assert set(asdict(reason)) == {"limit", "zh", "asked", "allowed", "clause", "sentence"}


def test_a_long_list_of_items_is_cut_and_counted():
    items = frozenset(f"item{number:02}" for number in range(30))
    (reason,) = answer(plain_grant(items=items), plain_use()).reasons
    assert "item11等30项" in reason.allowed
    assert "item12" not in reason.allowed


@pytest.mark.parametrize("field", ["business", "region", "minimum", "rows", "scenario"])
def test_what_a_use_does_not_state_is_not_taken_for_granted(field):
    decision = answer(plain_grant(), plain_use(**{field: None}))
    assert decision.broken == (field,)


def test_a_grant_that_names_no_business_is_for_none():
    grant = plain_grant(businesses=frozenset())
    assert answer(grant, plain_use(business=None)).allowed
    assert answer(grant, plain_use()).broken == ("business",)


@pytest.mark.parametrize(
    ("at", "allowed"),
    [
        (START - INSTANT, False),
        (START, True),
        (START + 365 * DAY - INSTANT, True),
        (START + 365 * DAY, False),
    ],
)
def test_the_period_is_half_open(at, allowed):
    assert answer(plain_grant(), plain_use(at=at)).allowed is allowed


def test_revocation_bites_at_its_instant():
    grant = plain_grant(revoked_at=START + DAY)
    assert answer(grant, plain_use(at=START + DAY - INSTANT)).allowed
    assert answer(grant, plain_use(at=START + DAY)).broken == ("revoked",)


@pytest.mark.parametrize(
    ("spent", "amount", "allowed"),
    [(0, 100, True), (99, 1, True), (100, 1, False), (99, 2, False), (0, 101, False), (100, 0, 1)],
)
def test_the_quota_is_reached_but_never_over(spent, amount, allowed):
    decision = answer(plain_grant(), plain_use(amount=amount), {"g1": spent, "other": 10**9})
    assert decision.allowed == allowed


def test_a_refusal_over_quota_tells_what_was_used_already():
    (reason,) = answer(plain_grant(), plain_use(amount=2), {"g1": 99}).reasons
    assert (reason.asked, reason.allowed) == ("2（已用99）", "每月100")


def test_a_sequence_of_uses_never_spends_more_than_the_quota():
    random = Random(3)
    for _ in range(200):
        grant, spent = plain_grant(quota=Quota(random.randint(1, 30), "total")), 0
        for _ in range(40):
            amount = random.randint(0, 7)
            if answer(grant, plain_use(amount=amount), {"g1": spent}).allowed:
                spent += amount
        assert spent <= grant.quota.amount
        assert spent > grant.quota.amount - 7, "what is left is refused only when it is too much"


def test_a_use_cannot_give_quota_back():
    with pytest.raises(ValueError, match="quota"):
        plain_use(amount=-1)


@pytest.mark.parametrize(
    ("region", "allowed"),
    [("3301", True), ("330106", True), ("330106001", True), ("33", False), ("330201", False)],
)
def test_a_region_must_lie_wholly_in_the_granted_prefixes(region, allowed):
    assert answer(plain_grant(), plain_use(region=region)).allowed is allowed


def test_no_region_in_the_grant_means_no_limit():
    grant = plain_grant(regions=frozenset())
    assert answer(grant, plain_use(region=None)).allowed
    assert answer(grant, plain_use(region="11")).allowed


def test_any_grant_suffices_and_otherwise_the_nearest_one_speaks():
    far = plain_grant(id="far", purposes=frozenset({"audit"}), actions=frozenset({"read"}))
    near = plain_grant(id="near", max_rows=1)
    index = GrantIndex.build([far, near])
    assert decide(index, plain_use(rows=1), {}).grant == "near"
    refused = decide(index, plain_use(), {})
    assert (refused.grant, refused.broken) == ("near", ("rows",))


def test_of_equally_near_grants_the_one_that_ends_last_speaks():
    old = plain_grant(id="a-old", valid_until=START + 20 * DAY)
    new = plain_grant(id="z-new", clause="27-21", clauses={})
    decision = decide(GrantIndex.build([old, new]), plain_use(rows=9_999), {})
    assert (decision.grant, decision.clause) == ("z-new", "27-21")


def test_what_everybody_may_do_each_party_may_do():
    index = GrantIndex.build([plain_grant(id="p", grantee=PUBLIC), plain_grant(max_rows=1)])
    assert decide(index, plain_use(), {}).grant == "p"
    assert decide(index, plain_use(party="anyone"), {}).grant == "p"
    assert decide(index, plain_use(party=PUBLIC), {}).grant == "p"
    refused = decide(index, plain_use(party="anyone", action="export"), {})
    assert refused.party_known, "that an opened object exists is public"


def test_a_stranger_learns_nothing_not_even_existence():
    index = GrantIndex.build([plain_grant()])
    stranger = decide(index, plain_use(party="stranger"), {})
    nowhere = decide(index, plain_use(object="resource:none"), {})
    assert stranger is nowhere
    assert not stranger.allowed
    assert not stranger.party_known
    assert stranger.clause is None
    (reason,) = stranger.reasons
    assert (reason.limit, reason.asked, reason.allowed, reason.clause) == ("no_grant", "", "", "")
    assert "请" in reason.sentence


def test_a_former_party_is_told_that_its_grant_is_over():
    decision = answer(plain_grant(), plain_use(at=START + 999 * DAY))
    assert decision.party_known
    assert decision.broken == ("period",)


def test_an_empty_index_denies():
    assert not decide(GrantIndex.build(), plain_use(), {}).allowed


def test_naive_times_are_never_compared():
    with pytest.raises(TypeError):
        answer(plain_grant(), plain_use(at=START.replace(tzinfo=None)))
    with pytest.raises(ValueError, match="aware"):
        plain_grant(valid_from=START.replace(tzinfo=None))


def test_decide_equals_the_slow_reference():
    """25,000 seeded pairs of a world of grants and a use: same answer, same grant, same reasons."""
    random = Random(20260301)
    seen = Counter()
    for _ in range(1_250):
        grants = [random_grant(random, f"g{number}") for number in range(random.randint(0, 5))]
        index = GrantIndex.build(grants)
        spent = {grant.id: random.choice((0, 0, 4, 5, 19)) for grant in grants}
        for turn in range(20):
            aimed = turn % 2 and grants
            use = aimed_use(random, random.choice(grants)) if aimed else random_use(random)
            decision, verdicts = decide(index, use, spent), judged(grants, use, spent)
            seen[_agrees(decision, verdicts)] += 1
            seen.update(decision.broken)
    assert seen["allowed"] > 2_000
    assert seen["refused"] > 5_000
    assert all(seen[limit] > 100 for limit in (*LIMITS, "no_grant"))


def _agrees(decision, verdicts):
    if verdicts is None:
        assert (decision.allowed, decision.broken) == (False, ("no_grant",))
        return "unknown"
    assert decision.allowed is any(not broken for broken in verdicts.values())
    assert set(decision.broken) == verdicts[decision.grant]
    assert len(decision.broken) == min(map(len, verdicts.values()))
    assert tuple(reason.limit for reason in decision.reasons) == decision.broken
    return "allowed" if decision.allowed else "refused"


def test_uses_that_are_nearly_right_equal_the_reference_too():
    """10,000 seeded uses that differ from an allowed one in at most three facts."""
    random = Random(27)
    grant = plain_grant()
    index = GrantIndex.build([grant])
    outcomes = Counter()
    for _ in range(10_000):
        other = random_use(random)
        fields = random.sample(
            ["action", "items", "purpose", "business", "region", "rows", "minimum", "scenario"],
            random.randint(0, 3),
        )
        use = plain_use(**{field: getattr(other, field) for field in fields})
        decision = decide(index, use, {})
        assert set(decision.broken) == broken_by(grant, use, 0)
        outcomes[decision.allowed] += 1
    assert min(outcomes[True], outcomes[False]) > 1_000
