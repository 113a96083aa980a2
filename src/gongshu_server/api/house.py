"""Who there is: organisations for everybody; one's own people, posts, keys and notices."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpRequest
from ninja import Router

from gongshu_server.accounts import queries as accounts
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.models import Delegation, Handover, Key
from gongshu_server.accounts.queries import OrganisationView, PersonView, PostView
from gongshu_server.api.answers import present
from gongshu_server.api.reading import PAGING, Paging, listed
from gongshu_server.api.shapes import page_of, shape
from gongshu_server.api.writing import acting
from gongshu_server.cases import notices as inbox
from gongshu_server.cases.models import Notice
from gongshu_server.journal import clock
from gongshu_server.usage import queries as usage
from gongshu_server.usage.models import Alarm

router = Router(tags=["house"])


@router.get("/me", response=shape(Actor), summary="我是谁、能办什么、凭证的范围")
def me(request: HttpRequest) -> Any:
    """Return the acting person, post, organisation, roles, duties and scopes of the key."""
    return present(acting(request))


@router.get(
    "/organisations", auth=None, response=page_of(OrganisationView), summary="机构名录（公开）"
)
def organisations(request: HttpRequest, paging: Paging = PAGING) -> Any:
    """Return the organisations that take part, by name."""
    show = partial(accounts.organisation_views, at=clock.now())
    return listed(accounts.organisations(), paging, ("name", "id"), show)


@router.get(
    "/organisations/{organisation_id}",
    auth=None,
    response=shape(OrganisationView),
    summary="一个机构的名称、角色和沿革（公开）",
)
def organisation(request: HttpRequest, organisation_id: str) -> Any:
    """Return one organisation with its roles, former names and successor."""
    return present(accounts.organisation(organisation_id, at=clock.now()))


@router.get("/people", response=page_of(PersonView), summary="本机构的人员和岗位")
def people(request: HttpRequest, paging: Paging = PAGING) -> Any:
    """Return the people of the caller's organisation with the posts they hold, by name."""
    by, at = acting(request), clock.now()
    show = partial(accounts.people_views, by=by, at=at)
    return listed(accounts.people(by=by, at=at), paging, ("name", "id"), show)


@router.get("/posts", response=page_of(PostView), summary="本机构的岗位和任职人员")
def posts(request: HttpRequest, paging: Paging = PAGING) -> Any:
    """Return the posts of the caller's organisation with who holds them, by title."""
    show = partial(accounts.post_views, at=clock.now())
    return listed(accounts.posts(by=acting(request)), paging, ("title", "id"), show)


@router.get("/delegations", response=page_of(Delegation), summary="本机构的代办")
def delegations(request: HttpRequest, paging: Paging = PAGING) -> Any:
    """Return the delegations of the caller's organisation, the latest first."""
    rows = accounts.delegations(by=acting(request))
    return listed(rows, paging, ("-valid_from", "-id"))


@router.get("/keys", response=page_of(Key), summary="本人的凭证；人员管理岗位可见全机构的")
def keys(request: HttpRequest, paging: Paging = PAGING) -> Any:
    """Return keys with label, scopes, expiry and the day of the last use; never a key itself."""
    return listed(accounts.keys(by=acting(request)), paging, ("-created_at", "-id"))


@router.get("/notices", response=page_of(Notice), summary="本机构的通知")
def notices(request: HttpRequest, unread: bool = False, paging: Paging = PAGING) -> Any:
    """Return the notices to the caller's organisation, the newest first."""
    by = acting(request)
    rows = inbox.unread(by=by) if unread else inbox.to_read(by=by)
    return listed(rows, paging, ("-created_at", "-id"))


@router.get("/handovers", response=page_of(Handover), summary="待确认的岗位交接")
def handovers(request: HttpRequest, paging: Paging = PAGING) -> Any:
    """Return the hand-overs that wait for their taker, of the organisation or to the caller."""
    return listed(accounts.open_handovers(by=acting(request)), paging)


@router.get("/alarms", response=page_of(Alarm), summary="尚未关闭的或已关闭的告警")
def alarms(request: HttpRequest, closed: bool = False, paging: Paging = PAGING) -> Any:
    """Return the open or the closed alarms, newest first, to those who watch over the node."""
    rows = usage.alarms(by=acting(request), closed=closed)
    return listed(rows, paging, ("-raised_at", "-id"))
