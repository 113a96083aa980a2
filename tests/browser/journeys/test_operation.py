"""Authorised operation: a plan, its agreement, a scenario under it, and the grants that follow."""

from __future__ import annotations

from collections.abc import Callable

from browser.journeys.visitor import Visitor, shown

Come = Callable[..., Visitor]
PLAN = "临澜市道路运输公共数据授权运营实施方案"
SCENARIO = "危险货物运输企业核验"
SOURCE = "安全生产许可证"


def test_a_plan_becomes_an_agreement_and_a_scenario_gets_its_grants(visitor: Come) -> None:
    """What lacks is said at once; a term over five years is refused; grants keep to the ceiling."""
    body = visitor("临澜市数据局", "负责人")
    _plan(body, visitor("临澜市人民政府", "负责人"))
    _agreement(body)
    operator = visitor("临澜数据运营", "经办人")
    _apply(operator)
    _opinion(visitor("临澜市应急管理局", "负责人", width=390))
    body.menu("待办")
    body.open(f"场景申请：{SCENARIO}")
    body.open("批准", within="main .next-steps", exact=True)
    body.press("批准")
    operator.menu("场景申请")
    operator.open(SCENARIO, within="main table")
    operator.reads("已批准", SOURCE)
    operator.picture("scenario")
    operator.in_english()
    operator.reads(f"至 {shown(operator.day(2 * 365))}")


def _plan(body: Visitor, government: Visitor) -> None:
    """Twelve items; the government decides, the province files, the government approves."""
    body.wear("实施机构")
    dated = body.day(-10)
    body.menu("方案与协议")
    body.open("拟订实施方案")
    body.fill("方案名称", PLAN)
    body.tick("依场景授权")
    body.choose("报请批准的单位", "人民政府")
    body.press("下一步")
    body.fill("1. 实施方案名称", PLAN)
    body.press("保存并返回方案")
    body.reads("还缺 11 项")
    body.open("报请审议", within="main .next-steps")
    body.press("报请审议", refused=True)
    body.reads("授权模式", "监督与考核")
    body.open("返回")
    body.open("查看办件所办的内容")
    body.open("填写或修改内容")
    body.in_english()
    _say_everything(body)
    body.press("保存并返回方案")
    body.open("报请审议", within="main .next-steps")
    body.press("报请审议")
    government.menu("待办")
    government.open(f"实施方案：{PLAN}")
    government.open("记录集体决策", within="main .next-steps")
    government.paper(
        "集体决策文件",
        "同意。",
        number="临政纪〔2026〕21号",
        issuer="临澜市人民政府",
        dated=dated,
    )
    government.press("记录集体决策")
    body.menu("待办")
    body.open(f"实施方案：{PLAN}")
    body.open("备案", within="main .next-steps")
    body.paper("备案回执", "已收。", number="省数备〔2026〕21号", dated=dated, receipt="回执-21")
    body.press("备案")
    government.menu("待办")
    government.open(f"实施方案：{PLAN}")
    government.open("批准实施", within="main .next-steps")
    government.press("批准实施")


def _agreement(body: Visitor) -> None:
    """Six years are too long; the agreement is decided, signed, filed and begins."""
    body.menu("方案与协议")
    body.open(PLAN)
    body.open("起草授权运营协议")
    dated = body.day(-10)
    body.tick(SOURCE)
    body.press("列出所选资源的数据项")
    _choose_everything(body)
    body.choose("运营机构", "临澜数据运营")
    body.choose("选择方式", "公开招标")
    body.fill("选择结果文号", "临公资〔2026〕90号")
    for box in ("临澜市委网信办", "临澜市工业和信息化局", "产业发展", "产品经营"):
        body.tick(box)
    body.fill("产品和服务清单", SCENARIO)
    body.fill("授权期限自", body.day())
    body.fill("授权期限至", body.day(6 * 366))
    _say_everything(body)
    body.press("形成协议草案", refused=True)
    body.reads("五年")
    body.fill("授权期限至", body.day(3 * 365))
    body.press("形成协议草案")
    body.open("记录实施机构集体决策", within="main .next-steps")
    body.paper(
        "集体决策文件",
        "同意。",
        number="临数纪〔2026〕21号",
        issuer="临澜市数据局",
        dated=dated,
    )
    body.press("记录实施机构集体决策")
    body.open("签订", within="main .next-steps")
    body.paper("协议文本", "见附件。", number="临数协〔2026〕21号", dated=dated)
    body.press("签订")
    body.open("备案", within="main .next-steps")
    body.paper("备案回执", "已收。", number="省数备〔2026〕22号", dated=dated, receipt="回执-22")
    body.press("备案")
    body.open("生效", within="main .next-steps")
    body.press("生效")


def _say_everything(body: Visitor) -> None:
    for box in body.page.locator("main textarea").all():
        if not box.input_value() and box.evaluate("one => one.labels[0]?.innerText.match(/^\\d/)"):
            box.fill("见正文。")


def _choose_everything(one: Visitor) -> None:
    for box in one.page.locator("main .picker input[type=checkbox]:enabled").all():
        box.check()


def _apply(operator: Visitor) -> None:
    """Only what the agreement allows can be chosen."""
    operator.menu("协议与许可")
    operator.open(PLAN)
    operator.open("提出场景申请")
    operator.fill("场景名称", SCENARIO)
    operator.choose("开发主体", "澜鉴科技")
    operator.tick("产业发展")
    operator.tick("产品经营")
    operator.fill("场景期限至", operator.day(2 * 365))
    operator.tick("只用于本场景所列用途")
    _choose_everything(operator)
    operator.press("提交场景申请")
    operator.reads("征求数据提供单位意见中")


def _opinion(provider: Visitor) -> None:
    provider.menu("场景意见")
    provider.follow(
        provider.page.locator("main tr").filter(has_text=SCENARIO).get_by_role("link").last
    )
    provider.reads(SOURCE)
    provider.tick("同意")
    provider.press("数据提供单位出具意见")
