"""Large files over the API: announced, sent in chunks, resumed, finished, fetched as a download."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from django_tasks_db.models import DBTaskResult

from gongshu_client import Client, Conflict, Invalid, NotFound, Unreachable, UploadBroken
from gongshu_client.door import Request
from gongshu_client.shapes import CatalogueReceivedFile, UploadShown
from gongshu_server.catalogue import uploads
from gongshu_server.catalogue.models import ReceivedFile
from integration.api.clients import client
from integration.city import City, reviewed

pytestmark = pytest.mark.django_db(transaction=True)
CONTENT = b"%PDF-1.7\n" + bytes(range(256)) * 12_000
STEP = 1_000_000


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test a node's folder of its own, and chunks that a test can have several of."""
    settings.HOME = tmp_path
    monkeypatch.setattr(uploads, "CHUNK", STEP)
    return tmp_path


def announced(sender: Client, **body: Any) -> UploadShown:
    said = {"kind": "resource", "name": "表.csv", "size": len(CONTENT)}
    return sender.files.announce(**said | body)


def file(folder: Path, name: str = "表.csv", content: bytes = CONTENT) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_a_file_is_sent_and_received(city: City, tmp_path: Path) -> None:
    sender, told = client(city, "emergency"), []
    done = sender.files.send(
        file(tmp_path),
        target_id=reviewed(city).pk,
        progress=lambda held, whole: told.append((held, whole)),
    )
    assert isinstance(done, CatalogueReceivedFile)
    assert ReceivedFile.objects.get(pk=done.id).bytes == len(CONTENT)
    assert [held for held, _ in told] == [1_000_000, 2_000_000, 3_000_000, len(CONTENT)]
    assert {whole for _, whole in told} == {len(CONTENT)}


def test_a_broken_upload_goes_on_where_the_node_stands(
    city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender, path = client(city, "emergency"), file(tmp_path)
    real = sender.files.append

    def lost(upload_id: str, offset: int, chunk: bytes) -> int:
        if offset:
            real(upload_id, offset, chunk)  # It arrived; the answer did not.
            raise Unreachable("ReadError", "")
        return real(upload_id, offset, chunk)

    resource = reviewed(city).pk
    with monkeypatch.context() as broken_line, pytest.raises(UploadBroken) as broken:
        broken_line.setattr(sender.files, "append", lost)
        sender.files.send(path, target_id=resource)
    told: list[int] = []
    done = sender.files.send(
        path, upload_id=broken.value.upload_id, progress=lambda held, _: told.append(held)
    )
    assert told[0] == 3 * STEP
    assert ReceivedFile.objects.get(pk=done.id).bytes == len(CONTENT)


def test_a_chunk_sent_again_is_not_written_twice(city: City) -> None:
    sender = client(city, "emergency")
    upload = announced(sender, target_id=reviewed(city).pk)
    chunk = CONTENT[:STEP]
    assert sender.files.append(upload.id, 0, chunk) == STEP
    assert sender.files.append(upload.id, 0, chunk) == STEP
    assert sender.files.offset(upload.id).offset == STEP
    with pytest.raises(Conflict, match="还没有传完"):
        sender.files.finish(upload.id)


def test_where_an_upload_stands_is_told_without_a_body(city: City) -> None:
    sender = client(city, "emergency")
    upload = announced(sender, target_id=reviewed(city).pk)
    sender.files.append(upload.id, 0, b"abc")
    for method in ("HEAD", "GET"):
        said = sender._door.send(Request(method=method, path=f"/api/v1/uploads/{upload.id}"))
        assert said.headers["Upload-Offset"] == "3"


def test_finishing_again_is_the_same_and_queues_the_reading(city: City) -> None:
    sender = client(city, "emergency")
    upload = announced(sender, target_id=reviewed(city).pk, size=3)
    sender.files.append(upload.id, 0, b"a,b")
    first, again = [sender.files.finish(upload.id) for _ in range(2)]
    assert first.id == again.id == upload.id
    assert ReceivedFile.objects.count() == 1
    assert {tuple(t.args_kwargs["args"][1]) for t in DBTaskResult.objects.all()} == {(upload.id,)}


@pytest.mark.parametrize("said", ["", "-1", "1e3", "\uff19", "9" * 30])
def test_a_chunk_says_where_it_begins(city: City, said: str) -> None:
    sender = client(city, "emergency")
    upload = announced(sender, target_id=reviewed(city).pk)
    headers = {"Upload-Offset": said} if said and said.isascii() else {}
    request = Request(
        method="PATCH", path=f"/api/v1/uploads/{upload.id}", content=b"x", headers=headers
    )
    with pytest.raises(Invalid) as refused:
        sender._door.send(request)
    assert refused.value.code == "no_offset"


def test_another_organisation_is_told_the_same_404(city: City) -> None:
    sender, other = client(city, "emergency"), client(city, "water")
    upload = announced(sender, target_id=reviewed(city).pk).id
    said: list[set[tuple[str, str]]] = []
    for method, more in (
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/finish"),
    ):
        both = set()
        for one in (upload, "0" * 26):
            request = Request(
                method=method,
                path=f"/api/v1/uploads/{one}{more}",
                content=b"x" if method == "PATCH" else None,
                headers={"Upload-Offset": "0"},
            )
            with pytest.raises(NotFound) as refused:
                other._door.send(request)
            both.add((refused.value.code, refused.value.sentence))
        said.append(both)
    assert [len(both) for both in said] == [1, 1, 1, 1]
    assert sender.files.offset(upload).offset == 0


def test_an_upload_is_cancelled(city: City) -> None:
    sender = client(city, "emergency")
    upload = announced(sender, target_id=reviewed(city).pk).id
    sender.files.drop(upload)
    with pytest.raises(Conflict) as refused:
        sender.files.append(upload, 0, b"x")
    assert refused.value.code == "upload_closed"


def test_an_attachment_comes_back_as_a_download_only(city: City, tmp_path: Path) -> None:
    case = reviewed(city).case
    sender, party, stranger = (client(city, code) for code in ("emergency", "bureau", "water"))
    path = file(tmp_path, '意"见<b>.pdf')
    attachment = sender.files.send(path, kind="case", target_id=case).id
    assert party.files.attachment(attachment) == CONTENT
    request = Request(method="GET", path=f"/api/v1/attachments/{attachment}")
    headers: httpx.Headers = party._door.send(request).headers
    assert headers["Content-Disposition"].startswith("attachment;")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Type"] == "application/pdf"
    with pytest.raises(NotFound):
        stranger.files.attachment(attachment)
