"""Writes over HTTP: `Idempotency-Key` and `If-Match`, with what each answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django_tasks_db.models import DBTaskResult

from gongshu_server.accounts.models import Key
from gongshu_server.catalogue.models import ReceivedFile, Resource
from gongshu_server.journal.models import Request
from integration.api.clients import key
from integration.api.test_api import ENTRY
from integration.city import City, reviewed

pytestmark = pytest.mark.django_db(transaction=True)
FILE = "catalogue.file_resource"


def act(clear: str, name: str, body: dict[str, Any], **headers: str) -> Any:
    headers = {k.replace("_", "-"): v for k, v in headers.items()}
    return Client().post(
        f"/api/v1/actions/{name.replace('.', '/')}",
        data=json.dumps(body),
        content_type="application/json",
        headers={"Authorization": f"Bearer {clear}"} | headers,
    )


def test_a_repeat_has_the_same_status_and_body(city: City) -> None:
    clear = key(city, "water")
    body = {"entry": ENTRY, "authority": city.org("bureau")}
    first = act(clear, FILE, body, idempotency_key="one")
    again = act(clear, FILE, body, idempotency_key="one")
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert first.status_code == 200
    assert "Idempotent-Replayed" not in first
    assert again["Idempotent-Replayed"] == "true"
    assert Resource.objects.count() == 1


def test_other_content_under_the_same_key_is_422(city: City) -> None:
    clear = key(city, "water")
    act(clear, FILE, {"entry": ENTRY, "authority": city.org("bureau")}, idempotency_key="one")
    other = {"entry": ENTRY | {"title": "另一个"}, "authority": city.org("bureau")}
    refused = act(clear, FILE, other, idempotency_key="one")
    assert (refused.status_code, refused.json()["code"]) == (422, "key_reused")
    another = act(clear, "accounts.issue_key", {"label": "甲"}, idempotency_key="one")
    assert (another.status_code, another.json()["code"]) == (422, "key_reused")
    assert Resource.objects.count() == 1


def test_a_key_shown_once_is_not_shown_again(city: City) -> None:
    clear = key(city, "water")
    first = act(clear, "accounts.issue_key", {"label": "甲"}, idempotency_key="one").json()
    again = act(clear, "accounts.issue_key", {"label": "甲"}, idempotency_key="one").json()
    assert first["clear"].startswith("gs_")
    assert (again["id"], again["clear"]) == (first["id"], "")
    assert "只在第一次答复时显示" in again["note"]
    assert first["clear"] not in Request.objects.get().answer
    assert Key.objects.filter(label="甲").count() == 1


def test_the_same_file_sent_again_is_received_once(city: City) -> None:
    clear, resource = key(city, "water"), reviewed(city, "water").pk

    def send(content: bytes) -> Any:
        return Client().post(
            f"/api/v1/resources/{resource}/files",
            {"file": SimpleUploadedFile("水情.csv", content)},
            headers={"Authorization": f"Bearer {clear}", "Idempotency-Key": "file-1"},
        )

    first, again, other = send(b"a,b\n1,2\n"), send(b"a,b\n1,2\n"), send(b"a,b\n1,3\n")
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert first.status_code == 202
    assert again["Idempotent-Replayed"] == "true"
    assert other.status_code == 422
    assert ReceivedFile.objects.count() == 1
    # The queue is told after a repeat, too; reading a file again makes no second version.
    assert DBTaskResult.objects.count() == 2


@pytest.mark.parametrize("path", ["cases/{case}", "resources/{id}"])
def test_what_was_read_can_be_acted_on_until_somebody_else_does(city: City, path: str) -> None:
    water, head = key(city, "water"), key(city, "water", "head")
    body = {"entry": ENTRY, "authority": city.org("bureau")}
    filed = act(water, FILE, body).json()
    headers = {"Authorization": f"Bearer {head}"}
    seen = Client().get(f"/api/v1/{path.format(**filed)}", headers=headers)["ETag"]
    review = {
        "resource_id": filed["id"],
        "papers": [{"kind": "secrecy_review", "title": "保密审查"}],
    }
    done = act(head, "catalogue.record_secrecy_review", review, if_match=seen)
    assert done.status_code == 200, done.content
    stop = {"resource_id": filed["id"], "reason": "涉密"}
    stale = act(head, "catalogue.stop_as_secret", stop, if_match=seen)
    assert stale.status_code == 412
    assert stale["Content-Type"] == "application/problem+json"
    assert stale.json()["code"] == "case_stale"
    assert "办件已由水务局办理到" in stale.json()["detail"]
    assert Resource.objects.get().state != "stopped"


@pytest.mark.parametrize("header", ["*", 'W/"x.y"', '"a", "b"', "bare", '""', '"'])
def test_a_malformed_tag_is_422(city: City, header: str) -> None:
    clear = key(city, "water")
    body = {"entry": ENTRY, "authority": city.org("bureau")}
    refused = act(clear, FILE, body, if_match=header)
    assert (refused.status_code, refused.json()["code"]) == (422, "version_malformed")


def test_a_tag_on_an_action_without_that_case_is_refused(city: City) -> None:
    clear = key(city, "water")
    body = {"entry": ENTRY, "authority": city.org("bureau")}
    filed = act(clear, FILE, body).json()
    headers = {"Authorization": f"Bearer {clear}"}
    seen = Client().get(f"/api/v1/cases/{filed['case']}", headers=headers)["ETag"]
    refused = act(clear, "accounts.issue_key", {"label": "甲"}, if_match=seen)
    assert (refused.status_code, refused.json()["code"]) == (422, "another_version")
    assert not Key.objects.filter(label="甲").exists()
