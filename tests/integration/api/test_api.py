"""The REST API: one success, one denial and one invalid call for each kind of endpoint."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from gongshu_server.accounts import actions as accounts
from gongshu_server.api import answers, steps
from gongshu_server.api.api import api
from gongshu_server.catalogue.models import Resource
from gongshu_server.journal import clock
from gongshu_server.journal.models import Entry
from gongshu_server.journeys.actions import ACTIONS
from integration.api.clients import key
from integration.city import City

pytestmark = pytest.mark.django_db(transaction=True)
ENTRY = {
    "title": "水库水情",
    "table": "水库水情",
    "summary": "每小时水位",
    "items": ["水库名称", "水位"],
    "update_cycle": "每小时",
}


class Caller:
    """A client that calls with one key."""

    def __init__(self, clear: str) -> None:
        self._client = Client()
        self._headers = {"Authorization": f"Bearer {clear}"} if clear else {}

    def get(self, path: str) -> Any:
        return self._client.get(f"/api/v1{path}", headers=self._headers)

    def act(self, name: str, **body: Any) -> Any:
        return self._client.post(
            f"/api/v1/actions/{name.replace('.', '/')}",
            data=json.dumps(body),
            content_type="application/json",
            headers=self._headers,
        )


def test_an_action_over_http_is_the_action(city: City) -> None:
    water = Caller(key(city, "water"))
    filed = water.act("catalogue.file_resource", entry=ENTRY, authority=city.org("bureau"))
    assert filed.status_code == 200, filed.content
    row = Resource.objects.get(pk=filed.json()["id"])
    assert (row.title, row.state, row.provider_id) == ("水库水情", "filed", city.org("water"))
    person, _ = city.cast.people["water", "handler"]
    assert Entry.objects.filter(event="catalogue.filed", actor__contains=person).exists()


def test_who_i_am(city: City) -> None:
    said = Caller(key(city, "audit", "auditor")).get("/me").json()
    assert said["organisation"] == city.org("audit")
    assert said["roles"] == ["audit_office"]


@pytest.mark.parametrize("clear", ["", "gs_unknown", "not a key"])
def test_without_a_good_key_there_is_one_answer(city: City, clear: str) -> None:
    reply = Caller(clear).get("/cases")
    assert reply.status_code == 401
    assert reply["Content-Type"] == "application/problem+json"
    assert reply.json() == Caller("gs_other").get("/resources").json()


def test_an_expired_key_a_revoked_key_and_a_product_key_open_nothing(city: City) -> None:
    expired = key(city, "water", expires_at=city.at + timedelta(minutes=5))
    bound = key(city, "water", product_id="01PRODUCT")
    made = accounts.issue_key(label="撤销", by=city.actor("water"), at=city.later())
    accounts.revoke_key(key_id=made.id, by=city.actor("water"), at=city.later())
    for clear in (expired, bound, made.clear):
        assert Caller(clear).get("/me").status_code == 401


def test_a_refusal_carries_code_sentence_and_clause(city: City) -> None:
    insurer = Caller(key(city, "insurer"))
    refused = insurer.act("catalogue.file_resource", entry=ENTRY, authority=city.org("bureau"))
    body = refused.json()
    assert refused.status_code == 403
    assert refused["Content-Type"] == "application/problem+json"
    assert (body["code"], body["clause"]) == ("not_permitted", "809-13")
    assert "报送目录" in body["detail"]
    assert Entry.objects.filter(event="denied", outcome="refused").exists()


def test_what_is_missing_is_named_and_what_was_sent_is_not_repeated(city: City) -> None:
    secret = "11010519491231002X"
    reply = Caller(key(city, "water")).act("catalogue.file_resource", entry={"title": secret})
    assert reply.status_code == 422
    assert "entry.table" in reply.content.decode()
    assert secret not in reply.content.decode()


def test_another_organisations_objects_are_not_found(city: City) -> None:
    water, stranger = Caller(key(city, "water")), Caller(key(city, "insurer"))
    filed = water.act("catalogue.file_resource", entry=ENTRY, authority=city.org("bureau")).json()
    unknown = stranger.get("/resources/01NOTHING")
    foreign = stranger.get(f"/resources/{filed['id']}")
    assert (foreign.status_code, foreign.json()) == (unknown.status_code, unknown.json())
    assert foreign.status_code == 404
    assert stranger.get(f"/cases/{filed['case']}").status_code == 404
    assert stranger.get("/cases").json()["items"] == []


def test_a_case_tells_what_comes_next_and_on_which_clause(city: City) -> None:
    water = Caller(key(city, "water"))
    filed = water.act("catalogue.file_resource", entry=ENTRY, authority=city.org("bureau")).json()
    case = water.get(f"/cases/{filed['case']}").json()
    assert [step["transition"] for step in case["timeline"]] == ["file"]
    review = next(s for s in case["steps"] if s["transition"] == "record_secrecy_review")
    assert review["action"] == "catalogue.record_secrecy_review"
    assert review["clause"] == "opinions-12.8"


def test_no_request_sets_a_time(city: City) -> None:
    before = clock.now()
    water = Caller(key(city, "water"))
    reply = water.act(
        "catalogue.file_resource",
        entry=ENTRY,
        authority=city.org("bureau"),
        at="2001-01-01T00:00:00Z",
        by="node",
    )
    row = Resource.objects.get(pk=reply.json()["id"])
    assert row.created_at >= before
    assert row.provider_id == city.org("water")


def test_every_step_of_every_procedure_has_its_endpoint() -> None:
    paths = api().get_openapi_schema()["paths"]
    offered = {path.removeprefix("/api/v1/actions/").replace("/", ".") for path in paths}
    missing = {*ACTIONS.values()} - steps.INTERNAL - offered
    assert not missing


def test_nothing_that_is_hidden_is_shown(city: City) -> None:
    water = Caller(key(city, "water"))
    filed = water.act("catalogue.file_resource", entry=ENTRY, authority=city.org("bureau")).json()
    case = water.get(f"/cases/{filed['case']}").content.decode()
    for name in answers.HIDDEN:
        assert f'"{name}"' not in case


def test_the_public_reads_without_a_key(city: City) -> None:
    anybody = Caller("")
    assert anybody.get("/disclosure").json()["products"] == []
    assert len(anybody.get("/clauses").json()) > 100
    unknown = anybody.get("/registrations/by-code/none")
    assert unknown.status_code == 404
    assert unknown.json()["clause"] == "26-13"


def test_what_the_machine_found_is_shown_to_the_provider_alone(city: City) -> None:
    clear = {code: key(city, code) for code in ("water", "bureau")}
    water, bureau = Caller(clear["water"]), Caller(clear["bureau"])
    filed = water.act("catalogue.file_resource", entry=ENTRY, authority=city.org("bureau")).json()
    own = water.get(f"/resources/{filed['id']}").json()
    foreign = bureau.get(f"/resources/{filed['id']}").json()
    assert all(item["proposal"] is not None for item in own["items"])
    assert not any(item["proposal"] for item in foreign["items"])
