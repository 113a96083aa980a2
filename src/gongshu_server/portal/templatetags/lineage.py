"""The lineage picture 来龙去脉: a nested list that a script draws where there is room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import template

register = template.Library()


@dataclass(frozen=True, slots=True)
class Node:
    """One box: its key (equal keys are one box), what it is, its name, where it leads.

    `rests_on` is what it comes from.
    """

    key: str
    sort: str
    title: str
    url: str = ""
    rests_on: tuple[Node, ...] = ()


@register.inclusion_tag("portal/components/lineage.html")
def lineage(nodes: Sequence[Node], label: str = "") -> dict[str, Any]:
    """Show from the outputs to the items, resources, grants and cases that they rest on."""
    return {"nodes": nodes, "label": label}
