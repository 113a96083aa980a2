"""Reports in one file: on a narrow screen a wide table scrolls, the page does not."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from gongshu_server.commands import pages


@pytest.mark.parametrize("width", [1280, 390])
def test_a_report_fits_the_screen(browser: Browser, width: int) -> None:
    heads = [f"第{number}项指标的名称" for number in range(9)]
    rows = [["0101", "数据标准符合程度", "GB/T 36344", "A/B", "400", "0", "无法评估", "—", "1.5%"]]
    drawn = pages.bars("空值", [("统一社会信用代码", 0.5, "50%")], margin=200)
    said = pages.page("数据质量报告", [drawn, pages.table(heads, rows), pages.law("27-21")])
    page = browser.new_page(viewport={"width": width, "height": 900})
    try:
        page.set_content(said)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("td.n").all_inner_texts() == ["400", "0", "—", "1.5%"]
    finally:
        page.close()
