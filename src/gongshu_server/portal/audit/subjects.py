"""What an entry is about, in words: the kind of thing, and its name where it has one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from django.db.models import Model, QuerySet
from django.utils.translation import gettext_lazy as _

from gongshu_server.accounts.models import Organisation, Person, Post
from gongshu_server.catalogue.models import Resource
from gongshu_server.market.models import Product

KINDS: Mapping[str, object] = MappingProxyType(
    {
        "access": _("审计查看"),
        "action": _("操作"),
        "agreement": _("授权运营协议"),
        "alarm": _("告警"),
        "attachment": _("附件"),
        "audit_access": _("审计查阅"),
        "authorisation": _("单次授权"),
        "bill": _("账单"),
        "case": _("办件"),
        "complaint": _("投诉举报"),
        "delegation": _("代办"),
        "grant": _("用数许可"),
        "handover": _("岗位交接"),
        "key": _("接口凭证"),
        "ledger": _("存证日志"),
        "login": _("登录账号"),
        "node": _("节点"),
        "objection": _("数据异议"),
        "operation_plan": _("实施方案"),
        "order": _("订单"),
        "organisation": _("机构"),
        "outbox": _("通知"),
        "person": _("人员"),
        "plan": _("实施方案"),
        "post": _("岗位"),
        "product": _("数据产品"),
        "query": _("查询"),
        "registration": _("登记"),
        "release": _("出域申请"),
        "resource": _("数据资源"),
        "review": _("开放审查"),
        "run": _("任务运行"),
        "scenario": _("场景申请"),
        "segment": _("用数分段"),
        "task": _("加工任务"),
        "upload": _("上传"),
    }
)
# What of a kind tells one from another. The name is for who may read the entry: what entries say
# of resources and products that are not published is their parties' own.
_NAMED: Mapping[str, tuple[type[Model], str]] = MappingProxyType(
    {
        "organisation": (Organisation, "name"),
        "person": (Person, "name"),
        "post": (Post, "title"),
    }
)
_LISTED: Mapping[str, tuple[type[Model], str]] = MappingProxyType(
    {"resource": (Resource, "published"), "product": (Product, "listed")}
)


def kind_of(code: str) -> object:
    """Return the kind of thing in words; the code where there are none."""
    return KINDS.get(code, code)


def name_of(kind: str, subject_id: str) -> str:
    """Return the name of what an entry is about; empty where it has none or it is not public."""
    if kind in _NAMED:
        model, field = _NAMED[kind]
        rows = _rows(model).filter(pk=subject_id)
    elif kind in _LISTED:
        model, state = _LISTED[kind]
        field, rows = "title", _rows(model).filter(pk=subject_id, state=state)
    else:
        return ""
    return str(rows.values_list(field, flat=True).first() or "")


def _rows(model: type[Model]) -> QuerySet[Model]:
    rows: QuerySet[Model] = model._default_manager.all()
    return rows
