"""Reads on grants and uses."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from django.db.models import Sum

from gongshu.policy import PUBLIC, Grant, GrantIndex
from gongshu.vocabulary.errors import NotFound
from gongshu.workflow.limits import SHANGHAI
from gongshu_server.usage import compilation
from gongshu_server.usage.models import GrantRow, Metered


def live_grant(grant_id: str, *, at: datetime) -> Grant:
    """Return one verified grant; NotFound when there is none."""
    row = GrantRow.objects.filter(pk=grant_id).first()
    if row is None:
        raise NotFound("没有这项用数许可。", code="grant_not_found")
    return compilation.verified(row)


def index_for(parties: Collection[str], objects: Collection[str], *, at: datetime) -> GrantIndex:
    """Return an index of these parties' verified grants, and the public's, on these objects."""
    grantees = {*parties, PUBLIC}
    rows = GrantRow.objects.filter(grantee__in=grantees, object__in=list(objects))
    return GrantIndex.build(compilation.compile_rows(rows, at=at))


def full_index(*, at: datetime) -> GrantIndex:
    """Return the index of every verified grant of the node."""
    return GrantIndex.build(compilation.compile_rows(GrantRow.objects.all(), at=at))


def spent(index: GrantIndex, *, at: datetime) -> dict[str, int]:
    """Return what each quota-bound grant of the index has used in its present period.

    Grouped by kind of period: at most three queries, however many grants.
    """
    day = at.astimezone(SHANGHAI).date()
    starts = {"day": day, "month": day.replace(day=1), "total": date.min}
    used: dict[str, int] = {}
    for per, start in starts.items():
        grants = [g.id for g in index if g.quota is not None and g.quota.per == per]
        if grants:
            rows = Metered.objects.filter(grant__in=grants, day__gte=start).values("grant")
            used |= dict(rows.annotate(total=Sum("amount")).values_list("grant", "total"))
    return used
