"""Nothing that came with a request is in the log: no key, no subject, no name (S11)."""

from __future__ import annotations

import json
import logging
import subprocess
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


NASTY = (
    PERSON,
    "11010119900307451X",
    "91330100MA2AAAAA1X",
    "13812345678",
    "gs_" + "k" * 43,
    "gsa_01K8PRVM309204J6RR7RNVY85G.1790000000.aabbcc.ddee",
    "Bearer abcdef0123456789",
)


@pytest.mark.parametrize("form", ["text", "json", "quiet"])
@pytest.mark.parametrize("nasty", NASTY)
def test_nothing_nasty_gets_through_any_logger(form: str, nasty: str) -> None:
    """As message, argument, exception text, field, path and header, of our loggers and others."""
    format_ = DiscreetFormatter(form).format

    class Request:
        method = "GET"
        path = f"/{nasty}"
        headers = {"Authorization": nasty}
        resolver_match = None

    said = []
    for logger in ("gongshu_server.jobs.worker", "django.request", "asyncio", "_granian", ""):
        try:
            raise KeyError(nasty)
        except KeyError:
            said.append(format_(record(logger, f"failed {nasty}")))
            said.append(format_(record(logger, "failed %s", nasty)))
            said.append(format_(record(logger, "%d", nasty)))
            said.append(format_(record(logger, "x", fields={"route": nasty, "person": nasty})))
            said.append(format_(record(logger, f"/{nasty}", status_code=500, request=Request())))
    assert len(said) == 25
    for line in said:
        assert nasty not in line
        assert "\n" not in line
    assert sum("KeyError at " in line for line in said) == 25


def test_what_the_second_net_takes_is_blotted_out_and_the_rest_stays() -> None:
    line = formatted(
        record("gongshu_server.x", "case %s of %s", "01K8PRVM309204J6RR7RNVY85G", PERSON)
    )
    assert line == "ERROR gongshu_server.x: case 01K8PRVM309204J6RR7RNVY85G of […]"


def test_a_json_line_is_one_object_with_known_fields_alone() -> None:
    made = record(
        "gongshu_server.upkeep.requests",
        "request",
        fields={"id": "x", "route": "cases/<str:case_id>/", "status": 200, "ms": 1.5, "name": NAME},
    )
    value = json.loads(DiscreetFormatter("json").format(made))
    assert value.pop("at").startswith("20")
    assert value == {
        "level": "ERROR",
        "logger": "gongshu_server.upkeep.requests",
        "said": "request",
        "id": "x",
        "route": "cases/<str:case_id>/",
        "status": 200,
        "ms": 1.5,
    }


def test_another_librarys_fields_are_not_written() -> None:
    assert NAME not in formatted(record("somebody.else", "x", fields={"route": NAME}))


@pytest.mark.parametrize("thread", [False, True])
def test_what_nobody_has_caught_is_reported_without_its_text(thread: bool) -> None:
    code = f"""
import threading
from gongshu_server.log_lines import DiscreetFormatter, report_discreetly
import json
import logging
import subprocess
handler = logging.StreamHandler()
handler.setFormatter(DiscreetFormatter())
logging.getLogger().addHandler(handler)
report_discreetly()
def fail():
    raise ValueError("cell {PERSON}")
if {thread}:
    one = threading.Thread(target=fail)
    one.start()
    one.join()
else:
    fail()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "ValueError at " in done.stderr
    assert PERSON not in done.stderr
    assert "Traceback" not in done.stderr


def test_each_request_has_one_line_with_its_route_and_number(town: Town) -> None:
    town.ask("GET", f"/registrations/?code={PERSON}")
    said = town.server.log().splitlines()
    lines = [line for line in said if "route=registrations/ " in line]
    assert lines
    assert "status=404" in lines[-1]
    assert PERSON not in lines[-1]
