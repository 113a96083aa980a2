"""The workshop over the API: tasks, queries, runs, and releases with what reviewers may see."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from gongshu_server.api.answers import present
from gongshu_server.api.reading import PAGING, Paging, listed, with_states
from gongshu_server.api.shapes import page_of, shape, with_fields
from gongshu_server.api.writing import acting, tag
from gongshu_server.journal import clock
from gongshu_server.workshop import queries, reviewing
from gongshu_server.workshop.models import Query, Release, Task
from gongshu_server.workshop.queries import VoteView

router = Router(tags=["workshop"])
MOST_ROWS = 1_000
ReleaseShown: Any = with_fields("ReleaseShown", Release, state=str, state_zh=str)
ReleaseOverview: Any = with_fields("ReleaseOverview", ReleaseShown, votes=list[VoteView])


class ContentShown(Schema):
    """What reviewers and the signing body see of a release; `rows` is null for a service."""

    release: str
    exit: str
    sql: str
    lineage: list[Any]
    opened_copies: list[str]
    question: dict[str, Any]
    for_reviewer: dict[str, Any]
    columns: list[str]
    rows: list[list[str | None]] | None
    all_rows: int


@router.get("/tasks", response=page_of(Task), summary="加工任务")
def tasks(request: HttpRequest, paging: Paging = PAGING) -> Any:
    """Return the tasks that the caller may see, the newest first."""
    return listed(queries.visible_tasks(by=acting(request)), paging, ("-opened_at", "-id"))


@router.get("/tasks/{task_id}", response=shape(Task), summary="一个加工任务")
def task(request: HttpRequest, task_id: str) -> Any:
    """Return one task."""
    return present(queries.task(task_id, by=acting(request)))


@router.get("/tasks/{task_id}/queries", response=page_of(Query), summary="一个任务的查询")
def queries_of(request: HttpRequest, task_id: str, paging: Paging = PAGING) -> Any:
    """Return the checked queries of a task, the newest first."""
    rows = queries.visible_queries(task_id, by=acting(request))
    return listed(rows, paging, ("-drafted_at", "-id"))


@router.get("/queries/{query_id}", response=shape(Query), summary="一条已检查的查询")
def query(request: HttpRequest, query_id: str) -> Any:
    """Return a query as written, the text that runs, and the verdict with lineage."""
    return present(queries.query(query_id, by=acting(request)))


@router.get("/releases", response=page_of(ReleaseShown), summary="出域申请")
def releases(request: HttpRequest, paging: Paging = PAGING) -> Any:
    """Return the releases that the caller may see, the newest first."""
    rows = queries.releases(by=acting(request))
    return listed(rows, paging, ("-submitted_at", "-id"), with_states)


@router.get(
    "/releases/{release_id}", response=ReleaseOverview, summary="一个出域申请和两项审核的进展"
)
def one_release(request: HttpRequest, response: HttpResponse, release_id: str) -> Any:
    """Return a release and how the two reviews stand; votes are blind until both are in."""
    by = acting(request)
    row = queries.release(release_id, by=by)
    tag(response, row.case)
    return with_states([row])[0] | {"votes": present(queries.votes(row.pk, by=by))}


@router.get(
    "/releases/{release_id}/content",
    response=ContentShown,
    summary="审核单位和签批单位查看出域内容",
)
def content(request: HttpRequest, release_id: str) -> Any:
    """Return what is to be reviewed, to the reviewing and signing bodies. Each look is recorded."""
    seen = reviewing.reviewed(release_id=release_id, by=acting(request), at=clock.now())
    table = seen.rows
    shown = {
        "columns": list(table.column_names) if table is not None else [],
        "rows": _rows(table.slice(0, MOST_ROWS)) if table is not None else None,
        "all_rows": table.num_rows if table is not None else 0,
    }
    named = ("release", "exit", "sql", "lineage", "opened_copies", "question", "for_reviewer")
    return {name: present(getattr(seen, name)) for name in named} | shown


def _rows(table: Any) -> list[list[str | None]]:
    columns = [column.to_pylist() for column in table.columns]
    return [
        [None if cell is None else str(cell) for cell in row] for row in zip(*columns, strict=True)
    ]
