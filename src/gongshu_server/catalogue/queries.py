"""Reads on the catalogue: resources, their latest snapshots, and what the clean room is told."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from django.conf import settings
from django.db.models import OuterRef, QuerySet, Subquery

from gongshu.cleanroom.lattices import Lattice, LatticeKind
from gongshu.cleanroom.model import ItemRule, Source
from gongshu.lake import open_snapshot
from gongshu.lake.subjects import ENTERPRISE, PERSON, MatchReport
from gongshu.vocabulary.errors import Conflict, NotFound, NotPermitted
from gongshu.vocabulary.levels import IdentifierClass, Level, SubjectKind, regime_of
from gongshu_server.accounts.actors import Actor
from gongshu_server.catalogue.models import Item, ReceivedFile, Resource, Snapshot

# The columns with canonical subjects that intake adds to every snapshot.
SUBJECT_COLUMNS: Mapping[SubjectKind, str] = {
    SubjectKind.enterprise: ENTERPRISE,
    SubjectKind.person: PERSON,
}
REGION_ITEM = "行政区划代码"


def resources(*, by: Actor) -> QuerySet[Resource]:
    """Return the resources that the actor may see."""
    return Resource.objects.visible_to(by)


def resource(resource_id: str, *, by: Actor) -> Resource:
    """Return one resource that the actor may see; NotFound otherwise."""
    seen = Resource.objects.visible_to(by).select_related("provider")
    found = seen.filter(pk=resource_id).first()
    if found is None:
        raise NotFound("没有这个数据资源。", code="resource_not_found")
    return found


def published(resource_id: str) -> Resource:
    """Return one published resource for anybody; NotFound otherwise."""
    shown = Resource.objects.public().select_related("provider")
    found = shown.filter(pk=resource_id).first()
    if found is None:
        raise NotFound("没有这个数据资源。", code="resource_not_found")
    return found


def versions(resource_id: str, *, most: int = 20) -> list[Snapshot]:
    """Return the newest versions of a resource's data, without what was found in them."""
    rows = Snapshot.objects.filter(resource_id=resource_id).order_by("-version")
    return list(rows.defer("profile", "understood", "schema", "match")[:most])


def items(resource_id: str) -> list[Item]:
    """Return the items of a resource in their order."""
    return list(Item.objects.filter(resource_id=resource_id).order_by("position"))


def snapshots(resource_id: str) -> QuerySet[Snapshot]:
    """Return the versions of a resource's data."""
    return Snapshot.objects.filter(resource_id=resource_id)


def provided(resource_id: str, *, by: Actor) -> Resource:
    """Return one resource for its provider, who alone learns what the machine found in its data.

    Raises NotFound for a resource that the actor may not see, NotPermitted for another's (S13).
    """
    row = resource(resource_id, by=by)
    if row.provider_id != by.organisation:
        raise NotPermitted("文件、质量和未收行只有数据提供单位可以查看。", code="not_the_provider")
    return row


def received_files(resource_id: str, *, by: Actor) -> QuerySet[ReceivedFile]:
    """Return the files that a resource's provider has handed in, for the provider."""
    return ReceivedFile.objects.filter(resource=provided(resource_id, by=by))


def quality(resource_id: str, version: int, *, by: Actor) -> Snapshot:
    """Return a version with what reading and profiling it has found, for the provider.

    Raises NotFound for a version that there is not, NotPermitted for another's resource.
    """
    rows = snapshots(provided(resource_id, by=by).pk)
    found = rows.filter(version=version).first()
    if found is None:
        raise NotFound("没有这个数据版本。", code="snapshot_not_found")
    return found


def latest_snapshot(resource_id: str) -> Snapshot:
    """Return the newest version of a resource's data; Conflict when there is none."""
    snapshot = Snapshot.objects.filter(resource_id=resource_id).order_by("-version").first()
    if snapshot is None:
        raise Conflict("该资源还没有数据版本（未挂接）。", code="no_snapshot")
    return snapshot


def lake_path(snapshot: Snapshot) -> Path:
    """Return where the snapshot's table lies."""
    return Path(settings.HOME) / "lake" / snapshot.location


def open_rows(snapshot: Snapshot, *, columns: Sequence[str]) -> pa.RecordBatchReader:
    """Return the rows of a version, the named columns only; NotFound for a column it lacks."""
    return open_snapshot(lake_path(snapshot), snapshot.version, columns=columns)


def lattice(said: Mapping[str, Any] | None) -> Lattice | None:
    """Return the lattice that a person confirmed for an item, as the clean room needs it."""
    if not said:
        return None
    kind = LatticeKind(said["kind"])
    if kind is LatticeKind.VALUES:
        return Lattice.of_values(said["values"])
    if kind is LatticeKind.BANDS:
        return Lattice.of_bands(Decimal(str(edge)) for edge in said["edges"])
    return Lattice.of_months()


def sources(resource_ids: Collection[str]) -> list[Source]:
    """Return what the clean room is told about each resource: newest snapshot, items, subjects.

    Resources without a snapshot are left out: there is nothing to query. Three queries in all.
    """
    versions = Snapshot.objects.filter(resource=OuterRef("resource")).order_by("-version")
    newest = Snapshot.objects.filter(
        resource_id__in=list(resource_ids), pk=Subquery(versions.values("pk")[:1])
    )
    # Profiles and proposals are long, and no verdict asks for them.
    snapshots = {s.resource_id: s for s in newest.defer("understood", "profile")}
    rows: dict[str, list[Item]] = {}
    items = Item.objects.filter(resource_id__in=list(snapshots)).defer("proposal")
    for item in items.order_by("position"):
        rows.setdefault(item.resource_id, []).append(item)
    found = Resource.objects.filter(pk__in=list(snapshots)).order_by("table")
    return [_source(r, snapshots[r.pk], rows.get(r.pk, [])) for r in found]


def _source(row: Resource, snapshot: Snapshot, rows: list[Item]) -> Source:
    present = set(snapshot.schema)
    subjects = {kind: column for kind, column in SUBJECT_COLUMNS.items() if column in present}
    region = REGION_ITEM if any(item.name == REGION_ITEM for item in rows) else None
    return Source(
        resource=f"resource:{row.pk}",
        table=row.table,
        title=row.title,
        items=tuple(_rule(item) for item in rows if item.name in present),
        subjects=subjects,
        snapshot=snapshot.pk,
        match=MatchReport(**snapshot.match) if snapshot.match else None,
        region_item=region,
    )


def _rule(item: Item) -> ItemRule:
    level = Level(item.level or "general")
    # An item that nobody has confirmed yet is treated as the strictest.
    grade = item.grade or 4
    subject = SubjectKind(item.subject or "person")
    return ItemRule(
        name=item.name,
        type=item.type,
        regime=regime_of(opened=item.opened, level=level, grade=grade, subject=subject),
        identifier=IdentifierClass(item.identifier or "direct"),
        opened=item.opened,
        grade=grade,
        subject=subject,
        lattice=lattice(item.lattice),
    )
