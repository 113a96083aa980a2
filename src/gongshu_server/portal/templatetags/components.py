"""The components that carry the idea, each built once (design: clause chip, clock chip, cards)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from gongshu.procedures import all_clauses, duty
from gongshu.procedures.matrix import rows
from gongshu.vocabulary.levels import Level
from gongshu.vocabulary.permissions import ORGANISATION_ROLES, POST_DUTIES, SCOPES
from gongshu.workflow.limits import SHANGHAI, Light, working_days_between
from gongshu_server.accounts import drafts
from gongshu_server.cases.queries import ClockView
from gongshu_server.journal.requests import new_key
from gongshu_server.portal import sessions
from gongshu_server.portal.speech import say, titled_case

register = template.Library()
_LEVELS: Mapping[str, str] = {
    Level.core: "核心数据",
    Level.important: "重要数据",
    Level.general: "一般数据",
}
_LIGHTS = {Light.green: "green", Light.half: "half", Light.late: "late", Light.overdue: "overdue"}


@register.filter
def t(value: Any) -> str:
    """Return a term or sentence of a table or the library in the reader's language."""
    return say(str(value))


@register.filter
def titled(title: str) -> str:
    """Return a case's title with its matter in the reader's language; the name stays as it is."""
    return titled_case(title)


@register.filter
def day(value: Any) -> str:
    """Return a day as officials write it, 2026年11月22日; a dash where there is none."""
    if not isinstance(value, date):
        return "—"
    local = timezone.localtime(value, SHANGHAI) if isinstance(value, datetime) else value
    if (get_language() or "").startswith("en"):
        return f"{local:%Y-%m-%d}"
    return f"{local.year}年{local.month}月{local.day}日"


@register.filter
def last_day(value: Any) -> str:
    """Return the last day of a period with a half-open end: midnight belongs to the day before."""
    return day(value - timedelta(microseconds=1) if isinstance(value, datetime) else value)


@register.filter
def day_before(value: date) -> str:
    """Return the day before: the last one of a period of days whose end is not in it."""
    return day(value - timedelta(days=1))


@register.filter
def moment(value: Any) -> str:
    """Return a day with the time of day, in the node's zone; a dash where there is none."""
    if not isinstance(value, datetime):
        return "—"
    return f"{day(value)} {timezone.localtime(value, SHANGHAI):%H:%M}"


@register.filter
def money(value: Any) -> str:
    """Return an amount in yuan with two decimals; a dash where there is no price."""
    return f"￥{value:,.2f}" if isinstance(value, Decimal) else "—"


@register.filter
def percent(value: Decimal) -> str:
    """Return a ratio as a percentage with its sign: -12.5 %."""
    return f"{value * 100:+.1f} %"


@register.filter
def role(code: str) -> str:
    """Return the name of an organisation role."""
    return say(ORGANISATION_ROLES.get(code, code))


@register.filter("duty")
def duty_of_post(code: str) -> str:
    """Return the name of a post's duty."""
    return say(POST_DUTIES.get(code, code))


@register.filter
def scope(code: str) -> str:
    """Return the name of what a key may be used for."""
    return say(SCOPES.get(code, code))


@register.filter
def get(mapping: Mapping[Any, Any], key: Any) -> Any:
    """Return the mapping's value for the key, None where there is none."""
    return mapping.get(key)


@register.filter
def groups(form: Any) -> Any:
    """Return a form's fields in groups: (None, plain fields), then (kind of paper, its fields)."""
    return form.groups() if hasattr(form, "groups") else [(None, list(form))]


@register.inclusion_tag("portal/components/clause.html")
def clause(code: str) -> dict[str, Any]:
    """Show a clause chip 依据: short name; opened, the article, its duty, where it is enforced."""
    found = _clauses().get(code)
    if found is None:
        return {"clause": None, "code": code}
    return {
        "clause": found,
        "sentence": found.en if (get_language() or "").startswith("en") else found.zh,
        "duties": [duty(one) for one in found.duties],
        "bases": _bases().get(code, ())[:4],
    }


@cache
def _clauses() -> dict[str, Any]:
    return {one.code: one for one in all_clauses()}


@cache
def _bases() -> dict[str, tuple[Any, ...]]:
    return {row.clause.code: row.bases for row in rows()}


@register.inclusion_tag("portal/components/clock.html")
def clock(view: ClockView | None, now: datetime) -> dict[str, Any]:
    """Show a clock chip 时限: what is left, until when; paused, provisional, overdue in words."""
    if view is None:
        return {"clock": None}
    # A due time is the midnight after the last day.
    last = (view.due - timedelta(microseconds=1)).astimezone(SHANGHAI).date()
    left, _provisional = working_days_between(now.astimezone(SHANGHAI).date(), last)
    return {
        "clock": view,
        "light": _LIGHTS[view.light] if view.running else "still",
        "left": max(0, left),
        "late": max(0, -left),
        "last": view.due - timedelta(microseconds=1),
        "over": view.light is Light.overdue and view.stopped_at is None,
    }


@register.inclusion_tag("portal/components/level.html")
def level(level: str, grade: int | None, category: str = "") -> dict[str, Any]:
    """Show the level badge: category, level (核心/重要/一般) and grade of general data (1–4)."""
    return {
        "zh": _LEVELS.get(level, _("未定级")),
        "level": level,
        "grade": grade,
        "category": category,
    }


@register.inclusion_tag("portal/components/decision.html")
def decision(card: Any) -> dict[str, Any]:
    """Show a decision card 判定: the answer, then limit · asked · allowed · clause."""
    return {"card": card}


@register.inclusion_tag("portal/components/timeline.html")
def timeline(steps: Any, documents: Any = ()) -> dict[str, Any]:
    """Show the timeline 办理经过: who did what, when, on which basis."""
    return {"steps": steps, "documents": {row.pk: row for row in documents}}


@register.inclusion_tag("portal/components/field.html")
def field(bound: Any) -> dict[str, Any]:
    """Show one field of a form: label, help, input, and its errors beside it."""
    described = [f"{bound.id_for_label}_help"] if bound.help_text else []
    described += [f"{bound.id_for_label}_error"] if bound.errors else []
    attributes = {"aria-describedby": " ".join(described)} if described else {}
    if bound.errors:
        attributes["aria-invalid"] = "true"
    return {"field": bound, "input": bound.as_widget(attrs=attributes)}


@register.simple_tag(takes_context=True)
def form_token(context: template.Context) -> SafeString:
    """Put the hidden field `once` into a form: sent twice, what it asks for is done once.

    A form that comes back with errors keeps its token: nothing was done under it.
    """
    request = context.get("request")
    kept = request.POST.get("once", "") if request is not None else ""
    return format_html('<input type="hidden" name="once" value="{}">', kept or new_key())


@register.simple_tag(takes_context=True)
def draft_here(context: Mapping[str, Any]) -> bool:
    """Tell whether the reader has a draft of this page's form that is not shown yet."""
    request = context["request"]
    signed = sessions.of(request)
    if signed is None or request.method != "GET" or request.POST:
        return False
    return bool(drafts.draft(form=request.path, by=signed.actor))
