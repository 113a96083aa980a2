"""What a person confirms of an item, and what stands when they say nothing: the strictest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import DecimalException
from typing import Any

from gongshu.vocabulary.errors import Invalid
from gongshu.vocabulary.levels import Grade, IdentifierClass, Level, SubjectKind
from gongshu_server.accounts.actors import Actor
from gongshu_server.catalogue import queries
from gongshu_server.catalogue.models import Item

# Each from the most lenient to the strictest.
LEVELS = ("general", "important", "core")
IDENTIFIERS = ("other", "quasi", "sensitive", "direct")
SUBJECTS = ("thing", "enterprise", "person")


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a person confirms of one item; empty fields take the machine's proposal."""

    category: str = ""
    level: str = ""
    grade: int | None = None
    identifier: str = ""
    subject: str = ""
    lattice: Mapping[str, object] | None = None

    def stands_alone(self) -> bool:
        """Tell whether it says all that a machine would propose."""
        return bool(self.level and self.grade and self.identifier and self.subject)


def refuse_faults(confirmations: Mapping[str, Confirmation]) -> None:
    """Raise Invalid naming every value that does not exist, over all items."""
    faults = [f"“{name}”{fault}" for name, said in confirmations.items() for fault in _faults(said)]
    if faults:
        raise Invalid("；".join(faults) + "。", code="invalid_levels", clause="opinions-4.3")


def _faults(said: Confirmation) -> Iterator[str]:
    if said.level and said.level not in set(Level):
        yield f"的级别只能是{'、'.join(one.zh for one in Level)}"
    if said.grade is not None and said.grade not in set(Grade):
        yield "的分级只能是1至4级"
    if said.identifier and said.identifier not in set(IdentifierClass):
        yield f"的标识类型只能是{'、'.join(one.zh for one in IdentifierClass)}"
    if said.subject and said.subject not in set(SubjectKind):
        yield f"涉及的对象只能是{'、'.join(one.zh for one in SubjectKind)}"
    try:
        queries.lattice(said.lattice)
    except (KeyError, ValueError, TypeError, DecimalException):
        yield "的比较边界应为列明的取值、数值分段的边界或月份的第一天"


def refuse_unexplained(
    items: Iterable[Item], confirmations: Mapping[str, Confirmation], reason: str
) -> None:
    """Raise Invalid, naming the items, where less than the machine proposes has no reason."""
    laxer = [
        item.name
        for item in items
        if item.name in confirmations and _laxer(item.proposal, confirmations[item.name])
    ]
    if laxer and not reason.strip():
        raise Invalid(
            f"这些数据项定得比机器建议低，请写明理由：{'、'.join(laxer)}。",
            code="reason_required",
            clause="opinions-4.3",
        )


def _laxer(proposed: Mapping[str, Any], said: Confirmation) -> bool:
    """Tell whether anything that is said is more lenient than what is proposed of it."""
    if said.grade is not None and said.grade < (proposed.get("grade") or 1):
        return True
    pairs = (
        (LEVELS, said.level, proposed.get("level")),
        (IDENTIFIERS, said.identifier, proposed.get("identifier")),
        (SUBJECTS, said.subject, proposed.get("subject")),
    )
    return any(
        word and stands and order.index(word) < order.index(stands) for order, word, stands in pairs
    )


def confirm(item: Item, said: Confirmation, *, by: Actor) -> None:
    """Set what was said of the item; for the rest the stricter of proposal and earlier word."""
    proposed: Mapping[str, Any] = item.proposal
    item.category = said.category or item.category or proposed.get("category", "")
    item.level = said.level or _stricter(LEVELS, item.level, proposed.get("level"))
    item.grade = said.grade or max(item.grade or 1, proposed.get("grade") or 2)
    item.identifier = said.identifier or _stricter(
        IDENTIFIERS, item.identifier, proposed.get("identifier")
    )
    item.subject = said.subject or _stricter(SUBJECTS, item.subject, proposed.get("subject"))
    item.lattice = dict(said.lattice) if said.lattice is not None else item.lattice
    item.confirmed_by = by.text_id


def _stricter(order: tuple[str, ...], earlier: str, proposed: str | None) -> str:
    """Return the later in the order of what there is; the most lenient when there is nothing."""
    return max((code for code in (earlier, proposed) if code), key=order.index, default=order[0])


def said(items: Iterable[Item]) -> dict[str, dict[str, Any]]:
    """Return what now stands of each item, for the entry: decisions rest on it."""
    return {
        item.name: {
            "category": item.category,
            "level": item.level,
            "grade": item.grade,
            "identifier": item.identifier,
            "subject": item.subject,
            "lattice": item.lattice,
        }
        for item in items
    }
