"""找数据: the search that anybody may use, the page of a resource, and a look at its first rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from gongshu.lake.schema import ColumnType
from gongshu.procedures import procedure
from gongshu.vocabulary.levels import (
    IdentifierClass,
    Level,
    OpenAttribute,
    ShareAttribute,
    SubjectKind,
)
from gongshu_server.accounts.actors import Actor
from gongshu_server.cases.models import Case
from gongshu_server.catalogue import queries, searching
from gongshu_server.catalogue.models import Item, Resource
from gongshu_server.market import queries as market
from gongshu_server.oversight import disclosure
from gongshu_server.portal import sessions
from gongshu_server.portal.doing import signed_in
from gongshu_server.registration import queries as registration
from gongshu_server.usage import previews

SHOWN = 6
TITLES: Mapping[str, Any] = MappingProxyType(
    {
        "provider": _("提供单位"),
        "sector": _("领域"),
        "level": _("级别"),
        "grade": _("分级"),
        "open": _("开放属性"),
    }
)


@dataclass(frozen=True, slots=True)
class Link:
    """A value of a facet as a link: choosing it, or giving it up where it is chosen."""

    zh: str
    count: int
    query: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class FacetView:
    """A facet as the page shows it: its first values, and the rest on demand."""

    name: str
    zh: Any
    first: tuple[Link, ...]
    rest: tuple[Link, ...]
    chosen: bool


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Find published resources by words and facets; no account is needed."""
    said = request.GET
    text = said.get("q", "")
    asked = searching.wanted(text, {name: said.get(name, "") for name in searching.FACETS})
    found = searching.search(asked, after=said.get("after", ""))
    context = {
        "text": text,
        "found": found,
        "facets": [_facet(request, name, found.choices[name], asked) for name in TITLES],
        "hidden": [(name, value) for name, value in asked.facets.items()],
        "narrowed": bool(asked.words or asked.facets),
        "following": _query(request, "after", found.next) if found.next else "",
        "first": not said.get("after"),
    }
    return render(request, "portal/catalogue/search.html", context)


def _query(request: HttpRequest, name: str, value: str) -> str:
    query = request.GET.copy()
    query.pop("after", None)
    query[name] = value
    if not value:
        del query[name]
    return query.urlencode()


def _facet(
    request: HttpRequest,
    name: str,
    choices: tuple[searching.Choice, ...],
    asked: searching.Wanted,
) -> FacetView:
    chosen = asked.facets.get(name, "")
    links = [
        Link(
            zh=_word(name, one),
            count=one.count,
            query=_query(request, name, "" if one.value == chosen else one.value),
            chosen=one.value == chosen,
        )
        for one in choices
    ]
    links.sort(key=lambda link: not link.chosen)
    return FacetView(name, TITLES[name], tuple(links[:SHOWN]), tuple(links[SHOWN:]), bool(chosen))


def _word(name: str, one: searching.Choice) -> str:
    if name == "level":
        return Level(one.value).zh
    if name == "grade":
        return f"{one.value}级"
    return opened(one.value) if name == "open" else one.zh


def opened(attribute: str) -> str:
    """Return the open attribute in words; what nobody has applied to open is not refused."""
    return "未开放" if attribute == OpenAttribute.closed else OpenAttribute(attribute).zh


@dataclass(frozen=True, slots=True)
class ItemView:
    """One item of a resource in words; why the machine proposed its level only for its provider."""

    name: str
    type: str
    category: str
    level: str
    grade: int | None
    identifier: str
    subject: str
    opened: bool
    reasons: tuple[str, ...]


def item_view(item: Item, *, own: bool) -> ItemView:
    """Return the item as pages show it; the reasons quote the data and are its provider's alone."""
    kind = item.type.partition("(")[0]
    return ItemView(
        name=item.name,
        type=ColumnType(kind).zh if kind in set(ColumnType) else kind,
        category=item.category,
        level=item.level,
        grade=item.grade,
        identifier=IdentifierClass(item.identifier).zh if item.identifier else "",
        subject=SubjectKind(item.subject).zh if item.subject else "",
        opened=item.opened,
        reasons=tuple(item.proposal.get("reasons", ())) if own else (),
    )


def reader(request: HttpRequest) -> Actor | None:
    """Return who reads; None for a stranger."""
    signed = sessions.of(request)
    return signed.actor if signed else None


@require_safe
def resource(request: HttpRequest, resource_id: str) -> HttpResponse:
    """Show what a resource is, who may use it, and what can be done with it next."""
    row = _seen(request, resource_id)
    shown = _shown(row, by=reader(request), at=sessions.now(request))
    return render(request, "portal/catalogue/resource.html", shown)


def _shown(row: Resource, *, by: Actor | None, at: datetime) -> dict[str, Any]:
    own = by is not None and by.organisation == row.provider_id
    items = queries.items(row.pk)
    allowed = previews.readable(row, items, by=by, at=at).items if by else ()
    seen = by is not None and Case.objects.visible_to(by).filter(pk=row.case).exists()
    return {
        "resource": row,
        "state": procedure("catalogue_entry").states[row.state],
        "items": [item_view(item, own=own) for item in items],
        "opened": sum(1 for item in items if item.opened),
        "share": ShareAttribute(row.share_attribute).zh,
        "open": opened(row.open_attribute),
        "versions": queries.versions(row.pk),
        "products": market.made_from(row.pk),
        "code": registration.code_of("resource", row.pk),
        "readable": allowed,
        "own": own,
        "sees_case": seen,
    }


@require_safe
def uses(request: HttpRequest, resource_id: str) -> HttpResponse:
    """Show who may use a resource now, for what, until when: the rows of the disclosure."""
    row = _seen(request, resource_id)
    lines = disclosure.about(f"resource:{row.pk}", at=sessions.now(request))
    return render(request, "portal/catalogue/uses.html", {"resource": row, "lines": lines})


def _seen(request: HttpRequest, resource_id: str) -> Resource:
    by = reader(request)
    return queries.resource(resource_id, by=by) if by else queries.published(resource_id)


@signed_in
@require_POST
def preview(request: HttpRequest, resource_id: str) -> HttpResponse:
    """Show the first rows, strictly within the reader's grant, and record that they were shown."""
    by, at = sessions.actor(request), sessions.now(request)
    shown = previews.preview(resource_id, by=by, at=at)
    row = queries.resource(resource_id, by=by)
    context = {"resource": row, "preview": shown}
    response = render(request, "portal/catalogue/preview.html", context)
    response["Cache-Control"] = "no-store"
    return response
