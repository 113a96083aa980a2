"""The workshop: a query refused at its place, a lawful one run, reviewed twice, signed, let out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from browser.journeys.visitor import Visitor

Come = Callable[..., Visitor]
TASK = "企业安全生产风险画像"
COPY = 'SELECT l."企业名称" AS 客户名称\nFROM "安全生产许可证" AS l'
LAWFUL = (
    'SELECT l."行政区" AS 行政区,\n'
    '       count(DISTINCT l."主体_企业") AS 持证企业数\n'
    'FROM "安全生产许可证" AS l\n'
    'GROUP BY l."行政区"'
)


def test_a_query_is_refused_rewritten_run_and_let_out(traveller: Come) -> None:
    """The sentence stands at its word; two bodies vote blind; the head signs; the data leaves."""
    developer = traveller("澜鉴科技", "数据开发工程师")
    _draft(developer)
    _run(developer)
    head = traveller("临澜市数据局", "负责人")
    _submit(developer, head)
    _vote(traveller(_drawn(developer), "审核员"), "安全审核", "安全审核投票")
    _vote(traveller("工业和信息化局", "审核员", width=390), "业务规范性审核", "业务规范性审核投票")
    head.menu("出域签批")
    head.open(TASK, within="main table")
    head.reads("未见直接标识符")
    head.open("负责人签批", within="main .next-steps")
    head.press("负责人签批")
    head.reads("出域（实施机构 · 经办、审核）")
    handler = traveller("临澜市数据局", "经办人")
    handler.menu("待办")
    handler.open(f"出域审核：{TASK}")
    handler.open("出域", within="main .next-steps", exact=True)
    handler.press("出域")
    operator = traveller("临澜数据运营", "经办人")
    operator.menu("产品")
    operator.reads("可以入库的出域成果", TASK)


def _draft(developer: Visitor) -> None:
    """Type a renamed copy and read why not, then a count and read where it comes from."""
    developer.menu("开发利用环境")
    developer.open(TASK, within="main table")
    page = developer.page
    text = page.get_by_role("textbox", name="查询语句")
    text.click()
    page.keyboard.insert_text(COPY)
    expect(page.get_by_text("✕ 有 1 处需要修改")).to_be_visible()
    expect(page.locator(".cm-lintRange-error")).to_contain_text("企业名称")
    expect(page.locator("[data-verdict-of]")).to_contain_text("企业名称")
    page.keyboard.press("Escape")  # What the editor offers to complete hides nothing.
    developer.picture("verdict")
    developer.press("保存为草稿", refused=True)
    developer.reads("企业名称")
    text.click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text(LAWFUL)
    expect(page.get_by_text("✓ 检查通过")).to_be_visible()
    expect(page.locator("[data-verdict-of]")).to_contain_text("行政区")
    developer.press("保存为草稿")
    developer.reads("已通过检查", "来龙去脉")
    developer.in_english()


def _run(developer: Visitor) -> None:
    """The end of a run is shown at the end of a whole minute only: time is moved for it."""
    query = developer.page.url.removeprefix(developer.origin)
    developer.press("运行")
    for _ in range(6):
        developer.page.wait_for_timeout(1_000)
        developer.working_days(1)
        developer.goto(query)
        if "已完成" in developer.page.locator("#runs").inner_text():
            return
    pytest.fail("the run does not end")


def _submit(developer: Visitor, head: Visitor) -> None:
    """The same data left before: the implementing body excepts this run, with its reason."""
    developer.open("年", within="#runs")
    developer.open("提交出域审核")
    developer.press("提交审核", refused=True)
    developer.reads("由实施机构说明理由")
    head.wear("实施机构")
    head.menu("出域签批")
    head.in_english()
    head.open(TASK, within="main ul.rows")
    head.open("准予再次出域的例外")
    head.fill("理由", "两次结果分组不同，相减还原不出任何一家企业，经核对同意。")
    head.press("准予例外")
    developer.press("提交审核")
    developer.reads("两个审核单位分别审核")


def _drawn(developer: Visitor) -> str:
    """Wait until lots have named the security reviewer; the release page says whom."""
    for _ in range(30):
        said = developer.page.get_by_text("两项审核").locator("xpath=../..").inner_text()
        found = [body for body in ("网信办", "保密局") if body in said]
        if found:
            return found[0]
        developer.page.wait_for_timeout(1_000)
        developer.page.reload()
    pytest.fail("no reviewer is drawn")


def _vote(reviewer: Visitor, entry: str, step: str) -> None:
    """Look inside, which is recorded, then vote without seeing the other's vote."""
    reviewer.menu(entry)
    reviewer.open(TASK, within="main table")
    reviewer.press("查看送审内容")
    reviewer.reads("本次查看已记入存证", "持证企业数")
    reviewer.open("返回出域申请")
    reviewer.reads("两项审核")
    reviewer.open(step, within="main .next-steps")
    reviewer.tick("同意")
    reviewer.fill("意见", "未见直接标识符，低于门槛的组别已保护。")
    reviewer.press(step)
