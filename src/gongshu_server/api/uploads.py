"""Large files over the API: announced, sent in chunks, finished; and attachments fetched again."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse
from ninja import Router, Schema, Status

from gongshu_server.api.answers import present
from gongshu_server.api.reading import TAG
from gongshu_server.api.shapes import shape
from gongshu_server.api.writing import REPEATABLE, acting, perform
from gongshu_server.cases import actions as cases
from gongshu_server.cases.attachments import kept_path
from gongshu_server.cases.models import Attachment
from gongshu_server.catalogue import uploads
from gongshu_server.catalogue.models import ReceivedFile, Upload
from gongshu_server.jobs.tasks import enqueue
from gongshu_server.journal import clock

router = Router(tags=["uploads"])
OFFSET = "Upload-Offset"


class Announced(Schema):
    """What is going to arrive."""

    kind: str
    name: str
    size: int
    target_id: str = ""
    digest: str = ""
    document: str = "attachment"


class UploadShown(Schema):
    """What a client needs to go on with an upload."""

    id: str
    name: str
    size: int
    offset: int
    chunk: int
    state: str
    result: str


class Accepted(Schema):
    """Up to where the bytes have come."""

    offset: int


def shown(row: Upload) -> dict[str, Any]:
    """Return what a client needs to go on with an upload."""
    return {
        "id": row.pk,
        "name": row.name,
        "size": row.bytes,
        "offset": row.accepted,
        "chunk": uploads.CHUNK,
        "state": row.state,
        "result": row.result,
    }


@router.post("/uploads", summary="开始分块上传一个文件", response={201: UploadShown})
def announce(request: HttpRequest, response: HttpResponse, body: Announced) -> Any:
    """Begin an upload; chunks of at most `chunk` bytes follow with PATCH."""
    announced = uploads.Announcement(**body.dict())
    call, name = partial(uploads.open_upload, announced=announced), "catalogue.open_upload"
    said = {"announced": announced}
    row = perform(request, response, call, action=name, arguments=said, show=shown)
    return Status(201, row)


@router.api_operation(
    ["GET", "HEAD"],
    "/uploads/{upload_id}",
    response=UploadShown,
    summary="一次上传已接收到哪里",
)
def offset(request: HttpRequest, upload_id: str, response: HttpResponse) -> dict[str, Any]:
    """Return how far an upload of the caller's organisation has come."""
    row = uploads.upload(upload_id, by=acting(request))
    response[OFFSET] = str(row.accepted)
    return shown(row)


@router.patch(
    "/uploads/{upload_id}",
    response=Accepted,
    summary="从已接收处续传一块（原始字节）",
    openapi_extra=REPEATABLE,
)
def append(request: HttpRequest, upload_id: str, response: HttpResponse) -> dict[str, Any]:
    """Accept one chunk at exactly the offset named in `Upload-Offset`.

    A chunk that is sent again is not written again: the refusal (409) names the true offset.
    """
    accepted = uploads.append(
        upload_id,
        offset=uploads.offset_said(request.headers.get(OFFSET, "")),
        chunk=request.read(uploads.CHUNK + 1),
        by=acting(request),
        at=clock.now(),
    )
    response[OFFSET] = str(accepted)
    return {"offset": accepted}


@router.post(
    "/uploads/{upload_id}/finish",
    summary="完成上传",
    response={202: shape(ReceivedFile | Attachment)},
    openapi_extra=REPEATABLE,
)
def finish(request: HttpRequest, upload_id: str) -> Any:
    """Turn a whole upload into a received file, which is then read, or into an attachment.

    Finishing again answers the same.
    """
    row = uploads.finish(upload_id, by=acting(request), at=clock.now())
    if uploads.awaits_reading(row):
        enqueue("ingest", row.pk)
    return Status(202, present(row))


@router.delete(
    "/uploads/{upload_id}",
    summary="取消一次上传",
    response={204: None},
    openapi_extra=REPEATABLE,
)
def drop(request: HttpRequest, upload_id: str) -> Any:
    """Give up an upload; its bytes are removed."""
    uploads.drop_upload(upload_id=upload_id, by=acting(request), at=clock.now())
    return Status(204, None)


@router.get("/attachments/{attachment_id}", summary="下载办件的附件")
def attachment(request: HttpRequest, attachment_id: str) -> FileResponse:
    """Return an attachment's bytes as a download; each one is in the ledger."""
    row = cases.download_attachment(attachment_id=attachment_id, by=acting(request), at=clock.now())
    response = FileResponse(
        kept_path(row.address).open("rb"),
        as_attachment=True,
        filename=row.name,
        content_type=row.media,
    )
    response[TAG] = f'W/"{row.pk}"'  # What was kept once is never changed.
    return response
