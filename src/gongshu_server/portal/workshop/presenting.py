"""How verdicts, lineage and runs are put into words and boxes for pages and for the editor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from gongshu.cleanroom import Finding
from gongshu.procedures import all_clauses
from gongshu_server.portal import sections
from gongshu_server.portal.speech import say, titled_case
from gongshu_server.portal.templatetags.lineage import Node
from gongshu_server.workshop.checking import Checked
from gongshu_server.workshop.offers import OfferedTable, Origin

KINDS = {
    "key": "分组项",
    "count": "计数",
    "amount": "合计、平均或分位数",
    "copy": "原样输出",
    "answer": "答案",
}
SHAPES = {"statistics": "统计结果", "open": "开放数据的原样输出", "service": "域内服务"}


@dataclass(frozen=True, slots=True)
class Column:
    """An output column with the items that influence it, as (resource:ID, item) pairs."""

    name: str
    kind: str
    influences: tuple[tuple[str, str], ...]


def columns(stored: Sequence[Mapping[str, Any]]) -> list[Column]:
    """Return the lineage that a checked query keeps."""
    return [
        Column(one["name"], one["kind"], tuple((ref[0], ref[1]) for ref in one["influences"]))
        for one in stored
    ]


def verdict_json(found: Checked) -> dict[str, Any]:
    """Return the verdict as the editor and the panel beside it read it (static/js/verdict.js)."""
    verdict = found.verdict
    titles = {source.resource: source.title for source in found.sources}
    return {
        "allowed": verdict.allowed,
        "findings": [_finding(one) for one in verdict.findings],
        "lineage": [
            {
                "name": column.name,
                "kind": say(KINDS[column.kind]),
                "influences": [[titles.get(ref[0], ref[0]), ref[1]] for ref in column.influences],
            }
            for column in verdict.lineage
        ],
        "notes": [say(one) for one in (*verdict.notes, *verdict.opened_copies)],
        "grants": [
            {
                "title": titles.get(resource, resource),
                "grant": grant,
                "url": reverse("operation:grant", args=[grant]),
            }
            for resource, grant in verdict.grants.items()
        ],
    }


def _finding(one: Finding) -> dict[str, Any]:
    return {
        "code": one.code,
        "sentence": say(one.sentence),
        "clause": _short().get(one.clause or "", one.clause or ""),
        "clause_url": reverse("clause", args=[one.clause]) if one.clause in _short() else "",
        "where": list(one.where) if one.where else None,
        "limits": [
            {"limit": r.zh, "asked": r.asked, "allowed": r.allowed, "clause": r.clause}
            for r in one.reasons
            if hasattr(r, "asked")
        ],
    }


@cache
def _short() -> dict[str, str]:
    return {one.code: one.short for one in all_clauses()}


def schema_json(tables: Iterable[OfferedTable]) -> dict[str, Any]:
    """Return the tables on offer as the editor completes them (static/js/completion.js)."""
    return {
        "tables": [
            {
                "name": table.table,
                "title": table.title,
                "columns": [
                    *(
                        {"name": name, "title": say("主体"), "type": "", "note": ""}
                        for name in table.subjects
                    ),
                    *(
                        {
                            "name": one.name,
                            "title": one.name,
                            "type": say(one.kind),
                            "note": "、".join(
                                part for part in (say(one.cuts), *one.values) if part
                            ),
                        }
                        for one in table.columns
                    ),
                ],
            }
            for table in tables
        ]
    }


def picture(shown: Sequence[Column], origins: Mapping[str, Origin]) -> list[Node]:
    """Return the lineage picture: output → items → resource → grant → case."""
    return [
        Node(
            key=f"out:{column.name}",
            sort=say(KINDS.get(column.kind, column.kind)),
            title=column.name,
            rests_on=tuple(_item(ref, origins) for ref in column.influences),
        )
        for column in shown
    ]


def _item(ref: tuple[str, str], origins: Mapping[str, Origin]) -> Node:
    source, name = ref
    origin = origins.get(source, Origin(source))
    case: tuple[Node, ...] = ()
    if origin.case:
        url = reverse("case", args=[origin.case])
        case = (Node(f"case:{origin.case}", _("办件"), titled_case(origin.case_title), url),)
    grant: tuple[Node, ...] = ()
    if origin.grant:
        url = reverse("operation:grant", args=[origin.grant])
        grant = (Node(f"grant:{origin.grant}", _("许可"), _("用数许可"), url, case),)
    url = sections.subject_url("resource", source.partition(":")[2])
    resource = Node(source, _("数据资源"), origin.title, url, grant)
    return Node(f"{source}/{name}", _("数据项"), name, "", (resource,))


def sources_of(shown: Sequence[Column], grants: Mapping[str, str]) -> dict[str, str]:
    """Return every source of the columns with the grant that allowed it."""
    named = {ref[0] for column in shown for ref in column.influences}
    return {source: grants.get(source, "") for source in sorted(named | set(grants))}
