"""Large files over the API: announced, sent in chunks, resumed, finished, fetched as a download."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from gongshu_server.accounts import actions as accounts
from gongshu_server.catalogue.models import ReceivedFile
from integration.city import City, reviewed

pytestmark = pytest.mark.django_db(transaction=True)
CONTENT = b"%PDF-1.7\n" + bytes(range(256)) * 12_000
STEP = 1_000_000


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> Path:
    """Give each test a node's folder of its own."""
    settings.HOME = tmp_path
    return tmp_path


class Sender:
    """Sends with one key."""

    def __init__(self, city: City, code: str, duty: str = "handler") -> None:
        by = city.actor(code, duty)
        clear = accounts.issue_key(label="测试", scopes=("all",), by=by, at=city.later()).clear
        self._headers = {"Authorization": f"Bearer {clear}"}
        self._client = Client()

    def post(self, path: str, **body: Any) -> Any:
        return self._client.post(
            f"/api/v1{path}",
            data=json.dumps(body),
            content_type="application/json",
            headers=self._headers,
        )

    def call(self, method: str, path: str, chunk: bytes = b"", **headers: str) -> Any:
        return self._client.generic(
            method,
            f"/api/v1{path}",
            chunk,
            content_type="application/offset+octet-stream",
            headers=self._headers | {k.replace("_", "-"): v for k, v in headers.items()},
        )

    def chunk(self, upload: str, offset: int, content: bytes = CONTENT) -> Any:
        part = content[offset : offset + STEP]
        return self.call("PATCH", f"/uploads/{upload}", part, Upload_Offset=str(offset))


def announced(sender: Sender, **body: Any) -> Any:
    said = {"kind": "resource", "name": "表.csv", "size": len(CONTENT)}
    return sender.post("/uploads", **said | body)


def test_a_file_is_resumed_and_received(city: City) -> None:
    resource = reviewed(city)
    sender = Sender(city, "emergency")
    begun = announced(sender, target_id=resource.pk)
    assert begun.status_code == 201
    upload = begun.json()["id"]
    assert begun.json()["chunk"] == 8 << 20
    offset = sender.chunk(upload, 0).json()["offset"]
    again = sender.chunk(upload, 0)  # The answer got lost on the way.
    assert again.status_code == 409
    assert again.json()["reasons"] == [{"offset": offset}]
    while offset < len(CONTENT):
        for method in ("HEAD", "GET"):
            assert sender.call(method, f"/uploads/{upload}")["Upload-Offset"] == str(offset)
        answer = sender.chunk(upload, offset)
        assert answer["Upload-Offset"] == str(answer.json()["offset"])
        offset = answer.json()["offset"]
    done = sender.post(f"/uploads/{upload}/finish")
    assert done.status_code == 202
    assert ReceivedFile.objects.get(pk=done.json()["id"]).bytes == len(CONTENT)
    assert not {"digest", "salt"} & set(done.json())


def test_finishing_queues_the_reading(city: City) -> None:
    from django_tasks_db.models import DBTaskResult

    sender = Sender(city, "emergency")
    upload = announced(sender, target_id=reviewed(city).pk, size=3).json()["id"]
    sender.chunk(upload, 0, b"a,b")
    sender.post(f"/uploads/{upload}/finish")
    (task,) = DBTaskResult.objects.all()
    assert task.args_kwargs["args"] == ["ingest", [upload]]


@pytest.mark.parametrize("said", ["", "-1", "1e3", "９", "9" * 30])
def test_a_chunk_says_where_it_begins(city: City, said: str) -> None:
    sender = Sender(city, "emergency")
    upload = announced(sender, target_id=reviewed(city).pk).json()["id"]
    headers = {"Upload_Offset": said} if said.isascii() else {}
    answer = sender.call("PATCH", f"/uploads/{upload}", b"x", **headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "no_offset")


def test_another_organisation_is_told_the_same_404(city: City) -> None:
    sender, other = Sender(city, "emergency"), Sender(city, "water")
    upload = announced(sender, target_id=reviewed(city).pk).json()["id"]
    for method, path in (
        ("GET", ""),
        ("HEAD", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/finish"),
    ):
        theirs = other.call(method, f"/uploads/{upload}{path}", b"x", Upload_Offset="0")
        nobodys = other.call(method, f"/uploads/{'0' * 26}{path}", b"x", Upload_Offset="0")
        assert theirs.status_code == nobodys.status_code == 404
        assert theirs.content == nobodys.content
    assert sender.call("GET", f"/uploads/{upload}").json()["offset"] == 0


def test_an_upload_is_cancelled(city: City) -> None:
    sender = Sender(city, "emergency")
    upload = announced(sender, target_id=reviewed(city).pk).json()["id"]
    assert sender.call("DELETE", f"/uploads/{upload}").status_code == 204
    assert sender.chunk(upload, 0).json()["code"] == "upload_closed"


def test_an_attachment_comes_back_as_a_download_only(city: City) -> None:
    case = reviewed(city).case
    sender, party, stranger = (Sender(city, code) for code in ("emergency", "bureau", "water"))
    upload = announced(sender, kind="case", target_id=case, name='意"见<b>.pdf').json()["id"]
    for offset in range(0, len(CONTENT), STEP):
        sender.chunk(upload, offset)
    attachment = sender.post(f"/uploads/{upload}/finish").json()["id"]
    got = party.call("GET", f"/attachments/{attachment}")
    assert b"".join(got.streaming_content) == CONTENT
    assert got["Content-Disposition"].startswith("attachment;")
    assert got["X-Content-Type-Options"] == "nosniff"
    assert got["Content-Type"] == "application/pdf"
    assert stranger.call("GET", f"/attachments/{attachment}").status_code == 404
