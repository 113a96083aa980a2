"""What agreements and scenarios are about: resources, their items, and the exits of results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from gongshu.vocabulary.actions import Action
from gongshu.vocabulary.levels import Level, Regime, SubjectKind, regime_of
from gongshu_server.catalogue.models import Item, Resource
from gongshu_server.operation.faults import Fault

SCOPE_CLAUSE = "27-14"
LEVEL_CLAUSE = "opinions-3.2"

EXITS = MappingProxyType({"export": "结果出域", "service": "域内服务"})
# What the clean room asks for at each exit; the product of an export is built from its result.
EXIT_ACTIONS = MappingProxyType(
    {
        "export": frozenset({str(Action.query), str(Action.export)}),
        "service": frozenset({str(Action.build)}),
    }
)


@dataclass(frozen=True, slots=True)
class ScopeEntry:
    """One resource with the items that may be used and the exits by which results may leave."""

    resource: str
    items: tuple[str, ...]
    exits: tuple[str, ...]

    @property
    def object(self) -> str:
        """The resource as a grant names it."""
        return f"resource:{self.resource}"

    def actions(self) -> frozenset[str]:
        """Return the acts that the exits need."""
        return frozenset().union(*(EXIT_ACTIONS[code] for code in self.exits))

    def stored(self) -> dict[str, Any]:
        """Return the entry as JSON values in one fixed form."""
        return {
            "resource": self.resource,
            "items": sorted(self.items),
            "exits": sorted(self.exits),
        }


def entries(stored: Iterable[dict[str, Any]]) -> tuple[ScopeEntry, ...]:
    """Return the scope that a row holds."""
    return tuple(
        ScopeEntry(said["resource"], tuple(said["items"]), tuple(said["exits"])) for said in stored
    )


def faults(scope: Sequence[ScopeEntry]) -> Iterator[Fault]:
    """Yield everything in the scope that does not exist or can never be granted."""
    if not scope:
        yield _fault("scope.empty", "没有写明数据资源范围")
    if len({entry.resource for entry in scope}) != len(scope):
        yield _fault("scope.repeated", "同一数据资源写了两次，请合并")
    asked = [entry.resource for entry in scope]
    resources = {r.pk: r for r in Resource.objects.filter(pk__in=asked, state="published")}
    items: dict[str, dict[str, Item]] = {}
    for item in Item.objects.filter(resource_id__in=list(resources)):
        items.setdefault(item.resource_id, {})[item.name] = item
    for entry in scope:
        resource = resources.get(entry.resource)
        if resource is None:
            yield _fault("scope.resource", f"数据资源 {entry.resource} 不存在或尚未发布")
        else:
            yield from _entry_faults(entry, resource, items.get(resource.pk, {}))


def _fault(code: str, sentence: str) -> Fault:
    return Fault(code, sentence, SCOPE_CLAUSE)


def _entry_faults(
    entry: ScopeEntry, resource: Resource, known: Mapping[str, Item]
) -> Iterator[Fault]:
    where = f"《{resource.title}》"
    if not entry.items:
        yield _fault("scope.items", f"{where}没有写明数据项")
    if not entry.exits or not set(entry.exits) <= set(EXITS):
        yield _fault("scope.exits", f"{where}的出口只能是{'、'.join(EXITS.values())}")
    unknown = [name for name in entry.items if name not in known]
    if unknown:
        yield _fault("scope.items", f"{where}没有这些数据项：{'、'.join(unknown)}")
    for name in entry.items:
        if name in known and (why := never(known[name], entry.exits)):
            yield Fault("scope.level", f"{where}的“{name}”{why}", LEVEL_CLAUSE)


def never(item: Item, exits: Sequence[str]) -> str:
    """Return why the item may not be authorised so, or an empty text."""
    if not item.confirmed_by:
        return "还没有确认分类分级，不能授权"
    if item.level == Level.core:
        return "是核心数据，不得授权运营"
    regime = regime_of(
        opened=item.opened,
        level=Level(item.level or "general"),
        grade=item.grade or 4,
        subject=SubjectKind(item.subject or "person"),
    )
    if "export" in exits and regime is Regime.sealed:
        return "是重要数据或4级数据，只能作域内服务，不能结果出域"
    return ""
