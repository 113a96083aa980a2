"""Work over the API that is more than one action: files, verdicts, runs, receipts."""

from __future__ import annotations

import hashlib
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import File, Router, Schema, Status
from ninja.files import UploadedFile

from gongshu.cleanroom.model import Finding, OutputColumn
from gongshu_server.api.answers import present
from gongshu_server.api.reading import PAGING, Paging, listed
from gongshu_server.api.shapes import page_of, shape
from gongshu_server.api.writing import NOTHING_WRITTEN, acting, perform
from gongshu_server.catalogue import intake
from gongshu_server.catalogue import queries as catalogue
from gongshu_server.catalogue.models import ReceivedFile
from gongshu_server.jobs.tasks import enqueue
from gongshu_server.journal import clock
from gongshu_server.workshop import actions as workshop
from gongshu_server.workshop import queries
from gongshu_server.workshop.queries import RunView

router = Router(tags=["work"])


class Draft(Schema):
    """A query text on its way to a verdict; nothing is recorded and nothing is run."""

    sql: str
    exit: str = "export"
    region: str = ""


class Requested(Schema):
    """The query whose run was put into the queue."""

    query: str


class VerdictShown(Schema):
    """The clean room's answer before any data is read: every reason, and the lineage."""

    allowed: bool
    findings: list[shape(Finding)]  # type: ignore[valid-type] # a type made at run time
    lineage: list[shape(OutputColumn)]  # type: ignore[valid-type] # as above
    opened_copies: list[str]
    grants: dict[str, str]


@router.post(
    "/resources/{resource_id}/files",
    summary="报送一个数据文件",
    response={202: shape(ReceivedFile)},
)
def receive(
    request: HttpRequest,
    response: HttpResponse,
    resource_id: str,
    file: UploadedFile = File(...),  # noqa: B008 - ninja's way to say where it comes from
) -> Any:
    """Receive a file as it is; it is read in the locked worker afterwards."""
    digest = hashlib.sha256()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / (Path(file.name or "").name or "未命名")
        with path.open("wb") as target:
            for chunk in file.chunks():
                digest.update(chunk)
                target.write(chunk)
        said = {"resource": resource_id, "name": path.name, "digest": digest.hexdigest()}
        call = partial(intake.store, resource_id, path)
        row = perform(request, response, call, action="catalogue.receive", arguments=said)
    # After a repeat, too: a crash may have come between the record and the queue.
    enqueue("ingest", row["id"])
    return Status(202, row)


@router.get(
    "/resources/{resource_id}/files",
    response=page_of(ReceivedFile),
    summary="报送的文件及处理结果（数据提供单位）",
)
def files(request: HttpRequest, resource_id: str, paging: Paging = PAGING) -> Any:
    """Return the files that were handed in and what became of them, to the provider."""
    rows = catalogue.received_files(resource_id, by=acting(request))
    return listed(rows, paging, ("-received_at", "-id"))


@router.post(
    "/tasks/{task_id}/verdict",
    response=VerdictShown,
    summary="检查一条查询，不记录、不运行",
    openapi_extra=NOTHING_WRITTEN,
)
def verdict(request: HttpRequest, task_id: str, body: Draft) -> dict[str, Any]:
    """Return the clean room's verdict with lineage; it depends on no data (S13)."""
    found = queries.check(
        task_id,
        body.sql,
        exit=body.exit,
        region=body.region,
        by=acting(request),
        at=clock.now(),
    )
    return {
        "allowed": found.allowed,
        "findings": present(list(found.findings)),
        "lineage": present(list(found.lineage)),
        "opened_copies": list(found.opened_copies),
        "grants": dict(found.grants),
    }


@router.post("/queries/{query_id}/runs", summary="运行一条已起草的查询", response={202: Requested})
def run(request: HttpRequest, response: HttpResponse, query_id: str) -> Any:
    """Queue a run in the caller's name; grants are decided anew when it starts."""
    call = partial(workshop.request_run, query_id=query_id)
    said = {"query_id": query_id}
    perform(request, response, call, action="workshop.request_run", arguments=said)
    return Status(202, {"query": query_id})


@router.get("/queries/{query_id}/runs", response=page_of(RunView), summary="一条查询的各次运行")
def runs(request: HttpRequest, query_id: str, paging: Paging = PAGING) -> Any:
    """Return all that the author may know of a query's runs, newest first."""
    rows = queries.visible_runs(query_id, by=acting(request))
    show = partial(queries.run_views, at=clock.now())
    return listed(rows, paging, ("-started_at", "-id"), show)


@router.get("/runs/{run_id}", response=shape(RunView), summary="任务运行的状态")
def run_state(request: HttpRequest, run_id: str) -> dict[str, Any]:
    """Return all that the author may know of a run; nothing in it depends on data."""
    return present(queries.run_view(run_id, by=acting(request), at=clock.now()))
