"""Bodies and parameters that no honest client sends: a sentence, never a failure."""

from __future__ import annotations

import json
from typing import Any

import pytest

from attack.conftest import NOBODY, Town, assert_nothing_inner, assert_problem
from attack.raw import exchange

pytestmark = [pytest.mark.xdist_group("attack")]

MALFORMED = [
    b"",
    b"{",
    b"null",
    b"[]",
    b"0",
    b'"text"',
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b'{"resource_id": NaN}',
    b'{"resource_id": 1e999}',
    b'{"resource_id": ' + b"9" * 10_000 + b"}",
    b'{"resource_id": "\\ud800"}',
    b'{"\\udfff": "x"}',
    b'{"resource_id": "a\\u0000b"}',
    b'{"resource_id": {"$gt": ""}}',
    b'{"resource_id": ["x"]}',
    b"resource_id=x",
]


@pytest.mark.parametrize("body", MALFORMED)
def test_malformed_bodies_are_refused_with_a_sentence(town: Town, body: bytes) -> None:
    answer = town.ask("POST", "/api/v1/actions/catalogue/publish", by="bureau.head", body=body)
    assert answer.status in {400, 422}, answer
    assert_problem(answer)
    assert b"publish" not in answer.body


@pytest.mark.parametrize("body", MALFORMED)
def test_malformed_calls_of_a_product_say_what_is_missing(town: Town, body: bytes) -> None:
    target = f"/v1/products/{town.known['products']['product.verification']}/verify"
    answer = town.ask("POST", target, by="emergency.verification", body=body)
    assert answer.status in {400, 413}, answer
    assert_problem(answer)


@pytest.mark.parametrize("size", [17_000, 3_000_000])
def test_oversized_bodies_are_refused(town: Town, size: int) -> None:
    body = b'{"key": "' + b"9" * size + b'"}'
    target = f"/v1/products/{town.known['products']['product.verification']}/verify"
    product = town.ask("POST", target, by="emergency.verification", body=body)
    assert product.status == 413
    assert_problem(product)
    url = town.ask("GET", f"{target}?key={'9' * 17_000}", by="emergency.verification")
    assert url.status in {413, 414}
    action = town.ask("POST", "/api/v1/actions/catalogue/publish", by="bureau.head", body=body)
    assert action.status in {400, 413, 422}
    assert_problem(action)


def test_of_two_members_of_one_name_one_counts_for_all(town: Town) -> None:
    """What is decided and what is looked up is the same member; the second asks for nothing."""
    licensed = town.known["subjects"]["licensed"]
    unknown = town.known["subjects"]["unknown"]
    target = f"/v1/products/{town.known['products']['product.verification']}/verify"
    for first, second in ((licensed, unknown), (unknown, licensed)):
        body = f'{{"key": "{first}", "key": "{second}"}}'.encode()
        twice = town.ask("POST", target, by="emergency.verification", body=body).json["answer"]
        assert twice == town.verify(second).json["answer"]
        query = f"{target}?key={first}&key={second}"
        assert town.ask("GET", query, by="emergency.verification").json["answer"] == twice


SPELLINGS = {
    "zero width": "\u200b",
    "right to left": "\u202e",
    "isolate": "\u2066",
    "byte order mark": "\ufeff",
    "no-break": "\u00a0",
    "tag": "\U000e0041",
    "variation": "\ufe0f",
}


@pytest.mark.parametrize("between", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_invisible_characters_neither_hide_nor_change_a_subject(town: Town, between: str) -> None:
    """An objected or corrected record is not asked for under another spelling."""
    subject = town.known["subjects"]["licensed"]
    plain = town.verify(subject).json["answer"]
    spelt = between.join(subject)
    answer = town.verify(spelt)
    assert answer.status == 400 or answer.json["answer"] == plain
    full_width = "".join(chr(ord(c) + 0xFEE0) for c in subject)
    assert town.verify(full_width).json["answer"] == plain


@pytest.mark.parametrize("key", ["", "\x00", "a\x00b", "\U0001f4a9" * 40, "\ud83d", "9" * 129])
def test_what_is_no_key_of_a_subject_is_told(town: Town, key: str) -> None:
    answer = town.verify(key)
    assert answer.status == 400
    assert answer.json["code"] == "subject_invalid"
    assert_problem(answer)


NAMES = ["\u202e局据数", "名\x00称", "名\x1b[31m称", "\u2066x"]


@pytest.mark.parametrize("name", NAMES)
def test_names_that_read_as_other_names_are_refused(town: Town, name: str) -> None:
    answer = town.act("accounts.found", "bureau.head", name=name, short_name="x", roles=["public"])
    assert (answer.status, answer.json["code"]) == (422, "unfit_text")


MOMENTS = ["2027-01-01T00:00:00", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "2027"]
AMOUNTS = ["NaN", "Infinity", "-1", "0.001", "1e400", "1e-400", "1" * 400]
COUNTS = [0, -1, 2**63, 10**40, "1e3", True]


def order(town: Town, **said: Any) -> Any:
    """Place an order of the verification with something odd in it."""
    request = {
        "purpose": "industry",
        "price": "0.10",
        "quota": 5,
        "valid_until": "2026-12-01T00:00:00+08:00",
        "undertaking": "x",
    }
    product = town.known["products"]["product.verification"]
    return town.act(
        "market.place_order", "insurer.handler", product_id=product, request={**request, **said}
    )


@pytest.mark.parametrize(
    "said",
    [
        *({"valid_until": moment} for moment in MOMENTS),
        *({"price": amount} for amount in AMOUNTS),
        *({"quota": count} for count in COUNTS[:-1]),
        {"purpose": "anything"},
        {"undertaking": " "},
    ],
)
def test_odd_values_of_an_order_are_refused(town: Town, said: dict[str, Any]) -> None:
    answer = order(town, **said)
    assert answer.status in {422, 409}, answer
    assert_problem(answer)


@pytest.mark.parametrize("amount", AMOUNTS)
def test_odd_prices_are_refused(town: Town, amount: str) -> None:
    product = town.known["products"]["product.verification"]
    answer = town.act(
        "market.guide_trial_price", "government.head", product_id=product, amount=amount
    )
    assert answer.status in {403, 409, 422}, answer
    assert_problem(answer)


def test_every_action_takes_nonsense_without_failing(town: Town) -> None:
    """Each action with everything wrong at once, by somebody who has nearly every duty."""
    schema = town.ask("GET", "/api/v1/openapi.json").json
    actions = [path for path in schema["paths"] if path.startswith("/api/v1/actions/")]
    assert len(actions) > 70
    for path in actions:
        content = schema["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        names = _members(content["schema"], schema["components"]["schemas"])
        for value in ("", NOBODY, "\U0001f4a9" * 3000, [], {}, -1, None, [[]], {"x": {}}):
            answer = town.ask("POST", path, by="rival.all", body=dict.fromkeys(names, value))
            assert answer.status in {200, 400, 403, 404, 409, 422}, (path, value, answer)
            assert_nothing_inner(answer)


def _members(schema: dict[str, Any], known: dict[str, Any]) -> list[str]:
    named = known[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    return list(named.get("properties", {}))


def test_broken_http_is_dropped(town: Town) -> None:
    """Two lengths, a length with chunks, no host: refused before anything is read of it."""
    body = json.dumps({"key": "x"}).encode()
    head = b"POST /v1/products/x/verify HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n"
    for odd in (
        b"content-length: 3\r\ncontent-length: 12\r\n\r\n",
        b"content-length: -1\r\n\r\n",
        b"content-length: x\r\n\r\n",
        b"\x00: x\r\n\r\n",
    ):
        try:
            answer = exchange(town.server.port, head + odd + body)
        except OSError:
            continue
        assert answer.status == 400, (odd, answer)
    assert town.ask("GET", "/api/v1/clauses").status == 200
