"""What an organisation has no part in does not exist for it, whichever way it asks (S10)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from attack.conftest import NOBODY, Town, assert_nothing_inner, assert_problem

pytestmark = [pytest.mark.xdist_group("attack"), pytest.mark.clause("27-21")]

OUTSIDERS = ("rival.all", "other_office.all", "other_body.all")
# Which rows a parameter names. Organisations, listed products and published resources are public.
ROWS = {
    "case_id": "Case",
    "release_id": "Release",
    "order_id": "Order",
    "plan_id": "Plan",
    "agreement_id": "Agreement",
    "scenario_id": "Scenario",
    "objection_id": "Objection",
    "query_id": "Query",
    "task_id": "Task",
    "run_id": "Run",
    "grant_id": "GrantRow",
    "key_id": "Key",
    "post_id": "Post",
    "review_id": "OpeningReview",
    "delegation_id": "Delegation",
    "snapshot_id": "Snapshot",
}
# A registration in its publicity period is public to everybody who may object to it.
READS = {
    "cases/{}": "Case",
    "runs/{}": "Run",
    "receipts/{}": "receipts",
    "plans/{}": "Plan",
    "agreements/{}": "Agreement",
    "scenarios/{}": "Scenario",
    "grants/{}": "GrantRow",
    "tasks/{}": "Task",
    "tasks/{}/queries": "Task",
    "queries/{}": "Query",
    "releases/{}": "Release",
    "releases/{}/content": "Release",
    "orders/{}": "Order",
    "orders/{}/bills": "Order",
    "objections/{}": "Objection",
    "openings/{}": "OpeningReview",
    "registrations/{}": "Registration",
    "ledger/entries/{}": "Entry",
    "ledger/entries/{}/receipt": "Entry",
}


@pytest.mark.parametrize("by", OUTSIDERS)
def test_a_read_of_it_is_like_one_of_nothing(town: Town, by: str) -> None:
    ids = town.known["ids"] | {"receipts": [town.known["receipt"]]}
    for path, rows in READS.items():
        nothing = town.ask("GET", "/api/v1/" + path.format(NOBODY), by=by)
        assert nothing.status == 404
        assert_problem(nothing)
        for row in ids[rows]:
            found = town.ask("GET", "/api/v1/" + path.format(row), by=by)
            assert found.same_to_everybody == nothing.same_to_everybody, (path, row)


@pytest.mark.parametrize("by", OUTSIDERS)
def test_work_on_it_is_like_work_on_nothing(town: Town, by: str) -> None:
    """Queued runs, listed runs, and verdicts of somebody else's queries and tasks."""
    works = (
        ("POST", "queries/{}/runs", "Query", None),
        ("GET", "queries/{}/runs", "Query", None),
        ("POST", "tasks/{}/verdict", "Task", {"sql": "select 1"}),
    )
    for method, path, rows, body in works:
        nothing = town.ask(method, "/api/v1/" + path.format(NOBODY), by=by, body=body)
        for row in town.known["ids"][rows]:
            found = town.ask(method, "/api/v1/" + path.format(row), by=by, body=body)
            assert found.same_to_everybody == nothing.same_to_everybody, (path, found)
        assert nothing.status == 404 or nothing.json == {"items": [], "next": ""}


def test_a_receipt_is_the_partys_own(town: Town) -> None:
    path = f"/api/v1/receipts/{town.known['receipt']}"
    assert town.ask("GET", path, by="insurer.handler").status == 200
    for by in ("bureau.head", "operator.head", "emergency.head"):
        assert town.ask("GET", path, by=by).status == 404


@pytest.mark.parametrize("by", [*OUTSIDERS, "licensed.subject"])
def test_a_file_for_anothers_resource_is_not_kept(town: Town, by: str) -> None:
    kept = town.home / "received"
    before = sorted(kept.iterdir())
    head = b'--x\r\ncontent-disposition: form-data; name="file"; filename="../../a.csv"\r\n\r\n'
    body = head + b"1,2,3\n" * 50_000 + b"\r\n--x--\r\n"
    answers = [
        town.ask(
            "POST",
            f"/api/v1/resources/{resource}/files",
            by=by,
            body=body,
            content_type="multipart/form-data; boundary=x",
        )
        for resource in (town.known["ids"]["Resource"][0], NOBODY)
    ]
    assert {answer.status for answer in answers} <= {403, 404}
    # That a published resource is there is public; whose it is, too.
    assert answers[1].status == 404 or answers[0].status == 403
    assert sorted(kept.iterdir()) == before


@pytest.mark.parametrize("by", OUTSIDERS)
def test_lists_leave_it_out(town: Town, by: str) -> None:
    for path in ("cases", "orders", "grants", "notices"):
        listed = town.ask("GET", f"/api/v1/{path}", by=by)
        assert listed.status == 200
        assert listed.json["items"] == [], (path, listed.json)


def test_reading_is_possible_for_its_parties(town: Town) -> None:
    assert town.ask("GET", "/api/v1/orders", by="insurer.handler").json["items"]
    assert town.ask("GET", "/api/v1/grants", by="audit.auditor").json["items"]
    case = town.known["ids"]["Case"][0]
    assert town.ask("GET", f"/api/v1/cases/{case}", by="bureau.head").status == 200


def bodies(town: Town) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield each action that names a row, the parameter that does, and a body of the right form."""
    schema = town.ask("GET", "/api/v1/openapi.json").json
    for path, methods in schema["paths"].items():
        if not path.startswith("/api/v1/actions/"):
            continue
        content = methods["post"]["requestBody"]["content"]["application/json"]["schema"]
        body = example(content, schema["components"]["schemas"])
        name = path.removeprefix("/api/v1/actions/").replace("/", ".")
        for parameter in body:
            if parameter in ROWS:
                yield name, parameter, body


def example(schema: dict[str, Any], known: dict[str, Any]) -> Any:
    """Return a value of a JSON schema."""
    if "$ref" in schema:
        return example(known[schema["$ref"].rpartition("/")[2]], known)
    if "anyOf" in schema:
        return example(schema["anyOf"][0], known)
    if schema.get("format") == "date-time":
        return "2027-06-30T00:00:00+08:00"
    if schema.get("format") == "date":
        return "2026-01-01"
    kind = schema.get("type")
    if kind == "object":
        return {name: example(one, known) for name, one in schema.get("properties", {}).items()}
    if kind == "array":
        return [example(schema["items"], known)] if "items" in schema else []
    plain = {"string": "某项", "integer": 1, "number": "1", "boolean": True}
    return plain.get(str(kind), "某项")


@pytest.mark.parametrize("by", OUTSIDERS)
def test_no_action_tells_that_it_is_there(town: Town, by: str) -> None:
    """The same answer for a row of somebody else and for no row at all, for every action."""
    tried = 0
    for name, parameter, body in bodies(town):
        nothing = town.act(name, by, **{**body, parameter: NOBODY})
        assert nothing.status < 500, (name, nothing)
        assert_nothing_inner(nothing)
        for row in town.known["ids"][ROWS[parameter]][:3]:
            answer = town.act(name, by, **{**body, parameter: row})
            same = answer.same_to_everybody == nothing.same_to_everybody
            assert same, (name, parameter, nothing.body.decode(), answer.body.decode())
            tried += 1
    assert tried > 60


def test_a_key_for_anothers_post_is_refused_like_one_for_none(town: Town) -> None:
    posts = [*town.known["ids"]["Post"][:5], NOBODY]
    answers = {
        town.act("accounts.issue_key", "rival.all", label="x", post_id=p).same_to_everybody
        for p in posts
    }
    assert len(answers) == 1


def with_order(town: Town, order: str, *, by: str) -> Any:
    """Make a key for the verification that names an order, and call with it."""
    product = town.known["products"]["product.verification"]
    made = town.act("accounts.issue_key", by, label="x", product_id=product, order_id=order)
    assert made.status == 200, made
    subject = {"key": town.known["subjects"]["licensed"]}
    key = made.json["clear"]
    return town.ask("POST", f"/v1/products/{product}/verify", key=key, body=subject)


def test_anothers_order_gives_a_key_nothing(town: Town) -> None:
    """Neither a grant nor the purpose: public governance has capacity of its own."""
    for order in town.known["ids"]["Order"]:
        assert with_order(town, order, by="rival.all").status == 404
    free = town.known["orders"]["order.emergency.verification"]
    own = town.known["orders"]["order.insurer.verification"]
    asked = {
        order: next(
            (one["asked"] for one in answer.json["reasons"] if one["limit"] == "purpose"), ""
        )
        for order in (free, own)
        if (answer := with_order(town, order, by="insurer.handler")).status == 403
    }
    assert set(asked) == {free, own}
    assert "公共治理" not in asked[free]
    assert asked[own] == ""  # Its own purpose is allowed; what is missing is the authorisation.
