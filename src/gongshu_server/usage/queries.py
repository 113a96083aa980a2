"""Reads on grants and uses."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from django.db.models import Sum

from gongshu.policy import Grant, GrantIndex
from gongshu.vocabulary.errors import NotFound
from gongshu_server.usage import compilation
from gongshu_server.usage.models import GrantRow, Metered


def live_grant(grant_id: str, *, at: datetime) -> Grant:
    """Return one verified grant; NotFound when there is none."""
    row = GrantRow.objects.filter(pk=grant_id).first()
    if row is None:
        raise NotFound("没有这项用数许可。", code="grant_not_found")
    return compilation.verified(row)


def index_for(parties: Collection[str], objects: Collection[str], *, at: datetime) -> GrantIndex:
    """Return an index of the verified grants of these parties on these objects."""
    rows = GrantRow.objects.filter(grantee__in=list(parties), object__in=list(objects))
    return GrantIndex.build(compilation.compile_rows(rows, at=at))


def full_index(*, at: datetime) -> GrantIndex:
    """Return the index of every verified grant of the node."""
    return GrantIndex.build(compilation.compile_rows(GrantRow.objects.all(), at=at))


def spent(index: GrantIndex, *, at: datetime) -> dict[str, int]:
    """Return what each quota-bound grant of the index has used in its present period."""
    used: dict[str, int] = {}
    for party in index.parties():
        for grant in index.grants_of(party):
            if grant.quota is not None:
                used[grant.id] = used_since(grant, period_start(grant, at))
    return used


def period_start(grant: Grant, at: datetime) -> date | None:
    """Return the first day of the grant's present quota period; None for a total quota."""
    if grant.quota is None or grant.quota.per == "total":
        return None
    day = at.date()
    return day if grant.quota.per == "day" else day.replace(day=1)


def used_since(grant: Grant, start: date | None) -> int:
    """Return the metered amount of a grant since a day (or ever)."""
    rows = Metered.objects.filter(grant=grant.id)
    if start is not None:
        rows = rows.filter(day__gte=start)
    return rows.aggregate(total=Sum("amount"))["total"] or 0
