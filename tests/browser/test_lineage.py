"""The lineage picture: drawn from the list, walked by keyboard, a list where there is no room."""

from __future__ import annotations

from html import escape

import pytest
from playwright.sync_api import expect

from browser.stage import Stage

LONG = "青岚市企业安全生产许可与隐患排查治理情况联合统计表（含历史补录数据）2025年度"
NASTY = "<img src=x onerror=alert(1)>\u202e"


def entry(key: str, sort: str, text: str, *inner: str, href: str = "") -> str:
    """Return one entry of the nested list with what it comes from."""
    said = f'<a href="{href}">{escape(text)}</a>' if href else escape(text)
    below = f"<ul>{''.join(inner)}</ul>" if inner else ""
    return f'<li data-node="{key}" data-sort="{sort}">{said}{below}</li>'


def lineage() -> str:
    """Return a product of two fields over three items of two resources."""
    case = entry("case", "办件", "授权运营 QL-7", href="/cases/7/")
    register = entry("r1", "数据资源", LONG, case, href="/resources/1/")
    inspections = entry("r2", "数据资源", NASTY, case, href="/resources/2/")
    scope = entry("i1", "数据项", "许可范围", register)
    subject = entry("i2", "数据项", "主体_企业", register)
    state = entry("i3", "数据项", "状态", inspections)
    first = entry("o1", "结果列", "组别", scope)
    second = entry("o2", "结果列", "隐患未整改企业数", subject, state)
    return f'<h1>来龙去脉</h1><div data-lineage><ul id="list">{first}{second}</ul></div>'


def traced(stage: Stage) -> set[str]:
    """Return the first lines of the boxes that are on the shown path."""
    boxes = stage.page.locator(".lineage-drawing .node.traced").all()
    return {box.locator(".title").first.text_content() or "" for box in boxes}


def test_entries_that_are_the_same_are_one_box(stage: Stage) -> None:
    """The case stands four times in the list and once in the picture, in the last layer."""
    page = stage.show(lineage())
    assert page.locator("#list li").count() == 11
    assert page.locator(".lineage-drawing .node").count() == 8
    assert page.locator(".lineage-drawing .link").count() == 8
    places = page.locator(".lineage-drawing .box").evaluate_all(
        "all => all.map((b) => b.x.baseVal.value)"
    )
    assert len(set(places)) == 4


def test_names_are_text_and_wrapped(stage: Stage) -> None:
    """Markup is read as it is, controls are left out, and no line leaves its box."""
    page = stage.show(lineage())
    drawing = page.locator(".lineage-drawing")
    assert drawing.locator("img").count() == 0
    assert "onerror=alert(1)>" in (drawing.text_content() or "")
    assert "\u202e" not in (drawing.text_content() or "")
    over = page.evaluate(
        """() => [...document.querySelectorAll(".lineage-drawing .node")].filter((node) => {
          const box = node.querySelector(".box").getBoundingClientRect();
          return [...node.querySelectorAll("text")].some((text) => {
            const place = text.getBoundingClientRect();
            return place.right > box.right || place.bottom > box.bottom + 1;
          });
        }).length"""
    )
    assert over == 0


def test_the_path_of_a_box_is_shown_by_keyboard_and_by_pointing(stage: Stage) -> None:
    """Reaching a box shows all it comes from and all that comes from it, and nothing else."""
    page = stage.show(lineage())
    page.get_by_role("img", name="数据项：状态").focus()
    found = traced(stage)
    assert {"状态", "隐患未整改企业数", "授权运营 QL-7"} < found
    assert len(found) == 4
    page.get_by_role("img", name="结果列：组别").hover()
    assert "许可范围" in traced(stage)
    assert "主体_企业" not in traced(stage)


def test_boxes_are_real_links(stage: Stage) -> None:
    """Enter on a box goes where its entry's link goes."""
    stage.answer("GET", "/cases/7/", {})
    page = stage.show(lineage())
    page.locator(".lineage-drawing").get_by_role("link", name="办件：授权运营 QL-7").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/cases/7/")


@pytest.mark.parametrize("stage", [390], indirect=True)
def test_without_room_the_list_is_all(stage: Stage) -> None:
    """On a telephone there is no drawing, and the list says the same."""
    page = stage.show(lineage())
    assert page.locator(".lineage-drawing").count() == 0
    expect(page.get_by_role("link", name=LONG).first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
