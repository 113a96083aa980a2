"""The market: a buyer orders, the operator accepts, a key is shown once, uses become a bill."""

from __future__ import annotations

from collections.abc import Callable

from browser.journeys.visitor import Visitor

Come = Callable[..., Visitor]


def test_a_buyer_orders_and_the_operator_bills(visitor: Come) -> None:
    """The order is accepted and begun; the key is shown once; use and bills have their pages."""
    buyer = visitor("安澜财产保险", "经办人", width=390)
    buyer.menu("市场")
    buyer.open("安全生产许可证核验")
    buyer.open("订购")
    buyer.tick("产业发展")
    buyer.fill("每次价格（元）", "0.50")
    buyer.fill("总次数", "20")
    buyer.fill("用到哪一天（含当天）", "2026-12-31")
    buyer.fill("用途承诺", "只用于承保前核验，不留存，不转让。")
    buyer.press("下单", refused=True)
    buyer.reads("高于上限收费标准", "65号")
    buyer.fill("每次价格（元）", "0.40")
    buyer.press("下单")
    operator = visitor("临澜数据运营", "经办人")
    operator.menu("待办")
    operator.open("订单：安全生产许可证核验")
    operator.open("接受订单")
    operator.press("接受订单")
    operator.open("开通使用")
    operator.press("开通使用")
    buyer.menu("订单")
    buyer.open("安全生产许可证核验", within="main")
    buyer.reads("使用中")
    buyer.fill("凭证用途", "核验系统")
    buyer.press("领取新凭证")
    buyer.reads("只显示这一次")
    buyer.menu("接口凭证与用量")
    buyer.menu("账单与对账")
    operator.menu("产品")
    operator.menu("收费与结算")
    operator.menu("协议与许可")
    operator.menu("开发主体")
    pricing = visitor("临澜市发展和改革委员会", "经办人")
    pricing.menu("成本与收入")
    pricing.reads("安全生产许可证核验")
    pricing.menu("产品与价格")
