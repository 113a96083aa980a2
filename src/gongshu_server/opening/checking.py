"""The machine check before opening: what a snapshot's profile says about the items in question."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gongshu.vocabulary.levels import IdentifierClass, SubjectKind
from gongshu_server.catalogue.models import Item

# What the machine refuses at once, with the clause that forbids it.
CLAUSES: Mapping[str, str] = {
    "citizen_id": "opinions-2.2",
    "mobile": "opinions-2.2",
    "bank_card": "opinions-2.2",
    "passport": "opinions-2.2",
    "secret": "opinions-2.2",
    "person_name": "opinions-2.2",
    "medical": "opinions-2.2",
}


@dataclass(frozen=True, slots=True)
class OpeningFinding:
    """One reason why an item may not be opened: column, how many values, and the clause."""

    item: str
    kind: str
    count: int
    tested: int
    clause: str
    sentence: str


def check(items: Iterable[Item], profile: Mapping[str, Any]) -> list[OpeningFinding]:
    """Return every finding on the items, from profile findings and confirmed levels together."""
    items = list(items)
    found = from_content(items, profile)
    for item in items:
        column = _columns(profile).get(item.name, {})
        found += _from_levels(item, int(column.get("rows", 0)) - int(column.get("nulls", 0)))
    return found


def from_content(items: Iterable[Item], profile: Mapping[str, Any]) -> list[OpeningFinding]:
    """Return the findings on the values alone: what no version of an opened item may hold."""
    columns = _columns(profile)
    return [
        _from_profile(item, finding)
        for item in items
        for finding in columns.get(item.name, {}).get("findings", ())
        if finding["kind"] in CLAUSES
    ]


def _columns(profile: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {column["name"]: column for column in profile.get("columns", ())}


def _from_profile(item: Item, finding: Mapping[str, Any]) -> OpeningFinding:
    clause = CLAUSES[finding["kind"]]
    return OpeningFinding(
        item=item.name,
        kind=finding["kind"],
        count=int(finding["hits"]),
        tested=int(finding["tested"]),
        clause=clause,
        sentence=f"“{item.name}”：{finding['sentence']}",
    )


def _from_levels(item: Item, count: int) -> list[OpeningFinding]:
    """Items about persons, of grade 3 or 4, important or core are not for opening."""
    personal = item.subject == SubjectKind.person and item.identifier != IdentifierClass.other
    if not (personal or (item.grade or 4) >= 3 or item.level != "general"):
        return []
    sentence = (
        f"“{item.name}”：已确认为{item.grade}级"
        f"{'、涉及个人' if personal else ''}，共 {count} 个值，不得无条件开放"
    )
    return [OpeningFinding(item.name, "level", count, count, "opinions-2.2", sentence)]
