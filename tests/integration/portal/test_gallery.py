"""The page of components: everything in all its states, on demo nodes alone."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from gongshu_server.portal.gallery import samples
from integration.city import City
from integration.portal.reader import opened

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_component_is_shown_in_every_state(demo_city: City) -> None:
    page = opened(Client(), "/components/")
    for words in (
        "已逾期",
        "起暂停",
        "原因：一次性告知补正",
        "已办结",
        "暂定，节假日安排未公布",
        "承诺（记录并监督",
        "已用 812 次",
        "gongshu ledger receipt receipt-01K87B3EM0JSZWH5HHG81YVPZR.json --key ledger.vkey",
        "正在存证，几秒后可以下载回执文件",
        "没有取自任何数据项",
        "允许的",
        "未定级",
    ):
        assert words in page, words
    assert "<svg" in page
    assert 'href="/ledger/verify/"' in page


def test_markup_in_names_is_text_in_every_component(demo_city: City) -> None:
    page = opened(Client(), "/components/")
    assert samples.MARKUP not in page
    assert page.count("&lt;b&gt;名称&lt;/b&gt;") >= 5


def test_a_real_node_has_no_such_page(city: City) -> None:
    opened(Client(), "/components/", status=404)


def test_an_overdue_limit_says_by_how_much(demo_city: City) -> None:
    page = " ".join(opened(Client(), "/components/").split())
    assert re.search("已逾期 [1-6] 个工作日", page)
