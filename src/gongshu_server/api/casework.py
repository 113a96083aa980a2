"""Cases over the API: lists, one case with its way so far, and what waits for the caller."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from gongshu_server.accounts.actors import Actor
from gongshu_server.api.answers import present
from gongshu_server.api.reading import PAGING, Paging, listed
from gongshu_server.api.shapes import page_of, shape, with_fields
from gongshu_server.api.steps import STEPS
from gongshu_server.api.writing import acting, tag
from gongshu_server.cases import queries, worklist
from gongshu_server.cases.models import Case, Document
from gongshu_server.cases.queries import CaseView, ClockView, NextStep, StepView
from gongshu_server.cases.worklist import Waiting
from gongshu_server.journal import clock

router = Router(tags=["cases"])


class ClockShown(Schema):
    """A limit of the case: when it ends, whether it runs, and its light."""

    limit: str
    zh: str
    clause: str
    started_at: datetime
    due: datetime
    provisional: bool
    paused_at: datetime | None
    stopped_at: datetime | None
    running: bool
    light: str


class StepOffered(Schema):
    """A step that leads on from here: the action that takes it, and whether the caller may."""

    transition: str
    zh: str
    clause: str
    action: str
    permission: str
    mine: bool
    barred: str
    roles: list[str]


class SubStepShown(Schema):
    """A sub-step done inside an organisation before a statutory step."""

    organisation: str
    transition: str
    step: str
    agreed: bool
    opinion: str
    at: datetime


class PartyShown(Schema):
    """An organisation that takes part, and in which part."""

    organisation: str
    part: str


CaseShown: Any = with_fields(
    "CaseOverview",
    Case,
    state_zh=str,
    parties=list[PartyShown],
    timeline=list[StepView],
    clocks=list[ClockShown],
    documents=list[Document],
    substeps=list[SubStepShown],
    steps=list[StepOffered],
)


class Task(Schema):
    """A case that waits for the caller: the steps they may take and the limit nearest its end."""

    case: shape(Case)  # type: ignore[valid-type] # a type made at run time
    procedure: str
    state: str
    sender: str
    clock: ClockShown | None
    steps: list[str]


@router.get("/cases", response=page_of(Case), summary="可见的办件")
def cases(
    request: HttpRequest, open_only: bool = False, procedure: str = "", paging: Paging = PAGING
) -> Any:
    """Return the cases that the caller may see, the newest first."""
    rows = queries.cases(by=acting(request), open_only=open_only, procedure_code=procedure)
    return listed(rows, paging, ("-opened_at", "-id"))


@router.get("/cases/{case_id}", response=CaseShown, summary="一个办件的经过、时限、材料和可办环节")
def case(request: HttpRequest, response: HttpResponse, case_id: str) -> Any:
    """Return a case with timeline, clocks, documents, and which action takes which step next."""
    view = queries.overview(case_id, by=acting(request), at=clock.now())
    tag(response, view.head.case.pk)
    return present(view.head.case) | _around(view)


def _around(view: CaseView) -> dict[str, Any]:
    return {
        "state_zh": view.head.state,
        "parties": [{"organisation": name, "part": part} for name, part in view.parties],
        "timeline": present(view.timeline),
        "clocks": [_clock(one) for one in view.head.clocks],
        "documents": present(view.documents),
        "substeps": [present(mark) | {"organisation": name} for mark, name in view.substeps],
        "steps": [_step(view.head.case.procedure, one) for one in view.head.steps],
    }


def _clock(view: ClockView) -> dict[str, Any]:
    return present(view) | {
        "limit": view.limit.code,
        "zh": view.limit.zh,
        "clause": view.limit.clause,
        "running": view.running,
        "light": str(view.light),
    }


def _step(procedure: str, offered: NextStep) -> dict[str, Any]:
    step = offered.transition
    return {
        "transition": step.name,
        "zh": step.zh,
        "clause": step.clause,
        "action": STEPS.get(f"{procedure}.{step.name}", ""),
        "permission": step.permission,
        "mine": offered.mine,
        "barred": offered.barred,
        "roles": list(offered.whose),
    }


@router.get("/waiting", response=page_of(Task), summary="等我办理的办件，最急的在前")
def waiting(request: HttpRequest, overdue: bool = False, paging: Paging = PAGING) -> Any:
    """Return the cases in which a step of the caller's own may come next, the most urgent first."""
    by, at = acting(request), clock.now()
    rows = worklist.awaiting(by=by, at=at, overdue=overdue)
    return listed(rows, paging, ("due", "id"), partial(_tasks, by=by, at=at))


def _tasks(rows: Sequence[Case], *, by: Actor, at: datetime) -> list[dict[str, Any]]:
    return [_task(row) for row in worklist.waiting_views(rows, by=by, at=at)]


def _task(row: Waiting) -> dict[str, Any]:
    return {
        "case": present(row.case),
        "procedure": row.procedure,
        "state": row.state,
        "sender": row.sender,
        "clock": _clock(row.clock) if row.clock else None,
        "steps": [step.name for step in row.steps],
    }
