"""What agreements, scenarios and grants cover, as one table with the use so far against it.

The limits are those that the platform evaluates at each use; undertakings stand apart, since no
evaluator can prove a promise (27号 Art. 14 and 21).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from gongshu.policy import Grant, Quota, Undertaking
from gongshu.vocabulary.actions import Action
from gongshu_server.accounts.actors import Actor
from gongshu_server.catalogue.models import Item, Resource
from gongshu_server.operation.models import Agreement, Scenario
from gongshu_server.operation.scope import EXIT_ACTIONS, ScopeEntry, entries, never
from gongshu_server.usage import queries as usage
from gongshu_server.usage.models import GrantRow

RESOURCE = "resource:"


@dataclass(frozen=True, slots=True)
class CoveredResource:
    """One line of the table: a resource, its items, the exits, its grant, and the uses so far.

    `seen` tells whether the reader may see the grant itself.
    """

    resource: str
    title: str
    provider: str
    provider_id: str
    items: tuple[str, ...]
    exits: tuple[str, ...]
    grant: str = ""
    seen: bool = False
    revoked_at: datetime | None = None
    used: int = 0


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is covered: the resources, the limits that hold for all of them, and the promises.

    `quota` is None where no number of uses is set; `regions` are division codes, none means that
    the place is not limited.
    """

    resources: tuple[CoveredResource, ...]
    purposes: tuple[str, ...]
    businesses: tuple[str, ...]
    regions: tuple[str, ...]
    valid_from: datetime | None
    valid_until: datetime
    minimum: int
    max_rows: int | None
    quota: Quota | None
    undertakings: tuple[Undertaking, ...]

    @property
    def used(self) -> int:
        """The uses so far over all resources."""
        return sum(line.used for line in self.resources)


@dataclass(frozen=True, slots=True)
class OfferedItem:
    """An item as the scope picker shows it: `barred` says why it can never be granted at all.

    `sealed` says why it cannot leave as a result; a service inside may still use it.
    """

    name: str
    level: str
    grade: int | None
    barred: str
    sealed: str


def of_agreement(row: Agreement, *, by: Actor) -> Coverage:
    """Return what an agreement covers; uses count over every grant under its ceilings."""
    own = GrantRow.objects.filter(case=row.case).values("id")
    family = list(_grants(Q(case=row.case) | Q(parent__in=own), by=by))
    ceilings = [one for one in family if one.case == row.case]
    below = [one for one in family if one.case != row.case]
    uses = usage.uses_of([one.pk for one in below])
    used: dict[str, int] = {}
    for one in below:
        used[one.parent] = used.get(one.parent, 0) + uses.get(one.pk, 0)
    return Coverage(
        resources=_lines(entries(row.scope), ceilings, used),
        purposes=tuple(row.purposes),
        businesses=tuple(row.businesses),
        regions=tuple(row.regions),
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        minimum=row.minimum,
        max_rows=row.max_rows,
        quota=None,
        undertakings=(),
    )


def of_scenario(row: Scenario, *, by: Actor) -> Coverage:
    """Return what a scenario asks for or covers, with the use of the grants that it yielded."""
    grants = list(_grants(Q(case=row.case), by=by))
    return Coverage(
        resources=_lines(entries(row.scope), grants, usage.uses_of([one.pk for one in grants])),
        purposes=(row.purpose,),
        businesses=tuple(row.businesses),
        regions=tuple(row.regions),
        valid_from=grants[0].issued_at if grants else None,
        valid_until=row.valid_until,
        minimum=row.minimum,
        max_rows=row.max_rows,
        quota=None,
        undertakings=tuple(Undertaking(**said) for said in row.undertakings),
    )


def of_grant(row: GrantRow, grant: Grant) -> Coverage:
    """Return what one grant on a resource or product covers."""
    entry = ScopeEntry(
        grant.object.removeprefix(RESOURCE), tuple(sorted(grant.items)), exits_of(grant.actions)
    )
    return Coverage(
        resources=_lines((entry,), [row], usage.uses_of([row.pk])),
        purposes=tuple(sorted(grant.purposes)),
        businesses=tuple(sorted(grant.businesses)),
        regions=tuple(sorted(grant.regions)),
        valid_from=grant.valid_from,
        valid_until=grant.valid_until,
        minimum=grant.minimum,
        max_rows=grant.max_rows,
        quota=grant.quota,
        undertakings=grant.undertakings,
    )


def exits_of(actions: Iterable[str]) -> tuple[str, ...]:
    """Return the exits whose acts are all allowed; the acts themselves where there is none."""
    allowed = {str(one) for one in actions}
    return tuple(code for code, needed in EXIT_ACTIONS.items() if needed <= allowed)


def acts_of(grant: Grant) -> tuple[str, ...]:
    """Return the acts that the grant allows, in words."""
    return tuple(Action(code).zh for code in sorted(str(one) for one in grant.actions))


def _grants(which: Q, *, by: Actor) -> QuerySet[GrantRow]:
    """Return the grants, each with `seen`: whether the actor may see it."""
    visible = GrantRow.objects.visible_to(by).filter(pk=OuterRef("pk"))
    return GrantRow.objects.filter(which).annotate(seen=Exists(visible))


def _lines(
    scope: Sequence[ScopeEntry], grants: Sequence[GrantRow], used: dict[str, int]
) -> tuple[CoveredResource, ...]:
    by_object = {row.object: row for row in grants}
    known = {
        row.pk: row
        for row in Resource.objects.filter(pk__in=[one.resource for one in scope]).select_related(
            "provider"
        )
    }
    lines = []
    for entry in scope:
        resource, grant = known.get(entry.resource), by_object.get(entry.object)
        lines.append(
            CoveredResource(
                resource=entry.resource,
                title=resource.title if resource else entry.resource,
                provider=resource.provider.name if resource else "",
                provider_id=resource.provider_id if resource else "",
                items=entry.items,
                exits=entry.exits,
                grant=grant.pk if grant else "",
                seen=bool(getattr(grant, "seen", False)),
                revoked_at=grant.revoked_at if grant else None,
                used=used.get(grant.pk, 0) if grant else 0,
            )
        )
    return tuple(lines)


def offered_items(resources: Sequence[str]) -> dict[str, tuple[OfferedItem, ...]]:
    """Return the items of the resources with what can never be granted, and why. One query."""
    rows = Item.objects.filter(resource_id__in=list(resources)).order_by("resource_id", "position")
    found: dict[str, list[OfferedItem]] = {}
    for row in rows:
        barred = never(row, ("service",))
        sealed = "" if barred else never(row, ("export",))
        offered = OfferedItem(row.name, row.level, row.grade, barred, sealed)
        found.setdefault(row.resource_id, []).append(offered)
    return {resource: tuple(items) for resource, items in found.items()}
