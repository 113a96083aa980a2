"""Citizens and enterprises: what they find, authorise, object to and complain of."""

from __future__ import annotations

from collections.abc import Callable

from browser.journeys.visitor import Visitor

Come = Callable[..., Visitor]


def test_anybody_looks_around_and_complains_without_an_account(visitor: Come) -> None:
    """From the front page to data, products and notices; a complaint and its progress."""
    anybody = visitor(width=390)
    anybody.goto("/")
    anybody.picture("front")
    anybody.open("找数据", within="main")
    anybody.open("企业登记信息")
    anybody.reads("开放属性", "临澜市市场监管局")
    anybody.goto("/")
    anybody.open("看公示", within="main")
    anybody.goto("/")
    anybody.open("产品与价格", within="main")
    anybody.open("安全生产许可证核验")
    anybody.goto("/")
    anybody.open("提异议与投诉", within="main")
    anybody.open("投诉举报", within="main", exact=True)
    anybody.choose("投诉举报什么", "安全生产许可证核验")
    anybody.fill("事实", "十一月二日的账单比公布的价格高。")
    anybody.press("提交")
    anybody.fill("联系方式", "13900000000")
    anybody.press("提交")
    anybody.reads("它只显示这一次")
    token = anybody.page.locator("pre.secret").inner_text()
    anybody.open("查办理进度", within="main")
    anybody.fill("查询码", "不是这一串")
    anybody.press("查询", refused=True)
    anybody.fill("查询码", token)
    anybody.press("查询")
    anybody.reads("受理号")


def test_an_enterprise_authorises_and_objects(visitor: Come) -> None:
    """One question answered once, and one record objected to; the bureau receives it."""
    enterprise = visitor("有限公司", "法定代表人")
    enterprise.menu("我的授权")
    enterprise.open("作出授权")
    enterprise.choose("哪一项核验", "安全生产许可证核验")
    enterprise.choose("允许谁来查", "安澜财产保险")
    enterprise.choose("用途", "产业发展")
    enterprise.press("作出授权")
    enterprise.menu("我的异议与投诉")
    enterprise.open("提出异议")
    enterprise.choose("哪一项产品用了哪个来源的数据", "安全生产许可证核验")
    enterprise.fill("哪里不对，应当是什么", "许可证已于十月延期，有效期止应当是2028年。")
    enterprise.press("提出异议")
    enterprise.reads("许可证已于十月延期")
    bureau = visitor("临澜市数据局", "经办人")
    bureau.menu("待办")
    bureau.open("数据异议：安全生产许可证核验")
    bureau.reads("受理")
