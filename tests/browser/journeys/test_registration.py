"""Registration: applied for, one list of what is missing, accepted, reviewed, publicised, coded."""

from __future__ import annotations

from collections.abc import Callable

from browser.journeys.visitor import Visitor

Come = Callable[..., Visitor]
TITLE = "执法检查"
FIRST = (
    "登记前内部业务审核意见",
    "登记主体信息",
    "数据合法合规来源材料",
    "数据资源情况",
    "存证情况",
)
REST = ("产品和服务信息", "应用场景信息", "数据安全风险评估")


def test_a_resource_is_registered_from_application_to_code(traveller: Come) -> None:
    """What is missing is said once; nobody gets a code before the publicity has ended."""
    body = traveller("临澜市数据局", "经办人")
    _apply(body)
    registry = traveller("登记中心", "经办人")
    _tell_missing(registry)
    _complete(body)
    registry.menu("受理")
    registry.open(TITLE, within="main table")
    registry.open("受理", within="main .next-steps", exact=True)
    registry.reads("七类材料已经齐全")
    registry.press("受理")
    head = traveller("登记中心", "负责人")
    head.menu("审核")
    head.open(TITLE, within="main table")
    head.open("形式审核通过", within="main .next-steps")
    head.press("形式审核通过")
    registry.menu("审核")
    registry.open(TITLE, within="main table")
    registry.open("公示", within="main .next-steps", exact=True)
    registry.press("公示")
    registry.reads("赋予登记结果查询码：“登记公示”届满前不能办理")
    _anybody_looks(traveller(width=390))
    _code(registry, traveller(width=390))


def _apply(body: Visitor) -> None:
    body.wear("实施机构")
    body.menu("登记")
    body.open("申请登记")
    body.fill("名称中的字词", TITLE)
    body.press("查找")
    body.follow(body.page.locator("main tr").filter(has_text=TITLE).get_by_role("link").last)
    body.choose("登记机构", "登记中心")
    for kind in FIRST:
        body.paper(kind, f"{kind}：见附件正文。")
    body.press("提交登记申请")
    body.reads("登记申请已提交", "已申请")


def _tell_missing(registry: Visitor) -> None:
    registry.menu("受理")
    registry.in_english()
    registry.open(TITLE, within="main table")
    registry.open("受理", within="main .next-steps", exact=True)
    registry.reads("还缺", *REST)
    registry.press("受理", refused=True)
    registry.open("返回")
    registry.open("一次性告知补正", within="main .next-steps")
    registry.press("一次性告知补正")
    registry.reads("待补正")


def _complete(body: Visitor) -> None:
    body.menu("登记")
    body.open(TITLE, within="main table")
    body.open("补正后再次申请", within="main .next-steps")
    for kind in REST:
        body.paper(kind, f"{kind}：见附件正文。")
    body.press("补正后再次申请")


def _anybody_looks(anybody: Visitor) -> None:
    """The publicity is for everybody to read and to object to."""
    anybody.goto("/")
    anybody.open("查登记", within="main")
    anybody.open(TITLE, within="main table")
    anybody.reads("公示中", "提出异议")
    anybody.in_english()


def _code(registry: Visitor, anybody: Visitor) -> None:
    """After ten working days the code is given, and anybody finds the registration by it."""
    registry.working_days(20)
    registry.menu("公示")
    registry.open(TITLE, within="main table")
    registry.open("赋予登记结果查询码", within="main .next-steps")
    registry.press("赋予登记结果查询码")
    registry.open("查看办件所办的内容")
    code = registry.page.locator("main table.facts strong").inner_text()
    registry.picture("registration")
    anybody.goto("/")
    anybody.open("查登记", within="main")
    anybody.fill("登记结果查询码", code)
    anybody.press("查询")
    anybody.reads(TITLE, "有效")
    anybody.in_english()
