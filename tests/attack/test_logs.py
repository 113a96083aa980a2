"""Nothing that came with a request is in the log: no key, no subject, no name (S11)."""

from __future__ import annotations

import logging
import sys
from typing import Any
from urllib.parse import quote

import pytest

from attack.conftest import Town
from gongshu_server.log_lines import DiscreetFormatter

pytestmark = [pytest.mark.xdist_group("attack")]
PERSON = "110101199003074514"
NAME = "张三丰记号"


def test_no_address_and_no_body_is_repeated(town: Town) -> None:
    """Right and wrong calls of every door, with an identity number wherever one can stand."""
    before = len(town.server.log())
    name = quote(NAME)
    key = "gs_" + PERSON * 2
    for path in (f"/{PERSON}", f"/ledger/{PERSON}", f"/registrations/?code={PERSON}{name}"):
        town.ask("GET", path)
    for path in (
        f"cases/{PERSON}",
        f"resources/{name}",
        f"nothing/{PERSON}?x={name}",
        "cases/\xa0",
    ):
        town.ask("GET", f"/api/v1/{path}".encode(), by="bureau.head")
    town.ask("GET", f"/v1/products/{PERSON}/verify?key={PERSON}", key=key)
    town.ask("PUT", f"/v1/products/{PERSON}/verify?key={PERSON}", key=key)
    town.ask("GET", f"/v1/products/{name}/other/{PERSON}", key=key)
    town.verify(PERSON, purpose=NAME, items=PERSON)
    town.act("catalogue.publish", "bureau.head", resource_id=PERSON)
    town.ask("POST", "/api/v1/actions/catalogue/publish", by="bureau.head", body=PERSON.encode())
    huge = (PERSON * 200_000).encode()
    town.ask("POST", "/api/v1/actions/catalogue/publish", by="bureau.head", body=huge)
    town.ask("GET", "/", host=f"{PERSON}.example")
    said = town.server.log()
    assert len(said) > before  # It does say that something was refused.
    assert PERSON not in said
    assert NAME not in said
    assert name not in said


def formatted(record: logging.LogRecord) -> str:
    """Return the line of a record."""
    return DiscreetFormatter().format(record)


def record(logger: str, message: str, *args: Any, **more: Any) -> logging.LogRecord:
    """Return a record as a logger makes it, with the exception that is being handled."""
    raised = sys.exc_info() if sys.exc_info()[0] else None
    made = logging.LogRecord(logger, logging.ERROR, __file__, 7, message, args, raised, "where")
    made.__dict__.update(more)
    return made


def test_an_exception_is_named_and_placed_and_not_quoted() -> None:
    try:
        raise ValueError(f"cell {PERSON} of {NAME}")
    except ValueError:
        line = formatted(record("django.request", "Internal Server Error: %s", f"/{PERSON}"))
    assert PERSON not in line
    assert "ValueError at " in line
    assert "test_logs.py:" in line


def test_a_librarys_message_is_written_as_far_as_it_stands_in_its_source() -> None:
    assert "retrying %s" in formatted(record("somebody.client", "retrying %s", PERSON))
    assert PERSON not in formatted(record("asyncio", f"exception was never retrieved: {PERSON}"))


def test_the_nodes_own_messages_are_written_whole() -> None:
    line = formatted(record("gongshu_server.jobs.worker", "periodic %s: %s", "seal", "ledger_gap"))
    assert line == "ERROR gongshu_server.jobs.worker: periodic seal: ledger_gap"


def test_a_refusal_names_the_pattern_that_its_address_matched() -> None:
    class Match:
        route = "ledger/<path:path>"

    class Request:
        method = "GET"
        resolver_match = Match()

    more = {"status_code": 404, "request": Request()}
    line = formatted(record("django.request", "Not Found: %s", f"/{PERSON}", **more))
    assert line == "ERROR django.request: 404 GET ledger/<path:path>"
