"""The ledger's entries as the reader may see them: list, one entry, its receipt, and export."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from gongshu.vocabulary.permissions import ORGANISATION_ROLES
from gongshu_server.accounts.directory import holders
from gongshu_server.cases import queries as cases
from gongshu_server.oversight import entries
from gongshu_server.oversight.entries import EntryView, Sought
from gongshu_server.portal import sections, sessions
from gongshu_server.portal.audit.forms import SearchForm
from gongshu_server.portal.audit.subjects import kind_of, name_of
from gongshu_server.portal.doing import perform, signed_in
from gongshu_server.portal.lists import page_of
from gongshu_server.portal.speech import say
from gongshu_server.portal.templatetags.components import moment

MOST = 10_000
_AT_ONCE = 500


def _form(request: HttpRequest, data: Any) -> SearchForm:
    """Return the form of what is looked for; only auditors choose among organisations."""
    everybody = sessions.actor(request).may("audit.read")
    known = holders(*ORGANISATION_ROLES, at=sessions.now(request)) if everybody else []
    return SearchForm(data or {}, organisations=known)


def _sought(form: SearchForm) -> Sought:
    form.is_valid()
    return form.sought()


@signed_in
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Show the entries that the reader may see, as far as they are looked for."""
    by = sessions.actor(request)
    form = _form(request, request.GET)
    page = page_of(entries.searched(_sought(form), by=by), request)
    rows = _named(entries.entry_views(page.rows, by=by))
    context = {"page": page, "rows": rows, "form": form, "everybody": by.may("audit.read")}
    return render(request, "portal/audit/entries.html", context)


def _named(views: list[EntryView]) -> list[dict[str, Any]]:
    """Return the entries with the names of who acted and of their organisations: two queries."""
    people = cases.names_of(view.actor for view in views)
    names = cases.organisation_names(view.organisation for view in views)
    return [
        {
            "entry": view,
            "who": people[view.actor],
            "organisation": names.get(view.organisation, ""),
        }
        for view in views
    ]


@signed_in
@require_safe
def entry(request: HttpRequest, entry_id: str) -> HttpResponse:
    """Show one entry; what stands in it only to who may open it."""
    view = entries.entry(entry_id, by=sessions.actor(request))
    (row,) = _named([view])
    said = [
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1))
        for name, value in (view.details or {}).items()
    ]
    # What was refused may not be there for who asked: only what was done leads on.
    done = view.outcome == "done"
    subject = sections.subject_url(view.subject_kind, view.subject_id) if done else ""
    more = {
        "said": said,
        "subject_url": subject,
        "kind": kind_of(view.subject_kind),
        "name": name_of(view.subject_kind, view.subject_id) if done else "",
    }
    return render(request, "portal/audit/entry.html", {**row, **more})


@signed_in
@require_safe
def receipt(request: HttpRequest, entry_id: str) -> HttpResponse:
    """Hand out the receipt file of an entry that the reader may open."""
    body = entries.receipt(entry_id, by=sessions.actor(request))
    return _file(body, f"receipt-{entry_id}.json", "application/json")


@signed_in
@require_safe
def export_page(request: HttpRequest) -> HttpResponse:
    """Ask which entries to take out, and say what the file holds."""
    return render(
        request, "portal/audit/export.html", {"form": _form(request, request.GET), "most": MOST}
    )


@signed_in
@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """Hand out the entries as a CSV file; that they were taken out is recorded first."""
    by = sessions.actor(request)
    form = _form(request, request.POST)
    rows = list(entries.searched(_sought(form), by=by).order_by("-pk")[:MOST])
    said = {name: str(value) for name, value in form.cleaned_data.items() if value}
    perform(request, "oversight.record_export", {"rows": len(rows), "sought": said})
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([_("编号"), _("序号"), _("时间"), _("事项"), _("结果"), _("机构"), _("依据")])
    for start in range(0, len(rows), _AT_ONCE):
        writer.writerows(_lines(entries.entry_views(rows[start : start + _AT_ONCE], by=by)))
    # The mark lets spreadsheets know that it is UTF-8.
    return _file(("\ufeff" + text.getvalue()).encode(), "entries.csv", "text/csv; charset=utf-8")


def _lines(views: list[EntryView]) -> Iterator[list[str]]:
    names = cases.organisation_names(view.organisation for view in views)
    for view in views:
        yield [
            view.id,
            "" if view.index is None else str(view.index),
            moment(view.at),
            say(view.zh),
            _("拒绝") if view.outcome == "refused" else _("已办"),
            _plain(names.get(view.organisation, "")),
            view.clause,
        ]


def _plain(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def _file(body: bytes, name: str, kind: str) -> HttpResponse:
    response = HttpResponse(body, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
