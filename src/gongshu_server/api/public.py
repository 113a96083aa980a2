"""What anybody may read without a key: disclosure, registrations, clauses, procedures, calendar."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest
from ninja import Path, Router, Schema

from gongshu.procedures import Clause, all_clauses, all_procedures, procedure
from gongshu.vocabulary.errors import NotFound
from gongshu.workflow.calendar import is_working_day
from gongshu.workflow.procedure import Procedure
from gongshu_server.api.answers import present
from gongshu_server.api.reading import PAGING, Paging, listed
from gongshu_server.api.shapes import list_of, page_of, shape
from gongshu_server.api.steps import STEPS
from gongshu_server.journal import clock
from gongshu_server.oversight.disclosure import Disclosure, disclosure
from gongshu_server.registration import queries as registration
from gongshu_server.registration.queries import PublicRegistration

router = Router(tags=["public"])
# A table of the program itself: it grows with versions, not with use, and is answered whole.
WHOLE_TABLE = {"x-whole-table": True}
FIRST_YEAR, LAST_YEAR = 2004, 2100


class StepShown(Schema):
    """One step of a procedure: from which states to which, on which clause, by which action."""

    name: str
    zh: str
    source: list[str]
    target: str
    permission: str
    event: str
    clause: str
    documents: list[str]
    reason_required: bool
    action: str


class LimitShown(Schema):
    """One statutory limit of a procedure."""

    code: str
    zh: str
    clause: str


class ProcedureShown(Schema):
    """A statutory procedure as a table."""

    code: str
    zh: str
    en: str
    subject: str
    initial: str
    states: dict[str, str]
    terminal: list[str]
    steps: list[StepShown]
    limits: list[LimitShown]


class CalendarShown(Schema):
    """The working days of a year; provisional while the year is not yet announced."""

    year: int
    provisional: bool
    working_days: list[date]


@router.get(
    "/disclosure",
    auth=None,
    response=shape(Disclosure),
    summary="信息披露：谁能用什么、到何时、什么价、用了多少",
)
def disclosed(request: HttpRequest, after: str = "") -> Any:
    """Return what is public by duty, from the live grants; ask on with `after`=`next`."""
    return present(disclosure(at=clock.now(), after=after))


@router.get(
    "/registrations/publicised",
    auth=None,
    response=page_of(PublicRegistration),
    summary="公示中的登记",
)
def publicised(request: HttpRequest, paging: Paging = PAGING) -> Any:
    """Return the registrations whose publicity period runs, the newest first."""
    rows = registration.in_publicity(at=clock.now())
    return listed(rows, paging, show=registration.public_views)


@router.get(
    "/registrations/by-code/{code}",
    auth=None,
    response=shape(PublicRegistration),
    summary="按登记结果查询码查询",
)
def by_code(request: HttpRequest, code: str) -> Any:
    """Return one registration by its query code."""
    return present(registration.by_code(code, at=clock.now()))


@router.get(
    "/clauses",
    auth=None,
    response=list_of(Clause),
    summary="全部条款",
    openapi_extra=WHOLE_TABLE,
)
def clauses(request: HttpRequest) -> Any:
    """Return every clause that steps, limits and refusals rest on."""
    return present(list(all_clauses()))


@router.get("/clauses/{code}", auth=None, response=shape(Clause), summary="一个条款")
def one_clause(request: HttpRequest, code: str) -> Any:
    """Return one clause in our own words, with the duties that it serves."""
    found = next((one for one in all_clauses() if one.code == code), None)
    if found is None:
        raise NotFound("没有这个条款，请从条款列表中选择。", code="clause_not_found")
    return present(found)


@router.get(
    "/procedures",
    auth=None,
    response=list[ProcedureShown],
    summary="全部办理流程",
    openapi_extra=WHOLE_TABLE,
)
def procedures(request: HttpRequest) -> Any:
    """Return every procedure with states, steps, clauses and limits."""
    return [_procedure(one) for one in all_procedures()]


@router.get("/procedures/{code}", auth=None, response=ProcedureShown, summary="一个办理流程")
def one_procedure(request: HttpRequest, code: str) -> Any:
    """Return one procedure as a table."""
    if code not in {one.code for one in all_procedures()}:
        raise NotFound("没有这个办理流程，请从流程列表中选择。", code="procedure_not_found")
    return _procedure(procedure(code))


def _procedure(table: Procedure) -> dict[str, Any]:
    named = ("code", "zh", "en", "subject", "initial")
    return {name: getattr(table, name) for name in named} | {
        "states": dict(table.states),
        "terminal": sorted(table.terminal),
        "steps": [
            present(step) | {"action": STEPS.get(f"{table.code}.{step.name}", "")}
            for step in table.transitions
        ],
        "limits": [present(limit) for limit in table.limits],
    }


@router.get("/calendar/{year}", auth=None, response=CalendarShown, summary="一年的工作日")
def calendar(request: HttpRequest, year: int = Path(..., ge=FIRST_YEAR, le=LAST_YEAR)) -> Any:
    """Return the working days of a year by the State Council calendar, make-up days included."""
    start = date(year, 1, 1)
    days = [start + timedelta(days=n) for n in range((date(year + 1, 1, 1) - start).days)]
    told = {day: is_working_day(day) for day in days}
    return {
        "year": year,
        "provisional": any(guessed for _, guessed in told.values()),
        "working_days": [day for day, (works, _) in told.items() if works],
    }
