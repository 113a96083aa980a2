"""What the data authority looks at: open and late cases, levels, quotas, revenue, regions.

Each figure is one grouped query; a page asks for one of them, and the overview for all.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum

from gongshu.procedures import all_procedures, procedure
from gongshu.vocabulary.levels import Level
from gongshu.workflow.limits import Light, Limit, light
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.models import Organisation
from gongshu_server.accounts.permissions import require
from gongshu_server.cases.models import Case, Clock, Party
from gongshu_server.catalogue.models import Item
from gongshu_server.market.models import Bill, PermittedRevenue
from gongshu_server.usage import queries as usage
from gongshu_server.usage.models import Alarm, GrantRow

CLAUSE = "opinions-12.1"
MOST_GRANTS = 200
SHOWN = 20
BOARD_ORDER = ("due", "id")


@dataclass(frozen=True, slots=True)
class Load:
    """The open cases of one procedure, and how many of them are late."""

    code: str
    zh: str
    open: int
    late: int


@dataclass(frozen=True, slots=True)
class Late:
    """How many open cases of one handling organisation are late, and how many it has."""

    id: str
    organisation: str
    open: int
    late: int


@dataclass(frozen=True, slots=True)
class Used:
    """A quota and what of it is used in its present period; `holder` is who may use it."""

    grant: str
    case: str
    title: str
    holder: str
    used: int
    quota: int


@dataclass(frozen=True, slots=True)
class Revenue:
    """What a product has earned in bills, and the most that it may earn."""

    product: str
    title: str
    billed: Decimal
    permitted: Decimal


@dataclass(frozen=True, slots=True)
class Running:
    """A running limit on the board: its case, how much is used up, and when it runs out."""

    clock: Clock
    limit: Limit
    procedure: str
    state: str
    light: Light


def watch(by: Actor) -> None:
    """Raise NotPermitted unless the actor supervises."""
    require(by, "supervision.read", clause=CLAUSE)


def _running() -> QuerySet[Clock]:
    return Clock.objects.filter(stopped_at__isnull=True, paused_at__isnull=True)


def loads(*, by: Actor, at: datetime) -> list[Load]:
    """Return the open and late cases by procedure; procedures without any are left out."""
    watch(by)
    late = _running().filter(case=OuterRef("pk"), due__lte=at)
    rows = Case.objects.filter(closed_at__isnull=True).values("procedure")
    counted = rows.annotate(n=Count("pk"), late=Count("pk", filter=Exists(late)))
    found = {row["procedure"]: (row["n"], row["late"]) for row in counted}
    return [
        Load(table.code, table.zh, *found[table.code])
        for table in all_procedures()
        if table.code in found
    ]


def lateness(*, by: Actor, at: datetime) -> list[Late]:
    """Return the handling organisations with open cases, those with the most late ones first."""
    watch(by)
    late = _running().filter(case=OuterRef("case"), due__lte=at)
    # From the open cases to their parties: the other way leads past every case there ever was.
    opened = Case.objects.filter(closed_at__isnull=True).values("pk")
    parties = Party.objects.filter(part="handler", case__in=opened)
    rows = parties.values("organisation_id", name=F("organisation__short_name")).annotate(
        n=Count("pk"), late=Count("pk", filter=Exists(late))
    )
    return [
        Late(row["organisation_id"], row["name"], row["n"], row["late"])
        for row in rows.order_by("-late", "-n")[:50]
    ]


def levels(*, by: Actor) -> list[tuple[str, int]]:
    """Return how many data items were confirmed at each level and grade, the highest first."""
    watch(by)
    rows = Item.objects.exclude(level="").values("level", "grade").annotate(n=Count("pk"))
    found = {(row["level"], row["grade"]): row["n"] for row in rows}
    order = [str(level) for level in Level]
    ordered = sorted(found, key=lambda one: (order.index(one[0]), -(one[1] or 0)))
    return [(_level(level, grade), found[level, grade]) for level, grade in ordered]


def _level(level: str, grade: int | None) -> str:
    zh = Level(level).zh
    return f"{zh} {grade} 级" if grade else zh


def in_force(*, by: Actor) -> list[Any]:
    """Return the newest grants that nobody has revoked, with their cases' titles: for figures."""
    watch(by)
    live = GrantRow.objects.filter(revoked_at__isnull=True)
    # Of the case that gave it: a grant itself has no title.
    title = Subquery(Case.objects.filter(pk=OuterRef("case")).values("title"))
    holder = Subquery(Organisation.objects.filter(pk=OuterRef("grantee")).values("short_name"))
    rows = live.annotate(title=title, holder=holder).order_by("-pk")
    return list(rows[: MOST_GRANTS * 10])


def quotas(grants: Sequence[Any], *, at: datetime) -> list[Used]:
    """Return the newest of these grants, with their titles, that have a quota: fullest first."""
    bound = [row for row in grants if '"quota":{' in row.body][:MOST_GRANTS]
    named = {row.pk: (row.title or "", row.holder or "") for row in bound}
    views = usage.grant_views(bound, at=at)
    used = [
        Used(v.grant.id, v.grant.case, *named[v.grant.id], v.used, v.grant.quota.amount)
        for v in views
        if v.grant.quota is not None and v.grant.quota.amount
    ]
    return sorted(used, key=lambda one: -one.used / one.quota)[:SHOWN]


def revenue(*, by: Actor) -> list[Revenue]:
    """Return what each product with a permitted revenue has billed, beside that revenue."""
    watch(by)
    bills = Bill.objects.filter(order__product=OuterRef("product")).values("order__product")
    billed = Subquery(bills.annotate(sum=Sum("total")).values("sum"))
    limits = PermittedRevenue.objects.select_related("product").annotate(billed=billed)
    rows = {row.product_id: row for row in limits.order_by("pk")[:SHOWN]}
    return [
        Revenue(pk, row.product.title, row.billed or Decimal(0), row.amount)
        for pk, row in rows.items()
    ]


def regions(grants: Sequence[GrantRow], names: Sequence[tuple[str, str]]) -> list[tuple[str, int]]:
    """Return for each region (code, name) how many of these grants reach it.

    A grant that names no region reaches all of them.
    """
    counted: Counter[str] = Counter()
    for row in grants:
        said = json.loads(row.body)
        within = tuple(said["regions"]) or ("",)
        counted.update(code for code, _ in names if code.startswith(within))
    return [(name, counted[code]) for code, name in names]


def board(*, by: Actor, at: datetime, wanted: str = "") -> QuerySet[Clock]:
    """Return the running limits of open cases, for `BOARD_ORDER`; `wanted` is a light."""
    watch(by)
    rows = _running().filter(case__closed_at__isnull=True).select_related("case")
    if wanted == Light.overdue:
        rows = rows.filter(due__lte=at)
    elif wanted:
        rows = rows.filter(light=wanted, due__gt=at)
    return rows


def on_board(rows: Sequence[Clock], *, at: datetime) -> list[Running]:
    """Return the limits as the board shows them."""
    tables = {row.pk: procedure(row.case.procedure) for row in rows}
    return [
        Running(
            clock=row,
            limit=tables[row.pk].limit(row.limit),
            procedure=tables[row.pk].zh,
            state=tables[row.pk].states[row.case.state],
            light=light(row.started_at, row.due, at),
        )
        for row in rows
    ]


def lights(*, by: Actor, at: datetime) -> dict[str, int]:
    """Return how many running limits show each light."""
    watch(by)
    rows = _running().filter(case__closed_at__isnull=True)
    found = rows.aggregate(
        all=Count("pk"),
        half=Count("pk", filter=Q(light="50", due__gt=at)),
        late=Count("pk", filter=Q(light="80", due__gt=at)),
        overdue=Count("pk", filter=Q(due__lte=at)),
    )
    return {name: int(number) for name, number in found.items()}


def alarms(*, by: Actor, closed: bool) -> QuerySet[Alarm]:
    """Return the open alarms, or those that were closed, newest first."""
    watch(by)
    return usage.alarms(by=by, closed=closed)
