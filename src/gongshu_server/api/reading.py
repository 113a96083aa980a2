"""Reads over the API: one page of a list, and the state that lives in a row's case."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db.models import QuerySet
from ninja import Query, Schema
from pydantic import Field

from gongshu_server.api.answers import present
from gongshu_server.cases.queries import states
from gongshu_server.journeys.paging import MOST, USUAL, page

Show = Callable[[Sequence[Any]], Iterable[Any]]
# What every list is told apart by at last; of most rows newer ones come first.
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


def with_states(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the rows with the state of their case, as a code and in words."""
    known = states({row.case for row in rows})
    shown = []
    for row in rows:
        code, zh = known.get(row.case, ("", ""))
        shown.append(present(row) | {"state": code, "state_zh": zh})
    return shown
