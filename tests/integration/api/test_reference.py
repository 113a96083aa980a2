"""The API describes itself: every operation in full, offline, in two languages, nothing inline."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from gongshu.procedures import all_clauses
from gongshu.vocabulary.permissions import PERMISSIONS, SCOPES
from gongshu_server.api.api import document
from gongshu_server.api.description import operations
from gongshu_server.api.steps import names
from gongshu_server.journeys.basis import basis

pytestmark = pytest.mark.django_db(transaction=True)
OPERATIONS = {op["operationId"]: (path, method, op) for path, method, op in operations(document())}


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_operation_says_what_a_caller_has_to_know(name: str) -> None:
    _, _, operation = OPERATIONS[name]
    assert re.search("[\u4e00-\u9fff]", operation["summary"]), operation["summary"]
    assert re.match("[A-Z]", operation["x-summary-en"])
    good = [status for status in operation["responses"] if status.startswith("2")]
    assert len(good) == 1
    if operation.get("security"):
        assert {"401", "403"} <= set(operation["responses"])
        assert set(operation["x-scopes"]) <= set(SCOPES)
    for status in set(operation["responses"]) - set(good):
        assert "application/problem+json" in operation["responses"][status]["content"]


@pytest.mark.parametrize("name", names())
def test_every_action_names_permission_scope_and_clause(name: str) -> None:
    rests = basis(name)
    assert rests.zh
    assert rests.scopes or name == "accounts.revoke_delegation"
    assert set(rests.permissions) <= set(PERMISSIONS)
    assert set(rests.clauses) <= {one.code for one in all_clauses()}
    if rests.steps:
        assert rests.clauses


def untyped(form: Any) -> bool:
    return not (form.keys() & {"$ref", "type", "anyOf", "enum", "allOf", "const"})


def test_answers_are_typed() -> None:
    for name, (_, _, operation) in OPERATIONS.items():
        for status, response in operation["responses"].items():
            for content in response.get("content", {}).values():
                assert not untyped(content["schema"]), (name, status)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize(
    "path",
    ["", "/market.place_order", "/get.casework.case", "/schemas/MarketOrder", "/schemas/Problem"],
)
def test_the_pages_stand_alone(language: str, path: str) -> None:
    client = Client()
    client.cookies["django_language"] = language
    reply = client.get(f"/api/v1/docs{path}")
    text = reply.content.decode()
    assert reply.status_code == 200
    assert "script-src 'self'" in reply["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|style=|\son\w+=|https?://(?!www.w3.org)", text)
    assert len(reply.content) < 200_000


def test_the_page_of_an_action_says_who_on_which_clause() -> None:
    text = Client().get("/api/v1/docs/market.place_order").content.decode()
    for said in ("order.place", "market", "Idempotency-Key", "412", "MarketOrder"):
        assert said in text, said


def test_in_english_nothing_is_left_in_chinese() -> None:
    client = Client()
    client.cookies["django_language"] = "en"
    text = client.get("/api/v1/docs").content.decode()
    # What stands in brackets is the law's own word, given beside the English one.
    main = re.sub(r"[(（][^)）]*[)）]", "", text[text.index("<main") : text.index("</main")])
    assert not re.search("[\u4e00-\u9fff]", main), re.findall("[\u4e00-\u9fff]+", main)[:5]


def test_the_document_is_the_committed_one() -> None:
    assert Client().get("/api/v1/openapi.json").json() == document()


@pytest.mark.parametrize("path", ["/nothing", "/schemas/Nothing"])
def test_what_there_is_not_is_not_found(path: str) -> None:
    assert Client().get(f"/api/v1/docs{path}").status_code == 404
