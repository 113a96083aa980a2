"""The query editor: Chinese names, the verdict at its place while typing, and a way out by keys."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from browser.stage import TOKEN, Asked, Reply, Stage

SCHEMA = {
    "tables": [
        {
            "name": "安全生产许可证",
            "title": "应急局 · 许可证",
            "columns": [
                {"name": "主体_企业", "title": "统一社会信用代码", "type": "主体"},
                {"name": "许可范围", "title": "行业", "type": "文本"},
            ],
        },
        {
            "name": "inspections",
            "title": "<b>检查</b>",
            "columns": [{"name": "id", "title": "编号"}],
        },
    ]
}
PAGE = """<h1>查询</h1><form method="post" action="/run/">
<input type="hidden" name="exit" value="a"><label for="sql">查询语句</label>
<gongshu-editor id="editor" check="/check/" schema="#schema" after="20">
<textarea id="sql" name="sql" rows="12">{sql}</textarea></gongshu-editor>
<div class="buttons"><button class="btn btn-primary">提交</button></div></form>
<div data-verdict-of="#editor"></div>
<script type="application/json" id="schema">{schema}</script>"""


def verdict(asked: Asked) -> Reply:
    """Refuse a text that names a name, at its place; allow every other."""
    sql = asked.body.decode()
    if "客户名称" not in sql:
        return Reply.of(
            {"allowed": True, "findings": [], "lineage": [], "notes": ["只读许可内的列。"]}
        )
    finding = {
        "sentence": "“客户名称”是<b>可识别</b>的数据项。",
        "clause": "809-21",
        "where": [2, 3],
    }
    whole = {"sentence": "结果没有分组。", "clause": None, "where": None}
    return Reply.of({"allowed": False, "findings": [finding, whole]})


def opened(stage: Stage, sql: str = "") -> Page:
    """Open the editor over a text."""
    stage.answer("POST", "/check/", verdict)
    schema = json.dumps(SCHEMA, ensure_ascii=False).replace("<", "\\u003c")
    return stage.show(PAGE.format(sql=sql, schema=schema))


def text(page: Page) -> Locator:
    """Return the place where one types."""
    return page.get_by_role("textbox", name="查询语句")


def value(page: Page) -> Any:
    """Return what the form would send."""
    return page.locator("#sql").evaluate("area => area.value")


def test_typed_chinese_and_sql_reach_the_form(stage: Stage) -> None:
    """What is typed is what the form sends, and what is checked, with the token."""
    page = opened(stage)
    text(page).click()
    page.keyboard.type('SELECT 许可范围 FROM "安全生产许可证"')
    page.keyboard.press("Escape")
    expect(page.get_by_text("✓ 检查通过")).to_be_visible()
    assert value(page) == 'SELECT 许可范围 FROM "安全生产许可证"'
    asked = stage.requests("POST", "/check/")[-1]
    assert 'SELECT 许可范围 FROM "安全生产许可证"' in asked.body.decode()
    assert 'name="exit"' in asked.body.decode()
    assert asked.headers["X-CSRFToken"] == TOKEN
    page.get_by_text("只读许可内的列。").wait_for()


def test_a_chinese_name_is_one_name(stage: Stage) -> None:
    """A keyword inside a Chinese name is not coloured as a keyword."""
    page = opened(stage, "SELECT 企业count FROM 主体_desc")
    words = page.locator("gongshu-editor .cm-line span").all_text_contents()
    assert words[:1] == ["SELECT"]
    assert not {"count", "desc", "_desc"} & set(words)


def test_findings_stand_at_their_place_and_beside(stage: Stage) -> None:
    """The mark is under the right word; the panel says why, as text, and leads there."""
    page = opened(stage, "SELECT\n  客户名称\nFROM 安全生产许可证")
    mark = page.locator(".cm-lintRange-error")
    expect(mark).to_have_text("客户名称")
    expect(page.get_by_text("✕ 有 2 处需要修改")).to_be_visible()
    panel = page.locator("[data-verdict-of]")
    expect(panel).to_contain_text("“客户名称”是<b>可识别</b>的数据项。 809-21")
    expect(panel).to_contain_text("结果没有分组。")
    panel.get_by_role("button", name="第 2 行第 3 列").click()
    page.keyboard.type("X")
    assert value(page) == "SELECT\n  X客户名称\nFROM 安全生产许可证"
    mark.hover()
    expect(page.locator(".cm-tooltip .cm-diagnosticText")).to_have_text(
        "“客户名称”是<b>可识别</b>的数据项。（809-21）"
    )


@pytest.mark.parametrize(
    ("typed", "offered", "result"),
    [
        ("SELECT 1 FROM 许可", "安全生产许可证", 'SELECT 1 FROM "安全生产许可证"'),
        ("SELECT 1 FROM insp", "inspections", "SELECT 1 FROM inspections"),
        (
            'SELECT 1 FROM "安全生产许可证" AS l WHERE l.',
            "主体_企业",
            'SELECT 1 FROM "安全生产许可证" AS l WHERE l."主体_企业"',
        ),
        (
            "SELECT 1 FROM 安全生产许可证 WHERE 行业",
            "许可范围",
            'SELECT 1 FROM 安全生产许可证 WHERE "许可范围"',
        ),
    ],
)
def test_names_are_completed(stage: Stage, typed: str, offered: str, result: str) -> None:
    """Tables by part of their name, items by their table's alias or by their title, quoted."""
    page = opened(stage)
    text(page).click()
    page.keyboard.insert_text(typed[:-1])
    page.keyboard.type(typed[-1])
    # Between two letters the old list stands there greyed out, and takes no click.
    ready = page.locator(".cm-tooltip-autocomplete:not(.cm-tooltip-autocomplete-disabled)")
    ready.get_by_role("option").filter(has_text=offered).first.click()
    expect(page.locator("#sql")).to_have_value(result)


def test_titles_are_text(stage: Stage) -> None:
    """Markup in a table's title is shown as it is."""
    page = opened(stage)
    text(page).click()
    page.keyboard.type("insp")
    expect(page.get_by_role("option").first).to_contain_text("<b>检查</b>")


def test_keys_lead_out_and_check(stage: Stage) -> None:
    """Tab indents, Escape and Tab leaves, Ctrl+Enter checks at once."""
    page = opened(stage)
    text(page).click()
    page.keyboard.press("Tab")
    assert value(page) == "  "
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="提交")).to_be_focused()
    text(page).click()
    page.keyboard.insert_text("SELECT 1")
    before = len(stage.requests("POST", "/check/"))
    with page.expect_response("**/check/"):
        page.keyboard.press("Control+Enter")
    assert len(stage.requests("POST", "/check/")) > before


@pytest.mark.parametrize("way", ["typed", "put in", "composed"])
def test_what_is_selected_is_replaced_within_the_policy(stage: Stage, way: str) -> None:
    """Replacing coloured text leaves no style attribute of the browser's own behind."""
    page = opened(stage)
    text(page).click()
    page.keyboard.insert_text("SELECT 企业名称 FROM 安全生产许可证")
    expect(page.locator(".cm-line span").first).to_have_text("SELECT")
    page.keyboard.press("Control+A")
    if way == "typed":
        page.keyboard.type("(企业")
    elif way == "put in":
        page.keyboard.insert_text("企业")
    else:
        compose(page, "kehu", "企业")
    result = {"typed": "(企业)"}.get(way, "企业")
    page.wait_for_function("result => document.getElementById('sql').value === result", arg=result)
    page.keyboard.press("Control+Z")
    assert value(page) == "SELECT 企业名称 FROM 安全生产许可证"


def compose(page: Page, sound: str, word: str) -> None:
    """Type a word as an input method does: its sound first, then the choice."""
    keys = page.context.new_cdp_session(page)
    at = len(sound)
    keys.send("Input.imeSetComposition", {"text": sound, "selectionStart": at, "selectionEnd": at})
    keys.send("Input.insertText", {"text": word})
    keys.detach()


def test_a_lost_session_is_said(stage: Stage) -> None:
    """A 401 on checking shows the way to sign in and keeps the text."""
    page = opened(stage)
    stage.answer("POST", "/check/", lambda _: Reply(401))
    text(page).click()
    page.keyboard.type("SELECT 1")
    expect(page.get_by_role("alert")).to_contain_text("登录已过期")
    assert value(page) == "SELECT 1"
    assert all("401" in fault for fault in stage.faults)
    stage.faults.clear()
    page.on("dialog", lambda dialog: dialog.accept())
