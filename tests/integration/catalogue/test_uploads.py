"""Uploads in chunks: exact offsets, what they become, quotas, other organisations, abandonment."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gongshu.vocabulary.errors import Conflict, Invalid, NotFound, Unavailable
from gongshu_server.accounts.actors import node
from gongshu_server.cases.models import Attachment, Case, Document
from gongshu_server.catalogue import actions, intake, uploads
from gongshu_server.catalogue.models import ReceivedFile, Upload
from gongshu_server.catalogue.uploads import Announcement, TrueOffset
from integration.city import City, events, filed, refused, reviewed

pytestmark = pytest.mark.django_db(transaction=True)
CONTENT = bytes(range(256)) * 40
PDF = b"%PDF-1.7\n" + CONTENT


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> Path:
    """Give each test a node's folder of its own."""
    settings.HOME = tmp_path
    return tmp_path


def opened(city: City, target: str, *, content: bytes = CONTENT, **changes: Any) -> Upload:
    said = {"kind": "resource", "name": "许可证.csv", "size": len(content), "target_id": target}
    announced = Announcement(**said | changes)
    row: Upload = city.do(actions.open_upload, "emergency", announced=announced)
    return row


def sent(city: City, row: Upload, content: bytes = CONTENT, step: int = 3_000) -> int:
    offset = 0
    for start in range(0, len(content), step):
        chunk = content[start : start + step]
        by = city.who("emergency")
        offset = uploads.append(row.pk, offset=start, chunk=chunk, by=by, at=city.later())
    return offset


def finished(city: City, row: Upload) -> Any:
    return uploads.finish(row.pk, by=city.who("emergency"), at=city.later())


def test_a_whole_upload_is_a_received_file(city: City, home: Path) -> None:
    resource = reviewed(city)
    digest = hashlib.sha256(CONTENT).hexdigest().upper()
    row = opened(city, resource.pk, digest=digest)
    assert sent(city, row) == len(CONTENT)
    received = finished(city, row)
    assert isinstance(received, ReceivedFile)
    assert (received.name, received.bytes) == ("许可证.csv", len(CONTENT))
    assert received.outcome == "waiting"
    assert intake.kept_path(received.pk).read_bytes() == CONTENT
    salted = hashlib.sha256(received.salt.encode() + CONTENT).hexdigest()
    assert received.digest == salted
    assert not list((home / "uploads").iterdir())
    row.refresh_from_db()
    assert (row.state, row.result, row.expected) == ("finished", received.pk, "")
    assert [e.event for e in events("upload.opened", "resource.received", "upload.finished")] == [
        "upload.opened",
        "resource.received",
        "upload.finished",
    ]


def test_finishing_twice_makes_one_file(city: City) -> None:
    row = opened(city, reviewed(city).pk)
    sent(city, row)
    assert finished(city, row) == finished(city, row)
    assert ReceivedFile.objects.count() == 1


def test_a_crash_between_the_file_and_its_record_is_taken_up(city: City) -> None:
    row = opened(city, reviewed(city).pk)
    sent(city, row)
    kept = intake.kept_path(row.pk)
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"half")
    assert finished(city, row).bytes == len(CONTENT)
    assert kept.read_bytes() == CONTENT


def test_a_crash_between_the_record_and_its_note_is_taken_up(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = opened(city, reviewed(city).pk)
    sent(city, row)

    def killed(**said: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(uploads, "finish_upload", killed)
        with pytest.raises(KeyboardInterrupt):
            finished(city, row)
    assert finished(city, row).pk == row.pk
    assert ReceivedFile.objects.count() == 1


def test_bytes_behind_the_accepted_offset_are_written_over(city: City, home: Path) -> None:
    """A killed process may have written more than it confirmed."""
    row = opened(city, reviewed(city).pk)
    uploads.append(row.pk, offset=0, chunk=CONTENT[:100], by=city.who("emergency"), at=city.at)
    with (home / "uploads" / row.pk).open("ab") as file:
        file.write(b"torn" * 5_000)
    by = city.who("emergency")
    uploads.append(row.pk, offset=100, chunk=CONTENT[100:], by=by, at=city.later())
    finished(city, row)
    assert intake.kept_path(row.pk).read_bytes() == CONTENT


def test_only_the_true_offset_is_taken(city: City) -> None:
    row = opened(city, reviewed(city).pk)
    by = city.who("emergency")
    uploads.append(row.pk, offset=0, chunk=CONTENT[:100], by=by, at=city.at)
    for wrong in (0, 99, 101, 5_000_000):
        with pytest.raises(Conflict) as caught:
            uploads.append(row.pk, offset=wrong, chunk=b"x", by=by, at=city.at)
        assert caught.value.details == (TrueOffset(100),)
    assert uploads.upload(row.pk, by=by).accepted == 100


@pytest.mark.parametrize(
    ("chunk", "code"),
    [
        (b"", "chunk_size"),
        (bytes(uploads.CHUNK + 1), "chunk_size"),
        (bytes(len(CONTENT) + 1), "beyond_announced"),
    ],
)
def test_a_chunk_that_does_not_fit_is_refused(city: City, chunk: bytes, code: str) -> None:
    row = opened(city, reviewed(city).pk)
    with pytest.raises(Invalid) as caught:
        uploads.append(row.pk, offset=0, chunk=chunk, by=city.who("emergency"), at=city.at)
    assert caught.value.code == code
    assert events()[-1].event == "denied"


def test_a_full_disk_accepts_nothing(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    row = opened(city, reviewed(city).pk)

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    by = city.who("emergency")
    with monkeypatch.context() as patched:
        patched.setattr("os.fdatasync", full)
        with pytest.raises(Unavailable):
            uploads.append(row.pk, offset=0, chunk=CONTENT, by=by, at=city.at)
    assert uploads.upload(row.pk, by=by).accepted == 0
    sent(city, row)
    assert finished(city, row).bytes == len(CONTENT)


def test_what_is_incomplete_or_differs_is_not_finished(city: City) -> None:
    resource = reviewed(city)
    row = opened(city, resource.pk)
    with pytest.raises(Conflict) as caught:
        finished(city, row)
    assert (caught.value.code, caught.value.details) == ("upload_incomplete", (TrueOffset(0),))
    other = opened(city, resource.pk, digest="0" * 64)
    sent(city, other)
    with pytest.raises(Conflict) as caught:
        finished(city, other)
    assert caught.value.code == "digest_differs"


def test_no_file_is_taken_before_the_secrecy_review(city: City) -> None:
    """The bytes wait in the upload; as soon as the review is recorded they are taken."""
    row = opened(city, filed(city).pk)
    sent(city, row)
    with pytest.raises(Conflict) as caught:
        finished(city, row)
    assert caught.value.code == "no_secrecy_review"
    assert not intake.kept_path(row.pk).exists()
    assert uploads.upload(row.pk, by=city.who("emergency")).state == "open"


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "folder"},
        {"size": 0},
        {"size": uploads.MOST_BYTES + 1},
        {"kind": "paper", "size": 33 << 20},
        {"digest": "abc"},
        {"document": ""},
    ],
)
def test_a_faulty_announcement_is_refused(city: City, changes: dict[str, Any]) -> None:
    resource = reviewed(city)
    said = {"kind": "resource", "name": "a", "size": 1, "target_id": resource.pk} | changes
    announced = Announcement(**said)
    refused(city, actions.open_upload, "emergency", "invalid_upload", announced=announced)


def test_who_may_not_file_may_not_upload(city: City) -> None:
    resource = reviewed(city)
    announced = Announcement("resource", "a", 1, resource.pk)
    refused(city, actions.open_upload, "water", "resource_not_found", announced=announced)
    refused(city, actions.open_upload, "registry", "not_permitted", announced=announced)
    case = Announcement("case", "a", 1, resource.case)
    refused(city, actions.open_upload, "water", "case_not_found", announced=case)
    refused(city, actions.open_upload, "audit/auditor", "not_permitted", announced=case)


CALLS: list[Callable[[str, Any, Any], object]] = [
    lambda pk, by, at: uploads.upload(pk, by=by),
    lambda pk, by, at: uploads.append(pk, offset=0, chunk=b"x", by=by, at=at),
    lambda pk, by, at: uploads.finish(pk, by=by, at=at),
    lambda pk, by, at: actions.drop_upload(upload_id=pk, by=by, at=at),
]


@pytest.mark.parametrize("call", CALLS)
def test_another_organisations_upload_is_not_there(
    city: City, call: Callable[[str, Any, Any], object]
) -> None:
    """A foreign id and one that nobody has are the same answer after the same queries."""
    row = opened(city, reviewed(city).pk)
    by, at = city.who("water"), city.later()
    answers, counts = [], []
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    for upload_id in (row.pk, "01ZZZZZZZZZZZZZZZZZZZZZZZZ"):
        with CaptureQueriesContext(connection) as queries, pytest.raises(NotFound) as caught:
            call(upload_id, by, at)
        answers.append((caught.value.code, caught.value.sentence))
        counts.append(len(queries))
    assert answers[0] == answers[1]
    assert counts[0] == counts[1]


def test_the_quota_counts_what_is_open(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    resource = reviewed(city)
    monkeypatch.setattr(uploads, "MOST_OPEN", 2)
    first, _ = opened(city, resource.pk), opened(city, resource.pk)
    announced = Announcement("resource", "a", 1, resource.pk)
    refused(city, actions.open_upload, "emergency", "too_many_uploads", announced=announced)
    city.do(actions.drop_upload, "emergency", upload_id=first.pk)
    opened(city, resource.pk)
    monkeypatch.setattr(uploads, "MOST_OPEN", 9)
    monkeypatch.setattr(uploads, "MOST_OPEN_BYTES", 2 * len(CONTENT))
    refused(city, actions.open_upload, "emergency", "too_many_uploads", announced=announced)


def test_a_dropped_upload_leaves_nothing(city: City, home: Path) -> None:
    row = opened(city, reviewed(city).pk)
    sent(city, row)
    city.do(actions.drop_upload, "emergency", upload_id=row.pk)
    assert not list((home / "uploads").iterdir())
    before = events("upload.dropped")
    assert city.do(actions.drop_upload, "emergency", upload_id=row.pk).state == "dropped"
    assert events("upload.dropped") == before
    with pytest.raises(NotFound):
        finished(city, row)


def test_abandoned_uploads_and_orphans_are_removed(city: City, home: Path) -> None:
    resource = reviewed(city)
    old, young = opened(city, resource.pk), opened(city, resource.pk)
    sent(city, old)
    city.later(days=7)
    sent(city, young, CONTENT[:50])
    (home / "uploads" / "01ORPHAN").write_bytes(b"x")
    assert uploads.sweep(by=node(), at=city.later()) == 1
    assert [path.name for path in (home / "uploads").iterdir()] == [young.pk]
    states = dict(Upload.objects.values_list("pk", "state"))
    assert states == {old.pk: "dropped", young.pk: "open"}
    refused(city, actions.drop_abandoned, "bureau", "not_permitted")


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\数据\\表.xlsx", "表.xlsx"),
        ("报\u202ecod.exe\x00", "报cod.exe"),
        ("..", "未命名"),
        ("<b>x</b>.csv", "b>.csv"),
        ("长" * 300, "长" * 200),
    ],
)
def test_a_clients_path_is_only_ever_a_label(city: City, home: Path, said: str, name: str) -> None:
    row = opened(city, reviewed(city).pk, name=said)
    assert row.name == name
    sent(city, row, CONTENT[:10])
    files = {p.relative_to(home).as_posix() for p in home.rglob("*") if p.is_file()}
    assert files - {"epoch", "keys/node.secret"} == {f"uploads/{row.pk}"}


def test_a_cases_file_is_its_document(city: City) -> None:
    resource = reviewed(city)
    row = opened(
        city, resource.case, content=PDF, kind="case", name="印章.pdf", document="scanned_seal"
    )
    sent(city, row, PDF)
    made = finished(city, row)
    assert isinstance(made, Attachment)
    document = Document.objects.get(pk=made.document_id)
    assert (document.kind, document.title, document.case_id) == (
        "scanned_seal",
        "印章.pdf",
        resource.case,
    )


def test_a_case_that_has_ended_takes_no_file(city: City) -> None:
    resource = reviewed(city)
    row = opened(city, resource.case, content=PDF, kind="case", name="a.pdf")
    sent(city, row, PDF)
    Case.objects.filter(pk=resource.case).update(closed_at=city.at)
    with pytest.raises(Conflict) as caught:
        finished(city, row)
    assert caught.value.code == "case_closed"
    assert city.at - row.opened_at < timedelta(days=1)
