"""Uploads from a page: session, CSRF token, JSON answers, other people's uploads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from gongshu_server.catalogue.models import ReceivedFile
from gongshu_server.portal import sessions
from integration.city import City, reviewed

pytestmark = pytest.mark.django_db(transaction=True)
CONTENT = b"a,b\n1,2\n" * 1_000


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> Path:
    """Give each test a node's folder of its own."""
    settings.HOME = tmp_path
    return tmp_path


def browser(city: City, code: str, duty: str = "handler", **options: Any) -> Client:
    client = Client(**options)
    person, post = city.cast.people[code, duty]
    session = client.session
    session[sessions.PERSON], session[sessions.POST] = person, post
    session.save()
    return client


def announce(client: Client, **body: Any) -> Any:
    said = {"kind": "resource", "name": "表.csv", "size": len(CONTENT)} | body
    return client.post("/uploads/", json.dumps(said), content_type="application/json")


def patch(client: Client, upload: str, offset: int, chunk: bytes) -> Any:
    kind = "application/offset+octet-stream"
    return client.generic(
        "PATCH", f"/uploads/{upload}/", chunk, kind, headers={"Upload-Offset": str(offset)}
    )


def test_a_file_goes_up_from_a_page(city: City) -> None:
    client = browser(city, "emergency")
    begun = announce(client, target_id=reviewed(city).pk)
    assert begun.status_code == 201
    upload = begun.json()["id"]
    assert patch(client, upload, 0, CONTENT[:3_000]).json() == {"offset": 3_000}
    wrong = patch(client, upload, 0, CONTENT[:3_000])
    assert (wrong.status_code, wrong.json()["offset"]) == (409, 3_000)
    assert client.get(f"/uploads/{upload}/").json()["offset"] == 3_000
    assert client.head(f"/uploads/{upload}/")["Upload-Offset"] == "3000"
    patch(client, upload, 3_000, CONTENT[3_000:])
    done = client.post(f"/uploads/{upload}/finish/")
    assert done.status_code == 202
    assert ReceivedFile.objects.get(pk=done.json()["id"]).bytes == len(CONTENT)


def test_a_stranger_is_sent_to_the_sign_in(city: City) -> None:
    assert announce(Client()).status_code == 401
    assert Client().post("/uploads/", headers={"Gongshu-Background": "1"}).status_code == 401


def test_another_site_cannot_upload_in_a_persons_name(city: City) -> None:
    client = browser(city, "emergency", enforce_csrf_checks=True)
    assert announce(client, target_id=reviewed(city).pk).status_code == 403


@pytest.mark.parametrize("body", ["", "[]", '{"kind": "resource"}', '{"size": "x"}', "\udcff"])
def test_an_announcement_that_is_none_says_what_to_do(city: City, body: str) -> None:
    client = browser(city, "emergency")
    sent = body.encode("utf-8", "surrogateescape")
    answer = client.post("/uploads/", sent, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_upload")


def test_another_organisations_upload_is_not_there(city: City) -> None:
    upload = announce(browser(city, "emergency"), target_id=reviewed(city).pk).json()["id"]
    other = browser(city, "water")
    assert patch(other, upload, 0, b"x").status_code == 404
    assert other.delete(f"/uploads/{upload}/").status_code == 404
    assert other.post(f"/uploads/{upload}/finish/").status_code == 404
    assert browser(city, "emergency").delete(f"/uploads/{upload}/").status_code == 204


def test_a_cases_file_is_a_download(city: City) -> None:
    case = reviewed(city).case
    client = browser(city, "emergency")
    body = b"%PDF-1.7 <script>"
    upload = announce(client, kind="case", target_id=case, size=len(body)).json()["id"]
    patch(client, upload, 0, body)
    attachment = client.post(f"/uploads/{upload}/finish/").json()["id"]
    got = client.get(f"/attachments/{attachment}/")
    assert b"".join(got.streaming_content) == body
    assert got["Content-Disposition"].startswith("attachment;")
    assert got["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in got["Content-Security-Policy"]
    assert browser(city, "water").get(f"/attachments/{attachment}/").status_code == 404
