"""The catalogue over the API: resources, looks into their data, openings, registrations."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Path, Query, Router, Schema

from gongshu_server.api.answers import present
from gongshu_server.api.reading import PAGING, Paging, listed, with_states
from gongshu_server.api.shapes import page_of, shape, with_fields
from gongshu_server.api.writing import acting, tag
from gongshu_server.catalogue import queries
from gongshu_server.catalogue.models import Item, Resource, Snapshot
from gongshu_server.journal import clock
from gongshu_server.opening import queries as opening
from gongshu_server.opening.models import OpeningReview
from gongshu_server.registration import queries as registration
from gongshu_server.registration.models import Registration
from gongshu_server.usage import previews

router = Router(tags=["catalogue"])
LATEST = 100
VERSION = Path(..., ge=1, le=2**31 - 1)
OpeningShown: Any = with_fields("OpeningReviewShown", OpeningReview, state=str, state_zh=str)
RegistrationShown: Any = with_fields("RegistrationShown", Registration, state=str, state_zh=str)


class VersionShown(Schema):
    """A version of a resource's data; what was found in it is shown to the provider alone."""

    id: str
    version: int
    as_of: date
    rows: int | None = None
    rejects: int | None = None
    understood: Any = None


class QualityShown(Schema):
    """What reading and profiling a version has found: types, counts, findings a column."""

    id: str
    resource_id: str
    version: int
    as_of: date
    created_at: datetime
    rows: int
    rejects: int
    bytes: int
    types: dict[str, Any]
    understood: Any
    match: Any
    profile: dict[str, Any]


class ItemShown(shape(Item)):  # type: ignore[misc] # a type made at run time
    """An item; the machine's proposal is shown to the provider alone."""

    proposal: dict[str, Any] | None = None


ResourceShown: Any = with_fields(
    "ResourceOverview", Resource, items=list[ItemShown], snapshots=list[VersionShown]
)


@router.get("/resources", response=page_of(Resource), summary="可见的数据资源")
def resources(request: HttpRequest, paging: Paging = PAGING) -> Any:
    """Return the resources that the caller may see, by title."""
    return listed(queries.resources(by=acting(request)), paging, ("title", "id"))


@router.get(
    "/resources/{resource_id}", response=ResourceShown, summary="一个数据资源及其数据项和版本"
)
def resource(request: HttpRequest, response: HttpResponse, resource_id: str) -> Any:
    """Return a resource with its items and newest versions; no data.

    What the machine found in the data (counts, sentences that quote a cell) is its provider's own
    business: nobody else learns from it what depends on data (S13).
    """
    by = acting(request)
    row = queries.resource(resource_id, by=by)
    tag(response, row.case)
    own = row.provider_id == by.organisation
    versions = queries.snapshots(row.pk).order_by("-version")[:LATEST]
    return present(row) | {
        "items": [_item(one, own=own) for one in queries.items(row.pk)],
        "snapshots": [_version(one, own=own) for one in versions],
    }


def _item(row: Item, *, own: bool) -> dict[str, Any]:
    shown: dict[str, Any] = present(row)
    return shown if own else shown | {"proposal": None}


def _version(row: Snapshot, *, own: bool) -> dict[str, Any]:
    shown = {"id": row.pk, "version": row.version, "as_of": row.as_of}
    found = {"rows": row.rows, "rejects": row.rejects, "understood": row.understood}
    return shown | found if own else shown


@router.get(
    "/resources/{resource_id}/preview",
    response=shape(previews.Preview),
    summary="在许可范围内预览数据",
)
def preview(request: HttpRequest, resource_id: str) -> Any:
    """Return the first rows of the newest version, the items of the caller's grant; recorded."""
    return present(previews.preview(resource_id, by=acting(request), at=clock.now()))


@router.get(
    "/resources/{resource_id}/versions/{version}/quality",
    response=QualityShown,
    summary="一个版本的质量和探查结果（数据提供单位）",
)
def quality(request: HttpRequest, resource_id: str, version: int = VERSION) -> Any:
    """Return what reading and profiling a version has found, to the provider."""
    row = queries.quality(resource_id, version, by=acting(request))
    return present(row) | {"types": row.schema}


@router.get(
    "/resources/{resource_id}/versions/{version}/rejects",
    response=shape(previews.Rejects),
    summary="一个版本未收的行及原因（数据提供单位）",
)
def rejects(
    request: HttpRequest,
    resource_id: str,
    version: int = VERSION,
    limit: int = Query(100, ge=1, le=previews.MOST_REJECTS),
) -> Any:
    """Return the rows that were not taken, with line and reason, to the provider; recorded."""
    by, at = acting(request), clock.now()
    return present(previews.rejects(resource_id, version, limit=limit, by=by, at=at))


@router.get("/openings", response=page_of(OpeningShown), summary="开放申请")
def openings(request: HttpRequest, paging: Paging = PAGING) -> Any:
    """Return the opening reviews that the caller may see, the newest first."""
    return listed(opening.reviews(by=acting(request)), paging, show=with_states)


@router.get("/openings/{review_id}", response=OpeningShown, summary="一个开放申请及机器检查结果")
def one_opening(request: HttpRequest, response: HttpResponse, review_id: str) -> Any:
    """Return an opening review with the findings of the machine check."""
    row = opening.review(review_id, by=acting(request))
    tag(response, row.case)
    return with_states([row])[0]


@router.get("/registrations", response=page_of(RegistrationShown), summary="可见的登记")
def registrations(request: HttpRequest, paging: Paging = PAGING) -> Any:
    """Return the registrations that the caller takes part in or watches, the newest first."""
    return listed(registration.registrations(by=acting(request)), paging, show=with_states)


@router.get(
    "/registrations/{registration_id}", response=RegistrationShown, summary="一项登记及其状态"
)
def one_registration(request: HttpRequest, response: HttpResponse, registration_id: str) -> Any:
    """Return a registration with the state of its case."""
    row = registration.registration(registration_id, by=acting(request))
    tag(response, row.case)
    return with_states([row])[0]
