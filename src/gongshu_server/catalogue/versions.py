"""Writes on versions: a received file, and what reading it has made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gongshu.vocabulary.errors import Conflict, Invalid, NotFound
from gongshu.workflow.limits import SHANGHAI
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.permissions import require
from gongshu_server.cases import engine
from gongshu_server.catalogue.entries import owned
from gongshu_server.catalogue.models import Item, ReceivedFile, Resource, Snapshot
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.ids import ulid
from gongshu_server.journal.recording import Event


@dataclass(frozen=True, slots=True)
class File:
    """A file in the node's store: its id there, its name as sent, and its salted digest."""

    id: str
    name: str
    bytes: int
    salt: str
    digest: str


@action
def receive(*, resource_id: str, file: File, by: Actor, at: datetime) -> ReceivedFile:
    """Record a received file that lies, unchanged and durable, in the node's store.

    Raises Conflict before the secrecy review: a marked file is stopped before it is stored.
    """
    require(by, "catalogue.file")
    resource = owned(resource_id, by=by)
    case = engine.locked(resource.case, by=by)
    if case.state in {"draft", "filed", "returned", "stopped_as_secret", "withdrawn"}:
        raise Conflict(
            "该资源尚未完成保密审查，不能接收数据文件。请先办理保密审查。",
            code="no_secrecy_review",
            clause="opinions-12.8",
        )
    row = ReceivedFile.objects.create(
        id=file.id,
        resource=resource,
        name=file.name[:200],
        bytes=file.bytes,
        digest=file.digest,
        salt=file.salt,
        received_at=at,
        received_by=by.text_id,
    )
    details = {"file": row.pk, "bytes": file.bytes, "digest": file.digest}
    event = Event("resource.received", ("resource", resource.pk), "opinions-1.1", details)
    journal(event, by=by, at=at)
    return row


@dataclass(frozen=True, slots=True)
class Version:
    """What reading a file has made: everything that a snapshot row says."""

    number: int
    location: str
    rows: int
    rejects: int
    bytes: int
    schema: Mapping[str, str]
    digest: str
    understood: Mapping[str, Any]
    match: Mapping[str, Any] | None
    profile: Mapping[str, Any]


@action
def record_snapshot(*, file_id: str, version: Version, by: Actor, at: datetime) -> Snapshot:
    """Record a version that was read from a received file, with the machine's proposals.

    Items that the file has and the entry lacks are added, unconfirmed: they cannot be used until
    a person has confirmed them, and nothing is lost. Raises Invalid when filed items are missing.
    """
    require(by, "job.run")
    received = _received(file_id)
    made = Snapshot.objects.filter(received=received).first()
    if made is not None:
        return made  # Another worker read the same file at the same time and was first.
    resource = received.resource
    _adopt_schema(resource, version)
    snapshot = Snapshot.objects.create(
        id=ulid(at),
        resource=resource,
        received=received,
        version=version.number,
        location=version.location,
        rows=version.rows,
        rejects=version.rejects,
        bytes=version.bytes,
        schema=dict(version.schema),
        digest=version.digest,
        understood=dict(version.understood),
        match=dict(version.match) if version.match else None,
        profile=dict(version.profile),
        as_of=at.astimezone(SHANGHAI).date(),
        created_at=at,
    )
    received.outcome = "read"
    received.save(update_fields=["outcome"])
    said = {name: getattr(snapshot, name) for name in ("version", "rows", "rejects", "digest")}
    details = {"snapshot": snapshot.pk, **said}
    event = Event("resource.versioned", ("resource", resource.pk), "opinions-1.1", details)
    journal(event, by=by, at=at)
    return snapshot


def _received(file_id: str) -> ReceivedFile:
    received = ReceivedFile.objects.select_for_update(of=("self",)).filter(pk=file_id).first()
    if received is None:
        raise NotFound("没有这个接收文件。", code="file_not_found")
    return received


def _adopt_schema(resource: Resource, version: Version) -> None:
    known = {item.name: item for item in Item.objects.filter(resource=resource)}
    columns = {c["name"]: c for c in version.profile["columns"]}
    missing = [name for name in known if name not in version.schema]
    if missing:
        raise Invalid(
            f"文件里没有目录所列的数据项：{'、'.join(missing)}。请核对表头，或先更新目录。",
            code="items_missing",
            clause="809-13",
        )
    for place, (name, kind) in enumerate(version.schema.items()):
        if name.startswith("主体_"):
            continue
        item = known.get(name) or Item(resource=resource, name=name, position=place)
        item.type = kind
        item.proposal = columns[name]["proposal"]
        item.save()


@action
def record_unreadable(*, file_id: str, sentence: str, by: Actor, at: datetime) -> ReceivedFile:
    """Record that nothing of a file could be read, and why; the file itself is kept."""
    require(by, "job.run")
    received = _received(file_id)
    received.outcome = "unreadable"
    received.sentence = sentence
    received.save(update_fields=["outcome", "sentence"])
    details = {"file": received.pk, "reason": sentence}
    event = Event("resource.unreadable", ("resource", received.resource_id), "", details)
    journal(event, by=by, at=at)
    return received
