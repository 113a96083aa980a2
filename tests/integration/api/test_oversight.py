"""Oversight over HTTP: complaints, audit accesses, limits, alarms; each with its denials."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gongshu_server.accounts import actions as accounts
from gongshu_server.journal import clock
from gongshu_server.journal.models import Entry
from gongshu_server.oversight import actions
from gongshu_server.oversight.models import Complaint
from gongshu_server.usage.compilation import raise_alarm
from gongshu_server.usage.models import Alarm
from integration.api.clients import key
from integration.api.test_api import Caller
from integration.city import ITEMS, City, details, events, submitted
from integration.oversight.test_audit_access import MONTH, applied, filled, opened
from integration.oversight.test_complaints import lodged

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rows(settings: Any, tmp_path: Path) -> list[str]:
    """Return the rows that `filled` writes into a lake of the test's own."""
    settings.HOME = tmp_path
    return [f"许可{n:03}" for n in range(250)]


def caller(city: City, code: str, duty: str = "handler", **options: Any) -> Caller:
    """Return who calls with a fresh key of that duty."""
    return Caller(key(city, code, duty, **options))


def ids(reply: Any) -> list[str]:
    """Return the ids of a page's rows."""
    assert reply.status_code == 200, reply.content
    return [row["id"] for row in reply.json()["items"]]


def test_a_complaint_is_for_its_handling_body_and_names_nobody(city: City) -> None:
    lodged(city)
    row = Complaint.objects.get()
    seen = caller(city, "bureau").get(f"/complaints/{row.pk}")
    said = seen.json()
    assert (said["statement"], said["state_zh"], said["own"]) == (row.statement, "已提出", False)
    assert not {"contact", "complainant", "complainant_person", "digest"} & set(said)
    assert seen["ETag"]
    assert ids(caller(city, "bureau").get("/complaints")) == [row.pk]
    assert ids(caller(city, "operator").get("/complaints")) == []
    assert caller(city, "operator").get(f"/complaints/{row.pk}").status_code == 404
    assert Caller("").get("/complaints").status_code == 401


def test_content_is_read_under_an_open_access_alone(
    city: City, rows: list[str], tmp_path: Path
) -> None:
    """To others and beyond its items there is none; each view is recorded."""
    row = applied(city, until=clock.now() + MONTH)
    auditor = caller(city, "audit", "auditor")
    unit, authority, other = (caller(city, code) for code in ("emergency", "bureau", "water"))
    path = f"/audit-accesses/{row.pk}"
    assert auditor.get(path).json()["state"] == "applied"
    city.do(actions.acknowledge_audit_access, "emergency/head", access_id=row.pk)
    filled(row, rows, tmp_path)
    part = auditor.get(f"{path}/content?columns={ITEMS[0]}&start=200").json()
    assert [line[0] for line in part["rows"]] == rows[200:]
    (view,) = events("audit.viewed")
    assert details(view)["start"] == 200
    beyond = auditor.get(f"{path}/content?columns={ITEMS[1]}")
    assert (beyond.status_code, beyond.json()["code"]) == (403, "out_of_scope")
    for one in (unit, authority, other):
        assert one.get(f"{path}/content?columns={ITEMS[0]}").status_code == 403
    assert auditor.get(f"{path}/content?columns={ITEMS[0]}&start=-1").status_code == 422
    assert len(events("audit.viewed")) == 1
    assert auditor.get(f"{path}/content").json()["columns"] == [ITEMS[0]]
    assert len(events("audit.viewed")) == 2


def test_without_an_open_access_there_is_no_content(city: City) -> None:
    """What was applied for is not given yet; the refusal is in the journal."""
    row = applied(city)
    auditor = caller(city, "audit", "auditor")
    early = auditor.get(f"/audit-accesses/{row.pk}/content?columns={ITEMS[0]}")
    assert (early.status_code, early.json()["code"]) == (409, "access_not_open")
    assert events("denied")
    assert not events("audit.viewed")


def test_a_key_for_reading_alone_views_content_too(
    city: City, rows: list[str], tmp_path: Path
) -> None:
    """To look is to read, and it is recorded; a key without that scope looks at nothing."""
    row = opened(city)
    filled(row, rows, tmp_path)
    path = f"/audit-accesses/{row.pk}/content?columns={ITEMS[0]}"
    assert caller(city, "audit", "auditor", scopes=("house",)).get(path).status_code == 403
    assert not events("audit.viewed")


def test_accesses_are_listed_for_whom_they_concern(city: City) -> None:
    row = opened(city)
    for code, duty in (("audit", "auditor"), ("emergency", "handler"), ("bureau", "handler")):
        assert ids(caller(city, code, duty).get("/audit-accesses")) == [row.pk]
    assert ids(caller(city, "water").get("/audit-accesses")) == []
    assert caller(city, "water").get(f"/audit-accesses/{row.pk}").status_code == 404


def test_the_board_is_for_supervisors(city: City) -> None:
    row = submitted(city)
    bureau, registry = caller(city, "bureau"), caller(city, "registry")
    (first,) = bureau.get("/supervision/clocks").json()["items"]
    assert (first["case"], first["limit"], first["clause"]) == (row.case, "reg.accept", "26-10")
    assert bureau.get("/supervision/clocks?light=50").json()["items"] == []
    assert bureau.get("/supervision/clocks?light=red").status_code == 422
    whole = bureau.get("/supervision").json()
    assert whole["lights"]["all"] == 1
    assert {one["code"] for one in whole["procedures"]} >= {"registration"}
    for path in ("/supervision", "/supervision/clocks"):
        refused = registry.get(path)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted")
        assert Caller("").get(path).status_code == 401


def test_an_alarm_is_closed_with_a_reason_and_stays_to_read(city: City) -> None:
    raise_alarm("grant_tampered", "G", "许可与存证不一致", at=city.later())
    (alarm,) = Alarm.objects.all()
    head, water = caller(city, "bureau", "head"), caller(city, "water")
    others = [caller(city, code) for code in ("operator", "bureau")]
    assert ids(head.get("/alarms")) == [alarm.pk]
    said = {"alarm_id": str(alarm.pk), "reason": "已查清，系演练。"}
    for one in others:
        refused = one.act("usage.close_alarm", **said)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted")
    assert head.act("usage.close_alarm", **said | {"reason": " "}).status_code == 422
    assert head.act("usage.close_alarm", **said).status_code == 200
    assert head.act("usage.close_alarm", **said).status_code == 409
    assert ids(head.get("/alarms")) == []
    assert ids(head.get("/alarms?closed=true")) == [alarm.pk]
    assert ids(water.get("/alarms?closed=true")) == []
    assert Entry.objects.filter(event="alarm.closed").count() == 1


def test_a_hand_over_waits_for_its_taker(city: City) -> None:
    giver, post = city.cast.people["water", "handler"]
    taker, _ = city.cast.people["water", "head"]
    row = city.do(
        accounts.propose_handover,
        "water",
        post_id=post,
        giver_id=giver,
        taker_id=taker,
        note="轮岗",
    )
    assert ids(caller(city, "water", "head").get("/handovers")) == [row.pk]
    assert ids(caller(city, "insurer").get("/handovers")) == []
    assert Caller("").get("/handovers").status_code == 401
