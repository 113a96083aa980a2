"""Links between documents lead somewhere, and files that documents name exist."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted(p for p in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")))
LINK = re.compile(r"\]\(([^)\s]+)\)")
ANCHOR = re.compile(r'<a id="([^"]+)"></a>')
NAMED = re.compile(r"`((?:tests|src|docs|scripts|benchmarks|requirements)/[\w./*-]+)`")
WORKSHOP = re.compile(r"`(workshop/\w+\.py)`")
MODULE = re.compile(r"`(gongshu(?:_server)?(?:\.\w+)+)`")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


def links(page: Path) -> list[str]:
    """Return the page's links to other files of the repository and to its own headings."""
    found = LINK.findall(page.read_text(encoding="utf-8"))
    return [link for link in found if "://" not in link]


def anchors(page: Path) -> set[str]:
    """Return what a link may point to within a page: its ids, and its headings as slugs."""
    text = page.read_text(encoding="utf-8")
    slugs = {
        re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-")
        for title in HEADING.findall(text)
    }
    return slugs | set(ANCHOR.findall(text))


def broken(page: Path) -> list[str]:
    """Return the links of a page that lead nowhere."""
    lost = []
    for link in links(page):
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.is_file() and anchor not in anchors(target)):
            lost.append(link)
    return lost


@pytest.mark.parametrize("page", PAGES, ids=[str(p.relative_to(ROOT)) for p in PAGES])
def test_every_link_leads_somewhere(page: Path) -> None:
    assert not broken(page)


@pytest.mark.parametrize("page", PAGES, ids=[str(p.relative_to(ROOT)) for p in PAGES])
def test_every_file_that_is_named_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    server = ROOT / "src" / "gongshu_server"
    missing = [name for name in NAMED.findall(text) if not list(ROOT.glob(name))]
    missing += [name for name in WORKSHOP.findall(text) if not (server / name).is_file()]
    assert not missing


def test_every_module_that_the_security_page_names_exists() -> None:
    for name in MODULE.findall((ROOT / "SECURITY.md").read_text(encoding="utf-8")):
        path = ROOT / "src" / Path(*name.split("."))
        assert path.is_dir() or path.with_suffix(".py").is_file(), name


def test_every_security_property_names_its_attacker_its_tests_and_what_is_left_open() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    parts = re.split(r"^## (S\d+b?) ", text, flags=re.MULTILINE)
    properties = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert list(properties) == [*(f"S{n}" for n in (1, 2, 3, 4)), "S4b", *_rest()]
    for name, said in properties.items():
        for word in ("**防**", "**模块**", "**测试**", "**没有覆盖**"):
            assert word in said, f"{name} says nothing under {word}"


def _rest() -> list[str]:
    return [f"S{n}" for n in range(5, 14)]


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# 甲\n[a](other.md) [b](#甲) [c](#乙)\n", encoding="utf-8")
    assert broken(page) == ["other.md", "#乙"]
