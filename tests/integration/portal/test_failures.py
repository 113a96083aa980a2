"""Pages of failures: one sentence in the reader's language, without a query, repeating nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.utils import translation

from gongshu_server.portal import failures

CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.mark.django_db
def test_a_page_that_is_not_there_speaks_the_readers_language(
    django_assert_num_queries: Any,
) -> None:
    client = Client()
    with django_assert_num_queries(0):
        said = client.get("/no/such/<page>/")
    assert said.status_code == 404
    assert "没有这一页" in said.content.decode()
    assert "such" not in said.content.decode()
    client.cookies["django_language"] = "en"
    text = client.get("/no/such/<page>/").content.decode()
    assert "There is no such page" in text
    assert '<html lang="en">' in text
    assert not CHINESE.search(text)


@pytest.mark.django_db
def test_a_form_from_elsewhere_is_told_so_in_both_languages() -> None:
    client = Client(enforce_csrf_checks=True)
    for language, words in (("zh-hans", "表单已失效"), ("en", "no longer valid")):
        client.cookies["django_language"] = language
        said = client.post("/sign-in/", {"name": "x"})
        assert said.status_code == 403
        assert words in said.content.decode()


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (lambda request: failures.bad_request(request, ValueError()), 400),
        (lambda request: failures.forbidden(request, PermissionError()), 403),
        (failures.server_error, 500),
    ],
)
def test_each_failure_is_whole_in_english(answer: Any, status: int) -> None:
    with translation.override("en"):
        said = answer(RequestFactory().get("/"))
    assert said.status_code == status
    assert not CHINESE.search(said.content.decode())
