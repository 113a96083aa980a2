"""Files of a page: uploads in chunks, attachments and printed forms as downloads.

The protocol is the API's (docs/how-to/upload-large-files.md), with the session's actor and the
page's CSRF token in `X-CSRFToken`; answers are JSON because a script reads them.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from gongshu.vocabulary.errors import DomainError, Invalid
from gongshu_server.cases import actions as cases
from gongshu_server.cases import forms, media, queries
from gongshu_server.cases.attachments import kept_path
from gongshu_server.catalogue import uploads
from gongshu_server.catalogue.models import Upload
from gongshu_server.jobs.tasks import enqueue
from gongshu_server.portal import refusals, sessions
from gongshu_server.portal.doing import signed_in
from gongshu_server.portal.speech import say

OFFSET = "Upload-Offset"
View = Callable[..., HttpResponse]


def _answering(view: View) -> View:
    """Let a refusal be JSON with its sentence and, for a wrong offset, the true one."""

    @functools.wraps(view)
    def answering(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except DomainError as error:
            body: dict[str, Any] = {"code": error.code, "sentence": say(error.sentence)}
            for detail in error.details:
                if isinstance(detail, uploads.TrueOffset):
                    body["offset"] = detail.offset
            return JsonResponse(body, status=refusals.status_of(error))

    return answering


def _shown(row: Upload, *, status: int = 200) -> JsonResponse:
    body = {
        "id": row.pk,
        "name": row.name,
        "size": row.bytes,
        "offset": row.accepted,
        "chunk": uploads.CHUNK,
        "state": row.state,
    }
    return JsonResponse(body, status=status, headers={OFFSET: str(row.accepted)})


@require_POST
@signed_in
@_answering
def announce(request: HttpRequest) -> HttpResponse:
    """Begin an upload for a resource, a case or a document."""
    row = uploads.open_upload(
        announced=_announced(request), by=sessions.actor(request), at=sessions.now(request)
    )
    return _shown(row, status=201)


def _announced(request: HttpRequest) -> uploads.Announcement:
    try:
        said = json.loads(request.body)
        return uploads.Announcement(
            kind=str(said["kind"]),
            name=str(said["name"]),
            size=int(said["size"]),
            target_id=str(said.get("target_id", "")),
            digest=str(said.get("digest", "")),
            document=str(said.get("document", "attachment")),
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        raise Invalid("上传请求不完整，请刷新页面后重新选择文件。", code="invalid_upload") from None


@require_http_methods(["GET", "HEAD", "PATCH", "DELETE"])
@signed_in
@_answering
def one(request: HttpRequest, upload_id: str) -> HttpResponse:
    """Tell how far an upload has come, take its next chunk, or give it up."""
    by, at = sessions.actor(request), sessions.now(request)
    if request.method == "DELETE":
        uploads.drop_upload(upload_id=upload_id, by=by, at=at)
        return HttpResponse(status=204)
    if request.method == "PATCH":
        chunk = request.read(uploads.CHUNK + 1)
        offset = uploads.offset_said(request.headers.get(OFFSET, ""))
        accepted = uploads.append(upload_id, offset=offset, chunk=chunk, by=by, at=at)
        return JsonResponse({"offset": accepted}, headers={OFFSET: str(accepted)})
    return _shown(uploads.upload(upload_id, by=by))


@require_POST
@signed_in
@_answering
def finish(request: HttpRequest, upload_id: str) -> HttpResponse:
    """Turn a whole upload into a received file, which is then read, or into an attachment."""
    made = uploads.finish(upload_id, by=sessions.actor(request), at=sessions.now(request))
    if uploads.awaits_reading(made):
        enqueue("ingest", made.pk)
    return JsonResponse({"id": made.pk, "name": made.name}, status=202)


@require_safe
@signed_in
def attachment(request: HttpRequest, attachment_id: str) -> HttpResponse:
    """Hand an attachment out as a download; it is never shown in a page of the node's own."""
    row = cases.download_attachment(
        attachment_id=attachment_id, by=sessions.actor(request), at=sessions.now(request)
    )
    return FileResponse(  # type: ignore[return-value] # Django's stubs part what streams
        kept_path(row.address).open("rb"),
        as_attachment=True,
        filename=row.name,
        content_type=row.media,
    )


@require_safe
@signed_in
def paper(request: HttpRequest, case_id: str, kind: str) -> HttpResponse:
    """Hand one form of a case out as a DOCX file."""
    by, at = sessions.actor(request), sessions.now(request)
    form = forms.form(queries.overview(case_id, by=by, at=at), kind)
    # Word's library is a seventh of a serving process's memory, and few requests need it.
    from gongshu_server.cases.docx_forms import docx

    name = quote(f"{form.title}-{form.number}.docx")
    answer = HttpResponse(docx(form), content_type=media.DOCX)
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
    return answer
