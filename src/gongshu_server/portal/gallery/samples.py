"""Made-up things to show in every component: no row of the database is read for them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from gongshu.policy import Quota, Undertaking
from gongshu.procedures import procedure
from gongshu.vocabulary.errors import Invalid, NotPermitted
from gongshu.workflow.limits import Light
from gongshu_server.cases.queries import ClockView, StepView
from gongshu_server.operation.coverage import Coverage, CoveredResource
from gongshu_server.operation.faults import Fault
from gongshu_server.portal.refusals import DecisionCard, card
from gongshu_server.portal.templatetags.lineage import Node

NAME = "临澜市企业安全生产风险公共数据授权运营"
MARKUP = "<b>名称</b>中的 & 标记"


def clocks(at: datetime) -> list[tuple[str, ClockView]]:
    """Return a limit in each of its states, each with its name."""
    limit = procedure("registration").limits[0]
    day = timedelta(days=1)
    runs = ClockView(limit, at - 2 * day, at + 20 * day, False, None, None, Light.green)
    return [
        ("刚开始", runs),
        ("用去一半", replace(runs, light=Light.half, due=at + 8 * day)),
        ("用去八成", replace(runs, light=Light.late, due=at + day)),
        ("已逾期", replace(runs, light=Light.overdue, due=at - 6 * day)),
        ("暂停", replace(runs, paused_at=at - day, paused_for="一次性告知补正")),
        ("已办结", replace(runs, stopped_at=at - day)),
        ("暂定", replace(runs, provisional=True)),
    ]


def cards() -> list[DecisionCard]:
    """Return a refusal with one sentence, with several faults, and with limits compared."""
    faults = (Fault("a", "缺少“授权模式”", "27-9"), Fault("b", MARKUP, "27-9"))
    beyond = {
        "zh": "用途",
        "asked": "公益事业",
        "allowed": "产业发展、公共治理",
        "clause": "27-21",
        "sentence": "用途超出协议。请改选协议允许的用途，或先变更协议。",
    }
    return [
        card(Invalid("撤销许可必须写明理由。", code="reason_required", clause="27-21")),
        card(Invalid("缺少两项。请一次补齐后再提交。", code="incomplete", details=faults)),
        card(NotPermitted("申请的范围超出授权运营协议。", code="beyond", details=(beyond,))),
    ]


def coverages(at: datetime) -> list[tuple[str, Coverage]]:
    """Return what is covered: with promises and long names, with a quota, and nothing at all."""
    many = tuple(f"数据项{number}" for number in range(1, 40))
    one = CoveredResource("r", "安全生产许可证", "应急管理局", "", ("许可状态",), ("export",))
    typical = Coverage(
        resources=(one, replace(one, title=NAME * 3 + MARKUP, items=many, used=812)),
        purposes=("industry",),
        businesses=("resource_development",),
        regions=(),
        valid_from=at,
        valid_until=at + timedelta(days=365),
        minimum=10,
        max_rows=None,
        quota=None,
        undertakings=(Undertaking("deletion", "场景结束后删除中间结果", "27-14"),),
    )
    counted = replace(
        typical, quota=Quota(1000, "month"), regions=("139901",), max_rows=500, undertakings=()
    )
    empty = replace(typical, resources=(), valid_from=None, undertakings=())
    return [("有承诺", typical), ("有次数", counted), ("没有资源", empty)]


def nodes() -> list[Node]:
    """Return a small lineage with a shared source, and a name with markup in it."""
    case = Node("case", "办件", NAME)
    resource = Node(
        "res", "数据资源", "安全生产许可证", "", (Node("g", "许可", "用数许可", "", (case,)),)
    )
    item = Node("i1", "数据项", "行政区", "", (resource,))
    other = Node("i2", "数据项", MARKUP, "", (resource,))
    return [
        Node("o1", "分组项", "组别", "", (item,)),
        Node("o2", "计数", "企业数", "", (item, other)),
    ]


def steps(at: datetime) -> list[StepView]:
    """Return a way of two steps: one with a reason, one done for somebody else."""
    first: dict[str, Any] = {
        "transition": "submit",
        "zh": "提交",
        "source": "拟稿",
        "target": "已提交",
        "at": at,
        "organisation": NAME,
        "post": "经办人",
        "person": MARKUP,
        "delegated": False,
        "clause": "27-9",
        "reason": "",
        "documents": (),
        "entry": "",
    }
    second = {**first, "zh": "退回", "delegated": True, "reason": "缺少证明材料。" + MARKUP}
    return [StepView(**first), StepView(**second)]
