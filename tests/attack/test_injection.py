"""Known attack strings in every place that takes text: no answer but the ordinary one, no 500."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote, quote_from_bytes

import pytest

from attack.conftest import Town, assert_nothing_inner, assert_problem

pytestmark = [pytest.mark.xdist_group("attack")]

SQL = ("libinjection/*.txt", "payloadbox/detect/**/*.txt")
TRAVERSAL = ("path-traversal/*.txt",)
ENOUGH = 120


def sample(shared: Path, patterns: Sequence[str], number: int) -> list[bytes]:
    """Return some lines of the corpora, the same in every run."""
    folder = shared / "data" / "sql"
    paths = sorted({path for pattern in patterns for path in folder.glob(pattern)})
    assert paths, folder
    lines = {line for path in paths for line in path.read_bytes().split(b"\n") if line.strip()}
    return random.Random(41).sample(sorted(lines), number)


def texts(shared: Path) -> list[str]:
    """Return SQL injections as text."""
    lines = sample(shared, SQL, ENOUGH)
    return [line.decode("utf-8", "replace").strip("\r") for line in lines]


def test_as_subject_key_purpose_and_items(town: Town, shared: Path) -> None:
    """The four places where a product call takes text."""
    for text in texts(shared):
        subject = town.verify(text)
        # A party is told that this is no credit code, or that the register knows none like it.
        assert (subject.status, subject.kind) in {
            (400, "application/problem+json"),
            (200, "application/json"),
            (429, "application/problem+json"),
        }, (text, subject)
        assert subject.status != 200 or subject.json["answer"] == "查无记录"
        other = town.verify(town.known["subjects"]["licensed"], purpose=text, items=text)
        assert other.status == 403, (text, other)
        assert_problem(other)
        assert_nothing_inner(subject)


def test_as_keys_and_products(town: Town, shared: Path) -> None:
    target = f"/v1/products/{town.known['products']['product.verification']}/verify"
    plain = town.ask("POST", target, body={"key": "x"})
    for text in texts(shared):
        header = text.replace("\x00", " ").replace("\r", " ")
        answer = town.ask("POST", target, key=header, body={"key": "x"})
        assert answer.same_to_everybody == plain.same_to_everybody, text
        assert town.ask("GET", "/api/v1/me", key=header).status == 401, text
        product = town.ask("POST", f"/v1/products/{quote(text, safe='')}/verify", body={"key": "x"})
        assert product.status == 404, text
        assert_nothing_inner(product)


def test_as_ids_and_filters_of_the_api(town: Town, shared: Path) -> None:
    for text in texts(shared):
        inside = quote(text, safe="")
        for path in ("cases", "resources", "registrations/by-code"):
            answer = town.ask("GET", f"/api/v1/{path}/{inside}", by="bureau.head")
            assert answer.status == 404, (path, text, answer)
            assert_problem(answer)
        page = town.ask("GET", f"/api/v1/cases?after={inside}", by="insurer.handler")
        # What is no cursor is refused; what could be one leads to an empty page.
        assert page.status in {200, 422}
        assert_nothing_inner(page)
        assert town.ask("GET", f"/registrations/?code={inside}").status in {200, 404}


def test_as_what_actions_are_given(town: Town, shared: Path) -> None:
    """Ids that nothing has, and queries that the clean room does not let in."""
    for text in texts(shared)[: ENOUGH // 2]:
        answer = town.act("catalogue.publish", "bureau.head", resource_id=text)
        assert answer.status in {404, 422}, (text, answer)
        assert_problem(answer)
        task = town.known["ids"]["Task"][0]
        drafted = town.act(
            "workshop.draft", "developer.developer", task_id=task, sql=text, exit="export"
        )
        assert drafted.status in {403, 422}, (text, drafted)
        assert_problem(drafted)


def test_paths_lead_nowhere(town: Town, shared: Path) -> None:
    """Below the folders that are public nothing but what is public is reached."""
    missing = town.ask("GET", "/ledger/nothing")
    assert missing.status == 404
    for line in sample(shared, TRAVERSAL, ENOUGH):
        line = line.strip(b"\r").lstrip(b"/")
        for prefix in (b"/ledger/", b"/static/", b"/v1/products/", b"/"):
            for tail in (line, quote_from_bytes(line, safe="%").encode()):
                safe = tail.replace(b" ", b"%20").replace(b"\x00", b"%00")
                answer = town.ask("GET", prefix + safe)
                assert answer.status in {301, 302, 400, 404}, (prefix, tail, answer)
                assert b"root:" not in answer.body
                assert_nothing_inner(answer)
