"""How the columns of a new version differ from those of the one before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gongshu.lake.schema import ColumnType

SHOWN = 20


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """Columns that came, went, or changed their type (name, before, after), each in order.

    Truth is whether anything changed. A decimal with more digits is no change of type.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    retyped: tuple[tuple[str, str, str], ...] = ()

    def __bool__(self) -> bool:
        """Return whether anything changed."""
        return bool(self.added or self.removed or self.retyped)

    @property
    def sentences(self) -> tuple[str, ...]:
        """Return what the owner is told, one sentence for each kind of change."""
        said = []
        if self.added:
            said.append(f"与上一个版本相比，多了数据项：{_listed(self.added)}。")
        if self.removed:
            said.append(f"与上一个版本相比，少了数据项：{_listed(self.removed)}。请核对表头。")
        if self.retyped:
            names = tuple(f"{name}（{_zh(old)}→{_zh(new)}）" for name, old, new in self.retyped)
            said.append(f"与上一个版本相比，类型变了：{_listed(names)}。请核对这些列的内容。")
        return tuple(said)


def compare(before: Mapping[str, str], after: Mapping[str, str]) -> SchemaChange:
    """Return how one schema, as type by name, became another."""
    return SchemaChange(
        added=tuple(name for name in after if name not in before),
        removed=tuple(name for name in before if name not in after),
        retyped=tuple(
            (name, _kind(before[name]), _kind(after[name]))
            for name in after
            if name in before and _kind(before[name]) != _kind(after[name])
        ),
    )


def _kind(written: str) -> str:
    """Return a type without its digits: decimal(10,2) is a decimal."""
    return written.partition("(")[0]


def _zh(kind: str) -> str:
    return ColumnType(kind).zh if kind in ColumnType.__members__ else kind


def _listed(names: tuple[str, ...]) -> str:
    more = f" 等 {len(names)} 项" if len(names) > SHOWN else ""
    return "、".join(name[:40] for name in names[:SHOWN]) + more
