"""Reads on grants and uses."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, QuerySet, Sum

from gongshu.policy import PUBLIC, Grant, GrantIndex
from gongshu.vocabulary.errors import NotFound
from gongshu.workflow.limits import SHANGHAI
from gongshu_server.accounts.actors import Actor
from gongshu_server.journal.models import Entry
from gongshu_server.usage import compilation
from gongshu_server.usage.models import Alarm, GrantRow, Metered


def live_grant(grant_id: str, *, at: datetime) -> Grant:
    """Return one verified grant; NotFound when there is none."""
    row = GrantRow.objects.filter(pk=grant_id).first()
    if row is None:
        raise NotFound("没有这项用数许可。", code="grant_not_found")
    return compilation.verified(row)


@dataclass(frozen=True, slots=True)
class GrantView:
    """A grant as its parties see it: its limits, what was undertaken, and the use so far.

    `used` counts charge units in the quota's present period (in all without a quota); `left` is
    what the quota still holds.
    """

    grant: Grant
    giver: str
    issued_at: datetime
    used: int
    left: int | None


def grants(*, by: Actor) -> QuerySet[GrantRow]:
    """Return the grants that the actor's organisation received, gave or watches over."""
    return GrantRow.objects.visible_to(by)


def grant(grant_id: str, *, by: Actor, at: datetime) -> GrantView:
    """Return one grant that the actor may see; NotFound otherwise.

    Raises Unavailable for a row that the journal does not bear out.
    """
    row, _ = verified_row(grant_id, by=by)
    return grant_views([row], at=at)[0]


def grant_views(rows: Iterable[GrantRow], *, at: datetime) -> list[GrantView]:
    """Return the grants of the rows with their use so far; a row that was edited is left out."""
    given = {row.pk: row for row in rows}
    found = {one.id: one for one in compilation.compile_rows(given.values(), at=at)}
    index = GrantIndex.build(found.values())
    free = [pk for pk, one in found.items() if one.quota is None]
    used = _amounts([*_periods(index, at=at), (date.min, free)])
    return [
        GrantView(
            grant=one,
            giver=given[one.id].giver,
            issued_at=given[one.id].issued_at,
            used=used.get(one.id, 0),
            left=max(one.quota.amount - used.get(one.id, 0), 0) if one.quota else None,
        )
        for one in (found[pk] for pk in given if pk in found)
    ]


def alarms(*, by: Actor, closed: bool = False) -> QuerySet[Alarm]:
    """Return the open or the closed alarms to those who watch over the node, else none."""
    return Alarm.objects.visible_to(by).filter(closed_at__isnull=not closed)


def verified_row(grant_id: str, *, by: Actor) -> tuple[GrantRow, Grant]:
    """Return one grant that the actor may see, as its row and as the journal bears it out.

    Raises NotFound for who may not see it, Unavailable for a row that was edited.
    """
    row = grants(by=by).filter(pk=grant_id).first()
    if row is None:
        raise NotFound("没有这项用数许可。", code="grant_not_found")
    return row, compilation.verified(row)


def uses_of(grants: Collection[str]) -> dict[str, int]:
    """Return how often each grant was used so far: runs in the workshop, and calls. One query."""
    runs = Entry.objects.filter(
        event="use.allowed", subject_kind="grant", subject_id__in=list(grants)
    ).values("subject_id")
    calls = Metered.objects.filter(grant__in=list(grants)).values("grant")
    counted = runs.annotate(n=Count("id")).values_list("subject_id", "n")
    used: dict[str, int] = {}
    for grant_id, amount in counted.union(
        calls.annotate(n=Sum("allowed")).values_list("grant", "n"), all=True
    ):
        used[grant_id] = used.get(grant_id, 0) + amount
    return used


def index_for(parties: Collection[str], objects: Collection[str], *, at: datetime) -> GrantIndex:
    """Return an index of these parties' verified grants, and the public's, on these objects."""
    grantees = {*parties, PUBLIC}
    rows = GrantRow.objects.filter(grantee__in=grantees, object__in=list(objects))
    return GrantIndex.build(compilation.compile_rows(rows, at=at))


def full_index(*, at: datetime) -> GrantIndex:
    """Return the index of every verified grant of the node."""
    return GrantIndex.build(compilation.compile_rows(GrantRow.objects.all(), at=at))


def spent(index: GrantIndex, *, at: datetime) -> dict[str, int]:
    """Return what each quota-bound grant of the index has used in its present period; one query."""
    return _amounts(_periods(index, at=at))


def _periods(index: GrantIndex, *, at: datetime) -> list[tuple[date, list[str]]]:
    """Return the quota-bound grants by the first day of their present period."""
    day = at.astimezone(SHANGHAI).date()
    starts = {"day": day, "month": day.replace(day=1), "total": date.min}
    return [
        (start, [g.id for g in index if g.quota is not None and g.quota.per == per])
        for per, start in starts.items()
    ]


def _amounts(since: Iterable[tuple[date, list[str]]]) -> dict[str, int]:
    """Return what each grant has used since its day; one query for all."""
    sums = [
        Metered.objects.filter(grant__in=grants, day__gte=start)
        .values("grant")
        .annotate(n=Sum("amount"))
        .values_list("grant", "n")
        for start, grants in since
        if grants
    ]
    return dict(sums[0].union(*sums[1:], all=True)) if sums else {}
