"""A person at a browser: clicks, fills in, and has every page examined that they come to."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from django.utils import translation
from django.utils.translation import gettext
from playwright.sync_api import Browser, Locator, Page

from browser.stage import LISTEN

WIDTHS = (1280, 390)
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "resultTypes": ["violations"],
}
# What differs between pages of one kind: numbers of things, and codes of clauses.
IDENTITY = re.compile(r"(?<=/)[0-9A-HJKMNP-TV-Z]{26}(?=/|$)|(?<=^/clauses/)[^/]+")
PAPER = {"number": "文号", "issuer": "出具单位", "dated": "成文日期", "receipt": "回执号"}
# Names in the city's data that are also words of pages, which have English.
DATA = frozenset(
    {"企业安全生产风险画像", "统一社会信用代码", "姓名", "证件号码", "主体", "企业", "有效"}
    | {"企业安全生产风险分布", "安全生产许可证核验"}
    | {"一致", "不一致", "查无记录", "异议处理中"}
)
DAY = re.compile("(\\d+)年(\\d+)月(\\d+)日")
CHINESE = re.compile("[\u4e00-\u9fff]+")
NUMBER = re.compile("[\u4e00-\u9fff]+〔\\d{4}〕\\d+号")
AXE = Axe()
# Of the page and all that it loads but charts, as compressed as it came, cached or not.
MOST_BYTES = 200_000
TRANSFERRED = """performance.getEntries().filter((one) => "encodedBodySize" in one &&
  !one.name.includes("echarts")).reduce((sum, one) => sum + one.encodedBodySize, 0)"""
# What the browser says of a page that answers 4xx.
REFUSED = "the server responded with a status of 4"


class Visitor:
    """One person's browser on the city's node. `examined` holds the page kinds already seen."""

    def __init__(self, page: Page, origin: str, examined: set[str], width: int) -> None:
        """Take a page of a new browser context; whatever it complains about is kept."""
        self.page, self.origin, self.examined, self.width = page, origin, examined, width
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(f"error: {error.stack or error}"))
        page.on("console", self._heard)

    def _heard(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.faults.append(f"{message.type}: {message.text} on {self.page.url}")

    def enter(self, organisation: str, title: str) -> None:
        """Sign in with the demo's one click, as that post of the first organisation so named."""
        self.goto("/sign-in/")
        house = self.page.locator(".identities > li").filter(
            has=self.page.get_by_role("heading", name=organisation)
        )
        self.follow(house.get_by_role("button", name=re.compile(rf"· {title}$")).first)

    def wear(self, role: str) -> None:
        """Look as another role of the own organisation, by the menu beside the name."""
        self.page.locator(".who summary").click()
        self.follow(self.page.locator(".who").get_by_role("button", name=role, exact=True))

    def goto(self, path: str) -> None:
        """Open an address as typed; the journeys do so only to begin."""
        self.page.goto(self.origin + path)
        self.look()

    def open(self, link: str, *, within: str = "body", exact: bool = False) -> None:
        """Follow the first visible link of that name."""
        place = self.page.locator(within)
        self.follow(place.get_by_role("link", name=link, exact=exact).first)

    def menu(self, entry: str) -> None:
        """Follow an entry of the main navigation, opening it first where the screen is narrow."""
        self.follow(self.page.locator("nav.main-nav").get_by_role("link", name=entry, exact=True))

    def press(self, button: str, *, within: str = "main", refused: bool = False) -> None:
        """Press the first button of that name and wait for the page that follows."""
        place = self.page.locator(within)
        self.follow(place.get_by_role("button", name=button).first, refused=refused)

    def follow(self, what: Locator, *, refused: bool = False) -> None:
        """Click, wait for the next page, and examine it; `refused` says it must answer no."""
        if not what.count():
            said = self.page.locator("body").inner_text()[:3000]
            raise AssertionError(f"{self.page.url} does not offer {what}:\n{said}")
        with self.page.expect_navigation(wait_until="load"):
            what.click()
        if refused:
            told = [fault for fault in self.faults if REFUSED in fault]
            assert len(told) == 1, f"{self.page.url} refused nothing: {self.faults}"
            self.faults.remove(told[0])
        self.look()

    def fill(self, label: str, value: str | date) -> None:
        """Fill in the first field of that label."""
        self.page.locator("main").get_by_label(label).first.fill(str(value))

    def choose(self, label: str, value: str) -> None:
        """Choose the first option whose words contain the value."""
        field = self.page.locator("main").get_by_label(label).first
        options = field.locator("option").all_text_contents()
        words = next((one for one in options if value in one), None)
        assert words is not None, f"{label} offers {options}, not {value}"
        field.select_option(label=words.strip())

    def tick(self, label: str) -> None:
        """Tick the first box or button of that label."""
        self.page.locator("main").get_by_label(label).first.check()

    def reads(self, *sentences: str) -> None:
        """Fail unless the page says each of them."""
        said = self.page.locator("body").inner_text()
        for sentence in sentences:
            assert sentence in said, f"{self.page.url} does not say {sentence}:\n{said[:3000]}"

    def drop(self, label: str, file: Path) -> None:
        """Let a file fall on the field of that label, as from a folder beside the browser."""
        bytes_ = base64.b64encode(file.read_bytes()).decode()
        self.page.locator("main").get_by_label(label).first.evaluate(
            """(field, [name, coded]) => {
              const bytes = Uint8Array.from(atob(coded), (one) => one.charCodeAt(0));
              const carried = new DataTransfer();
              carried.items.add(new File([bytes], name));
              for (const kind of ["dragenter", "dragover", "drop"])
                field.closest(".drop").dispatchEvent(
                  new DragEvent(kind, {bubbles: true, cancelable: true, dataTransfer: carried}));
            }""",
            [file.name, bytes_],
        )

    def paper(self, kind: str, text: str, **said: str | date) -> None:
        """Fill in a paper of that kind, opening its part of the form if need be.

        `said` are number, issuer, dated and receipt, where such a paper must carry them.
        """
        title = self.page.locator("details.paper > summary").filter(has_text=kind).first
        part = title.locator("..")
        if part.get_attribute("open") is None:
            title.click()
        part.get_by_label("内容或摘要").fill(text)
        for name, value in said.items():
            part.get_by_label(PAPER[name]).fill(str(value))

    def day(self, after: int = 0) -> date:
        """Return the day that many days after the one that the demo's banner shows."""
        said = self.page.locator(".banner").inner_text()
        year, month, number = (int(part) for part in DAY.findall(said)[0])
        return date(year, month, number) + timedelta(days=after)

    def working_days(self, days: int) -> None:
        """Move the demo's time by its button."""
        self.open("时间快进")
        self.press(f"快进 {days} 个工作日")

    def until(self, day: str) -> None:
        """Move the demo's time to that day."""
        self.open("时间快进")
        self.page.get_by_label("或快进到这一天").fill(day)
        self.follow(self.page.get_by_role("button", name="快进", exact=True))

    def in_english(self) -> None:
        """Read this page in English: what has English words stands in Chinese only as data."""
        self.follow(self.page.get_by_role("button", name="English", exact=True))
        said = NUMBER.sub("", self.page.locator("body").inner_text())
        left = sorted({one for one in CHINESE.findall(said) if _has_english(one)} - DATA)
        assert left == [], f"{self.page.url} in English still says {left}"
        found = AXE.run(self.page, options=RULES)
        assert found.violations_count == 0, f"{self.page.url}: {found.generate_report()}"
        self.follow(self.page.get_by_role("button", name="中文", exact=True))

    def look(self) -> None:
        """Wait until the page is ready; hold it to its policy, and each kind once to WCAG."""
        self.page.wait_for_selector("html[data-ready]", state="attached", timeout=20_000)
        assert self.page.evaluate("window.violations") == []
        said = self.page.locator("main").inner_text()[:2000]
        assert self.faults == [], f"{self.faults}\n{said}"
        kind = IDENTITY.sub("*", self.page.url.removeprefix(self.origin).split("?")[0])
        if kind not in self.examined:
            self.examined.add(kind)
            self._examine(kind)

    def _examine(self, kind: str) -> None:
        sent = self.page.evaluate(TRANSFERRED)
        assert sent <= MOST_BYTES, f"{kind} takes {sent} bytes"
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": 900})
            found = AXE.run(self.page, options=RULES)
            assert found.violations_count == 0, f"{kind} {width}px: {found.generate_report()}"
            wide = self.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{kind} is {wide}px wide on a screen of {width}px"
        self.page.set_viewport_size({"width": self.width, "height": 900})

    def picture(self, name: str) -> None:
        """Write docs/images/NAME.png when GONGSHU_IMAGES names that folder."""
        folder = os.environ.get("GONGSHU_IMAGES")
        if folder:
            self.page.screenshot(path=str(Path(folder) / f"{name}.png"), scale="css")


def shown(day: date) -> str:
    """Return a day as Chinese pages show it."""
    return f"{day.year}年{day.month}月{day.day}日"


def _has_english(words: str) -> bool:
    with translation.override("en"):
        return gettext(words) != words


@contextmanager
def visiting(
    browser: Browser, origin: str, examined: set[str], width: int = 1280
) -> Iterator[Visitor]:
    """Give a visitor with a browser context of their own; afterwards nothing went wrong."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, locale="zh-CN", reduced_motion="reduce"
    )
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.add_init_script(LISTEN)
    visitor = Visitor(page, origin, examined, width)
    yield visitor
    visitor.look()
    context.close()
