"""A row edited under the ledger has no effect, and is alarmed once (S12)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet

from gongshu.ledger.canonical import canonical
from gongshu.vocabulary.errors import DomainError, Unavailable
from gongshu_server.commands.periodic import PERIODIC
from gongshu_server.journal.models import Entry
from gongshu_server.usage import actions, queries
from gongshu_server.usage.models import Alarm, GrantRow
from integration.city import City, refused
from integration.usage.conftest import Granting


@pytest.fixture
def row(granting: Granting) -> GrantRow:
    """Return a grant of the developer on the resource."""
    outer = granting.ceiling()
    granting.issue(outer)
    return granting.issue(granting.under(outer))


def edited(row: GrantRow, **columns: Any) -> None:
    """Edit the row as somebody with the database's password does."""
    for column, value in columns.items():
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE usage_grantrow SET {connection.ops.quote_name(column)} = %s WHERE id = %s",
                [value, row.pk],
            )


def body(row: GrantRow, **changes: Any) -> str:
    """Return the row's canonical body with some limits changed, well-formed in every way."""
    return canonical(json.loads(row.body) | changes).decode()


def found(city: City, row: GrantRow, grantee: str = "") -> tuple[set[str], set[str]]:
    """Return whether each of the two indexes holds the grant."""
    parties, objects = {grantee or row.grantee}, {row.object}
    narrow = queries.index_for(parties, objects, at=city.at)
    return (
        {g.id for g in narrow} & {row.pk},
        {g.id for g in queries.full_index(at=city.at)} & {row.pk},
    )


EDITS: dict[str, Any] = {
    "quota": lambda row: {"body": body(row, quota={"amount": 10**9, "per": "total"})},
    "items": lambda row: {"body": body(row, items=["许可状态", "法定代表人"])},
    "end": lambda row: {"body": body(row, valid_until="2999-01-01T00:00:00+00:00")},
    "object": lambda row: {
        "object": "resource:other",
        "body": body(row, object="resource:other"),
    },
    "case": lambda row: {"case": "other"},
    "parent": lambda row: {"parent": ""},
    "spacing": lambda row: {"body": row.body + " "},
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_row_has_no_effect(city: City, row: GrantRow, edit: str) -> None:
    assert found(city, row) == ({row.pk}, {row.pk})
    edited(row, **EDITS[edit](row))
    row.refresh_from_db()
    assert found(city, row) == (set(), set())
    with pytest.raises(Unavailable) as caught:
        queries.live_grant(row.pk, at=city.at)
    assert caught.value.code == "grant_tampered"


def test_it_is_alarmed_once(city: City, row: GrantRow) -> None:
    edited(row, **EDITS["quota"](row))
    row.refresh_from_db()
    for _ in range(3):
        found(city, row)
    (alarm,) = Alarm.objects.all()
    assert (alarm.kind, alarm.object_id, alarm.raised_at) == ("grant_tampered", row.pk, city.at)
    assert row.pk in alarm.sentence


def test_the_other_grants_go_on(city: City, row: GrantRow) -> None:
    edited(row, **EDITS["quota"](row))
    rest = {g.id for g in queries.full_index(at=city.at)}
    assert rest == set(GrantRow.objects.exclude(pk=row.pk).values_list("pk", flat=True))


def test_nobody_takes_over_a_grant(city: City, row: GrantRow) -> None:
    insurer = city.org("insurer")
    edited(row, grantee=insurer, body=body(row, grantee=insurer))
    assert found(city, row, insurer) == (set(), set())
    assert Alarm.objects.filter(object_id=row.pk).exists()


def test_a_revocation_is_not_taken_back(city: City, row: GrantRow) -> None:
    """Column and body are put back as they were: the latest entry says revoked."""
    before = row.body
    city.do(actions.revoke, "bureau", grant_id=row.pk, reason="违约")
    edited(row, revoked_at=None, body=before)
    row.refresh_from_db()
    assert row.revoked_at is None
    assert found(city, row) == (set(), set())
    assert Alarm.objects.filter(object_id=row.pk).exists()


def test_a_revoked_column_alone_does_not_matter(city: City, row: GrantRow) -> None:
    """Only the column is cleared: row and entry disagree, and the body is revoked anyhow."""
    city.do(actions.revoke, "bureau", grant_id=row.pk, reason="违约")
    edited(row, revoked_at=None)
    assert found(city, row) == (set(), set())


def test_a_row_out_of_nothing_is_no_grant(city: City, row: GrantRow) -> None:
    """No entry speaks of it."""
    GrantRow.objects.create(
        id="0" * 26,
        grantee=row.grantee,
        giver=row.giver,
        object=row.object,
        body=body(row, id="0" * 26),
        case=row.case,
        parent=row.parent,
        issued_at=row.issued_at,
    )
    assert "0" * 26 not in {g.id for g in queries.full_index(at=city.at)}
    assert Alarm.objects.filter(object_id="0" * 26).exists()


def entries(row: GrantRow) -> QuerySet[Entry]:
    """Return the grant's entries."""
    return Entry.objects.filter(subject_kind="grant", subject_id=row.pk)


def test_an_edited_entry_does_not_help(city: City, row: GrantRow) -> None:
    """Row and entry agree again, but the entry's commitment is another one."""
    wide = json.loads(body(row, quota={"amount": 10**9, "per": "total"}))
    (entry,) = entries(row)
    said = json.loads(entry.body or "")
    said["details"]["grant"] = wide
    entries(row).update(body=canonical(said).decode())
    edited(row, body=canonical(wide).decode())
    assert found(city, row) == (set(), set())
    assert Alarm.objects.filter(object_id=row.pk).exists()


def test_an_erased_entry_is_no_proof(city: City, row: GrantRow) -> None:
    entries(row).update(body=None, salt=None)
    assert found(city, row) == (set(), set())


def test_an_edited_row_can_still_be_revoked(city: City, row: GrantRow) -> None:
    """What the journal says is revoked; an edit does not keep a grant from ending."""
    edited(row, body=body(row, quota=None), revoked_at=None)
    city.do(actions.revoke, "bureau", grant_id=row.pk, reason="被篡改")
    grant = queries.live_grant(row.pk, at=city.at)
    assert grant.quota is not None
    assert grant.ends == city.at


def test_nothing_is_issued_under_an_edited_ceiling(city: City, granting: Granting) -> None:
    outer = granting.ceiling()
    row = granting.issue(outer)
    edited(row, body=body(row, items=["统一社会信用代码", "许可状态", "法定代表人"]))
    wide = granting.under(outer, items=frozenset({"法定代表人"}))
    error: DomainError = refused(
        city, actions.issue, "bureau/head", "grant_tampered", grant=wide, giver=city.org("bureau")
    )
    assert isinstance(error, Unavailable)


def test_the_worker_looks_by_itself_within_a_minute(city: City, row: GrantRow) -> None:
    """Nobody has to ask for the grant: what was edited is alarmed at the worker's next look."""
    (look,) = [each for each in PERIODIC if each.code == "verify_grants"]
    assert look.seconds <= 60
    look.work()
    assert not Alarm.objects.exists()
    edited(row, **EDITS["quota"](row))
    look.work()
    assert Alarm.objects.get().object_id == row.pk
