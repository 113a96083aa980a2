"""Reads on objections: what somebody may object to, and the objections that a party may see."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from gongshu.vocabulary.errors import NotFound
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.models import Organisation
from gongshu_server.catalogue.models import Resource, Snapshot
from gongshu_server.market.models import Product
from gongshu_server.oversight.models import Objection, Suspension
from gongshu_server.workshop.models import ReleaseSource


@dataclass(frozen=True, slots=True)
class ObjectionView:
    """One objection as its parties see it; the record's subject is never named."""

    objection: Objection
    product: str
    resource: str
    suspended: bool


def objections(*, by: Actor) -> QuerySet[Objection]:
    """Return the objections that the actor may see, newest first."""
    rows = Objection.objects.visible_to(by).select_related("raiser", "provider")
    return rows.order_by("-pk")


def objection(objection_id: str, *, by: Actor) -> ObjectionView:
    """Return one objection that the actor may see; NotFound otherwise."""
    row = objections(by=by).filter(pk=objection_id).first()
    if row is None:
        raise NotFound("没有这项异议。", code="objection_not_found")
    return ObjectionView(
        objection=row,
        product=Product.objects.values_list("title", flat=True).get(pk=row.product),
        resource=Resource.objects.values_list("title", flat=True).get(pk=row.resource),
        suspended=Suspension.objects.filter(objection=row, until__isnull=True).exists(),
    )


def sources(*, most: int = 200) -> list[tuple[str, str]]:
    """Return (product/resource, words) for every source that one may object to."""
    listed = Product.objects.filter(state="listed")
    releases = {row.release: row for row in listed[:most]}
    rows = ReleaseSource.objects.filter(release__in=list(releases)).select_related("resource")
    return [
        (
            f"{releases[row.release_id].pk}/{row.resource_id}",
            f"{releases[row.release_id].title} · {row.resource.title}",
        )
        for row in rows.order_by("release_id", "id")
    ]


def own_subject(*, by: Actor) -> str:
    """Return the key by which products know the actor's own organisation; empty without one."""
    return Organisation.objects.values_list("uscc", flat=True).get(pk=by.organisation)


def versions_since(row: Objection, *, most: int = 20) -> list[Snapshot]:
    """Return the versions that the source has handed in since the record was suspended."""
    since = Suspension.objects.filter(objection=row).values_list("since", flat=True).first()
    if since is None:
        return []
    found = Snapshot.objects.filter(resource_id=row.resource, created_at__gt=since)
    return list(found.order_by("-version")[:most])
