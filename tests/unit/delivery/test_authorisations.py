"""Electronic authorisations: bound to one question of one caller, used once, looked at first."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongshu_server.delivery.serving import ServingFiles
from gongshu_server.usage.authorisations import (
    Authorisations,
    Authorised,
    authorisation_id,
)

AT = datetime(2026, 7, 1, 8, 30, tzinfo=UTC)
SECRET = b"another secret, also of 32 bytes"
ASKED = Authorised("91330100MA2AAAAA1X", "group", "industry", "licence", "is it valid?")
VERIFY = "/v1/products/licence/verify"


@pytest.fixture
def insured(market: Any) -> Any:
    """Return the market after its insurer's grant came to demand authorisations."""
    demanding = market.grant(
        "insurer", "licence", subject_authorisation=True, quota=market.quota(10)
    )
    market.source.put(grants=[demanding, replace(demanding, id="s", grantee="sister")])
    return market


def test_an_authorisation_answers_once(insured: Any) -> None:
    token = insured.token()

    async def story(ask: Any) -> list[Any]:
        query = f"key={insured.firm}"
        return [
            await ask(VERIFY, key="gs_insurer", query=query, authorisation=token),
            await ask(VERIFY, key="gs_insurer", query=query, authorisation=token),
            await ask(
                VERIFY, key="gs_insurer2", body={"key": insured.firm, "authorisation": token}
            ),
        ]

    first, *others = insured.run(story)
    assert (first.status, first.json["answer"]) == (200, "一致")
    assert [(r.status, r.json["code"]) for r in others] == [(403, "subject_authorisation")] * 2
    assert [use["amount"] for use in insured.uses()] == [1, 0, 0]


def test_any_organisation_of_the_group_may_use_it(insured: Any) -> None:
    token = insured.token()

    async def story(ask: Any) -> int:
        query = f"key={insured.firm}"
        return (await ask(VERIFY, key="gs_sister", query=query, authorisation=token)).status

    assert insured.run(story) == 200


@pytest.mark.parametrize(
    "other",
    [
        {"subject": "91330100MA2BBBBB2X"},
        {"control_group": "other-group"},
        {"purpose": "sector"},
        {"product": "other"},
        {"question": "another question"},
        {"lasts": timedelta(seconds=-1)},
    ],
    ids=lambda other: next(iter(other)),
)
def test_an_authorisation_for_anything_else_is_none(insured: Any, other: dict[str, Any]) -> None:
    token = insured.token(**other)

    async def story(ask: Any) -> Any:
        query = f"key={insured.firm}"
        return await ask(VERIFY, key="gs_insurer", query=query, authorisation=token)

    reply = insured.run(story)
    assert (reply.status, reply.json["code"]) == (403, "subject_authorisation")


def test_it_is_missed_before_the_subject_is_looked_up(insured: Any, monkeypatch: Any) -> None:
    looked_up: list[str] = []
    answer = ServingFiles.answer

    def watched(files: Any, path: Path, subject: str) -> Any:
        looked_up.append(subject)
        return answer(files, path, subject)

    monkeypatch.setattr(ServingFiles, "answer", watched)
    token = insured.token()

    async def story(ask: Any) -> list[Any]:
        known, unknown = (f"key={s}" for s in (insured.firm, insured.unknown))
        refusals = [
            await ask(VERIFY, key="gs_insurer", query=known),
            await ask(VERIFY, key="gs_insurer", query=unknown),
            await ask(VERIFY, key="gs_insurer", query=unknown, authorisation=token),
        ]
        assert looked_up == []
        await ask(VERIFY, key="gs_insurer", query=known, authorisation=token)
        return refusals

    refusals = insured.run(story)
    assert looked_up == [insured.firm]
    for reply in refusals:
        assert [r["limit"] for r in reply.json["reasons"]] == ["subject_authorisation"]
    # A record that exists and one that does not are refused in the same words.
    first, second = ({**r.json, "receipt": ""} for r in refusals[:2])
    assert first == second


def test_a_call_refused_for_another_reason_leaves_it_unused(insured: Any) -> None:
    token = insured.token()

    async def story(ask: Any) -> list[int]:
        query = f"key={insured.firm}"
        asked = {"key": "gs_insurer", "authorisation": token}
        return [
            (await ask(VERIFY, query=f"{query}&items=电话", **asked)).status,
            (await ask(VERIFY, query=query, **asked)).status,
        ]

    assert insured.run(story) == [403, 200]


def test_of_many_calls_at_once_one_is_answered(insured: Any) -> None:
    token = insured.token()

    async def story(ask: Any) -> list[int]:
        query = f"key={insured.firm}"
        calls = [ask(VERIFY, key="gs_insurer", query=query, authorisation=token) for _ in range(9)]
        return sorted(reply.status for reply in await asyncio.gather(*calls))

    assert insured.run(story) == [200] + [403] * 8
    assert sum(use["amount"] for use in insured.uses()) == 1
    # The eight had charged the quota of ten for a moment; all of it came back.
    tokens = [insured.token() for _ in range(10)]

    async def rest(ask: Any) -> list[int]:
        query = f"key={insured.firm}"
        return [
            (await ask(VERIFY, key="gs_insurer", query=query, authorisation=one)).status
            for one in tokens
        ]

    assert insured.run(rest) == [200] * 9 + [429]


def test_a_grant_that_demands_none_uses_none_up(market: Any) -> None:
    token = market.token()

    async def story(ask: Any) -> None:
        for _ in range(2):
            query = f"key={market.firm}"
            reply = await ask(VERIFY, key="gs_insurer", query=query, authorisation=token)
            assert reply.status == 200

    market.run(story)


RACER = """
import json, sys, time
from pathlib import Path
from gongshu_server.usage.authorisations import Authorisations
book = Authorisations(Path(sys.argv[1]), secret=b"another secret, also of 32 bytes")
tokens = json.loads(sys.stdin.read())
while time.time() < float(sys.argv[2]):
    time.sleep(0.001)
print(json.dumps([book.consume([token])[0] for token in tokens]))
"""


def test_two_processes_never_both_use_one(memory: Path) -> None:
    book = Authorisations(memory, secret=SECRET)
    tokens = [book.issue(ASKED, at=AT, expires=AT + timedelta(hours=1)) for _ in range(200)]
    start = str(time.time() + 0.7)
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, str(memory), start],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write(json.dumps(tokens))
        racer.stdin.close()
        racer.stdin = None
    won = [json.loads(racer.communicate(timeout=30)[0]) for racer in racers]
    assert all(one != other for one, other in zip(*won, strict=True))
    assert not any(book.holds(token, ASKED, at=AT) for token in tokens)
    book.close()


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_no_changed_token_holds(memory_for_all: Path, data: st.DataObject) -> None:
    book = Authorisations(memory_for_all, secret=SECRET)
    token = book.issue(ASKED, at=AT, expires=AT + timedelta(hours=1))
    assert book.holds(token, ASKED, at=AT)
    position = data.draw(st.integers(0, len(token) - 1))
    character = data.draw(st.characters())
    changed = token[:position] + character + token[position + 1 :]
    assert book.holds(changed, ASKED, at=AT) is (changed == token)
    book.close()


def test_the_subject_cannot_be_read_or_guessed_from_a_token(memory: Path) -> None:
    book = Authorisations(memory, secret=SECRET)
    token = book.issue(ASKED, at=AT, expires=AT + timedelta(hours=1))
    assert ASKED.subject not in token
    other = Authorisations(memory / "other", secret=b"a guessed secret")
    assert not other.holds(token, ASKED, at=AT)
    assert authorisation_id(token) in token
    book.consume([token])
    book.forget_expired(at=AT)
    assert not book.holds(token, ASKED, at=AT)
    book.forget_expired(at=AT + timedelta(hours=2))
    assert not book.holds(token, ASKED, at=AT + timedelta(hours=2))
    book.close()
    other.close()
