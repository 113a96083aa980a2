"""Styles and scripts: all local, as the manifest says, small, and of our design."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest
from django.template.loader import render_to_string

from gongshu_server.portal.assets import FOLDER

ROOT = Path(__file__).resolve().parents[3]
VENDOR = FOLDER / "vendor"
TEMPLATES = FOLDER.parent / "templates"
MANIFEST = json.loads((VENDOR / "manifest.json").read_text("utf-8"))
LICENCES = {"0BSD", "Apache-2.0", "BSD-3-Clause", "MIT"}
HEAD = re.findall(r'="/static/[0-9a-f]{16}/([^"]+)"', render_to_string("portal/head.html"))
OWN = sorted(path for path in FOLDER.rglob("*") if path.is_file() and VENDOR not in path.parents)


def folder(product: dict) -> Path:
    return VENDOR / f"{product['name']}-{product['version']}"


def test_the_vendored_files_are_those_of_the_manifest() -> None:
    """Every file has the digest that was written when it was built, and there is no other."""
    listed = {
        f"{folder(product).name}/{name}": digest
        for product in MANIFEST
        for name, digest in product["files"].items()
    }
    found = {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
    assert found == listed


def test_the_manifest_is_of_the_pinned_packages() -> None:
    """What was built is what vendor/package.json pins exactly, under licences that we may use."""
    pins = json.loads((ROOT / "vendor" / "package.json").read_text("utf-8"))["dependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in pins.values())
    inside = {one["name"]: one for product in MANIFEST for one in product["contains"]}
    built = pins.keys() - {"esbuild", "sass"}
    assert {name: inside[name]["version"] for name in built} == {name: pins[name] for name in built}
    assert {one["licence"] for one in inside.values()} <= LICENCES
    for product in MANIFEST:
        text = (folder(product) / "LICENSE.txt").read_text("utf-8")
        assert all(f"{one['name']} {one['version']}" in text for one in product["contains"])


def test_no_lock_holds_an_address() -> None:
    """The lock pins by digest; where packages come from is each machine's own affair."""
    lock = json.loads((ROOT / "vendor" / "package-lock.json").read_text("utf-8"))
    packages = {name: one for name, one in lock["packages"].items() if name}
    assert len(packages) > 10
    assert all(one["integrity"] and "resolved" not in one for one in packages.values())


def test_a_page_without_charts_is_light() -> None:
    """What every page loads stays within 60 KB compressed, of the 200 KB that a page may have."""
    loaded = [FOLDER / name for name in HEAD]
    assert len(loaded) >= 5
    always = {"guard.js", "dialogs.js", "words.js", "request.js"}
    loaded += [FOLDER / "js" / name for name in always]
    sizes = {path.name: len(gzip.compress(path.read_bytes(), 9)) for path in loaded}
    assert sum(sizes.values()) <= 60_000, sizes


def test_a_page_that_fetches_a_part_anew_loads_what_that_needs() -> None:
    """Only such pages load htmx; one that forgot it would stand still."""
    pages = [path.read_text("utf-8") for path in TEMPLATES.rglob("*.html")]
    fetching = [text for text in pages if "hx-get=" in text]
    assert len(fetching) >= 4
    assert [text for text in fetching if 'include "portal/htmx.html"' not in text] == []


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_our_files_load_nothing_from_elsewhere(path: Path) -> None:
    """No address of another host, no inline handler, no evaluation; imports lead to files."""
    text = path.read_text("utf-8")
    if path.suffix != ".svg":
        addresses = set(re.findall(r"https?://[^\"'\s)]+", text))
        assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert not re.search(
        r"\beval\(|new Function|innerHTML|insertAdjacentHTML|document\.write", text
    )
    for wanted in re.findall(r"""(?:from|import)\s*\(?\s*["'](\.[^"']+)["']""", text):
        assert (path.parent / wanted).is_file(), wanted


def test_our_styles_keep_to_the_design() -> None:
    """No italics, no gradients, and every colour name is a token that exists."""
    text = "".join(path.read_text("utf-8") for path in OWN if path.suffix == ".css")
    assert "italic" not in text
    assert "gradient" not in text
    used, set_ = (
        set(re.findall(r"var\((--[a-z-]+)", text)),
        set(re.findall(r"(--[a-z-]+)\s*:", text)),
    )
    assert used <= set_
