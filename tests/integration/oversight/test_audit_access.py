"""Audit access: content only under an acknowledged, unexpired case; each view is in the journal."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from gongshu.lake import write_snapshot
from gongshu.vocabulary.errors import Conflict, Invalid, NotFound, NotPermitted
from gongshu_server.cases.models import Case
from gongshu_server.catalogue.models import Resource, Snapshot
from gongshu_server.journal.models import Entry
from gongshu_server.oversight import actions, audit_access
from gongshu_server.oversight.audit_access import Application
from gongshu_server.oversight.disclosure import disclosure
from gongshu_server.oversight.models import AuditAccess
from gongshu_server.usage.models import GrantRow
from integration.city import ITEMS, City, details, events, papers, published, refused

pytestmark = pytest.mark.django_db(transaction=True)
MONTH = timedelta(days=30)


def application(city: City, resource: Resource, **changes: Any) -> Application:
    said = {"items": ITEMS[:1], "reason": "专项审计", "until": city.at + MONTH}
    return Application(resource_id=resource.pk, **said | changes)


def applied(city: City, resource: Resource | None = None, **changes: Any) -> AuditAccess:
    resource = resource or published(city)
    row: AuditAccess = city.do(
        actions.apply_for_audit_access,
        "audit/auditor",
        application=application(city, resource, **changes),
        papers=papers("audit_notice"),
    )
    return row


def opened(city: City, **changes: Any) -> AuditAccess:
    row = applied(city, **changes)
    city.do(actions.acknowledge_audit_access, "emergency/head", access_id=row.pk)
    return row


@pytest.fixture
def rows(city: City, settings: Any, tmp_path: Path) -> list[str]:
    """Give the next published resource a table of 250 rows in a lake of its own."""
    settings.HOME = tmp_path
    return [f"许可{n:03}" for n in range(250)]


def filled(row: AuditAccess, rows: list[str], home: Path) -> None:
    names = dict.fromkeys(ITEMS, rows)
    table = pa.table(names)
    place = home / "lake" / "audit"
    place.parent.mkdir()
    write_snapshot(place, table.to_reader(), resource=row.resource_id, salt=bytes(32))
    Snapshot.objects.filter(resource_id=row.resource_id).update(location="audit", version=0)


def view(city: City, row: AuditAccess, by: str = "audit/auditor", **said: Any) -> Any:
    columns = said.pop("columns", ITEMS[:1])
    return audit_access.view(row.pk, columns=columns, by=city.who(by), at=city.later(), **said)


def test_content_is_read_in_parts_and_each_is_recorded(
    city: City, rows: list[str], tmp_path: Path
) -> None:
    row = opened(city)
    filled(row, rows, tmp_path)
    read: list[str] = []
    for start in (0, 100, 200, 300):
        part = view(city, row, start=start)
        read += [line[0] for line in part.rows]
    assert read == rows
    views = events("audit.viewed")
    assert [details(one)["start"] for one in views] == [0, 100, 200, 300]
    assert {one.clause for one in views} == {"opinions-17.2"}
    assert len(events("use.allowed")) == 4


def test_an_acknowledged_access_is_a_grant_and_no_disclosure(city: City) -> None:
    row = opened(city)
    (grant,) = GrantRow.objects.filter(case=row.case)
    assert (grant.grantee, grant.giver) == (city.org("audit"), city.org("emergency"))
    lines = disclosure(at=city.later()).authorisations
    assert grant.pk not in {line.grant for line in lines}


def test_without_an_open_access_there_is_no_content(city: City) -> None:
    row = applied(city)
    with pytest.raises(Conflict, match="已确认、未到期"):
        view(city, row)
    city.do(actions.acknowledge_audit_access, "emergency/head", access_id=row.pk)
    with pytest.raises(NotPermitted) as beyond:
        view(city, row, columns=ITEMS)
    assert beyond.value.code == "out_of_scope"
    for by, kind in (("emergency/head", NotPermitted), ("water", NotPermitted)):
        with pytest.raises(kind):
            view(city, row, by=by)
    with pytest.raises(NotFound):
        audit_access.view("0" * 26, columns=ITEMS, by=city.who("audit/auditor"), at=city.later())
    with pytest.raises(Invalid):
        view(city, row, columns=())
    assert not events("audit.viewed")
    denied = [e for e in Entry.objects.filter(event="denied") if "record_view" in (e.body or "")]
    assert len(denied) == 5


def test_an_access_ends_with_its_period_or_by_its_auditor(city: City) -> None:
    one, two = opened(city), opened(city, resource=published(city))
    city.do(actions.close_audit_access, "audit/auditor", access_id=two.pk)
    refused(city, actions.expire_audit_access, "node", "not_expired", access_id=one.pk)
    assert audit_access.expire_all(at=city.later()) == 0
    city.later(days=30)
    with pytest.raises(NotPermitted) as over:
        view(city, one)
    assert over.value.code == "out_of_scope"
    assert audit_access.expire_all(at=city.later()) == 1
    states = set(Case.objects.filter(procedure="audit_access").values_list("state", flat=True))
    assert states == {"closed"}
    assert not GrantRow.objects.filter(case__in=(one.case, two.case), revoked_at=None).exists()
    for row in (one, two):
        with pytest.raises(Conflict):
            view(city, row)


def test_the_audited_unit_or_the_authority_acknowledges_and_nobody_else(city: City) -> None:
    row = applied(city)
    said = {"access_id": row.pk}
    do = actions.acknowledge_audit_access
    refused(city, do, "audit/auditor", "not_the_unit", **said)
    refused(city, do, "emergency", "not_permitted", **said)
    refused(city, do, "water/head", "access_not_found", **said)
    city.do(do, "bureau/head", **said)
    assert Case.objects.get(pk=row.case).state == "open"
    refused(city, do, "emergency/head", "invalid_transition", **said)


def test_an_office_does_not_acknowledge_its_own_application(city: City) -> None:
    """Not even one that is the data authority as well."""
    row = applied(city)
    AuditAccess.objects.filter(pk=row.pk).update(auditor_id=city.org("bureau"))
    said = {"access_id": row.pk}
    refused(city, actions.acknowledge_audit_access, "bureau/head", "own_application", **said)


def test_what_goes_too_far_is_returned_and_put_forward_again(city: City) -> None:
    row = applied(city, items=ITEMS)
    said = {"access_id": row.pk}
    refused(city, actions.return_audit_access, "emergency/head", "incomplete", reason="", **said)
    city.do(actions.return_audit_access, "emergency/head", reason="超出通知书范围", **said)
    narrower = application(city, row.resource)
    other = application(city, published(city))
    again = actions.reapply_for_audit_access
    refused(city, again, "audit/auditor", "other_resource", application=other, **said)
    refused(city, again, "bureau", "not_permitted", application=narrower, **said)
    city.do(again, "audit/auditor", application=narrower, **said)
    row.refresh_from_db()
    assert row.items == [ITEMS[0]]
    said["reason"] = "本次审计不再需要"
    city.do(actions.withdraw_audit_access, "audit/auditor", **said)
    refused(city, actions.withdraw_audit_access, "audit/auditor", "invalid_transition", **said)


def test_a_period_that_is_over_is_not_acknowledged(city: City) -> None:
    row = applied(city)
    city.later(days=31)
    said = {"access_id": row.pk}
    refused(city, actions.acknowledge_audit_access, "emergency/head", "period_ended", **said)


def test_applications_that_are_refused(city: City) -> None:
    resource = published(city)
    apply = actions.apply_for_audit_access
    notice = papers("audit_notice")

    def attempt(by: str, code: str, papers: Any = notice, **changes: Any) -> None:
        asked = application(city, resource, **changes)
        refused(city, apply, by, code, application=asked, papers=papers)

    attempt("bureau/head", "not_permitted")
    attempt("audit/auditor", "incomplete", papers=[])
    attempt("audit/auditor", "incomplete", reason=" ")
    attempt("audit/auditor", "invalid_access", items=())
    attempt("audit/auditor", "invalid_access", items=("没有的列",))
    attempt("audit/auditor", "invalid_access", until=city.at)
    refused(city, actions.close_audit_access, "bureau/head", "not_permitted", access_id="x")
