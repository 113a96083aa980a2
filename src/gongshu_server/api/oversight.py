"""Oversight over the API: complaints, audit accesses and their content, the board of limits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema

from gongshu_server.api.answers import present
from gongshu_server.api.reading import PAGING, Paging, listed, with_states
from gongshu_server.api.shapes import page_of, shape, with_fields
from gongshu_server.api.writing import acting, tag
from gongshu_server.cases.models import Clock
from gongshu_server.journal import clock
from gongshu_server.oversight import audit_access, queries, supervision
from gongshu_server.oversight.audit_access import Content
from gongshu_server.oversight.models import AuditAccess
from gongshu_server.oversight.queries import ComplaintView
from gongshu_server.oversight.supervision import Late, Load

router = Router(tags=["oversight"])
MOST_ITEMS = 200
ComplaintShown: Any = with_fields("ComplaintShown", ComplaintView, state=str, state_zh=str)
AccessShown: Any = with_fields("AuditAccessShown", AuditAccess, state=str, state_zh=str)


class ClockOnBoard(Schema):
    """A running limit: its case, what it is on which clause, how far it has run."""

    case: str
    number: str
    title: str
    procedure: str
    state: str
    limit: str
    limit_zh: str
    clause: str
    light: str
    started_at: datetime
    due: datetime
    provisional: bool


class BoardShown(Schema):
    """How many running limits show each light, and where open and late cases lie."""

    lights: dict[str, int]
    procedures: list[shape(Load)]  # type: ignore[valid-type] # a type made at run time
    organisations: list[shape(Late)]  # type: ignore[valid-type] # as above


@router.get("/complaints", response=page_of(ComplaintShown), summary="由本机构办理或本人提出的投诉")
def complaints(request: HttpRequest, paging: Paging = PAGING) -> Any:
    """Return the complaints that the caller may see, the newest first; nobody is named in them."""
    by = acting(request)
    return listed(queries.complaints(by=by), paging, show=partial(_complaints, by=by))


def _complaints(rows: Sequence[Any], *, by: Any) -> list[dict[str, Any]]:
    return with_states(queries.complaint_views(rows, by=by))


@router.get("/complaints/{complaint_id}", response=ComplaintShown, summary="一件投诉举报和答复")
def complaint(request: HttpRequest, response: HttpResponse, complaint_id: str) -> Any:
    """Return a complaint as its handling body and its complainant see it; nobody is named."""
    seen = queries.complaint(complaint_id, by=acting(request))
    tag(response, seen.case)
    return with_states([seen])[0]


@router.get("/audit-accesses", response=page_of(AccessShown), summary="与本机构有关的审计查阅")
def audit_accesses(request: HttpRequest, paging: Paging = PAGING) -> Any:
    """Return the audit accesses that concern the caller, the newest first."""
    return listed(audit_access.accesses(by=acting(request)), paging, show=with_states)


@router.get("/audit-accesses/{access_id}", response=AccessShown, summary="一项审计查阅")
def one_audit_access(request: HttpRequest, response: HttpResponse, access_id: str) -> Any:
    """Return one audit access with its items, its period and where it stands."""
    row = audit_access.access(access_id, by=acting(request))
    tag(response, row.case)
    return with_states([row])[0]


@router.get(
    "/audit-accesses/{access_id}/content",
    response=shape(Content),
    summary="在已确认的审计查阅中查看内容，每次存证",
)
def content(
    request: HttpRequest,
    access_id: str,
    columns: list[str] = Query([], max_length=MOST_ITEMS),  # noqa: B008 - ninja's way to say it
    start: int = Query(0, ge=0, le=2**53),
) -> Any:
    """Return at most a hundred rows to the auditor whose access is open; each view is recorded.

    Without `columns` they are all items of the access.
    """
    by, at = acting(request), clock.now()
    wanted = columns or audit_access.access(access_id, by=by).items
    return present(audit_access.view(access_id, columns=wanted, start=start, by=by, at=at))


@router.get("/supervision", response=BoardShown, summary="监管总览：时限亮灯、在办和逾期")
def board(request: HttpRequest) -> Any:
    """Return how many running limits show each light, and open and late cases, to supervisors."""
    by, at = acting(request), clock.now()
    return {
        "lights": supervision.lights(by=by, at=at),
        "procedures": present(supervision.loads(by=by, at=at)),
        "organisations": present(supervision.lateness(by=by, at=at)),
    }


@router.get("/supervision/clocks", response=page_of(ClockOnBoard), summary="时限督办：最近到期在前")
def clocks(
    request: HttpRequest,
    light: Literal["", "50", "80", "overdue"] = "",
    paging: Paging = PAGING,
) -> Any:
    """Return the running limits of open cases, the nearest end first, to supervisors."""
    by, at = acting(request), clock.now()
    rows = supervision.board(by=by, at=at, wanted=light)
    return listed(rows, paging, supervision.BOARD_ORDER, partial(_on_board, at=at))


def _on_board(rows: Sequence[Clock], *, at: datetime) -> list[dict[str, Any]]:
    return [
        {
            "case": one.clock.case_id,
            "number": one.clock.case.number,
            "title": one.clock.case.title,
            "procedure": one.clock.case.procedure,
            "state": one.clock.case.state,
            "limit": one.limit.code,
            "limit_zh": one.limit.zh,
            "clause": one.limit.clause,
            "light": str(one.light),
            "started_at": one.clock.started_at,
            "due": one.clock.due,
            "provisional": one.clock.provisional,
        }
        for one in supervision.on_board(rows, at=at)
    ]
