"""我的目录与挂接: entries that a department files, its data files, and what became of them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from gongshu.procedures import procedure
from gongshu.vocabulary.errors import DomainError, NotFound
from gongshu_server.accounts.directory import holders
from gongshu_server.accounts.permissions import require
from gongshu_server.cases.models import Case
from gongshu_server.catalogue import intake, outcomes, queries
from gongshu_server.catalogue.models import Resource
from gongshu_server.catalogue.understanding import Understood, understand
from gongshu_server.catalogue.uploads import plain_name
from gongshu_server.jobs.tasks import enqueue
from gongshu_server.journeys.inputs import refuse_unfit
from gongshu_server.portal import refusals, sessions
from gongshu_server.portal.asking import ask
from gongshu_server.portal.catalogue.forms import EntryForm, FileForm
from gongshu_server.portal.doing import Done, done, signed_in
from gongshu_server.portal.lists import page_of
from gongshu_server.portal.stepping import take
from gongshu_server.usage import previews

# Before the secrecy review no file is taken (《意见》十二); afterwards until the entry ends.
BEFORE_REVIEW = frozenset({"draft", "filed", "returned"})
ENDED = frozenset({"stopped_as_secret", "withdrawn"})
REJECTS = 50


def listed(request: HttpRequest, *, own: bool) -> HttpResponse:
    """Show entries with their states, newest first: the department's own, or all that one sees."""
    by = sessions.actor(request)
    states = procedure("catalogue_entry").states
    rows = Resource.objects.visible_to(by).select_related("provider")
    if own:
        rows = rows.filter(provider_id=by.organisation)
    wanted = request.GET.get("state", "")
    page = page_of(rows.filter(state=wanted) if wanted in states else rows, request)
    context = {
        "page": page,
        "rows": [(row, states[row.state]) for row in page.rows],
        "states": [(code, zh) for code, zh in states.items() if code != "draft"],
        "state": wanted,
        "own": own,
        "may_file": own and by.may("catalogue.file"),
    }
    return render(request, "portal/catalogue/entries.html", context)


@signed_in
@require_safe
def own(request: HttpRequest) -> HttpResponse:
    """Show a department its entries, and how to file the next one."""
    return listed(request, own=True)


@signed_in
@require_safe
def everything(request: HttpRequest) -> HttpResponse:
    """Show the entries of every department to those who may see them."""
    return listed(request, own=False)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def file(request: HttpRequest) -> HttpResponse:
    """Ask for a catalogue entry and file it."""
    require(sessions.actor(request), "catalogue.file", clause="809-13")
    return _entry(request, EntryForm(request.POST or None, **_about(request)))


def _about(request: HttpRequest) -> dict[str, Any]:
    reading = sessions.reading(request)
    return {"authorities": holders("data_authority", at=reading.at), "synthetic": reading.demo}


def _entry(
    request: HttpRequest, form: EntryForm, *, understood: Understood | None = None
) -> HttpResponse:
    def then(outcome: Done) -> HttpResponse:
        sentence = _("目录已报送。下一步：由保密审查岗位记录保密审查，然后报送数据文件。")
        return done(request, sentence, reverse("catalogue:resource", args=[outcome.id]))

    page = {
        "title": _("报送目录"),
        "lead": _("写明是什么数据、有哪些数据项、怎样共享。报送后先作保密审查，再报送数据文件。"),
        "button": _("报送"),
        "back": reverse("catalogue:own"),
        "clause": "809-13",
        "file_form": FileForm(),
        "understood": understood,
        "address": reverse("catalogue:file"),
    }
    template = "portal/catalogue/file.html"
    return ask(
        request, "catalogue.file_resource", form, given={}, then=then, page=page, template=template
    )


@signed_in
@require_POST
def header(request: HttpRequest) -> HttpResponse:
    """Read the header of a data file, keep nothing of it, and fill the entry in with it."""
    require(sessions.actor(request), "catalogue.file", clause="809-13")
    sent = FileForm(request.POST, request.FILES)
    if not sent.is_valid():
        return _refused(request, {"file_form": sent}, status=422)
    upload: UploadedFile = sent.cleaned_data["file"]
    name = plain_name(upload.name or "")
    refuse_unfit(name)
    try:
        with _passing(upload) as path:
            understood = understand(path)
    except DomainError as error:
        card = {"card": refusals.card(error), "file_form": sent}
        return _refused(request, card, status=refusals.status_of(error))
    title = name.partition(".")[0]
    initial = {
        "title": title,
        "table": title,
        "items": "\n".join(column for column, _kind in understood.columns),
    }
    request.method = "GET"  # The entry is asked for now; nothing of it has been sent yet.
    return _entry(request, EntryForm(initial=initial, **_about(request)), understood=understood)


def _refused(request: HttpRequest, more: dict[str, Any], *, status: int) -> HttpResponse:
    context = {
        "title": _("报送目录"),
        "button": _("报送"),
        "back": reverse("catalogue:own"),
        "form": EntryForm(**_about(request)),
        "address": reverse("catalogue:file"),
        **more,
    }
    return render(request, "portal/catalogue/file.html", context, status=status)


@contextmanager
def _passing(upload: UploadedFile) -> Iterator[Path]:
    """Keep a passing copy of what was sent on disk while the body of `with` runs."""
    with tempfile.TemporaryDirectory(prefix="gongshu-sent-") as folder:
        path = Path(folder) / "file"
        with path.open("wb") as copy:
            for chunk in upload.chunks():
                copy.write(chunk)
        yield path


@signed_in
def amend(request: HttpRequest, case: Case, transition: str) -> HttpResponse:
    """Ask for the update of a published entry, filled in with what stands."""
    row = _own(request, case.subject_id)
    initial = {
        "title": row.title,
        "summary": row.summary,
        "items": "\n".join(item.name for item in queries.items(row.pk)),
        "update_cycle": row.update_cycle,
    }
    return take(
        request, case, transition, EntryForm(request.POST or None, initial=initial, amended=row)
    )


def _own(request: HttpRequest, resource_id: str) -> Resource:
    by = sessions.actor(request)
    row = queries.resource(resource_id, by=by)
    if row.provider_id != by.organisation:
        raise NotFound("没有这个数据资源。", code="resource_not_found")
    return row


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def files(request: HttpRequest, resource_id: str) -> HttpResponse:
    """Show what was handed in for a resource and take the next file, scripts or not."""
    row = _own(request, resource_id)
    by, at = sessions.actor(request), sessions.now(request)
    form, refusal, status = FileForm(), None, 200
    if request.method == "POST":
        form = FileForm(request.POST, request.FILES)
        try:
            if form.is_valid():
                upload: UploadedFile = form.cleaned_data["file"]
                with _passing(upload) as path:
                    name = plain_name(upload.name or "")
                    received = intake.store(row.pk, path, by=by, at=at, name=name)
                enqueue("ingest", received.pk)
                sentence = _("文件已收下，正在读取。")
                return done(request, sentence, reverse("catalogue:outcome", args=[received.pk]))
            status = 422
        except DomainError as error:
            refusal, status = refusals.card(error), refusals.status_of(error)
    context = {
        "resource": row,
        "received": outcomes.files(row, by=by),
        "form": form,
        "card": refusal,
        "waits": row.state in BEFORE_REVIEW,
        "ended": row.state in ENDED,
        "may_file": by.may("catalogue.file"),
    }
    return render(request, "portal/catalogue/files.html", context, status=status)


@signed_in
@require_safe
def outcome(request: HttpRequest, file_id: str) -> HttpResponse:
    """Show what became of a file: rows in, rows out with place and reason, what was understood."""
    said = request.GET.get("start", "")
    start = int(said) if said.isdecimal() and len(said) < 10 else 0
    shown = outcomes.outcome(file_id, by=sessions.actor(request), start=start, most=REJECTS)
    total = shown.snapshot.rejects if shown.snapshot else 0
    context = {
        "outcome": shown,
        "file": shown.file,
        "start": start,
        "next": start + REJECTS if start + REJECTS < total else None,
        "resource": shown.file.resource,
    }
    return render(request, "portal/catalogue/outcome.html", context)


@signed_in
@require_POST
def rejects(request: HttpRequest, file_id: str) -> StreamingHttpResponse:
    """Hand the rejected rows out to their provider as a CSV file; that is a use and recorded."""
    by, at = sessions.actor(request), sessions.now(request)
    lines = previews.rejected(file_id, by=by, at=at)
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="rejects-{file_id}.csv"'
    response["Cache-Control"] = "no-store"
    return response
