"""The pages: they answer, empty and full, under a strict policy, and show markup as text."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from gongshu_server.accounts.models import Organisation
from gongshu_server.portal import pages
from integration.city import City

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def story() -> Path:
    path = Path(settings.HOME) / pages.STORY
    yield path
    path.unlink(missing_ok=True)


@pytest.mark.parametrize("path", ["/", "/disclosure/", "/registrations/"])
def test_a_page_answers_without_a_key_and_under_a_strict_policy(city: City, path: str) -> None:
    reply = Client().get(path)
    assert reply.status_code == 200
    policy = reply["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    text = reply.content.decode()
    assert re.findall(r"<script(?![^>]* src=)", text) == []
    assert "style=" not in text
    assert 'lang="zh-CN"' in text


def test_the_front_page_says_what_to_do_first(city: City) -> None:
    assert "gongshu demo" in Client().get("/").content.decode()


def test_the_front_page_tells_the_story_with_its_clauses(city: City, story: Path) -> None:
    scene = {
        "name": "<b>一幕</b>",
        "clauses": ["809-13"],
        "expected": "",
        "outcome": "好",
        "ok": True,
        "seconds": 1,
        "data": "generated",
    }
    story.write_text(json.dumps({"scenes": [scene], "ended": "今天", "calls": []}), "utf-8")
    text = Client().get("/").content.decode()
    assert "809号" in text
    assert "&lt;b&gt;一幕&lt;/b&gt;" in text
    assert "<b>一幕</b>" not in text


def test_a_demo_says_so_on_every_page(demo_city: City) -> None:
    for path in ("/", "/disclosure/", "/registrations/"):
        assert "演示节点" in Client().get(path).content.decode()


def test_a_real_node_does_not(city: City) -> None:
    assert "演示节点" not in Client().get("/").content.decode()


def test_an_unknown_code_is_answered_in_plain_words(city: City) -> None:
    reply = Client().get("/registrations/", {"code": "<script>alert(1)</script>"})
    assert reply.status_code == 404
    assert "没有这个登记结果查询码" in reply.content.decode()
    assert "<script>" not in reply.content.decode()


def test_names_are_text_on_every_page(city: City) -> None:
    Organisation.objects.update(name="<img src=x onerror=alert(1)>")
    assert "<img" not in Client().get("/disclosure/").content.decode()


@pytest.mark.parametrize(
    "path", ["../keys/node.secret", "..%2fkeys%2fnode.secret", "/etc/passwd", "checkpoint/.."]
)
def test_only_the_public_ledger_is_served(city: City, path: str) -> None:
    assert Client().get(f"/ledger/{path}").status_code == 404


def test_pages_are_read_only(city: City) -> None:
    assert Client().post("/").status_code == 405
