"""The three shells and their navigation: what each role does, in at most seven entries.

An entry names the address it leads to; it is shown only when that address exists, so that a page
which is not built yet leaves no dead link.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from gongshu.vocabulary.permissions import ADMIN_DUTIES
from gongshu_server.portal import sessions

OPEN, WORKBENCH, SUPERVISION = "open", "workbench", "supervision"
SHELLS: Mapping[str, object] = MappingProxyType(
    {OPEN: _("公开门户"), WORKBENCH: _("工作台"), SUPERVISION: _("监管工作台")}
)
SUPERVISING = frozenset({"data_authority", "audit_office"})
MOST = 7


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a navigation: what people do there, and the name of the address."""

    zh: object
    address: str


@dataclass(frozen=True, slots=True)
class Link:
    """An entry as it is shown: its words, its URL, and whether the reader is there."""

    zh: object
    url: str
    here: bool


_INBOX = Entry(_("待办"), "inbox")
_CASES = Entry(_("办件"), "cases")
_SCENARIOS = Entry(_("场景申请"), "operation:scenarios")
_WORKSHOP = Entry(_("开发利用环境"), "workshop:tasks")
_PRODUCTS = Entry(_("产品"), "market:own")
_PLANS = Entry(_("方案与协议"), "operation:plans")

PUBLIC: tuple[Entry, ...] = (
    Entry(_("找数据"), "catalogue:search"),
    Entry(_("产品与价格"), "market:products"),
    Entry(_("提需求"), "demands:new"),
    Entry(_("看公示"), "disclosure"),
    Entry(_("提异议与投诉"), "voices:front"),
    Entry(_("验回执"), "ledger:verify"),
)
# Navigation by what people do (design: at most seven entries each).
NAVIGATION: Mapping[str, tuple[Entry, ...]] = MappingProxyType(
    {
        "provider": (
            _INBOX,
            Entry(_("我的目录与挂接"), "catalogue:own"),
            Entry(_("场景意见"), "operation:opinions"),
            Entry(_("质量与校核纠错"), "catalogue:corrections"),
            Entry(_("责任清单"), "catalogue:duties"),
        ),
        "implementing_body": (
            _INBOX,
            _PLANS,
            _SCENARIOS,
            Entry(_("出域签批"), "workshop:signing"),
            Entry(_("产品与披露"), "market:products"),
            Entry(_("登记"), "registration:own"),
            Entry(_("结算"), "market:bills"),
        ),
        "authorising_body": (_INBOX, _PLANS, Entry(_("收费标准"), "market:prices")),
        "registration_body": (
            _INBOX,
            Entry(_("受理"), "registration:acceptance"),
            Entry(_("审核"), "registration:reviews"),
            Entry(_("公示"), "registration:publicity"),
            Entry(_("查询"), "registration"),
        ),
        "price_authority": (
            _INBOX,
            Entry(_("成本与收入"), "market:prices"),
            Entry(_("产品与价格"), "market:products"),
            _CASES,
        ),
        "operator": (
            _INBOX,
            Entry(_("协议与许可"), "operation:agreements"),
            _SCENARIOS,
            _WORKSHOP,
            _PRODUCTS,
            Entry(_("收费与结算"), "market:bills"),
            Entry(_("开发主体"), "operation:developers"),
        ),
        "developer": (_INBOX, _SCENARIOS, _WORKSHOP, _PRODUCTS),
        "data_user": (
            _INBOX,
            Entry(_("市场"), "market:products"),
            Entry(_("订单"), "market:orders"),
            Entry(_("接口凭证与用量"), "market:use"),
            Entry(_("账单与对账"), "market:bills"),
        ),
        "demander": (_INBOX, Entry(_("找数据"), "catalogue:search"), _CASES),
        "security_reviewer": (_INBOX, Entry(_("安全审核"), "workshop:reviews"), _CASES),
        "sector_authority": (_INBOX, Entry(_("业务规范性审核"), "workshop:reviews"), _CASES),
        "data_authority": (
            Entry(_("总览"), "supervision:overview"),
            _INBOX,
            Entry(_("时限督办"), "supervision:clocks"),
            Entry(_("目录与登记"), "catalogue:all"),
            Entry(_("授权运营"), "operation:agreements"),
            Entry(_("安全监测与处置"), "supervision:alarms"),
            Entry(_("考核评价"), "supervision:evaluation"),
        ),
        "audit_office": (
            Entry(_("日志"), "audit:entries"),
            Entry(_("追溯"), "audit:trace"),
            Entry(_("复算"), "audit:recompute"),
            Entry(_("导出"), "audit:export"),
            Entry(_("审计查阅"), "audit:access"),
            _INBOX,
        ),
        "public": (
            _INBOX,
            Entry(_("我的授权"), "market:authorisations"),
            Entry(_("我的订单"), "market:orders"),
            Entry(_("我的异议与投诉"), "voices:own"),
        ),
    }
)

# The three administrators keep the house and nothing else.
ADMINISTRATION: tuple[Entry, ...] = (
    Entry(_("机构名录"), "people:organisations"),
    Entry(_("岗位和代办"), "people:posts"),
    Entry(_("存证条目"), "audit:entries"),
)


def shell(request: HttpRequest) -> str:
    """Return which of the three shells the request is in."""
    signed = sessions.of(request)
    if signed is None:
        return OPEN
    return SUPERVISION if signed.hat in SUPERVISING else WORKBENCH


def navigation(request: HttpRequest) -> list[Link]:
    """Return the entries for the role in use; only those whose address exists."""
    signed = sessions.of(request)
    entries = _entries(signed)
    links = [link for entry in entries if (link := _link(entry, request.path)) is not None]
    longest = max((len(link.url) for link in links if link.here), default=0)
    return [Link(one.zh, one.url, one.here and len(one.url) == longest) for one in links[:MOST]]


def _entries(signed: sessions.SignedIn | None) -> tuple[Entry, ...]:
    if signed is None:
        return PUBLIC
    if signed.actor.duties & frozenset(ADMIN_DUTIES):
        return ADMINISTRATION
    return NAVIGATION.get(signed.hat, (_INBOX, _CASES))


def _link(entry: Entry, path: str) -> Link | None:
    try:
        url = reverse(entry.address)
    except NoReverseMatch:
        return None
    return Link(entry.zh, url, path == url or (url != "/" and path.startswith(url)))
