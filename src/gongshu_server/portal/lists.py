"""Lists on pages, one page at a time, by keyset: no page is counted or skipped to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from gongshu_server.journeys import paging


@dataclass(frozen=True, slots=True)
class Page:
    """One page of rows; `next` is the query string of the following page, empty at the end."""

    rows: list[Any]
    next: str
    first: bool


def page_of(rows: QuerySet[Any], request: HttpRequest, *, size: int = 30) -> Page:
    """Return the page that the request asks for with `after`, newest ids first."""
    after = request.GET.get("after", "")
    if after:
        rows = rows.filter(pk__lt=after)
    found = list(rows.order_by("-pk")[: size + 1])
    following = ""
    if len(found) > size:
        query = request.GET.copy()
        query["after"] = found[size - 1].pk
        following = query.urlencode()
    return Page(rows=found[:size], next=following, first=not after)


def ordered(
    rows: QuerySet[Any], request: HttpRequest, order: Sequence[str], *, size: int = 30
) -> Page:
    """Return the page that the request asks for with `after`, of rows in that order.

    Raises Invalid for an `after` that no page of this list has given.
    """
    after = request.GET.get("after", "")
    found = paging.page(rows, order, after=after, limit=size)
    following = ""
    if found.next:
        query = request.GET.copy()
        query["after"] = found.next
        following = query.urlencode()
    return Page(rows=found.rows, next=following, first=not after)
