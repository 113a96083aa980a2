"""Attachments: kept once, seen by the case's parties, fetched on the record, erased for good."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gongshu.vocabulary.errors import Invalid
from gongshu_server.cases import actions as cases
from gongshu_server.cases import attachments, reconciling
from gongshu_server.cases.documents import Paper
from gongshu_server.cases.models import Attachment, Case, Document
from gongshu_server.catalogue import actions as catalogue
from gongshu_server.journal.ids import ulid
from integration.city import City, details, events, filed, refused

pytestmark = pytest.mark.django_db(transaction=True)
SEAL = b"%PDF-1.7 seal"


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> Path:
    """Give each test a node's folder of its own."""
    settings.HOME = tmp_path / "node"
    return tmp_path


def stored(city: City, home: Path, content: bytes = SEAL, by: str = "emergency") -> Attachment:
    path = home / "handed-in"
    path.write_bytes(content)
    at = city.later()
    return attachments.store(
        path, attachment_id=ulid(at), name="审查意见.pdf", by=city.who(by), at=at
    )


def reviewed_with(city: City, row: Attachment) -> Case:
    resource = filed(city)
    paper = Paper(kind="secrecy_review", title="保密审查意见", attachment=row.pk)
    city.do(
        catalogue.record_secrecy_review,
        "emergency/head",
        resource_id=resource.pk,
        papers=[paper],
    )
    return Case.objects.get(pk=resource.case)


def test_a_document_carries_its_file(city: City, home: Path) -> None:
    row = stored(city, home)
    case = reviewed_with(city, row)
    row.refresh_from_db()
    document = Document.objects.get(pk=row.document_id)
    assert document.case_id == case.pk
    assert attachments.of_documents([document.pk]) == {document.pk: row}
    assert attachments.kept_path(row.address).read_bytes() == SEAL
    paper = Paper(kind="secrecy_review", title="保密审查意见", attachment=row.pk)
    said = f"{document.salt}\n{row.digest}\n{paper!r}"
    assert document.digest == hashlib.sha256(said.encode()).hexdigest()
    (step,) = events("catalogue.secrecy_reviewed")
    assert details(step)["documents"][0]["digest"] == document.digest


def test_equal_files_are_kept_once_and_say_nothing_of_their_content(city: City, home: Path) -> None:
    one, two = stored(city, home), stored(city, home)
    assert (one.address, one.digest != two.digest) == (two.address, True)
    assert len(list((home / "node" / "attachments").glob("*/*"))) == 1
    plain = hashlib.sha256(SEAL).hexdigest()
    assert plain not in {one.address, one.digest, two.digest}
    assert plain not in json.dumps([e.body for e in events()])


def test_the_same_attachment_is_stored_once(city: City, home: Path) -> None:
    row = stored(city, home)
    by = city.who("emergency")
    again = attachments.store(
        home / "handed-in", attachment_id=row.pk, name="x", by=by, at=city.later()
    )
    assert again == row
    assert len(events("attachment.stored")) == 1


def test_a_file_is_filed_once_by_whoever_handed_it_in(city: City, home: Path) -> None:
    row = stored(city, home)
    case = reviewed_with(city, row)
    for who, attachment in (("bureau", stored(city, home)), ("emergency", row)):
        papers = [Paper(kind="note", title="说明", attachment=attachment.pk)]
        refused(
            city,
            cases.add_documents,
            who,
            "attachment_not_found",
            case_id=case.pk,
            papers=papers,
        )


def test_parties_and_supervisors_fetch_it_and_nobody_else(city: City, home: Path) -> None:
    row = stored(city, home)
    waiting = {"attachment_id": row.pk}
    refused(city, cases.download_attachment, "bureau/head", "attachment_not_found", **waiting)
    reviewed_with(city, row)
    for who in ("emergency", "bureau/head", "audit/auditor"):
        assert city.do(cases.download_attachment, who, **waiting) == row
    refused(city, cases.download_attachment, "water", "attachment_not_found", **waiting)
    fetched = events("attachment.downloaded")
    assert [e.subject_id for e in fetched] == [row.pk] * 3


def test_erasure_takes_bytes_and_salt_and_leaves_the_record(city: City, home: Path) -> None:
    row = stored(city, home)
    case = reviewed_with(city, row)
    said = {"attachment_id": row.pk, "reason": "当事人要求删除"}
    refused(city, cases.erase_attachment, "emergency/head", "case_open", **said)
    Case.objects.filter(pk=case.pk).update(closed_at=city.at)
    refused(city, cases.erase_attachment, "emergency", "not_permitted", **said)
    refused(city, cases.erase_attachment, "bureau/head", "attachment_not_found", **said)
    empty = said | {"reason": " "}
    refused(city, cases.erase_attachment, "emergency/head", "reason_required", **empty)
    path = attachments.kept_path(row.address)
    digest = Document.objects.get(pk=Attachment.objects.get(pk=row.pk).document_id).digest
    for _ in range(2):
        row = city.do(cases.erase_attachment, "emergency/head", **said)
    assert (row.address, row.salt, path.exists()) == ("", "", False)
    assert Document.objects.get(pk=row.document_id).digest == digest
    assert len(events("attachment.erased")) == 1
    fetch = {"attachment_id": row.pk}
    refused(city, cases.download_attachment, "bureau/head", "erased", **fetch)


def test_bytes_that_another_document_carries_stay(city: City, home: Path) -> None:
    one, two = stored(city, home), stored(city, home)
    said = {"attachment_id": one.pk, "reason": "重复上传"}
    city.do(cases.erase_attachment, "emergency/head", **said)
    assert attachments.kept_path(two.address).read_bytes() == SEAL


@pytest.mark.parametrize("content", [b"MZ\x90\x00", b"<html><script>", b"", b"PK\x03\x04rubbish"])
def test_other_kinds_of_file_are_not_taken(city: City, home: Path, content: bytes) -> None:
    with pytest.raises(Invalid) as caught:
        stored(city, home, content)
    assert caught.value.code == "attachment_kind"
    assert not (home / "node" / "attachments").exists()


def test_the_sweep_takes_only_what_nobody_names(city: City, home: Path) -> None:
    row = stored(city, home)
    orphan = attachments.kept_path("00" * 32)
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"x")
    from datetime import UTC, datetime

    now = datetime.now(UTC)
    assert attachments.sweep(older_than=now - timedelta(days=1)) == 0
    assert attachments.sweep(older_than=now + timedelta(days=1)) == 1
    assert attachments.kept_path(row.address).exists()


def test_a_document_or_file_that_was_exchanged_is_found(city: City, home: Path) -> None:
    case = reviewed_with(city, stored(city, home))
    assert list(reconciling.differing()) == []
    document = Document.objects.get(case=case, kind="secrecy_review")
    for model, row, change in (
        (Document, document.pk, {"text": "同意公开。"}),
        (Document, document.pk, {"digest": "0" * 64}),
        (Attachment, Attachment.objects.get().pk, {"digest": "0" * 64}),
        (Attachment, Attachment.objects.get().pk, {"document": None}),
    ):
        before = model._default_manager.filter(pk=row).values(*change).get()
        model._default_manager.filter(pk=row).update(**change)
        assert list(reconciling.differing()) == [case.pk], change
        model._default_manager.filter(pk=row).update(**before)
    assert list(reconciling.differing()) == []
