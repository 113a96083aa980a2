"""Whoever is not known learns nothing: the same bytes whatever was right or wrong (S10)."""

from __future__ import annotations

from typing import Any

import pytest

from attack.conftest import NOBODY, Town, assert_problem

pytestmark = [pytest.mark.xdist_group("attack"), pytest.mark.clause("27-21")]

USELESS: list[dict[str, str]] = [
    {},
    {"authorization": ""},
    {"authorization": "Bearer"},
    {"authorization": "Bearer "},
    {"authorization": "Bearer gs_unknown"},
    {"authorization": "Bearer " + "x" * 4000},
    {"authorization": "Bearer gs_\u5bc6\u94a5"},
    {"authorization": "Bearer ' or 1=1 --"},
    {"authorization": "Basic YWRtaW46YWRtaW4="},
    {"authorization": "bearer"},
]
OPEN_TO_KEYS = ("/api/v1/me", "/api/v1/cases", "/api/v1/resources", "/api/v1/grants")


@pytest.mark.parametrize("path", OPEN_TO_KEYS)
def test_no_useful_key_no_difference(town: Town, path: str) -> None:
    answers = [town.ask("GET", path, **headers) for headers in USELESS]
    answers += [town.ask("GET", path, by=by) for by in ("revoked", "expired", "lapsed")]
    # A product key opens its product and nothing else.
    answers += [town.ask("GET", path, by=by) for by in town.known["product_keys"]]
    assert {answer.status for answer in answers} == {401}
    assert len({answer.same_to_everybody for answer in answers}) == 1
    assert_problem(answers[0])


@pytest.mark.parametrize("action", ["usage.revoke", "accounts.issue_key", "market.accept_order"])
def test_a_stranger_is_refused_before_its_words_are_read(town: Town, action: str) -> None:
    path = "/api/v1/actions/" + action.replace(".", "/")
    bodies: list[Any] = [{}, b"{", {"grant_id": town.known["grant"], "reason": "x"}, b"\xff"]
    answers = [town.ask("POST", path, body=body) for body in bodies]
    answers.append(town.ask("POST", path, by="revoked", body=bodies[2]))
    assert {answer.status for answer in answers} == {401}
    assert len({answer.same_to_everybody for answer in answers}) == 1


@pytest.mark.parametrize(
    ("door", "method"), [("verify", "POST"), ("verify", "GET"), ("data", "GET")]
)
def test_the_404_of_the_data_plane_is_one(town: Town, door: str, method: str) -> None:
    """Unknown key, unknown product, a foreign one, a person's key, an expired or revoked one."""
    products = [*town.known["products"].values(), NOBODY, "none", "..", "%00", "x" * 300]
    said = {"body": {"key": town.known["subjects"]["licensed"]}} if method == "POST" else {}

    def asked(product: str, **more: Any) -> Any:
        return town.ask(method, f"/v1/products/{product}/{door}", **said, **more)

    answers = [asked(product) for product in products]
    answers += [asked(product, **headers) for product in products[:2] for headers in USELESS]
    people = ("bureau.head", "insurer.handler", "audit.auditor", "rival.all", "revoked", "lapsed")
    answers += [asked(product, by=by) for product in products[:3] for by in people]
    answers += [asked(product, by="emergency.verification") for product in products[2:]]
    answers.append(asked(town.known["products"]["product.dataset"], by="emergency.verification"))
    answers.append(asked(town.known["products"]["product.verification"], by="insurer.dataset"))
    assert {answer.status for answer in answers} == {404}
    assert len({answer.same_to_everybody for answer in answers}) == 1
    assert_problem(answers[0])


def test_a_stranger_learns_nothing_from_what_it_says(town: Town) -> None:
    """A known subject, one that nobody is, an authorisation, a purpose: all the same to it."""
    subjects = town.known["subjects"]
    said: list[dict[str, Any]] = [
        {"key": subjects["licensed"]},
        {"key": subjects["unknown"]},
        {"key": ""},
        {"key": subjects["licensed"], "authorisation": town.known["tokens"][3]},
        {"key": subjects["licensed"], "purpose": "public_governance"},
        {"key": subjects["licensed"], "items": "法定代表人"},
        {},
    ]
    target = f"/v1/products/{town.known['products']['product.verification']}/verify"
    answers = [town.ask("POST", target, key="gs_unknown", body=body) for body in said]
    assert len({answer.same_to_everybody for answer in answers}) == 1


def test_what_is_known_is_answered(town: Town) -> None:
    """The other tests would pass on a node that refuses everybody."""
    assert town.ask("GET", "/api/v1/me", by="bureau.head").status == 200
    assert town.verify(town.known["subjects"]["licensed"]).json["answer"] == "一致"
    dataset = town.known["products"]["product.dataset"]
    refused = town.ask("GET", f"/v1/products/{dataset}/data", by="insurer.dataset")
    # A party to a grant is told why, with the clause and a receipt.
    assert refused.status == 403
    assert refused.json["clause"]
    assert refused.json["receipt"]
    assert_problem(refused)
