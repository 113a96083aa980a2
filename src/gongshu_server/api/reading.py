"""Reads over the API: one page of a list, and the state that lives in a row's case."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from ninja import Query, Schema
from pydantic import Field

from gongshu_server.api.answers import present
from gongshu_server.cases.queries import states
from gongshu_server.journeys.paging import MOST, USUAL, page

Show = Callable[[Sequence[Any]], Iterable[Any]]
# What every list is told apart by at last; of most rows newer ones come first.
TAG = "ETag"
READING = frozenset({"GET", "HEAD"})
_TAG_LENGTH = 32
NEWEST: tuple[str, ...] = ("-id",)


class Paging(Schema):
    """Which page of a list, and how long it is."""

    after: str = Field("", description="上一页答复中的 next；不填即第一页", max_length=2000)
    limit: int = Field(USUAL, ge=1, le=MOST, description="每页条数")


# How an endpoint asks for them: `paging: Paging = PAGING`.
PAGING = Query(...)


def listed(
    rows: QuerySet[Any], paging: Paging, order: Sequence[str] = NEWEST, show: Show = list
) -> dict[str, Any]:
    """Return one page of the rows, each as `show` makes it of them."""
    found = page(rows, order, after=paging.after, limit=paging.limit)
    return {"items": present(list(show(found.rows))), "next": found.next}


def marked(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Return a good answer to a read with an ETag, or 304 when the caller has the same already.

    An object with a case has the case's version, which writes accept as `If-Match`. Any other has a
    weak tag of its content, which is for `If-None-Match` alone.
    """
    if request.method not in READING or response.status_code != 200 or response.has_header(TAG):
        return response
    response[TAG] = f'W/"{sha256(response.content).hexdigest()[:_TAG_LENGTH]}"'
    return get_conditional_response(request, etag=response[TAG], response=response) or response


def with_states(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the rows with the state of their case, as a code and in words."""
    known = states({row.case for row in rows})
    shown = []
    for row in rows:
        code, zh = known.get(row.case, ("", ""))
        shown.append(present(row) | {"state": code, "state_zh": zh})
    return shown
