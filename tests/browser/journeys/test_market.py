"""The market: prices justified and kept, orders, a key shown once, uses that become a bill."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from browser.journeys.visitor import Visitor

Come = Callable[..., Visitor]
DATASET = "企业安全生产风险分布"


def test_a_buyer_orders_within_the_ceiling(visitor: Come) -> None:
    """Above the ceiling nothing is sold; the lists of buyer, operator and pricing lead on."""
    buyer = visitor("安澜财产保险", "经办人", width=390)
    buyer.menu("市场")
    buyer.open("安全生产许可证核验")
    buyer.open("订购")
    _ask(buyer, "0.50")
    buyer.press("下单", refused=True)
    buyer.reads("高于上限收费标准", "65号")
    buyer.fill("每次价格（元）", "0.40")
    buyer.press("下单")
    operator = visitor("临澜数据运营", "经办人")
    operator.menu("待办")
    operator.open("订单：安全生产许可证核验")
    operator.open("接受订单")
    for entry in ("产品", "收费与结算", "协议与许可", "开发主体"):
        operator.menu(entry)
    pricing = visitor("临澜市发展和改革委员会", "经办人")
    pricing.menu("成本与收入")
    pricing.reads("安全生产许可证核验")
    pricing.menu("产品与价格")


def _ask(buyer: Visitor, price: str) -> None:
    buyer.tick("产业发展")
    buyer.fill("每次价格（元）", price)
    buyer.fill("总次数", "20")
    buyer.fill("用到哪一天（含当天）", buyer.day(31))
    buyer.fill("用途承诺", "只用于承保前核验，不留存，不转让。")


def test_a_charge_is_justified_and_a_use_becomes_a_bill(traveller: Come) -> None:
    """Necessity, trial price, an order above it refused, one key, one use, one bill."""
    operator = traveller("临澜数据运营", "经办人")
    _price(operator, traveller("临澜市人民政府", "经办人"))
    buyer = traveller("安澜财产保险", "经办人", width=390)
    buyer.menu("市场")
    buyer.open(DATASET)
    buyer.open("订购")
    _ask(buyer, "0.80")
    buyer.press("下单", refused=True)
    buyer.reads("试行", "65号")
    buyer.in_english()
    _ask(buyer, "0.60")
    buyer.press("下单")
    operator.menu("待办")
    operator.open(f"订单：{DATASET}")
    operator.open("接受订单")
    operator.press("接受订单")
    operator.open("开通使用")
    operator.press("开通使用")
    _use(buyer, _key(buyer))
    _bill(operator)
    buyer.menu("账单与对账")
    buyer.reads(DATASET, "￥0.60")


def _price(operator: Visitor, government: Visitor) -> None:
    operator.menu("产品")
    operator.open(DATASET)
    operator.press("重新构建")
    operator.reads("已排队构建")
    expect(operator.page.locator("#build")).to_contain_text("行", timeout=20_000)
    expect(operator.page.get_by_role("button", name="重新构建")).to_be_enabled()
    operator.open("说明收费必要性")
    operator.fill("收费必要性说明", "数据集每月更新，须持续投入治理、算力和安全保障。")
    operator.choose("授权主体", "人民政府")
    operator.choose("价格主管部门", "发展和改革")
    operator.press("提交说明")
    government.menu("待办")
    government.open(DATASET)
    government.open("指导制定试行收费标准", within="main .next-steps")
    government.fill("每次收费标准", "0.60")
    government.press("指导制定试行收费标准")
    government.in_english()


def _key(buyer: Visitor) -> str:
    """A key is shown once: going back to the page does not show it again."""
    buyer.menu("订单")
    buyer.open(DATASET, within="main")
    buyer.fill("凭证用途", "承保系统")
    buyer.press("领取新凭证")
    buyer.reads("只显示这一次")
    key = buyer.page.locator("main pre.secret").inner_text()
    buyer.menu("接口凭证与用量")
    buyer.open("领取或收回", within="main")
    buyer.reads("承保系统")
    assert key not in buyer.page.content()
    return key


def _use(buyer: Visitor, key: str) -> None:
    """Call as the product's page says, and find the use on the order's page."""
    buyer.open(DATASET, within="main")
    said = buyer.page.locator("main pre").first.inner_text()
    url = said.split("'")[1]
    assert url.startswith(buyer.origin)
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=30) as reply:
        assert reply.status == 200
        number = reply.headers["Gongshu-Receipt"]
    buyer.menu("订单")
    buyer.open(DATASET, within="main")
    for _ in range(40):
        if "已用 1 次" in buyer.page.locator("main").inner_text():
            break
        buyer.page.wait_for_timeout(500)
        buyer.page.reload()
    else:
        pytest.fail("the use does not come")
    buyer.reads("订单的存证")
    _sealed(buyer, number)
    buyer.fill("回执编号", number)
    with buyer.page.expect_download() as saved:
        buyer.page.get_by_role("button", name="下载存证回执").click()
    assert number in saved.value.path().read_text(encoding="utf-8")


def _bill(operator: Visitor) -> None:
    """A day that has not ended is not billed; the day after, the bill is what was used."""
    operator.menu("收费与结算")
    operator.reads("安全生产许可证核验")
    operator.open("查看订单")
    operator.open(DATASET, within="main")
    operator.open("出账", within="main")
    today = operator.day()
    operator.fill("从哪一天起", today)
    operator.fill("到哪一天", today)
    operator.press("出账", refused=True)
    operator.reads("账期还没有结束")
    operator.working_days(1)
    operator.menu("收费与结算")
    operator.open("查看订单")
    operator.open(DATASET, within="main")
    operator.open("出账", within="main")
    operator.fill("从哪一天起", today)
    operator.fill("到哪一天", today)
    operator.press("出账")
    operator.reads("账单已出", "￥0.60")
    operator.picture("bill")


def _sealed(buyer: Visitor, number: str) -> None:
    """Wait until the use is sealed: its receipt is there some seconds after the use is counted."""
    for _ in range(40):
        if buyer.page.request.get(f"{buyer.origin}/market/use/receipt/?number={number}").ok:
            return
        buyer.page.wait_for_timeout(500)
    pytest.fail("the use is not sealed")
