"""Requests drawn from the OpenAPI document: no failure, no odd answer, no success without right."""

from __future__ import annotations

import copy
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import requests
import schemathesis

from attack.conftest import Town
from attack.fuzzing import Caller, Fuzzer
from crash.serving import Served
from gongshu_server.api.api import document

pytestmark = [pytest.mark.xdist_group("attack"), pytest.mark.clause("27-21")]
# `make fuzz` asks for more of each operation than a run of all tests has time for.
EXAMPLES = int(os.environ.get("GONGSHU_FUZZ_EXAMPLES", "2"))
PEOPLE = {
    "department": "emergency.head",
    "operator": "operator.handler",
    "developer": "developer.developer",
    "buyer": "insurer.handler",
    "auditor": "audit.auditor",
}


@pytest.fixture(scope="module")
def fuzzer(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzer]:
    """A copy of the town, so that what comes of it disturbs no other test, and its callers."""
    keys = {name: town.known["keys"][person] for name, person in PEOPLE.items()}
    made = town.act("accounts.issue_key", "bureau.head", label="只读", scopes=["read"])
    keys["reader"] = made.json["clear"]
    home = tmp_path_factory.mktemp("fuzzed") / "home"
    shutil.copytree(town.home, home, ignore=shutil.ignore_patterns("node.sqlite3*"))
    with (
        closing(sqlite3.connect(town.home / "node.sqlite3")) as source,
        closing(sqlite3.connect(home / "node.sqlite3")) as target,
    ):
        source.backup(target)
    with Served(home, workers=1) as server:
        address = f"http://127.0.0.1:{server.port}"
        callers = [Caller(""), *(known(address, name, key) for name, key in keys.items())]
        yield Fuzzer(address, callers, town.known["ids"])
        assert "Traceback" not in server.log()


def known(address: str, name: str, key: str) -> Caller:
    headers = {"Authorization": f"Bearer {key}"}
    said = requests.get(f"{address}/api/v1/me", headers=headers, timeout=30).json()
    return Caller(name, key, *(frozenset(said[part]) for part in ("roles", "duties", "scopes")))


def test_nothing_fails_and_nobody_gets_what_is_not_theirs(fuzzer: Fuzzer) -> None:
    found = list(fuzzer.run(document(), EXAMPLES))
    assert not found, "\n".join(found[:20])
    # Each of them got through often enough for the rest to mean anything; most lists are theirs.
    assert fuzzer.done[""] >= 10
    assert min(fuzzer.done[name] for name in (*PEOPLE, "reader")) >= 40, fuzzer.done


def attempt(fuzzer: Fuzzer, described: dict[str, Any], path: str, method: str) -> list[str]:
    operation = schemathesis.openapi.from_dict(described)[path][method]
    with requests.Session() as session:
        return fuzzer.attempt(operation, session, 2)


def test_a_success_without_permission_is_seen(fuzzer: Fuzzer) -> None:
    """The same key, said to be somebody's who may nothing."""
    honest = next(one for one in fuzzer.callers if one.name == "buyer")
    liar = Fuzzer(fuzzer.address, [Caller("nobody", honest.key)], fuzzer.ids)
    found = attempt(liar, document(), "/api/v1/cases", "GET")
    assert any("without permission" in fault for fault in found)


def test_an_answer_in_another_form_is_seen(fuzzer: Fuzzer) -> None:
    described = copy.deepcopy(document())
    described["components"]["schemas"]["AccountsActor"]["required"].append("nothing")
    found = attempt(fuzzer, described, "/api/v1/me", "GET")
    assert any("nothing" in fault for fault in found)


def test_a_status_that_is_not_described_is_seen(fuzzer: Fuzzer) -> None:
    described = copy.deepcopy(document())
    described["paths"]["/api/v1/me"]["get"]["responses"].pop("401")
    assert any("401" in fault for fault in attempt(fuzzer, described, "/api/v1/me", "GET"))
