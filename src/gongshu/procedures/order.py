"""Order 订单: placed, accepted, in use, revoked or completed (《意见》（九）, 27号 第3条)."""

from __future__ import annotations

from gongshu.workflow.procedure import Procedure, Transition

PROCEDURE = Procedure(
    code="order",
    zh="订单",
    en="Order",
    subject="order",
    initial="draft",
    states={
        "draft": "拟稿",
        "placed": "已下单",
        "accepted": "已接受",
        "refused": "未接受",
        "active": "使用中",
        "revoked": "已收回",
        "completed": "已完成",
    },
    terminal=frozenset({"refused", "revoked", "completed"}),
    transitions=(
        Transition(
            name="place",
            zh="下单",
            source=("draft",),
            target="placed",
            permission="order.place",
            event="order.placed",
            clause="opinions-9.3",
        ),
        Transition(
            name="accept",
            zh="接受订单",
            source=("placed",),
            target="accepted",
            permission="order.accept",
            event="order.accepted",
            clause="opinions-9.3",
        ),
        # The operator serves the market fairly (27号 第3条): whoever is refused learns why.
        Transition(
            name="refuse",
            zh="不接受订单",
            source=("placed",),
            target="refused",
            permission="order.refuse",
            event="order.refused",
            clause="27-3",
            reason_required=True,
        ),
        Transition(
            name="activate",
            zh="开通使用",
            source=("accepted",),
            target="active",
            permission="order.activate",
            event="order.activated",
            clause="opinions-3.6",
        ),
        Transition(
            name="revoke",
            zh="收回",
            source=("accepted", "active"),
            target="revoked",
            permission="order.revoke",
            event="order.revoked",
            clause="27-21",
            reason_required=True,
            at_will=("accepted", "active"),
        ),
        Transition(
            name="complete",
            zh="完成",
            source=("active",),
            target="completed",
            permission="order.complete",
            event="order.completed",
            clause="opinions-9.3",
            at_will=("active",),
        ),
    ),
)
