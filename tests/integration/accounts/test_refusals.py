"""Refusals that no action records are counted, and a flood of them stays small."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.test import Client

from gongshu.vocabulary.errors import NotPermitted
from gongshu_server.accounts import actions as accounts
from gongshu_server.accounts import refusals
from gongshu_server.accounts.actors import node
from gongshu_server.api import problems
from gongshu_server.catalogue.models import Resource
from gongshu_server.journal.models import Entry
from integration.city import City, filed

pytestmark = pytest.mark.django_db(transaction=True)
GUESS = "gs_geheimes-stueck-eines-fremden"


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> Path:
    """Give each test a node's folder of its own."""
    settings.HOME = tmp_path
    return tmp_path


def recorded(at: datetime) -> int:
    return refusals.record_refusals(by=node(), at=at)


def lines() -> dict[tuple[str, str], int]:
    """Return all that the ledger's entries say: (who, code) -> times."""
    said: dict[tuple[str, str], int] = {}
    for entry in Entry.objects.filter(event=refusals.EVENT):
        for line in json.loads(entry.body or "{}")["details"]["refused"]:
            key = line["who"], line["code"]
            said[key] = said.get(key, 0) + line["times"]
    return said


def get(path: str, clear: str) -> Any:
    return Client().get(f"/api/v1{path}", headers={"Authorization": f"Bearer {clear}"})


def key(city: City, *scopes: str) -> str:
    by = city.actor("water")
    return accounts.issue_key(label="测试", scopes=scopes, by=by, at=city.later()).clear


def test_refused_reads_and_unknown_keys_reach_the_ledger(city: City) -> None:
    hidden = filed(city, "emergency")
    clear, acting = key(city, "all"), key(city, "catalogue")
    now = city.later()
    with patch.object(problems.clock, "now", return_value=now):
        for _ in range(3):
            assert get(f"/resources/{hidden.pk}", clear).status_code == 404
            assert get("/me", GUESS).status_code == 401
        assert get("/resources", acting).status_code == 403
    assert recorded(now + timedelta(minutes=2)) == 1
    who = city.actor("water").text_id
    told = lines()
    assert told[refusals.STRANGER, "unauthenticated"] == 3
    assert told[who, "scope_missing"] == 1
    assert sum(times for (name, _), times in told.items() if name == who) == 4
    body = Entry.objects.get(event=refusals.EVENT).body or ""
    assert hidden.pk not in body
    assert GUESS not in body
    assert "/resources" not in body


def test_a_refused_action_is_recorded_once_by_itself(city: City) -> None:
    clear = key(city, "all")
    counted = Client().post(
        "/api/v1/actions/catalogue/withdraw",
        data=json.dumps({"resource_id": "0" * 26, "reason": "重复"}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {clear}"},
    )
    assert counted.status_code == 404
    assert Entry.objects.filter(event="denied").count() == 1
    assert recorded(datetime.now(UTC) + timedelta(minutes=9)) == 0


def test_what_is_allowed_is_not_counted(city: City) -> None:
    assert get("/me", key(city, "all")).status_code == 200
    assert recorded(datetime.now(UTC) + timedelta(minutes=9)) == 0


@pytest.mark.usefixtures("city")
def test_a_flood_is_one_entry_of_bounded_size_and_its_extent_is_told(city: City) -> None:
    at = city.later()
    for number in range(600):
        refusals.count(None, f"code_{number}", at=at)
        refusals.count(None, "unauthenticated", at=at)
    assert recorded(at + timedelta(minutes=2)) == 1
    entry = Entry.objects.get(event=refusals.EVENT)
    told = lines()
    assert sum(told.values()) == 1_200
    assert len(told) == refusals.MOST_LINES + 1
    assert told[refusals.STRANGER, "unauthenticated"] == 600
    assert told[refusals.OTHERS] == 600 - (refusals.MOST_LINES - 1)
    assert len(entry.body or "") < 20_000


def test_several_at_once_are_counted_as_many(city: City) -> None:
    for times in (3, 4):
        refusals.count(None, "no_key_for_product", at=city.at, times=times)
    recorded(city.at + timedelta(minutes=3))
    assert lines() == {("stranger", "no_key_for_product"): 7}


def test_without_a_worker_the_file_stays_small(city: City, home: Path) -> None:
    at = city.later()
    for minute in range(2 * refusals.MOST_MINUTES):
        refusals.count(None, "unauthenticated", at=at + timedelta(minutes=minute))
    with closing(sqlite3.connect(home / "refusals.sqlite3")) as counts:
        kept = counts.execute("select count(distinct minute), sum(times) from refused").fetchone()
    assert kept == (refusals.MOST_MINUTES, 2 * refusals.MOST_MINUTES)


def test_each_minute_is_recorded_once_and_then_forgotten(city: City, home: Path) -> None:
    at = city.later()
    refusals.count(None, "unauthenticated", at=at)
    assert recorded(at) == recorded(at + timedelta(minutes=1)) == 0
    assert recorded(at + timedelta(minutes=2)) == 1
    assert recorded(at + timedelta(minutes=3)) == 0
    assert lines() == {(refusals.STRANGER, "unauthenticated"): 1}
    with closing(sqlite3.connect(home / "refusals.sqlite3")) as counts:
        assert counts.execute("select count(*) from refused").fetchone() == (0,)


def test_counts_outlive_a_crash_before_their_entry(city: City) -> None:
    at = city.later()
    refusals.count(None, "unauthenticated", at=at)
    with (
        patch.object(refusals, "_forget", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        recorded(at + timedelta(minutes=2))
    assert not lines()
    assert recorded(at + timedelta(minutes=3)) == 1


def test_only_the_platform_records_them(city: City) -> None:
    with pytest.raises(NotPermitted):
        city.do(refusals.record_refusals, "bureau/head")


def test_a_disk_that_refuses_is_said_and_the_caller_refused(
    city: City, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (home / "refusals.sqlite3").mkdir()
    assert get("/me", GUESS).status_code == 401
    assert "a refusal was not counted" in caplog.text
    assert not Resource.objects.exists()
