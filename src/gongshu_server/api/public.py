"""What anybody may read without a key: disclosure, registrations, clauses, the public ledger."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from gongshu.procedures import all_clauses
from gongshu_server.api.answers import present
from gongshu_server.journal import clock
from gongshu_server.oversight.disclosure import disclosure
from gongshu_server.registration import queries as registration

router = Router(tags=["public"])


@router.get("/disclosure", auth=None, summary="信息披露：谁能用什么、到何时、什么价、用了多少")
def disclosed(request: HttpRequest, after: str = "") -> dict[str, Any]:
    """Return what is public by duty, from the live grants; ask on with `after`=`next`."""
    return present(disclosure(at=clock.now(), after=after))


@router.get("/registrations/publicised", auth=None, summary="公示中的登记")
def publicised(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the registrations whose publicity period runs."""
    return present(registration.publicised(at=clock.now()))


@router.get("/registrations/by-code/{code}", auth=None, summary="按登记结果查询码查询")
def by_code(request: HttpRequest, code: str) -> dict[str, Any]:
    """Return one registration by its query code."""
    return present(registration.by_code(code, at=clock.now()))


@router.get("/clauses", auth=None, summary="全部条款")
def clauses(request: HttpRequest) -> list[dict[str, Any]]:
    """Return every clause that steps, limits and refusals rest on."""
    return present(list(all_clauses()))
