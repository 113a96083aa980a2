"""What a caller with a grant gets: one word with its date and receipt, or the rows of a dataset."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from gongshu_server.delivery import calls

VERIFY = "/v1/products/licence/verify"
DATA = "/v1/products/risk/data"


@pytest.mark.parametrize(
    ("subject", "answer"), [("firm", "一致"), ("lapsed", "不一致"), ("unknown", "查无记录")]
)
def test_a_verification_answers_one_word(market: Any, subject: str, answer: str) -> None:
    async def story(ask: Any) -> Any:
        return await ask(VERIFY, key="gs_insurer", query=f"key={getattr(market, subject)}")

    reply = market.run(story)
    assert reply.status == 200
    receipt = reply.json["receipt"]
    assert reply.json == {
        "answer": answer,
        "as_of": "2026-06-30",
        "receipt": receipt,
        "product": "licence",
    }
    assert reply.headers["gongshu-receipt"] == receipt
    assert reply.headers["cache-control"] == "no-store"
    (use,) = market.uses()
    assert use["receipt"] == receipt
    assert (use["outcome"], use["amount"], use["unit"]) == ("allowed", 1, "次")
    assert (use["grant"], use["party"]) == ("grant-insurer-licence", "insurer")


def test_the_record_under_objection_and_no_other(market: Any) -> None:
    async def story(ask: Any) -> list[str]:
        before = await ask(VERIFY, key="gs_insurer", query=f"key={market.firm}")
        market.change(products=[market.suspend(market.verification(), market.firm)])
        after = await ask(VERIFY, key="gs_insurer", query=f"key={market.firm}")
        other = await ask(VERIFY, key="gs_insurer", query=f"key={market.lapsed}")
        return [reply.json["answer"] for reply in (before, after, other)]

    assert market.run(story) == ["一致", "异议处理中", "不一致"]


def test_a_subject_may_be_spelled_as_people_type_it(market: Any) -> None:
    typed = f" {market.firm[:8].lower()}-\u200b{market.firm[8:]}　"

    async def story(ask: Any) -> Any:
        return await ask(VERIFY, key="gs_insurer", body={"key": typed})

    assert market.run(story).json["answer"] == "一致"


def test_a_person_is_not_asked_about_in_an_address(market: Any) -> None:
    market.source.put(products=[market.verification(subject_kind="person")])
    number = "330102199001011234"

    async def story(ask: Any) -> list[Any]:
        in_url = await ask(VERIFY, key="gs_insurer", query=f"key={number}")
        in_body = await ask(VERIFY, key="gs_insurer", body={"key": number})
        return [in_url, in_body]

    in_url, in_body = market.run(story)
    assert (in_url.status, in_url.json["code"]) == (400, "subject_in_url")
    assert (in_body.status, in_body.json["answer"]) == (200, "查无记录")


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        (VERIFY, "", "subject_invalid"),
        (VERIFY, "key=12345", "subject_invalid"),
        ("/v1/products/risk/verify", "key=91330100MA2AAAAA1X", "wrong_form"),
        ("/v1/products/licence/data", "", "wrong_form"),
        (VERIFY, "key=91330100MA2AAAAA1X&items=附注", "items_not_offered"),
    ],
)
def test_what_cannot_be_answered_is_recorded_and_not_charged(
    market: Any, path: str, query: str, code: str
) -> None:
    items = market.verification().items | {"附注"}
    market.source.put(grants=[market.grant("insurer", "licence", items=items)])

    async def story(ask: Any) -> Any:
        return await ask(path, key="gs_insurer", query=query)

    reply = market.run(story)
    assert (reply.status, reply.json["code"]) == (400, code)
    (use,) = market.uses()
    assert (use["outcome"], use["broken"], use["amount"]) == ("invalid", [code], 0)
    assert use["receipt"] == reply.json["receipt"]


def test_a_dataset_streams_as_csv_after_its_record(market: Any) -> None:
    async def story(ask: Any) -> Any:
        return await ask(DATA, key="gs_insurer"), len(market.uses())

    reply, recorded = market.run(story)
    assert (reply.status, recorded) == (200, 1)
    assert reply.headers["content-type"] == "text/csv; charset=utf-8"
    assert "content-length" not in reply.headers
    assert reply.messages > 4  # The start, the header line, three chunks, the end.
    rows = list(csv.reader(io.StringIO(reply.body.decode("utf-8-sig"))))
    assert rows[0] == ["街道", "企业数"]
    assert rows[1:] == [[f"街道,{n}", str(n * 5)] for n in range(2_500)]
    assert market.uses()[0]["receipt"] == reply.headers["gongshu-receipt"]


def test_a_dataset_streams_as_json(market: Any) -> None:
    async def story(ask: Any) -> Any:
        return await ask(DATA, key="gs_insurer", query="format=json")

    value = market.run(story).json
    assert value["columns"] == ["街道", "企业数"]
    assert value["rows"] == [[f"街道,{n}", n * 5] for n in range(2_500)]
    assert value["receipt"] == market.uses()[0]["receipt"]


def test_a_missing_file_charges_nothing_and_says_so(market: Any) -> None:
    gone = market.verification(file=market.folder / "gone.sqlite")
    limited = market.grant("insurer", "licence", quota=market.quota(1))
    market.source.put(products=[gone], grants=[limited])

    async def story(ask: Any) -> list[Any]:
        first = await ask(VERIFY, key="gs_insurer", query=f"key={market.firm}")
        market.change(products=[market.verification()])
        return [first, await ask(VERIFY, key="gs_insurer", query=f"key={market.firm}")]

    first, second = market.run(story)
    assert (first.status, first.json["code"]) == (503, "product_unavailable")
    assert second.status == 200


def test_everything_else_goes_to_the_application_behind(market: Any) -> None:
    seen = []

    async def behind(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope["method"], scope["path"]))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def story(ask: Any) -> None:
        for path, method in (("/", "GET"), (VERIFY, "PUT"), (DATA, "POST"), (VERIFY + "/", "GET")):
            assert (await ask(path, method=method)).status == 204

    market.run(story, otherwise=behind)
    assert seen == [("GET", "/"), ("PUT", VERIFY), ("POST", DATA), ("GET", VERIFY + "/")]


def test_a_request_longer_than_any_call_is_refused(market: Any) -> None:
    async def story(ask: Any) -> Any:
        return await ask(VERIFY, key="gs_insurer", body=b"x" * 20_000)

    assert market.run(story).status == 413
    assert market.uses() == []


@pytest.mark.parametrize("body", [b"{", b"[1]", b'{"key": 7}', b'{"key": "\\ud800"}', b"\xff"])
def test_a_body_that_cannot_be_read_says_nothing(market: Any, body: bytes) -> None:
    async def story(ask: Any) -> Any:
        return await ask(VERIFY, key="gs_insurer", body=body)

    assert market.run(story).json["code"] == "subject_invalid"


def test_an_error_tells_nothing_about_the_request(
    market: Any, capfd: Any, monkeypatch: Any
) -> None:
    def broken(*arguments: Any) -> None:
        raise RuntimeError(f"about {arguments}")

    monkeypatch.setattr(calls, "decide", broken)

    async def story(ask: Any) -> Any:
        return await ask(VERIFY, key="gs_insurer", query=f"key={market.firm}")

    reply = market.run(story)
    assert (reply.status, reply.json["code"]) == (500, "internal")
    told = capfd.readouterr().err
    assert "RuntimeError" in told
    assert market.firm not in told
    assert "gs_insurer" not in told
