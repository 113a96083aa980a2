"""Reviews on pages: what waits for reviewers and the signing head; the recorded look inside."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from gongshu.cleanroom.model import physical_type
from gongshu.sdc.review import Cause
from gongshu.vocabulary.errors import Invalid
from gongshu_server.cases import queries as cases
from gongshu_server.portal import sessions
from gongshu_server.portal.doing import signed_in
from gongshu_server.portal.lists import page_of
from gongshu_server.portal.speech import say
from gongshu_server.portal.workshop.presenting import columns, picture, sources_of
from gongshu_server.workshop import offers, queries
from gongshu_server.workshop.models import Query, Run
from gongshu_server.workshop.reviewing import Content, reviewed

SHOWN = 50
BOM = b"\xef\xbb\xbf"  # Spreadsheets read UTF-8 by it.


@signed_in
@require_safe
def reviews(request: HttpRequest) -> HttpResponse:
    """Show a reviewing body the releases that it reviews, newest first."""
    return _listed(
        request,
        _("出域审核"),
        _("先查看送审内容（查看会记入存证），再投票；两项审核都办完之前，谁也看不到对方的意见。"),
    )


@signed_in
@require_safe
def signing(request: HttpRequest) -> HttpResponse:
    """Show the implementing body the releases that it signs, and the exports it may except."""
    by, at = sessions.actor(request), sessions.now(request)
    runs = queries.unsubmitted_exports(by=by, at=at) if by.may("workshop.except_export") else []
    return _listed(
        request,
        _("出域签批"),
        _("双审核通过后由负责人签批，再办理出域。"),
        runs,
    )


def _listed(request: HttpRequest, title: str, lead: str, runs: Sequence[Run] = ()) -> HttpResponse:
    by = sessions.actor(request)
    rows = queries.releases(by=by).exclude(developer_id=by.organisation)
    page = page_of(rows.select_related("run__query__task"), request)
    context = {
        "page": page,
        "states": cases.states_of([row.case for row in page.rows]),
        "title": title,
        "lead": lead,
        "runs": runs,
    }
    return render(request, "portal/workshop/releases.html", context)


@signed_in
@require_POST
def content(request: HttpRequest, release_id: str) -> HttpResponse:
    """Show a reviewer what is to be reviewed, or hand it over as a file; each look is recorded."""
    by, at = sessions.actor(request), sessions.now(request)
    found = reviewed(release_id=release_id, by=by, at=at)
    if "download" in request.POST and found.rows is not None:
        response = HttpResponse(_csv(found.rows), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{found.release}.csv"'
    else:
        response = render(request, "portal/workshop/content.html", _context(request, found))
    response["Cache-Control"] = "no-store"
    return response


def _csv(rows: pa.Table) -> bytes:
    sink = io.BytesIO()
    pa_csv.write_csv(rows, sink)
    return BOM + sink.getvalue()


def _context(request: HttpRequest, found: Content) -> dict[str, Any]:
    by = sessions.actor(request)
    row = queries.release(found.release, by=by)
    shown = columns(found.lineage)
    verdict = Query.objects.get(pk=row.run.query_id).verdict
    told = found.for_reviewer
    return {
        "release": row,
        "content": found,
        "told": told,
        "cells": [(one, [Cause(code).zh for code in one["causes"]]) for one in _cells(told)],
        "summary": _summary(found.rows) if found.rows is not None else [],
        "names": found.rows.column_names if found.rows is not None else [],
        "rows": _shown(found.rows) if found.rows is not None else [],
        "total": found.rows.num_rows if found.rows is not None else 0,
        "picture": picture(shown, offers.origins(sources_of(shown, verdict["grants"]), by=by)),
    }


def _cells(told: Any) -> list[Any]:
    """Return the protected cells, the first of many."""
    return list(told.get("protected") or ())[:SHOWN]


def _shown(rows: pa.Table) -> list[dict[str, Any]]:
    """Return the first rows, with yes and no in words."""
    words = {True: _("是"), False: _("否")}
    return [
        {name: words[value] if isinstance(value, bool) else value for name, value in row.items()}
        for row in rows.slice(0, SHOWN).to_pylist()
    ]


def _summary(rows: pa.Table) -> list[tuple[str, str, int, int]]:
    """Return each column's name, type in words, number of different values, and of empty ones."""
    return [
        (name, _kind(rows[name].type), pc.count_distinct(rows[name]).as_py(), rows[name].null_count)
        for name in rows.column_names
    ]


def _kind(kind: pa.DataType) -> str:
    try:
        return say(physical_type(str(kind))[0].zh)
    except Invalid:  # No type of an item, but one that a sum may have.
        return str(kind)
