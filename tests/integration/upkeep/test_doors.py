"""Health and numbers: true to the node's condition, for those who may watch, and without names."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from gongshu_server import counters
from gongshu_server.accounts import actions as accounts
from gongshu_server.accounts.actors import node
from gongshu_server.accounts.models import Organisation, Person
from gongshu_server.journal import clock, leases
from gongshu_server.journal.models import Entry, Head
from gongshu_server.upkeep.condition import condition
from gongshu_server.usage.models import Alarm
from integration.city import City

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def served() -> Iterator[None]:
    """Let a worker and a serving process be there."""
    leases.take("worker:x", holder="x", at=datetime.now(UTC), seconds=60)
    mine = counters.Counters(Path(settings.HOME))
    mine.confirm()
    yield
    mine.close()


def checks() -> dict[str, bool]:
    reply = Client().get("/readyz")
    said = reply.json()
    assert reply.status_code == (200 if said["ready"] else 503)
    assert said["ready"] == all(said["checks"].values())
    checked: dict[str, bool] = said["checks"]
    return checked


def numbers(**headers: Any) -> dict[tuple[str, tuple[str, ...]], float]:
    reply = Client().get("/metrics", headers=headers)
    assert reply.status_code == 200
    return {
        (sample.name, tuple(sorted(sample.labels.values()))): sample.value
        for family in text_string_to_metric_families(reply.content.decode())
        for sample in family.samples
    }


def test_a_process_that_lives_says_so_whatever_else_is_wrong() -> None:
    assert Client().get("/healthz").content == b"ok\n"


def test_a_node_that_serves_is_ready(city: City, served: None) -> None:
    Entry.objects.filter(index__isnull=True).update(at=clock.now())
    assert checks() == dict.fromkeys(("database", "sealer", "worker", "disk", "serving"), True)


def test_without_processes_it_is_not_ready(city: City) -> None:
    found = checks()
    assert (found["worker"], found["serving"], found["database"]) == (False, False, True)


def test_a_sealer_that_has_stopped_is_seen(city: City, served: None) -> None:
    machine = datetime.now(UTC)
    Entry.objects.update(index=None)
    late = condition(at=clock.now() + timedelta(days=400), machine=machine)
    assert {check.code for check in late.checks if not check.ok} == {"sealer"}


def test_a_process_that_cannot_confirm_its_grants_is_seen(city: City) -> None:
    mine = counters.Counters(Path(settings.HOME))
    mine._numbers[counters._PLACE[counters.CONFIRMED]] = 1  # When the machine started.
    assert checks()["serving"] is False
    mine.close()


def test_a_full_disk_is_seen(city: City, settings: Any) -> None:
    settings.LEAST_FREE_MIB = 1 << 40
    assert checks()["disk"] is False


def test_a_database_that_does_not_answer_is_seen(
    city: City, served: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise OperationalError("password=secret host=db.internal")

    monkeypatch.setattr(connection, "cursor", refused)
    reply = Client().get("/readyz")
    assert reply.status_code == 503
    assert reply.json()["checks"] == {"database": False, "disk": True, "serving": True}
    assert b"secret" not in reply.content


def test_the_numbers_are_those_of_the_node(city: City, served: None) -> None:
    Alarm.objects.create(kind="x", object_id="y", sentence="z", raised_at=clock.now())
    before = numbers()
    mine = counters.Counters(Path(settings.HOME))
    mine.call("dataset", 429, 0.2)
    mine.event("job_failed")
    mine.close()
    Client().get("/api/v1/nothing")
    found = numbers()
    assert found["gongshu_alarms_open", ()] == 1
    assert found["gongshu_entries", ()] == Head.objects.get(pk=1).sequence
    assert found["gongshu_workers", ()] == 1
    for key in (
        ("gongshu_calls_total", ("dataset", "quota")),
        ("gongshu_worker_failures_total", ("job_failed",)),
        ("gongshu_request_seconds_bucket", ("+Inf", "product")),
        ("gongshu_request_seconds_count", ("product",)),
    ):
        assert found[key] == before[key] + 1
    assert found["gongshu_request_seconds_count", ("upkeep",)] > 0


def test_no_number_names_a_party_a_person_or_a_product(city: City, served: None) -> None:
    text = Client().get("/metrics").content.decode()
    rows = [*Organisation.objects.all(), *Person.objects.all()]
    assert rows
    for row in rows:
        assert row.pk not in text
        assert row.name not in text


def bearer(city: City, duties: tuple[str, ...], roles: tuple[str, ...]) -> str:
    at = clock.now()
    body = accounts.found(name="监看单位", short_name="监看", roles=roles, by=node(), at=at)
    post = accounts.appoint(
        organisation_id=body.pk, title="岗", duties=duties, person_name="某", by=node(), at=at
    )
    key = accounts.issue_key(
        label="监看", person_id=post.person_id, post_id=post.post_id, by=node(), at=at
    )
    return f"Bearer {key.clear}"


def test_this_machine_may_read_the_numbers_and_what_came_through_a_proxy_may_not(
    city: City, settings: Any
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    assert Client().get("/metrics").status_code == 200
    for name in ("X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via"):
        assert Client().get("/metrics", headers={name: "127.0.0.1"}).status_code == 404
    for address in ("10.0.0.7", "", "not an address"):
        assert Client(REMOTE_ADDR=address).get("/metrics").status_code == 404
    assert Client(REMOTE_ADDR="::1").get("/metrics").status_code == 200


@pytest.mark.parametrize(
    ("mode", "local", "key"), [("local", 200, 200), ("key", 404, 200), ("off", 404, 404)]
)
def test_the_setting_says_who_may_read_them(
    city: City, settings: Any, mode: str, local: int, key: int
) -> None:
    settings.METRICS = mode
    held = bearer(city, ("system_admin",), ("data_authority",))
    assert Client().get("/metrics").status_code == local
    far = Client(REMOTE_ADDR="10.0.0.7")
    assert far.get("/metrics", headers={"Authorization": held}).status_code == key


@pytest.mark.parametrize(
    ("duties", "roles"), [(("head",), ("data_authority",)), (("system_admin",), ("operator",))]
)
def test_another_ones_key_reads_nothing(
    city: City, duties: tuple[str, ...], roles: tuple[str, ...]
) -> None:
    far = Client(REMOTE_ADDR="10.0.0.7")
    for held in (bearer(city, duties, roles), "Bearer gs_wrong", "Basic eDp5", "Bearer"):
        assert far.get("/metrics", headers={"Authorization": held}).status_code == 404


def test_a_bank_that_is_locked_or_broken_leaves_its_numbers_out(city: City) -> None:
    bank = Path(settings.HOME) / "quota.sqlite"
    bank.write_bytes(b"not a database, " * 300)
    try:
        assert ("gongshu_quota_blocks", ()) not in numbers()
    finally:
        bank.unlink()
    with sqlite3.connect(bank) as made:
        made.execute("create table reserved (owner, counter, amount)")
        made.execute("insert into reserved values ('o', 'c', 41)")
    made.close()
    try:
        assert numbers()["gongshu_quota_units_reserved", ()] == 41
    finally:
        bank.unlink()
