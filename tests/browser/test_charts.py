"""Charts: every kind is drawn from its table, and whatever a name holds is text."""

from __future__ import annotations

import json
import time
from html import escape
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser.stage import Reply, Stage

NASTY = (
    '<img src=x onerror="alert(1)">',
    "{b|加粗}与 {c}",
    "</text><script>alert(1)</script>",
    "\u202e反向局",
    "&lt;市&gt; 'a' \"b\"",
    "__proto__",
    "constructor",
)
DRAWN = {name: name.replace("\u202e", "").replace("{", "{\u200b") for name in NASTY}
SQUARES = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"name": name},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[n, 0], [n + 1, 0], [n + 1, 1], [n, 1], [n, 0]]],
            },
        }
        for n, name in enumerate([NASTY[0], NASTY[1], "__proto__", "东城区", "西城区"])
    ],
}
KINDS = ("bar", "line", "pie", "treemap", "heatmap", "map", "sankey", "graph")


def table(heads: list[str], rows: list[list[str]], identity: str = "t") -> str:
    """Return a table; headings may be written whole, cells are escaped."""
    head = "".join(h if h.startswith("<th") else f"<th>{h}</th>" for h in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in r) + "</tr>" for r in rows)
    head_and_body = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return f'<table id="{identity}">{head_and_body}</table>'


def rows_for(kind: str) -> tuple[list[str], list[list[str]]]:
    """Return headings and rows that suit the kind, with nasty names in them."""
    if kind in {"sankey", "graph"}:
        return ["来源", "去向", "次数"], [[name, "汇总", "3"] for name in NASTY]
    if kind == "map":
        return ["区县", "资源数"], [[NASTY[0], "5"], [NASTY[1], "12"], ["__proto__", "3"]]
    rows = [[name, f"{n * 1000:,}", f"{n + 2}"] for n, name in enumerate(NASTY, 1)]
    return ["单位", "办件", "逾期"], rows


def show(stage: Stage, kind: str) -> Page:
    """Open a page with one chart and its table."""
    stage.answer("GET", "/regions.geojson", SQUARES)
    source = 'data-source="#t" data-map="/regions.geojson"' if kind == "map" else 'data-source="#t"'
    page = stage.show(
        f'<figure data-chart="{kind}" {source}><figcaption>各部门逾期</figcaption></figure>'
        f"{table(*rows_for(kind))}"
    )
    page.wait_for_selector(".chart-drawing svg path", state="attached")
    return page


@pytest.mark.parametrize("stage", [1280, 390], indirect=True)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_drawn_under_the_policy(stage: Stage, kind: str) -> None:
    """The picture has shapes and says in words what it shows; the page grows no wider."""
    page = show(stage, kind)
    box = page.locator(".chart-drawing")
    assert box.locator("svg path").count() > 3
    assert "各部门逾期" in (box.get_attribute("aria-label") or "")
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width == page.viewport_size["width"]
    assert page.locator(".chart-failed").count() == 0
    # ECharts keeps things by name in plain objects: no name may reach the prototype of all.
    assert page.evaluate("Object.keys(Object.prototype).length") == 0


@pytest.mark.parametrize("kind", ["bar", "line", "heatmap"])
def test_names_are_text_in_the_picture(stage: Stage, kind: str) -> None:
    """No name makes an element or a style; each is there to read, shortened where it is long.

    Below a line there is room for some of the names only.
    """
    page = show(stage, kind)
    texts = page.locator(".chart-drawing svg text").all_text_contents()
    assert page.locator(".chart-drawing img, .chart-drawing script").count() == 0
    plain = [text.replace("\u200b", "") for text in texts]
    begins = {name: DRAWN[name].replace("\u200b", "")[:5] for name in NASTY}
    shown = [name for name in NASTY if any(text.startswith(begins[name]) for text in plain)]
    assert shown if kind == "line" else shown == list(NASTY)


def test_tooltips_are_text_as_well(stage: Stage) -> None:
    """Pointing at a bar shows its name and number as text of the picture, not as HTML."""
    page = show(stage, "bar")
    bar = page.locator(".chart-drawing svg path[fill='#1f5fae']").first.bounding_box()
    assert bar is not None
    page.mouse.move(bar["x"] + bar["width"] / 2, bar["y"] + bar["height"] / 2)
    shown = page.locator(".chart-drawing svg text").filter(has_text=NASTY[0])
    expect(shown.first).to_be_attached()
    assert page.locator(".chart-drawing > div").count() == 1  # The painter's own, and no tooltip.


def test_a_click_leads_to_the_list_that_a_bar_counts(stage: Stage) -> None:
    """The link in the row's cell is followed."""
    stage.answer("GET", "/late/", {})
    page = stage.show(
        '<figure data-chart="bar" data-source="#t"><figcaption>逾期</figcaption></figure>'
        "<table id=t><thead><tr><th>单位</th><th>件</th></tr></thead><tbody><tr>"
        '<td>甲局</td><td><a href="/late/">7</a></td></tr></tbody></table>'
    )
    bar = page.locator(".chart-drawing svg path[fill='#1f5fae']").first.bounding_box()
    assert bar is not None
    page.mouse.click(bar["x"] + bar["width"] / 2, bar["y"] + bar["height"] / 2)
    page.wait_for_url("**/late/")


def test_what_is_downloaded_is_what_is_shown(stage: Stage, tmp_path: Path) -> None:
    """CSV holds the table, with formulas made text; SVG and PNG hold the picture."""
    page = stage.show(
        '<figure data-chart="bar" data-source="#t"><figcaption>逾期</figcaption></figure>'
        + table(["单位", "件"], [["=1+1", "7"], ['甲,"局"', "-3"]])
    )
    files = {}
    for kind in ("CSV", "SVG", "PNG"):
        with page.expect_download() as waiting:
            page.get_by_role("button", name=kind).click()
        path = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(path)
        files[path.name] = path.read_bytes()
    lines = files["逾期.csv"].decode("utf-8-sig").splitlines()
    assert lines == ["单位,件", "'=1+1,7", '"甲,""局""",-3']
    assert files["逾期.svg"].startswith(b"<svg")
    assert files["逾期.png"].startswith(b"\x89PNG")
    assert len(files["逾期.png"]) > 2000


def test_a_table_from_an_address_is_put_beside(stage: Stage) -> None:
    """Where the numbers come later, their table comes with them."""
    numbers = table(["单位", "件"], [["甲局", "7"]]).encode()
    stage.answer("GET", "/numbers/", lambda _: Reply(200, numbers, "text/html; charset=utf-8"))
    page = stage.show('<figure data-chart="pie" data-source="/numbers/"></figure>')
    page.wait_for_selector(".chart-drawing svg path", state="attached")
    expect(page.locator("details table td").first).to_have_text("甲局")


def test_without_numbers_it_says_so(stage: Stage) -> None:
    """An empty table draws nothing and says what will be here."""
    page = stage.show(
        '<figure data-chart="bar" data-source="#t"></figure>' + table(["甲", "乙"], [])
    )
    expect(page.get_by_text("还没有可画的数据。")).to_be_visible()


def test_five_hundred_rows_are_drawn_at_once(stage: Stage) -> None:
    """A large table is a chart within a second, and what is left to the table is said."""
    rows = [[f"第{n}街道办事处", str(n * 7 % 101), str(n % 13)] for n in range(500)]
    figures = "".join(
        f'<figure data-chart="{kind}" data-source="#t"></figure>' for kind in ("bar", "line")
    )
    started = time.monotonic()
    page = stage.show(figures + table(["单位", "办件", "逾期"], rows))
    expect(page.locator(".chart-drawing svg")).to_have_count(2)
    assert time.monotonic() - started < 5
    expect(page.get_by_text("图中为前 30 项，其余 470 项见表。")).to_be_visible()
    took = page.evaluate(MEASURED, json.dumps(["bar", "line"]))
    assert took < 1000, took


MEASURED = """async (kinds) => {
  const found = document.querySelector('script[src*="site.js"]').src;
  const {attach} = await import(new URL("./chart.js", found));
  const figures = JSON.parse(kinds).map((kind) => {
    const figure = document.createElement("figure");
    Object.assign(figure.dataset, {chart: kind, source: "#t"});
    document.querySelector("main").append(figure);
    return figure;
  });
  const start = performance.now();
  await Promise.all(figures.map(attach));
  return performance.now() - start;
}"""


def test_regions_are_found_by_their_names(stage: Stage) -> None:
    """A region whose name holds braces is coloured by its row; one without a row stays pale."""
    page = show(stage, "map")
    texts = page.locator(".chart-drawing svg text").all_text_contents()
    assert any(text.startswith("{\u200bb|加粗}") for text in texts)
    colours = page.locator(".chart-drawing svg path").evaluate_all(
        "all => all.map((one) => one.getAttribute('fill'))"
    )
    assert colours.count("#f6f8fb") == 2
