"""The index: a change makes a new one that equals an index built afresh; the old one stays."""

from dataclasses import replace
from random import Random

from gongshu.policy import PUBLIC, GrantIndex, decide
from unit.policy.worlds import START, plain_grant, plain_use, random_grant


def test_grants_are_found_by_id_party_and_object():
    first, second = plain_grant(), plain_grant(id="g2", object="product:2")
    public = plain_grant(id="g3", grantee=PUBLIC)
    index = GrantIndex.build([second, first, public])
    assert len(index) == 3
    assert index.get("g2") == second
    assert index.get("g9") is None
    assert index.grants_of("alpha") == (first, second)
    assert index.grants_of("beta") == ()
    assert index.parties() == {"alpha", PUBLIC}
    assert {grant.id for grant in index} == {"g1", "g2", "g3"}


def test_a_party_holds_its_own_and_what_everybody_holds():
    index = GrantIndex.build([plain_grant(), plain_grant(id="p", grantee=PUBLIC)])
    assert [one.id for one in index.held("alpha", "resource:1")] == ["g1", "p"]
    assert [one.id for one in index.held(PUBLIC, "resource:1")] == ["p"]
    assert [one.id for one in index.held("beta", "resource:1")] == ["p"]
    assert index.held("alpha", "resource:9") == ()


def test_a_revocation_shows_in_the_new_index_and_not_in_the_old():
    before = GrantIndex.build([plain_grant()])
    after = before.replace([plain_grant(revoked_at=START)])
    assert decide(before, plain_use(), {}).allowed
    assert decide(after, plain_use(), {}).broken == ("revoked",)
    assert len(after) == 1


def test_a_grant_can_move_to_the_successor_of_its_party():
    before = GrantIndex.build([plain_grant()])
    after = before.replace([plain_grant(grantee="beta")])
    assert not decide(after, plain_use(), {}).party_known
    assert decide(after, plain_use(party="beta"), {}).allowed
    assert after.parties() == {"beta"}


def test_a_removed_grant_is_gone_as_if_it_had_never_been():
    index = GrantIndex.build([plain_grant(), plain_grant(id="g2", object="product:2")])
    left = index.replace([], removed=["g1", "unknown"])
    assert left == GrantIndex.build([plain_grant(id="g2", object="product:2")])
    assert not decide(left, plain_use(), {}).party_known


def test_of_two_grants_with_one_id_the_later_counts():
    index = GrantIndex.build([plain_grant(), plain_grant(max_rows=1)])
    assert len(index) == 1
    assert index.get("g1").max_rows == 1


def test_an_index_changed_many_times_equals_one_built_afresh():
    random = Random(5)
    for _ in range(30):
        index, grants = GrantIndex.build(), {}
        for _ in range(20):
            changed = [random_grant(random, f"g{random.randrange(8)}") for _ in range(2)]
            removed = [f"g{random.randrange(8)}"]
            index = index.replace(changed, removed=removed)
            for grant_id in removed:
                grants.pop(grant_id, None)
            grants |= {grant.id: grant for grant in changed}
            assert index == GrantIndex.build(grants.values())
            assert set(index) == set(grants.values())


def test_equal_sets_are_kept_once():
    grants = [replace(plain_grant(), id=f"g{n}", grantee=f"p{n}") for n in range(3)]
    grants = [replace(grant, items=frozenset(set(grant.items))) for grant in grants]
    index = GrantIndex.build(grants)
    assert len({id(index.held(f"p{n}", "resource:1")[0].terms) for n in range(3)}) == 1
