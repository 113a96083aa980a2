"""Static files: an address for ever, compressed, asked about again, and nothing outside."""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.http import HttpResponse
from django.template import Context, Template
from django.test import Client

from gongshu_server.portal import assets

pytestmark = pytest.mark.django_db  # The page that says 404 asks whether this is a demo.

TEXT = "body { color: #123 }\n" * 100
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 1000


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    home = tmp_path.resolve() / "static"
    shutil.copytree(assets.FOLDER, home)  # The page that says 404 names some of them.
    (home / "page.css").write_text(TEXT)
    (home / "vendor" / "short.js").write_text("1")
    (home / "picture.png").write_bytes(PNG)
    monkeypatch.setattr(assets, "FOLDER", home)
    return home


def address(name: str) -> str:
    return Template(f'{{% asset "{name}" %}}').render(Context())


def get(url: str, **headers: str) -> HttpResponse:
    return Client().get(url, headers=headers)


def test_the_tag_gives_an_address_that_is_kept_for_ever(folder: Path) -> None:
    reply = get(address("page.css"))
    assert reply.status_code == 200
    assert reply.content.decode() == TEXT
    assert reply["Content-Type"] == "text/css; charset=utf-8"
    assert reply["Cache-Control"] == "public, max-age=31536000, immutable"
    assert reply["X-Content-Type-Options"] == "nosniff"


def test_a_new_content_has_a_new_address_and_the_old_one_is_not_kept(folder: Path) -> None:
    old = address("page.css")
    (folder / "page.css").write_text("p { margin: 0 }")
    assert address("page.css") != old
    reply = get(old)
    assert reply.content == b"p { margin: 0 }"
    assert reply["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("url", ["/static/page.css", "/static/0123456789abcdef/page.css"])
def test_an_address_without_the_digest_is_asked_about_again(folder: Path, url: str) -> None:
    reply = get(url)
    assert reply.content.decode() == TEXT
    assert reply["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("accepted", ["gzip", "br;q=1, gzip ; q=0.5", "*", "GZIP"])
def test_who_takes_gzip_gets_it_and_it_is_made_once(folder: Path, accepted: str) -> None:
    assets._packed.cache_clear()
    for _ in range(2):
        reply = get(address("page.css"), accept_encoding=accepted)
        assert reply["Content-Encoding"] == "gzip"
        assert int(reply["Content-Length"]) == len(reply.content) < len(TEXT) / 4
        assert gzip.decompress(reply.content).decode() == TEXT
        assert "Accept-Encoding" in reply["Vary"]
    assert assets._packed.cache_info().misses == 1


@pytest.mark.parametrize("accepted", ["", "identity", "gzip;q=0", "*;q=0.0, br", "gzip;q=0, *"])
def test_who_does_not_take_gzip_gets_it_plain(folder: Path, accepted: str) -> None:
    reply = get(address("page.css"), accept_encoding=accepted)
    assert "Content-Encoding" not in reply
    assert reply.content.decode() == TEXT


@pytest.mark.parametrize("name", ["vendor/short.js", "picture.png"])
def test_what_does_not_get_smaller_stays_plain(folder: Path, name: str) -> None:
    reply = get(address(name), accept_encoding="gzip")
    assert "Content-Encoding" not in reply
    assert reply.content == (folder / name).read_bytes()


def test_who_has_it_is_told_so_with_the_headers_that_keep_it(folder: Path) -> None:
    url = address("page.css")
    plain, packed = get(url), get(url, accept_encoding="gzip")
    assert plain["ETag"] != packed["ETag"]
    again = get(url, if_none_match=plain["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    assert again["Cache-Control"] == plain["Cache-Control"]
    assert get(url, if_none_match='"another"').status_code == 200
    assert get(url, if_none_match=f"W/{packed['ETag']}", accept_encoding="gzip").status_code == 304


@pytest.mark.parametrize(
    "name",
    [
        "../page.css",
        "vendor/../../outside.css",
        "..%2foutside.css",
        "%2e%2e/outside.css",
        "/etc/passwd",
        ".hidden.css",
        "vendor/.hidden.css",
        "vendor",
        "vendor/",
        "vendor//short.js",
        "page.css%0a",
        "page.css%00.css",
        "linked.css",
        "away/outside.css",
        "code.py",
        "missing.css",
        "..\\outside.css",
    ],
)
def test_nothing_else_is_served(folder: Path, name: str) -> None:
    (folder.parent / "outside.css").write_text("secret")
    (folder / ".hidden.css").write_text("secret")
    (folder / "vendor" / ".hidden.css").write_text("secret")
    (folder / "code.py").write_text("secret")
    (folder / "linked.css").symlink_to(folder.parent / "outside.css")
    (folder / "away").symlink_to(folder.parent, target_is_directory=True)
    for url in (f"/static/{name}", f"/static/0123456789abcdef/{name}"):
        reply = get(url)
        assert reply.status_code == 404
        assert b"secret" not in reply.content


def test_a_page_that_names_a_missing_file_is_wrong(folder: Path) -> None:
    with pytest.raises(FileNotFoundError, match="missing"):
        address("missing.css")


def test_only_reading_is_allowed(folder: Path) -> None:
    url = address("page.css")
    assert Client().head(url).status_code == 200
    assert Client().post(url).status_code == 405


def test_every_file_of_the_node_is_of_a_kind_that_is_served() -> None:
    for place, _, names in os.walk(assets.FOLDER):
        for name in names:
            relative = (Path(place) / name).relative_to(assets.FOLDER).as_posix()
            assert get(address(relative)).status_code == 200
