"""The scope table 授权范围: what is allowed, until when, where, how often; what was used."""

from __future__ import annotations

from typing import Any

from django import template

from gongshu.vocabulary.purposes import Business, Purpose
from gongshu_server.operation.coverage import Coverage, CoveredResource
from gongshu_server.operation.scope import EXITS
from gongshu_server.portal import sections
from gongshu_server.portal.speech import say

register = template.Library()
FEW = 6  # Items shown before the rest is folded in.
PERIODS = {"day": "每日", "month": "每月", "total": "总计"}


@register.inclusion_tag("portal/components/scope.html")
def scope_table(coverage: Coverage) -> dict[str, Any]:
    """Show what is covered: the limits that are evaluated, apart from what is promised."""
    quota = coverage.quota
    return {
        "coverage": coverage,
        "lines": [_line(one) for one in coverage.resources],
        "purposes": [purpose(code) for code in coverage.purposes],
        "businesses": [business(code) for code in coverage.businesses],
        "per": PERIODS.get(str(quota.per), str(quota.per)) if quota else "",
        "share": min(100, round(coverage.used * 100 / max(1, quota.amount))) if quota else 0,
    }


def _line(one: CoveredResource) -> dict[str, Any]:
    return {
        "row": one,
        "url": sections.subject_url("resource", one.resource) if one.provider_id else "",
        "few": one.items[:FEW],
        "more": one.items[FEW:],
        "exits": [exit_name(code) for code in one.exits],
    }


@register.filter
def purpose(code: str) -> str:
    """Return the name of a purpose."""
    return say(Purpose(code).zh) if code in set(Purpose) else code


@register.filter
def business(code: str) -> str:
    """Return the name of one of the three businesses."""
    return say(Business(code).zh) if code in set(Business) else code


@register.filter
def exit_name(code: str) -> str:
    """Return the name of an exit."""
    return say(EXITS.get(code, code))
