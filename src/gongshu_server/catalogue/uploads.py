"""Uploads in chunks: a large file arrives over a line that breaks, and nothing accepted is lost.

A chunk is accepted when its bytes are durable (fdatasync) *and then* the row says so; only then is
the new offset answered. So the row never promises bytes that a power loss takes, and bytes that a
crash leaves behind the accepted offset are cut off by the next chunk. One fdatasync for each chunk
is a price that 8 MiB make small; fewer would make the answered offset a guess.

A finished upload becomes a received file of a resource, a document of a case, or a file that waits
for the document which is to carry it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.db.models import Sum

from gongshu.vocabulary.errors import Conflict, Invalid, NotFound, Unavailable
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.organisations import locked as locked_organisation
from gongshu_server.accounts.permissions import require
from gongshu_server.cases import actions as cases
from gongshu_server.cases import attachments, engine, media
from gongshu_server.cases.documents import Paper
from gongshu_server.cases.models import Attachment
from gongshu_server.catalogue import intake
from gongshu_server.catalogue.entries import owned
from gongshu_server.catalogue.models import ReceivedFile, Upload
from gongshu_server.journal.actions import action, after_commit, journal
from gongshu_server.journal.ids import ulid
from gongshu_server.journal.recording import Event

CHUNK = 8 << 20
MOST_BYTES = 8 << 30
# Of one organisation at one time.
MOST_OPEN = 16
MOST_OPEN_BYTES = 32 << 30
KEPT = timedelta(days=7)
SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Announcement:
    """What is going to arrive: for which resource or case, under what name, how large.

    `kind` is `resource`, `case`, or `paper` for a file that a document is to carry later;
    `target_id` names the resource or case. `digest` is the file's SHA-256, if it is known;
    `document` the kind of document that a case's file is filed as.
    """

    kind: str
    name: str
    size: int
    target_id: str = ""
    digest: str = ""
    document: str = "attachment"


@dataclass(frozen=True, slots=True)
class TrueOffset:
    """How many bytes are accepted: where the next chunk begins."""

    offset: int


def folder() -> Path:
    """Return where unfinished files lie, named by upload, never by what a client called them."""
    return Path(settings.HOME) / "uploads"


def upload(upload_id: str, *, by: Actor) -> Upload:
    """Return an upload of the actor's organisation; NotFound for any other."""
    row = Upload.objects.visible_to(by).filter(pk=upload_id).first()
    if row is None:
        raise _not_there()
    return row


def _not_there() -> NotFound:
    return NotFound("没有这次上传，或它已过期。请重新选择文件上传。", code="upload_not_found")


@action
def open_upload(*, announced: Announcement, by: Actor, at: datetime) -> Upload:
    """Begin an upload for a resource or case of the actor's organisation.

    Raises Invalid listing every fault, Conflict when the organisation has too much under way.
    """
    _refuse_faulty(announced)
    _require_target(announced, by=by)
    organisation = locked_organisation(by.organisation)
    _refuse_too_much(organisation.pk, announced.size)
    row = Upload.objects.create(
        id=ulid(at),
        organisation=organisation,
        target_kind=announced.kind,
        target_id=announced.target_id,
        document_kind=announced.document if announced.kind == "case" else "",
        name=plain_name(announced.name),
        bytes=announced.size,
        expected=announced.digest.lower(),
        opened_at=at,
        opened_by=by.text_id,
        touched_at=at,
    )
    details = {"target": [announced.kind, announced.target_id], "bytes": announced.size}
    journal(Event("upload.opened", ("upload", row.pk), "", details), by=by, at=at)
    return row


def plain_name(said: str) -> str:
    """Return a file's name without folders, control characters and what turns text around."""
    last = re.split(r"[/\\]", said)[-1]
    shown = "".join(c for c in last if unicodedata.category(c)[0] != "C").strip(" .")
    return shown[:200] or "未命名"


def _refuse_faulty(announced: Announcement) -> None:
    faults = []
    most = MOST_BYTES if announced.kind == "resource" else media.MOST_BYTES
    if announced.kind not in {"resource", "case", "paper"}:
        faults.append("请写明文件是报送数据资源、归入办件，还是作为材料附件")
    if not 0 < announced.size <= most:
        faults.append(f"文件大小须在 1 字节到 {most >> 20} MiB 之间")
    if announced.digest and not SHA256.fullmatch(announced.digest.lower()):
        faults.append("校验值须是 64 位十六进制的 SHA-256")
    if not announced.document or len(announced.document) > 40:
        faults.append("请写明材料种类")
    if faults:
        raise Invalid("；".join(faults) + "。", code="invalid_upload", details=tuple(faults))


def _require_target(announced: Announcement, *, by: Actor) -> None:
    if announced.kind == "resource":
        require(by, "catalogue.file")
        owned(announced.target_id, by=by)
        return
    require(by, "case.add_document")
    if announced.kind == "case":
        case = engine.locked(announced.target_id, by=by)
        engine.require_party(case, by, wanting="补充材料")


def _refuse_too_much(organisation: str, size: int) -> None:
    running = Upload.objects.filter(organisation_id=organisation, state="open")
    held = running.aggregate(total=Sum("bytes"))["total"] or 0
    if running.count() >= MOST_OPEN or held + size > MOST_OPEN_BYTES:
        raise Conflict(
            f"本机构未完成的上传过多（最多 {MOST_OPEN} 个、共 {MOST_OPEN_BYTES >> 30} GiB）。"
            "请先完成或取消其中一些。",
            code="too_many_uploads",
        )


def offset_said(said: str) -> int:
    """Return the offset that a request names in its `Upload-Offset` header; Invalid otherwise."""
    if not (said.isascii() and said.isdigit() and len(said) < 20):
        raise Invalid("请在 Upload-Offset 头中写明这一块从第几个字节开始。", code="no_offset")
    return int(said)


def append(upload_id: str, *, offset: int, chunk: bytes, by: Actor, at: datetime) -> int:
    """Write one chunk at exactly the accepted offset; return the new offset once it is durable.

    Raises Conflict with the `TrueOffset` for any other offset, Invalid for a chunk that is empty,
    over 8 MiB or beyond the announced size, Unavailable when the disk refuses.
    """
    begin_chunk(upload_id=upload_id, offset=offset, size=len(chunk), by=by, at=at)
    try:
        with _held(upload_id) as file:
            # Whoever held the file before may have written at the same offset and been accepted.
            _refuse_elsewhere(upload(upload_id, by=by), offset)
            file.truncate(offset)
            file.seek(offset)
            file.write(chunk)
            file.flush()
            os.fdatasync(file.fileno())
            return accept_chunk(
                upload_id=upload_id, offset=offset, size=len(chunk), by=by, at=at
            ).accepted
    except OSError as fault:
        raise Unavailable(
            "这一块没有存下来，磁盘拒绝写入；已接收的部分不会丢失。"
            "请运行单位检查磁盘空间，然后继续上传。",
            code="not_stored",
        ) from fault


@contextmanager
def _held(upload_id: str) -> Iterator[BinaryIO]:
    """Open an upload's file for this process alone."""
    path = folder() / upload_id
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


@action
def begin_chunk(*, upload_id: str, offset: int, size: int, by: Actor, at: datetime) -> Upload:
    """Check that a chunk may be written, and note that the upload is alive."""
    row = _locked(upload_id, by=by)
    if not 0 < size <= CHUNK:
        raise Invalid(f"每一块须在 1 字节到 {CHUNK >> 20} MiB 之间。", code="chunk_size")
    _refuse_elsewhere(row, offset)
    if offset + size > row.bytes:
        raise Invalid("内容超出了开始上传时所报的大小，请重新上传。", code="beyond_announced")
    row.touched_at = at
    row.save(update_fields=["touched_at"])
    return row


@action
def accept_chunk(*, upload_id: str, offset: int, size: int, by: Actor, at: datetime) -> Upload:
    """Move the accepted offset over a chunk whose bytes are durable."""
    row = _locked(upload_id, by=by)
    _refuse_elsewhere(row, offset)
    row.accepted = offset + size
    row.touched_at = at
    row.save(update_fields=["accepted", "touched_at"])
    return row


def _locked(upload_id: str, *, by: Actor) -> Upload:
    if not by.may("catalogue.file"):
        require(by, "case.add_document")
    row = Upload.objects.visible_to(by).locked().filter(pk=upload_id).first()
    if row is None:
        raise _not_there()
    return row


def _refuse_elsewhere(row: Upload, offset: int) -> None:
    if row.state != "open":
        raise Conflict("这次上传已经结束，请重新选择文件上传。", code="upload_closed")
    if offset != row.accepted:
        raise Conflict(
            f"已接收 {row.accepted} 字节，请从这里继续。",
            code="wrong_offset",
            details=(TrueOffset(row.accepted),),
        )


def finish(upload_id: str, *, by: Actor, at: datetime) -> ReceivedFile | Attachment:
    """Turn a whole upload into what it was announced for; return the received file or attachment.

    Doing it again returns the same. Raises Conflict while bytes are missing or when they are not
    those announced, and whatever the resource or case refuses; the upload stays then.
    """
    row = upload(upload_id, by=by)
    if row.state == "open":
        _refuse_incomplete(row)
        path = folder() / row.pk
        if row.target_kind == "resource":
            intake.adopt(row.target_id, path, file_id=row.pk, name=row.name, by=by, at=at)
        else:
            attachments.store(path, attachment_id=row.pk, name=row.name, by=by, at=at)
        row = finish_upload(upload_id=row.pk, by=by, at=at)
    if row.state != "finished":
        raise _not_there()
    made = ReceivedFile if row.target_kind == "resource" else Attachment
    result: ReceivedFile | Attachment = made._default_manager.get(pk=row.result)
    return result


def awaits_reading(made: ReceivedFile | Attachment) -> bool:
    """Tell whether what an upload has become is data that nobody has read yet."""
    return isinstance(made, ReceivedFile) and made.outcome == "waiting"


def _refuse_incomplete(row: Upload) -> None:
    if row.accepted != row.bytes:
        raise Conflict(
            f"文件还没有传完：已接收 {row.accepted} 字节，共 {row.bytes} 字节。请继续上传。",
            code="upload_incomplete",
            details=(TrueOffset(row.accepted),),
        )
    if not row.expected:
        return
    with (folder() / row.pk).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != row.expected:
        raise Conflict(
            "收到的内容与所报校验值不一致，请取消这次上传，核对文件后重新上传。",
            code="digest_differs",
        )


@action
def finish_upload(*, upload_id: str, by: Actor, at: datetime) -> Upload:
    """Record that an upload has become its received file or attachment; file the case's document.

    Raises Conflict when the case has ended meanwhile.
    """
    row = _locked(upload_id, by=by)
    if row.state != "open":
        return row
    if row.target_kind == "case":
        paper = Paper(kind=row.document_kind, title=row.name, attachment=row.pk)
        cases.add_documents(case_id=row.target_id, papers=[paper], by=by, at=at)
    row.state, row.result, row.expected, row.touched_at = "finished", row.pk, "", at
    row.save(update_fields=["state", "result", "expected", "touched_at"])
    details = {"target": [row.target_kind, row.target_id], "result": row.result}
    journal(Event("upload.finished", ("upload", row.pk), "", details), by=by, at=at)
    after_commit(lambda: _remove(row.pk))
    return row


def _remove(upload_id: str) -> None:
    (folder() / upload_id).unlink(missing_ok=True)


@action
def drop_upload(*, upload_id: str, by: Actor, at: datetime) -> Upload:
    """Give up an upload of the actor's organisation; its bytes are removed.

    Giving it up again changes nothing. Raises Conflict for one that is finished.
    """
    row = _locked(upload_id, by=by)
    if row.state == "dropped":
        return row
    if row.state != "open":
        raise Conflict("这次上传已经结束，不能再取消。", code="upload_closed")
    return _drop(row, reason="cancelled", by=by, at=at)


def _drop(row: Upload, *, reason: str, by: Actor, at: datetime) -> Upload:
    row.state, row.expected = "dropped", ""
    row.save(update_fields=["state", "expected"])
    details = {"reason": reason, "accepted": row.accepted}
    journal(Event("upload.dropped", ("upload", row.pk), "", details), by=by, at=at)
    after_commit(lambda: _remove(row.pk))
    return row


@action
def drop_abandoned(*, by: Actor, at: datetime) -> int:
    """Give up what nobody has added to for seven days; return how many."""
    require(by, "job.run")
    old = Upload.objects.locked().filter(state="open", touched_at__lte=at - KEPT)
    rows = list(old.order_by("id")[:200])
    for row in rows:
        _drop(row, reason="abandoned", by=by, at=at)
    return len(rows)


def sweep(*, by: Actor, at: datetime) -> int:
    """Drop abandoned uploads and remove files that a crash left behind; return how many files."""
    drop_abandoned(by=by, at=at)
    here = [path.name for path in folder().glob("*")]
    running = set(Upload.objects.filter(state="open").values_list("pk", flat=True))
    gone = [name for name in here if name not in running]
    for name in gone:
        _remove(name)
    return len(gone) + attachments.sweep(older_than=at - KEPT)
