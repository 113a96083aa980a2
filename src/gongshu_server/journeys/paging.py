"""Lists a page at a time, by keyset: nothing is counted, skipped or read twice, however long.

A list names the columns it is ordered by; the last one must tell rows apart. `next` is an opaque
text that stands for the last row shown; the next page begins after it, whatever came in meanwhile.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Misencoded
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import FieldError, ValidationError
from django.db.models import Model, Q, QuerySet

from gongshu.vocabulary.errors import Invalid

USUAL, MOST = 50, 200
M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """One page of rows; `next` is what to ask for as `after` next, empty at the end."""

    rows: list[M]
    next: str


def page(
    rows: QuerySet[M], order: Sequence[str], *, after: str = "", limit: int = USUAL
) -> Page[M]:
    """Return the page that begins after the row that `after` stands for.

    `order` names columns without nulls, "-" before those that fall. Raises Invalid for an `after`
    that no page of this list has given, and for a limit beyond 1 to 200.
    """
    if not 1 <= limit <= MOST:
        raise Invalid(f"每页条数须在 1 至 {MOST} 之间。", code="page_size")
    if after:
        rows = rows.filter(_beyond(rows, order, _place(after, len(order))))
    found = list(rows.order_by(*order)[: limit + 1])
    more = len(found) > limit
    return Page(found[:limit], _mark(rows, found[limit - 1], order) if more else "")


def _field(rows: QuerySet[Any], name: str) -> Any:
    """Return the field of a column, be it the model's own or one that the list computes."""
    computed = rows.query.annotations.get(name)
    return rows.model._meta.get_field(name) if computed is None else computed.output_field


def _mark(rows: QuerySet[Any], row: Model, order: Sequence[str]) -> str:
    """Return the text that stands for a row's place in the order."""
    values = []
    for column in order:
        name = column.lstrip("-")
        if name in rows.query.annotations:
            value = getattr(row, name)
            values.append(value.isoformat() if isinstance(value, datetime) else str(value))
        else:
            values.append(_field(rows, name).value_to_string(row))
    return urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _place(after: str, columns: int) -> list[str]:
    try:
        data = urlsafe_b64decode(after + "=" * (-len(after) % 4))
        values = json.loads(data)
    except (ValueError, Misencoded):
        raise _unknown_place() from None
    if not isinstance(values, list) or len(values) != columns:
        raise _unknown_place()
    if not all(isinstance(value, str) and "\x00" not in value for value in values):
        raise _unknown_place()
    return values


def _beyond(rows: QuerySet[Any], order: Sequence[str], place: Sequence[str]) -> Q:
    """Return the condition of being after the place: further in one column, equal before it."""
    condition, equal = Q(), Q()
    try:
        for column, text in zip(order, place, strict=True):
            name = column.lstrip("-")
            value = _field(rows, name).to_python(text)
            further = "lt" if column.startswith("-") else "gt"
            condition |= equal & Q(**{f"{name}__{further}": value})
            equal &= Q(**{name: value})
    except (ValidationError, FieldError, ValueError, OverflowError):
        raise _unknown_place() from None
    return condition


def _unknown_place() -> Invalid:
    return Invalid("翻页位置无效，请从第一页重新查看。", code="unknown_place")
