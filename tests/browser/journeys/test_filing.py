"""A department files a resource: entry, secrecy review, file, levels, publication; and opening."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Route, expect

from browser.journeys.visitor import Visitor

Come = Callable[..., Visitor]
TITLE = "污水处理费缴纳情况"
ROWS = "企业名称,统一社会信用代码,缴费月份\n" + "".join(
    f"临澜样例{n}有限公司,91139900MA0{n:06d}X,2026-0{n % 9 + 1}\n" for n in range(40)
)
RAGGED = "临澜样例99有限公司,91139900MA0000099X,2026-09,多出来的一格\n"


def test_a_department_files_a_resource_and_confirms_levels(visitor: Come, tmp_path: Path) -> None:
    """Its head reviews secrecy, the handler sends the file and confirms; the bureau publishes."""
    file = tmp_path / f"{TITLE}.csv"
    file.write_bytes((ROWS + RAGGED).encode("gb18030"))
    handler = visitor("临澜市水务局", "经办人")
    _file_entry(handler, file)
    _review_secrecy(visitor("临澜市水务局", "负责人"))
    _send(handler, file)
    handler.picture("outcome")
    handler.in_english()
    handler.open("下一步：确认分类分级")
    handler.open("确认分类分级", within="main .next-steps")
    handler.picture("levels")
    handler.in_english()
    handler.choose("缴费月份 级别", "一般")
    handler.press("确认全部数据项")
    bureau = visitor("临澜市数据局", "负责人")
    bureau.menu("待办")
    bureau.open(f"目录编制：{TITLE}")
    bureau.open("审核发布")
    bureau.press("审核发布")
    anybody = visitor(width=390)
    anybody.goto("/")
    anybody.open("找数据", within="main")
    anybody.fill("名称、数据项", TITLE)
    anybody.press("查找")
    anybody.open(TITLE)
    anybody.in_english()


def _file_entry(handler: Visitor, file: Path) -> None:
    """Let the file's header fill the entry in, and file it; data is not taken yet."""
    handler.menu("我的目录与挂接")
    handler.in_english()
    handler.open("报送目录")
    handler.page.get_by_label("数据文件").set_input_files(file)
    handler.press("读出数据项")
    handler.reads("已读出 3 个数据项", "gb18030")
    handler.fill("摘要", "企业缴纳污水处理费的月份。")
    handler.press("报送", within="main form.step:last-of-type")
    handler.reads("目录已报送")
    handler.open("数据文件")
    handler.reads("保密审查以后才能接收数据文件")


def _review_secrecy(head: Visitor) -> None:
    head.menu("待办")
    head.open(f"目录编制：{TITLE}")
    head.open("记录保密审查")
    head.paper("保密审查", "经审查，不涉及国家秘密和工作秘密。")
    head.press("记录保密审查")


def _send(handler: Visitor, file: Path) -> None:
    """Drop the file; its progress shows while the node takes it, then what was understood."""
    handler.menu("我的目录与挂接")
    handler.open(TITLE)
    handler.open("数据文件")
    handler.drop("数据文件", file)
    held: list[Route] = []
    handler.page.route(
        re.compile("/uploads/"),
        lambda route: held.append(route) if route.request.method == "PATCH" else route.continue_(),
    )
    page = handler.page
    with page.expect_request(lambda request: request.method == "PATCH"):
        page.locator("main").get_by_role("button", name="报送").first.click()
    expect(page.get_by_role("progressbar", name="上传进度")).to_be_visible()
    with page.expect_navigation(url="**/received/**", wait_until="load"):
        held[0].continue_()
    handler.look()
    expect(page.get_by_text("系统是怎样读懂它的")).to_be_visible(timeout=90_000)
    handler.look()
    handler.reads("收进 40 行，未收进 1 行", "gb18030")


def test_opening_is_refused_with_its_reasons(visitor: Come) -> None:
    """The machine check names the item, how many values, and the clause; and what to do next."""
    handler = visitor("临澜市卫健委", "经办人", width=390)
    handler.menu("我的目录与挂接")
    handler.open("门诊")
    handler.open("申请开放")
    for box in handler.page.locator("main input[name=items]").all():
        box.check()
    handler.in_english()
    for box in handler.page.locator("main input[name=items]").all():
        box.check()
    handler.press("提交申请")
    handler.reads("机器检查不予通过", "证件号码", "个值")
    handler.picture("refusal")
    handler.in_english()
    handler.open("调整后重新申请")
