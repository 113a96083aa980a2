"""Products and market: a price with its necessity, orders within it, grants and keys."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from functools import partial

from gongshu.pricing import Cost
from gongshu_server.accounts import actions as accounts
from gongshu_server.accounts.actors import node
from gongshu_server.cases.documents import Paper
from gongshu_server.delivery import building
from gongshu_server.demo.stage import Scene, Stage, assure, refused
from gongshu_server.demo.timeline import ZONE
from gongshu_server.market import actions
from gongshu_server.market.models import Order, PermittedRevenue, Product
from gongshu_server.market.orders import Request
from gongshu_server.market.prices import Survey
from gongshu_server.market.products import Offer
from gongshu_server.usage.models import GrantRow

TRIAL, CEILING = Decimal("0.50"), Decimal("0.40")
TITLES = {"dataset": "企业安全生产风险分布", "verification": "安全生产许可证核验"}


def products(stage: Stage) -> str:
    """Both releases become products, are built, and go on the shelf."""
    for form, title in TITLES.items():
        offer = Offer(title=title, form=form, purposes=("industry", "public_governance"))
        product = actions.file_product(
            release_id=stage.ids[f"release.{form}"],
            offer=offer,
            authority=stage.organisation("bureau"),
            by=stage.actor("operator"),
            at=stage.time.minutes(5),
        )
        operator = stage.actor("operator")
        unbuilt = partial(
            actions.list_product, product_id=product.pk, by=operator, at=stage.time.at
        )
        refused(unbuilt, "not_built")
        built = building.build(product.pk, by=node(), at=stage.time.minutes(1))
        actions.list_product(
            product_id=product.pk, by=stage.actor("operator"), at=stage.time.minutes(5)
        )
        stage.ids[f"product.{form}"] = product.pk
        stage.facts[f"title.{form}"] = title
        stage.facts[f"rows.{form}"] = built.rows
        stage.facts["operating_until"] = product.operating_until
    return (
        f"数据集 {stage.facts['rows.dataset']} 行可交付；"
        f"核验服务可答 {stage.facts['rows.verification']} 家企业，逐行数据不出节点"
    )


def _request(stage: Stage, price: Decimal, purpose: str = "industry", quota: int = 20) -> Request:
    undertaking = {
        "industry": "只用于安全生产责任保险的承保核验，不留存、不转让",
        "public_governance": "只用于安全生产监管执法",
    }[purpose]
    return Request(
        purpose=purpose,
        price=price,
        quota=quota,
        valid_until=stage.time.at + timedelta(days=800),
        undertaking=undertaking,
    )


def _order(stage: Stage, product: str, buyer: str, request: Request) -> Order:
    return actions.place_order(
        product_id=stage.ids[f"product.{product}"],
        request=request,
        by=stage.actor(buyer),
        at=stage.time.minutes(3),
    )


def trial_price(stage: Stage) -> str:
    """No charge without its necessity; then a trial price under the authorising body's guidance."""
    verification = stage.ids["product.verification"]
    refused(
        lambda: _order(stage, "verification", "insurer", _request(stage, TRIAL)),
        "no_necessity",
        clause="opinions-6.3",
    )
    statement = Paper(
        kind="necessity_statement",
        title="收费必要性说明",
        text="核验服务需持续投入治理、算力和安保，免费提供难以持续。",
    )
    actions.state_necessity(
        product_id=verification,
        statement=statement,
        authorising_body=stage.organisation("government"),
        price_authority=stage.organisation("pricing"),
        by=stage.actor("operator"),
        at=stage.time.working_days(1),
    )
    actions.guide_trial_price(
        product_id=verification,
        amount=TRIAL,
        by=stage.actor("government"),
        at=stage.time.minutes(30),
    )
    return f"未说明必要性的收费被拒；说明后由授权主体指导试行价 {TRIAL} 元/次"


def orders(stage: Stage) -> str:
    """The insurer orders within the price, the emergency bureau free; each gets grant and key."""
    stage.time.working_days(1)
    above = refused(
        lambda: _order(stage, "verification", "insurer", _request(stage, Decimal("0.80"))),
        "above_trial_price",
        clause="65-2",
    )
    wanted = (
        ("insurer", "verification", _request(stage, TRIAL)),
        ("emergency", "verification", _request(stage, Decimal(0), "public_governance", 1000)),
        ("insurer", "dataset", _request(stage, Decimal(0), "industry", 5)),
    )
    for buyer, product, request in wanted:
        order = _order(stage, product, buyer, request)
        actions.accept_order(
            order_id=order.pk, by=stage.actor("operator"), at=stage.time.minutes(5)
        )
        actions.activate_order(
            order_id=order.pk, by=stage.actor("operator"), at=stage.time.minutes(1)
        )
        order.refresh_from_db()
        person, post = stage.cast.people[buyer, "handler"]
        key = accounts.issue_key(
            label=f"{TITLES[product]}",
            product_id=order.product_id,
            order_id=order.pk,
            person_id=person,
            post_id=post,
            by=stage.actor(buyer),
            at=stage.time.minutes(1),
        )
        stage.ids[f"order.{buyer}.{product}"] = order.pk
        stage.ids[f"grant.{buyer}.{product}"] = order.grant
        stage.keys[f"{buyer}.{product}"] = key.clear
    delivered = Product.objects.get(pk=stage.ids["product.verification"]).delivered_at
    stage.facts["delivered_at"] = delivered
    grants = GrantRow.objects.filter(object__startswith="product:").count()
    assure(grants == len(wanted), f"应有 {len(wanted)} 项产品许可，实际 {grants}")
    return f"高于试行价被拒：{above.sentence} 保险公司按试行价、应急局无偿，各得许可和凭证"


SURVEY = Survey(
    cost=Cost(
        platform=Decimal("120000.00"),
        processing=Decimal("80000.00"),
        staff=Decimal("160000.00"),
        acquisition=Decimal("0.00"),
        period_expenses=Decimal("30000.00"),
        subsidies=Decimal("50000.00"),
    ),
    treasury_yields=(Decimal("1.66"), Decimal("1.72"), Decimal("1.83")),
    profit_points=Decimal("4.00"),
    tax=Decimal("22450.00"),
)
PAPERS = (
    Paper(kind="application", title="运营满一年书面申请", text="见正文。"),
    Paper(kind="cost_survey", title="成本调查报告", text="见正文。"),
    Paper(kind="data_authority_opinion", title="数据局会同意见", text="同意。"),
)


def _fix(stage: Stage) -> PermittedRevenue:
    return actions.fix_permitted_revenue(
        product_id=stage.ids["product.verification"],
        survey=SURVEY,
        papers=PAPERS,
        by=stage.actor("pricing"),
        at=stage.time.at,
    )


def _ceiling(stage: Stage, amount: Decimal) -> Product:
    report = Paper(kind="ceilings_report", title="上限收费标准书面报告", text="见正文。")
    return actions.set_ceilings(
        product_id=stage.ids["product.verification"],
        amount=amount,
        expected_volume=900_000,
        papers=[report],
        by=stage.actor("government"),
        at=stage.time.minutes(30),
    )


def permitted_revenue(stage: Stage) -> str:
    """After a full year the price authority fixes the permitted revenue; ceilings lie within it."""
    refused(lambda: _fix(stage), "too_early", clause="65-2")
    year = timedelta(days=367) - (stage.time.at - stage.facts["delivered_at"])
    stage.time.days(year.days)
    stage.time.working_days(1)
    fixed = _fix(stage)
    too_much = Decimal("0.50")
    refused(lambda: _ceiling(stage, too_much), "ceilings_exceed_permitted", clause="65-2")
    _ceiling(stage, CEILING)
    later = refused(
        lambda: _order(stage, "verification", "insurer", _request(stage, TRIAL)),
        "above_ceiling",
        clause="65-2",
    )
    day = f"{stage.time.at.astimezone(ZONE):%Y年%m月%d日}"
    return (
        f"不满一年核定被拒；{day}核定最高准许收入 {fixed.amount} 元；"
        f"上限 {CEILING} 元/次在其内，原试行价的新订单被拒：{later.sentence}"
    )


SCENES = (
    Scene(
        "产品：两种出口，入库、构建、上架",
        ("opinions-10.1", "dc-1", "65-5"),
        "数据集出域交付，核验表不出节点",
        products,
        ("safety_licences",),
    ),
    Scene(
        "市场：收费必要性与试行价",
        ("opinions-6.3", "65-2"),
        "没有必要性说明不得收费",
        trial_price,
    ),
    Scene(
        "市场：订单、许可和凭证",
        ("65-1", "65-2", "opinions-9.3"),
        "高于试行价被拒；公共治理无偿",
        orders,
    ),
)
REVENUE = Scene(
    "市场：满一年后核定最高准许收入和上限",
    ("65-2", "65-3"),
    "不满一年被拒；上限在准许收入之内",
    permitted_revenue,
)
