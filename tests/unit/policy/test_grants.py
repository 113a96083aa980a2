"""Grants as values: one canonical form, and nothing that this version does not know."""

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from random import Random

import pytest

from gongshu.policy import Grant, Quota, Undertaking
from gongshu.policy.periods import periods_touched
from gongshu.vocabulary.actions import Action
from gongshu.vocabulary.errors import Invalid
from unit.policy.worlds import START, plain_grant, random_grant

BEIJING = timezone(timedelta(hours=8))


def test_the_canonical_form_round_trips_through_json():
    random = Random(14)
    for number in range(2_000):
        grant = random_grant(random, f"g{number}")
        body = json.loads(json.dumps(grant.canonical()))
        assert Grant.from_canonical(body) == grant
        assert body == grant.canonical()


def test_equal_grants_have_one_canonical_text():
    grant = plain_grant(actions=frozenset({"query", "export", "build"}))
    same = replace(
        grant,
        actions=frozenset({Action.build, Action.export, Action.query}),
        valid_from=START.astimezone(BEIJING),
        clauses={"purpose": "809-25", "items": "27-21"},
    )
    assert same == grant
    assert hash(same) == hash(grant)
    assert json.dumps(same.canonical()) == json.dumps(grant.canonical())
    assert same.canonical()["actions"] == ["build", "export", "query"]
    assert all(type(code) is str for code in same.canonical()["actions"])


CHANGES = {
    "id": "g2",
    "grantee": "beta",
    "object": "product:2",
    "actions": frozenset({"export"}),
    "items": frozenset(),
    "purposes": frozenset({"audit"}),
    "businesses": frozenset(),
    "regions": frozenset({"3302"}),
    "valid_from": START - timedelta(microseconds=1),
    "valid_until": START + timedelta(microseconds=1),
    "quota": Quota(100, "total"),
    "minimum": 9,
    "max_rows": None,
    "subject_authorisation": False,
    "undertakings": (Undertaking("delete", "用后删除", "809-27"),),
    "clause": "27-21",
    "clauses": {},
    "case": "case-2",
    "parent": None,
    "scenario": None,
    "revoked_at": START,
}


def test_every_field_is_changed_here():
    assert list(CHANGES) == [spec.name for spec in fields(Grant)]


@pytest.mark.parametrize("field", CHANGES)
def test_a_changed_field_changes_the_canonical_form(field):
    changed = plain_grant(**{field: CHANGES[field]})
    assert json.dumps(changed.canonical()) != json.dumps(plain_grant().canonical())


def test_canonical_times_are_utc():
    body = plain_grant(valid_from=datetime(2026, 1, 1, 8, tzinfo=BEIJING)).canonical()
    assert body["valid_from"] == "2026-01-01T00:00:00+00:00"
    assert body["revoked_at"] is None


@pytest.mark.parametrize("spoil", ["missing", "unknown"])
def test_a_form_of_another_version_is_refused_by_name(spoil):
    body = plain_grant().canonical()
    if spoil == "missing":
        del body["minimum"]
        name = "minimum"
    else:
        body["geofence"] = "33"
        name = "geofence"
    with pytest.raises(Invalid, match=name) as refusal:
        Grant.from_canonical(body)
    assert refusal.value.code == "unknown_grant_form"


def test_a_grant_has_no_defaults_but_that_it_is_not_revoked():
    with pytest.raises(TypeError, match="max_rows"):
        Grant(**{k: v for k, v in _values(plain_grant()).items() if k != "max_rows"})
    assert plain_grant().revoked_at is None


def test_the_grant_ends_at_the_earlier_of_period_and_revocation():
    assert plain_grant().ends == plain_grant().valid_until
    assert plain_grant(revoked_at=START).ends == START
    assert plain_grant(revoked_at=START + timedelta(days=999)).ends == plain_grant().valid_until


@pytest.mark.parametrize(
    ("per", "at", "key"),
    [
        ("total", datetime(2026, 6, 1, tzinfo=UTC), "total"),
        ("day", datetime(2026, 5, 31, 15, 59, 59, tzinfo=UTC), "2026-05-31"),
        ("day", datetime(2026, 5, 31, 16, tzinfo=UTC), "2026-06-01"),
        ("month", datetime(2026, 5, 31, 15, 59, 59, tzinfo=UTC), "2026-05"),
        ("month", datetime(2026, 5, 31, 16, tzinfo=UTC), "2026-06"),
    ],
)
def test_quota_periods_are_those_of_beijing(per, at, key):
    assert Quota(1, per).period(at) == key


@pytest.mark.parametrize("per", ["total", "day", "month"])
def test_touched_periods_are_counted_like_walking_through_them(per):
    random = Random(7)
    for _ in range(100):
        start = START + timedelta(minutes=random.randrange(60 * 24 * 60))
        end = start + timedelta(minutes=random.randrange(1, 60 * 24 * 90))
        walked, at = set(), start
        while at < end:
            walked.add(Quota(1, per).period(at))
            at += timedelta(hours=2)
        walked.add(Quota(1, per).period(end - timedelta(microseconds=1)))
        assert periods_touched(per, start, end) == len(walked)


def test_a_period_that_ends_at_midnight_does_not_touch_the_next_day():
    midnight = datetime(2026, 6, 1, tzinfo=BEIJING)
    assert periods_touched("day", midnight - timedelta(days=2), midnight) == 2
    assert periods_touched("month", midnight - timedelta(days=2), midnight) == 1
    assert periods_touched("day", midnight, midnight + timedelta(microseconds=1)) == 1


def _values(grant):
    return {spec.name: getattr(grant, spec.name) for spec in fields(Grant)}
