"""Reads on objections: what somebody may object to, and the objections that a party may see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from gongshu.vocabulary.errors import NotFound
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.models import Organisation
from gongshu_server.catalogue.models import Resource, Snapshot
from gongshu_server.market.models import Product
from gongshu_server.oversight.models import Complaint, Objection, Suspension
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
    product = Product.objects.filter(pk=OuterRef("product")).values("title")
    resource = Resource.objects.filter(pk=OuterRef("resource")).values("title")
    running = Suspension.objects.filter(objection=OuterRef("pk"), until__isnull=True)
    rows = objections(by=by).annotate(
        product_title=Subquery(product), resource_title=Subquery(resource), held=Exists(running)
    )
    row = rows.filter(pk=objection_id).first()
    if row is None:
        raise NotFound("没有这项异议。", code="objection_not_found")
    return ObjectionView(
        objection=row,
        product=row.product_title,
        resource=row.resource_title,
        suspended=row.held,
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


@dataclass(frozen=True, slots=True)
class ComplaintView:
    """A complaint as its handling body and its complainant see it; nobody is named in it."""

    id: str
    about: str
    reported: str
    statement: str
    answer: str
    case: str
    submitted_at: datetime
    own: bool


def complaints(*, by: Actor) -> QuerySet[Complaint]:
    """Return the complaints that the actor may see, newest first."""
    return Complaint.objects.visible_to(by).select_related("reported").order_by("-pk")


def complaint(complaint_id: str, *, by: Actor) -> ComplaintView:
    """Return one complaint that the actor may see; NotFound otherwise."""
    row = complaints(by=by).filter(pk=complaint_id).first()
    if row is None:
        raise NotFound("没有这件投诉举报，或不由本机构办理。", code="complaint_not_found")
    return complaint_views([row], by=by)[0]


def complaint_views(rows: Iterable[Complaint], *, by: Actor) -> list[ComplaintView]:
    """Return complaints that the actor may see as it sees them."""
    return [
        ComplaintView(
            id=row.pk,
            about=row.get_about_kind_display(),
            reported=row.reported.name if row.reported else "",
            statement=row.statement,
            answer=row.answer,
            case=row.case,
            submitted_at=row.submitted_at,
            own=bool(by.person) and row.complainant_person == by.person,
        )
        for row in rows
    ]


def complaint_objects(*, most: int = 200) -> list[tuple[str, str]]:
    """Return (kind/id, words) for what one may complain of: operators, listed products, prices."""
    rows = Product.objects.filter(state="listed").select_related("operator").order_by("title")
    products = list(rows[:most])
    operators = {row.operator_id: row.operator.name for row in products}
    charged = [row for row in products if row.price_case]
    return [
        *((f"organisation/{pk}", f"机构：{name}") for pk, name in operators.items()),
        *((f"product/{row.pk}", f"产品：{row.title}") for row in products),
        *((f"price/{row.pk}", f"价格：{row.title}") for row in charged),
    ]


def versions_since(row: Objection, *, most: int = 20) -> list[Snapshot]:
    """Return the versions that the source has handed in since the record was suspended."""
    since = Suspension.objects.filter(objection=row).values_list("since", flat=True).first()
    if since is None:
        return []
    found = Snapshot.objects.filter(resource_id=row.resource, created_at__gt=since)
    return list(found.order_by("-version")[:most])
