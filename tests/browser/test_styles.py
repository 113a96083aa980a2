"""Styles: every component readable at both widths, in both languages' lengths, and on paper."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from browser import test_charts, test_editor, test_lineage, test_uploads
from browser.stage import Stage

GALLERY = (Path(__file__).parent / "gallery.html").read_text("utf-8")
RULES = {
    "resultTypes": ["violations"],
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
}
REFUSED = "SELECT\n  客户名称\nFROM 安全生产许可证"
PAGES: dict[str, Callable[[Stage], Page]] = {
    "components": lambda stage: stage.show(GALLERY),
    "bar": lambda stage: test_charts.show(stage, "bar"),
    "pie": lambda stage: test_charts.show(stage, "pie"),
    "editor": lambda stage: test_editor.opened(stage, REFUSED),
    "lineage": lambda stage: stage.show(test_lineage.lineage()),
    "upload": lambda stage: stage.show(test_uploads.ZONE),
}


@pytest.mark.parametrize("stage", [1280, 390], indirect=True)
@pytest.mark.parametrize("name", PAGES)
def test_pages_break_no_rule_of_accessibility(stage: Stage, name: str) -> None:
    """Contrast, names, roles and sizes hold for every component, and the page is not wider."""
    page = PAGES[name](stage)
    found = Axe().run(page, options=RULES).response["violations"]
    faults = [(one["id"], [node["html"][:160] for node in one["nodes"]]) for one in found]
    assert faults == []
    assert page.evaluate("document.documentElement.scrollWidth") == page.viewport_size["width"]


@pytest.mark.parametrize("stage", [320, 1920], indirect=True)
def test_no_page_is_wider_than_the_window(stage: Stage) -> None:
    """From the narrowest telephone (WCAG 1.4.10) to the widest desk nothing scrolls sideways."""
    page = stage.show(GALLERY)
    assert page.evaluate("document.documentElement.scrollWidth") == page.viewport_size["width"]


def test_focus_is_seen(stage: Stage) -> None:
    """Every element that Tab reaches shows an outline of at least two pixels, or its own mark."""
    page = stage.show(GALLERY)
    unseen = []
    for _ in range(page.locator("a, button, input, select, textarea, summary").count()):
        page.keyboard.press("Tab")
        width = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        if float(width.removesuffix("px")) < 2:
            unseen.append(page.evaluate("document.activeElement.outerHTML.slice(0, 120)"))
    assert unseen == []


def test_base_size_and_letters(stage: Stage) -> None:
    """16 px of a Chinese system font, upright, with figures of one width."""
    page = stage.show("<p id=p>正文 <em>强调</em></p>")
    look = page.evaluate(
        """() => ["fontSize", "fontFamily", "fontVariantNumeric", "fontStyle"].map(
        (name) => getComputedStyle(document.querySelector("em"))[name])"""
    )
    assert look[0] == "16px"
    assert look[1].startswith('"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC"')
    assert look[2:] == ["tabular-nums", "normal"]


def test_paper_has_no_screen_furniture(stage: Stage) -> None:
    """Printed, there is no navigation and no button, and the place for the seal is there."""
    page = stage.show(GALLERY)
    page.emulate_media(media="print")
    for gone in (".main-nav", ".who", ".btn", "button", ".filter-form", ".skip"):
        assert page.locator(f"{gone}:visible").count() == 0, gone
    assert page.locator(".seal").is_visible()
    assert page.locator("table").first.is_visible()
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


@pytest.mark.parametrize("kind", ["bar", "line", "map"])
def test_a_chart_fits_the_paper(stage: Stage, kind: str) -> None:
    """Drawn on a wide screen, it is scaled to the width of the paper and not cut."""
    page = test_charts.show(stage, kind)
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 640, "height": 900})
    drawn = page.locator(".chart-drawing svg")
    box, shape = drawn.bounding_box(), drawn.get_attribute("viewBox")
    assert box is not None
    assert shape is not None
    _, _, width, height = (float(part) for part in shape.split())
    assert width > 800
    assert 560 < box["width"] <= 640
    assert abs(box["height"] / box["width"] - height / width) < 0.01
    outer = page.locator(".chart-drawing").bounding_box()
    assert outer is not None
    assert outer["height"] >= box["height"] - 1


def test_a_lineage_fits_the_paper(stage: Stage) -> None:
    """The picture is scaled to the paper as well."""
    page = stage.show(test_lineage.lineage())
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 640, "height": 900})
    box = page.locator(".lineage-drawing svg").bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= 640
