"""Product 数据产品: filed by the operator, listed, delisted (《意见》（九）（十）, 65号 五)."""

from __future__ import annotations

from gongshu.workflow.procedure import Procedure, Transition

PROCEDURE = Procedure(
    code="product",
    zh="产品上架",
    en="Product listing",
    subject="product",
    initial="draft",
    states={
        "draft": "拟稿",
        "filed": "已入库",
        "listed": "已上架",
        "delisted": "已下架",
    },
    terminal=frozenset({"delisted"}),
    transitions=(
        Transition(
            name="file",
            zh="产品入库",
            source=("draft",),
            target="filed",
            permission="product.file",
            event="product.filed",
            clause="opinions-10.1",
        ),
        Transition(
            name="list",
            zh="上架",
            source=("filed",),
            target="listed",
            permission="product.list",
            event="product.listed",
            clause="65-5",
        ),
        Transition(
            name="delist",
            zh="下架",
            source=("filed", "listed"),
            target="delisted",
            permission="product.delist",
            event="product.delisted",
            clause="27-14",
            reason_required=True,
            at_will=("filed", "listed"),
        ),
    ),
)
