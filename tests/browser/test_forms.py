"""Forms: sent once, kept as they are typed, and never left by accident."""

from __future__ import annotations

import threading
from typing import Any

from playwright.sync_api import Page, expect

from browser.stage import TOKEN, Asked, Reply, Stage

FORM = """<h1>申请</h1><form method="post" action="/sent/" {attributes}>
<div class="field"><label for="why">理由</label><input id="why" name="why" value="{value}"></div>
<div class="field"><label for="what">内容</label><textarea id="what" name="what"></textarea></div>
<div class="buttons"><button class="btn btn-primary" name="go" value="1">提交</button></div>
</form>"""
THANKS = Reply(200, "<!DOCTYPE html><title>好</title>已收到".encode(), "text/html; charset=utf-8")
# Clicks three times, and returns what the page shows once it says that it works.
THREE_CLICKS = """() => new Promise((done) => {
  const {go} = document.forms[1];
  new MutationObserver(() => {
    const line = document.querySelector(".working");
    if (line?.textContent) done({disabled: go.disabled, text: line.textContent});
  }).observe(document.body, {childList: true, subtree: true});
  for (let n = 0; n < 3; n += 1) document.forms[1].requestSubmit(go);
})"""


def form(attributes: str = "", value: str = "") -> str:
    """Return a form of two fields and one button."""
    return FORM.format(attributes=attributes, value=value)


def dialogs(page: Page) -> list[str]:
    """Record and accept what the browser asks on leaving."""
    heard: list[str] = []

    def accept(dialog: Any) -> None:
        heard.append(dialog.type)
        dialog.accept()

    page.on("dialog", accept)
    return heard


def test_a_second_click_sends_nothing(stage: Stage) -> None:
    """The button says that it works, a second submission is dropped, and its value arrives."""
    enough = threading.Event()

    def slowly(_: Asked) -> Reply:
        assert enough.wait(10)
        return THANKS

    stage.answer("POST", "/sent/", slowly)
    page = stage.show(form())
    said = page.evaluate(THREE_CLICKS)
    assert said == {"disabled": True, "text": "正在提交，请稍候，不要重复点击。"}
    enough.set()
    page.wait_for_url("**/sent/")
    sent = stage.requests("POST", "/sent/")
    assert len(sent) == 1
    assert b"go=1" in sent[0].body


def test_coming_back_the_button_works_again(stage: Stage) -> None:
    """The back button leads to a form that can be sent."""
    stage.answer("POST", "/sent/", lambda _: THANKS)
    page = stage.show(form())
    page.get_by_role("button").click()
    page.wait_for_url("**/sent/")
    page.go_back()
    expect(page.get_by_role("button")).to_be_enabled()
    page.get_by_role("button").click()
    page.wait_for_url("**/sent/")
    assert len(stage.requests("POST", "/sent/")) == 2


def test_leaving_with_changes_is_asked_about(stage: Stage) -> None:
    """What was typed and not sent is not left without a question; untouched, or sent, it is."""
    stage.answer("GET", "/away/", lambda _: THANKS)
    stage.answer("POST", "/sent/", lambda _: THANKS)
    page = stage.show(form())
    heard = dialogs(page)
    page.goto(stage.origin + "/away/")
    assert heard == []
    page = stage.show(form())
    page.get_by_label("理由").fill("要用")
    page.goto(stage.origin + "/away/")
    assert heard == ["beforeunload"]
    page = stage.show(form())
    page.get_by_label("理由").fill("要用")
    page.get_by_role("button").click()
    page.wait_for_url("**/sent/")
    assert heard == ["beforeunload"]


def test_a_draft_is_kept_and_said_so(stage: Stage) -> None:
    """Typing posts the fields with the token, shows the time, and leaving asks nothing more."""
    stage.answer("POST", "/draft/", {"saved_at": "10:32"})
    stage.answer("GET", "/away/", lambda _: THANKS)
    page = stage.show(form('data-autosave="/draft/" data-autosave-after="50"'))
    page.get_by_label("内容").fill("企业安全生产风险画像")
    expect(page.get_by_text("已自动保存 10:32")).to_be_visible()
    kept = stage.requests("POST", "/draft/")[-1]
    assert "企业安全生产风险画像" in kept.body.decode()
    assert kept.headers["X-CSRFToken"] == TOKEN
    heard = dialogs(page)
    page.goto(stage.origin + "/away/")
    assert heard == []


def test_a_lost_session_loses_nothing(stage: Stage) -> None:
    """A 401 on saving shows the banner with a way to sign in; what was typed stays."""
    stage.answer("POST", "/draft/", lambda _: Reply(401))
    page = stage.show(form('data-autosave="/draft/" data-autosave-after="50"'))
    page.get_by_label("内容").fill("写了很久")
    banner = page.get_by_role("alert")
    expect(banner).to_contain_text("登录已过期，请在新窗口登录后继续，已填内容仍在")
    assert banner.get_by_role("link").get_attribute("href") == "/sign-in/"
    assert page.get_by_label("内容").input_value() == "写了很久"
    # The browser itself reports the refused request; nothing else may be reported.
    assert all("401" in fault for fault in stage.faults)
    stage.faults.clear()
    dialogs(page)


def test_english_pages_speak_english(stage: Stage) -> None:
    """The page's language decides what the scripts say."""
    stage.answer("POST", "/draft/", {"saved_at": "10:32"})
    page = stage.show(form('data-autosave="/draft/" data-autosave-after="50"'), language="en")
    page.locator("#what").fill("x")
    expect(page.get_by_text("Saved 10:32")).to_be_visible()
    dialogs(page)


def test_tables_are_sorted_and_filtered_by_what_they_show(stage: Stage) -> None:
    """Amounts sort as numbers and days as days; a filter says how many rows are left."""
    rows = [("乙局", "￥1,200.00", "2026年11月2日"), ("甲局", "￥90.50", "2026年9月30日")]
    cells = "".join("<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>" for row in rows)
    page = stage.show(
        '<input data-filter="#t" aria-label="筛选"><table id="t" data-sortable><thead><tr>'
        f"<th>单位</th><th>金额</th><th>日期</th></tr></thead><tbody>{cells}</tbody></table>"
    )
    first = page.locator("tbody td").first
    page.get_by_role("button", name="金额").click()
    expect(first).to_have_text("甲局")
    page.get_by_role("button", name="金额").click()
    expect(first).to_have_text("乙局")
    page.get_by_role("button", name="日期").click()
    expect(first).to_have_text("甲局")
    page.get_by_label("筛选").fill("1,200")
    expect(page.get_by_role("status")).to_have_text("1 行，共 2 行")


def test_a_policy_that_is_broken_is_noticed(stage: Stage) -> None:
    """The check of every test here sees an inline style."""
    stage.show('<p style="color: red">红</p>')
    assert any("style" in one for one in stage.page.evaluate("window.violations"))
    assert stage.faults
    stage.faults.clear()
    stage.page.evaluate("window.violations.length = 0")


def test_a_form_that_another_script_stopped_can_be_sent_again(stage: Stage) -> None:
    """A listener that comes after the guard and refuses leaves the button working."""
    stage.answer("POST", "/sent/", lambda _: THANKS)
    page = stage.show(form())
    page.evaluate(
        "document.forms[1].addEventListener('submit', (e) => e.preventDefault(), {once: true})"
    )
    page.get_by_role("button").click()
    expect(page.get_by_role("button")).to_be_enabled()
    page.get_by_role("button").click()
    page.wait_for_url("**/sent/")
    assert len(stage.requests("POST", "/sent/")) == 1


def test_what_is_to_be_copied_is_copied(stage: Stage) -> None:
    """A text that says so gets a button; a button that names a text copies that."""
    stage.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = stage.show(
        "<pre data-copy>curl -s 甲 &lt;乙&gt;</pre><p id=key>gs_123</p>"
        '<button type="button" data-copy="#key">复制凭证</button>'
    )
    for name, text in (("复制", "curl -s 甲 <乙>"), ("复制凭证", "gs_123")):
        button = page.get_by_role("button", name=name, exact=True)
        button.click()
        expect(page.get_by_role("button", name="已复制")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == text
        expect(button).to_be_visible()
