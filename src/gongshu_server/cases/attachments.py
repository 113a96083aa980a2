"""Files that documents carry: kept once under a keyed digest, handed out only as a download.

The bytes are durable before the record that names them; a crash in between leaves a file that
nobody names, and the sweep takes it.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from django.conf import settings

from gongshu.vocabulary.errors import Conflict, Invalid, NotFound, Unavailable
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.digests import ContentDigest
from gongshu_server.accounts.permissions import require
from gongshu_server.cases import media
from gongshu_server.cases.models import Attachment, Case, Document
from gongshu_server.journal.actions import action, after_commit, journal
from gongshu_server.journal.recording import Event
from gongshu_server.secrets_folder import secret

BLOCK = 1 << 20


def store(path: Path, *, attachment_id: str, name: str, by: Actor, at: datetime) -> Attachment:
    """Take over a whole file that the node has written, as the attachment `attachment_id`.

    Doing it again after a crash finds the same record. Raises Invalid for a kind of file that is
    not taken, Unavailable when the disk refuses; the file at `path` stays where it is.
    """
    done = Attachment.objects.visible_to(by).filter(pk=attachment_id).first()
    if done is not None:
        return done
    row = Attachment(pk=attachment_id, name=name[:200], media=media.kind(path))
    row.bytes, row.salt, row.digest, row.address = _digests(path)
    try:
        _place(path, kept_path(row.address))
    except OSError as fault:
        raise Unavailable(
            "附件没有存下来，磁盘拒绝写入；请运行单位检查磁盘空间和权限，然后重新上传。",
            code="not_stored",
        ) from fault
    return keep_attachment(row=row, by=by, at=at)


def kept_path(address: str) -> Path:
    """Return where the bytes with this address lie."""
    return Path(settings.HOME) / "attachments" / address[:2] / address


def _digests(path: Path) -> tuple[int, str, str, str]:
    """Return size, salt, salted digest and address of a file, read once."""
    salt = secrets.token_hex(32)
    salted = hashlib.sha256(salt.encode())
    address = ContentDigest(secret(Path(settings.HOME), "node.secret"))
    size = 0
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            salted.update(block)
            address.update(block)
            size += len(block)
        os.fsync(stream.fileno())
    return size, salt, salted.hexdigest(), address.hexdigest()


def _place(path: Path, kept: Path) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not kept.exists():
        os.link(path, kept)
    for folder in (kept.parent, kept.parent.parent):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@action
def keep_attachment(*, row: Attachment, by: Actor, at: datetime) -> Attachment:
    """Record an attachment whose bytes are durable in the store; no document carries it yet."""
    require(by, "case.add_document")
    row.organisation_id = by.organisation
    row.stored_at, row.stored_by = at, by.text_id
    row.save(force_insert=True)
    details = {"media": row.media, "bytes": row.bytes, "digest": row.digest}
    journal(Event("attachment.stored", ("attachment", row.pk), "", details), by=by, at=at)
    return row


def bind(attachment_id: str, *, by: Actor) -> Attachment:
    """Return an attachment that the actor's organisation handed in and no document carries yet.

    Raises NotFound for any other: each file is filed once, by whoever handed it in.
    """
    row = (
        Attachment.objects.locked()
        .filter(pk=attachment_id, organisation_id=by.organisation, document__isnull=True)
        .filter(erased_at__isnull=True)
        .first()
    )
    if row is None:
        raise NotFound(
            "没有这个待归入办件的附件，请重新上传后再提交。", code="attachment_not_found"
        )
    return row


def of_documents(documents: Sequence[str]) -> dict[str, Attachment]:
    """Return the attachment of each of the documents that carries one, in one query."""
    rows = Attachment.objects.filter(document_id__in=documents)
    return {str(row.document_id): row for row in rows}


@action
def download_attachment(*, attachment_id: str, by: Actor, at: datetime) -> Attachment:
    """Let a party or supervisor of its case fetch an attachment; each download is journalled.

    Raises NotFound for one that the actor may not see, Conflict when its content was erased.
    """
    require(by, "attachment.download")
    row = Attachment.objects.visible_to(by).filter(pk=attachment_id).first()
    if row is None:
        raise _not_there()
    if row.erased_at is not None:
        raise Conflict("这个附件的内容已依法删除，只保留记录。", code="erased")
    journal(Event("attachment.downloaded", ("attachment", row.pk)), by=by, at=at)
    return row


def _not_there() -> NotFound:
    return NotFound("没有这个附件，或您所在机构不是办件的当事方。", code="attachment_not_found")


@action
def erase_attachment(*, attachment_id: str, reason: str, by: Actor, at: datetime) -> Attachment:
    """Erase an attachment's bytes and salt; record, document and every proof stay.

    The body that handed it in does, with a reason, once the case has ended. Raises Conflict before.
    """
    require(by, "attachment.erase")
    row = Attachment.objects.visible_to(by).locked().filter(pk=attachment_id).first()
    if row is None or row.organisation_id != by.organisation:
        raise _not_there()
    if not reason.strip():
        raise Invalid("删除附件必须写明理由。", code="reason_required")
    if row.erased_at is not None:
        return row
    _refuse_open(row)
    address = row.address
    row.address, row.salt, row.erased_at = "", "", at
    row.save(update_fields=["address", "salt", "erased_at"])
    details = {"reason": reason}
    journal(Event("attachment.erased", ("attachment", row.pk), "", details), by=by, at=at)
    after_commit(lambda: _forget(address))
    return row


def _refuse_open(row: Attachment) -> None:
    carrying = Document.objects.filter(pk=row.document_id).values("case")
    if Case.objects.filter(pk__in=carrying, closed_at__isnull=True).exists():
        raise Conflict("办件尚未办结，附件是办理依据，办结后才能删除。", code="case_open")


def _forget(address: str) -> None:
    if not Attachment.objects.filter(address=address).exists():
        kept_path(address).unlink(missing_ok=True)


def sweep(*, older_than: datetime) -> int:
    """Remove files of the store that no record names and that are older; return how many.

    What was placed a moment ago may be recorded the next: only older files are looked at.
    """
    folder = Path(settings.HOME) / "attachments"
    limit = older_than.timestamp()
    old = [p for p in folder.glob("*/*") if p.stat().st_ctime < limit]
    named = set(Attachment.objects.exclude(address="").values_list("address", flat=True))
    gone = [path for path in old if path.name not in named]
    for path in gone:
        path.unlink(missing_ok=True)
    return len(gone)
