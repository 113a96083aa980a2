"""What a task may query: the tables and items that its grants allow, and how each may be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, Subquery

from gongshu.cleanroom import Source
from gongshu.cleanroom.lattices import Lattice, LatticeKind
from gongshu.cleanroom.model import ItemRule
from gongshu.policy import PUBLIC, Grant, GrantIndex
from gongshu_server.accounts.actors import Actor
from gongshu_server.cases.models import Case
from gongshu_server.catalogue import queries as catalogue
from gongshu_server.catalogue.models import Item, Resource
from gongshu_server.operation import queries as operation
from gongshu_server.operation.coverage import exits_of
from gongshu_server.usage import queries as usage
from gongshu_server.usage.models import GrantRow
from gongshu_server.workshop.models import Task


@dataclass(frozen=True, slots=True)
class OfferedColumn:
    """An item that may be used: its type and regime in words, and where it may be cut."""

    name: str
    kind: str
    regime: str
    cuts: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OfferedTable:
    """A table that may be queried: its items, the subject columns to join by, and the exits."""

    resource: str
    table: str
    title: str
    columns: tuple[OfferedColumn, ...]
    subjects: tuple[str, ...]
    exits: tuple[str, ...]
    opened: bool


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a source of a result comes from: its resource, the grant in force, the grant's case.

    `grant` and `case` are empty where the reader may not see them.
    """

    title: str
    grant: str = ""
    case: str = ""
    case_title: str = ""


def offered(task: Task, *, at: datetime) -> tuple[OfferedTable, ...]:
    """Return the tables that the grants of the task's scenario, and the public's, allow.

    `task.scenario` is read; what no grant covers does not exist here (S10).
    """
    scope = {entry.resource for entry in operation.scope_of(task.scenario)}
    opened = Item.objects.filter(opened=True).values_list("resource_id", flat=True)
    sources = catalogue.sources(scope | set(opened))
    index = usage.index_for({task.developer_id}, [one.resource for one in sources], at=at)
    found = []
    for source in sources:
        own = _live(index, task.developer_id, source, scenario=task.scenario_id, at=at)
        public = _live(index, PUBLIC, source, scenario=None, at=at)
        if own or public:
            found.append(_table(source, own or public, opened=not own))
    return tuple(found)


def _live(
    index: GrantIndex, party: str, source: Source, *, scenario: str | None, at: datetime
) -> list[Grant]:
    return [
        grant
        for grant in index.grants_of(party)
        if grant.object == source.resource
        and grant.scenario == scenario
        and grant.valid_from <= at < grant.ends
    ]


def _table(source: Source, grants: list[Grant], *, opened: bool) -> OfferedTable:
    items = frozenset().union(*(grant.items for grant in grants))
    exits = {code for grant in grants for code in exits_of(grant.actions)}
    return OfferedTable(
        resource=source.resource.partition(":")[2],
        table=source.table,
        title=source.title,
        columns=tuple(_column(item) for item in source.items if item.name in items),
        subjects=tuple(source.subjects.values()),
        exits=tuple(sorted(exits)),
        opened=opened,
    )


def _column(item: ItemRule) -> OfferedColumn:
    return OfferedColumn(
        name=item.name,
        kind=item.family.zh,
        regime=item.regime.zh,
        cuts="" if item.opened else _cuts(item.lattice),
        values=_values(item.lattice),
    )


def _cuts(lattice: Lattice | None) -> str:
    return "不能用来比较" if lattice is None else lattice.kind.zh


def _values(lattice: Lattice | None) -> tuple[str, ...]:
    if lattice is None:
        return ()
    if lattice.kind is LatticeKind.BANDS:
        return tuple(str(edge) for edge in sorted(lattice.edges))
    return tuple(sorted(lattice.values))


def origins(sources: Mapping[str, str], *, by: Actor) -> dict[str, Origin]:
    """Return where each source (resource:ID -> grant id, maybe empty) comes from.

    Two queries. What the reader may not see is named, but not linked.
    """
    ids = [source.partition(":")[2] for source in sources]
    titles = dict(Resource.objects.filter(pk__in=ids).values_list("id", "title"))
    seen = Case.objects.visible_to(by).filter(pk=OuterRef("case"))
    visible = GrantRow.objects.visible_to(by).filter(pk__in=list(filter(None, sources.values())))
    grants = {row.pk: row for row in visible.annotate(named=Subquery(seen.values("title")[:1]))}
    found = {}
    for source, grant in sources.items():
        row = grants.get(grant)
        named = (row.named or "") if row else ""
        found[source] = Origin(
            title=titles.get(source.partition(":")[2], source),
            grant=row.pk if row else "",
            case=row.case if row and named else "",
            case_title=named,
        )
    return found
