"""Every way of being refused: parties are told every broken limit, strangers one fixed 404."""

from __future__ import annotations

import time
from datetime import timedelta
from statistics import median
from typing import Any

import pytest

VERIFY = "/v1/products/licence/verify"


def _limits(reply: Any) -> set[str]:
    return {reason["limit"] for reason in reply.json["reasons"]}


CASES: list[tuple[str, str, dict[str, Any], set[str]]] = [
    ("items", "items=法定代表人", {}, {"items"}),
    ("purpose", "purpose=sector", {}, {"purpose"}),
    ("purpose unheard of", "purpose=91330100MA2AAAAA1X", {}, {"purpose"}),
    ("ended", "", {"valid_until": timedelta(days=-1)}, {"period"}),
    ("not begun", "", {"valid_from": timedelta(days=1)}, {"period"}),
    ("revoked", "", {"revoked_at": timedelta(days=-1)}, {"revoked"}),
    ("action", "", {"actions": frozenset({"download"})}, {"action"}),
    ("business", "", {"businesses": frozenset({"product_operation"})}, {"business"}),
    ("scenario", "", {"scenario": "S1"}, {"scenario"}),
    ("region", "", {"regions": frozenset({"33"})}, {"region"}),
    ("minimum", "", {"minimum": 10}, {"minimum"}),
    ("rows", "", {"max_rows": 0}, {"rows"}),
    ("authorisation", "", {"subject_authorisation": True}, {"subject_authorisation"}),
    (
        "several",
        "purpose=sector&items=电话",
        {"valid_until": timedelta(days=-1), "subject_authorisation": True},
        {"items", "purpose", "period", "subject_authorisation"},
    ),
]


@pytest.mark.parametrize(("query", "changes", "limits"), [c[1:] for c in CASES], ids=lambda c: None)
def test_a_party_is_told_every_broken_limit(
    market: Any, query: str, changes: dict[str, Any], limits: set[str]
) -> None:
    moments = {n: market.now + v if isinstance(v, timedelta) else v for n, v in changes.items()}
    market.source.put(grants=[market.grant("insurer", "licence", **moments)])

    async def story(ask: Any) -> Any:
        return await ask(VERIFY, key="gs_insurer", query=f"key={market.firm}&{query}")

    reply = market.run(story)
    assert reply.status == 403
    assert reply.headers["content-type"].startswith("application/problem+json")
    assert _limits(reply) == limits
    assert reply.json["code"] == (next(iter(limits)) if len(limits) == 1 else "several")
    assert reply.json["detail"] == "".join(r["sentence"] for r in reply.json["reasons"])
    assert reply.json["clause"] == reply.json["reasons"][0]["clause"]
    assert all(r["clause"] for r in reply.json["reasons"])
    (use,) = market.uses()
    assert use["receipt"] == reply.json["receipt"]
    assert (use["outcome"], use["amount"], set(use["broken"])) == ("refused", 0, limits)


def test_over_quota_is_429_and_the_last_unit_still_an_answer(market: Any) -> None:
    market.source.put(grants=[market.grant("insurer", "licence", quota=market.quota(3))])

    async def story(ask: Any) -> list[Any]:
        return [
            await ask(VERIFY, key=k, query=f"key={market.firm}")
            for k in ("gs_insurer", "gs_insurer2", "gs_insurer", "gs_insurer2", "gs_insurer")
        ]

    replies = market.run(story)
    assert [reply.status for reply in replies] == [200, 200, 200, 429, 429]
    assert replies[3].json["code"] == "quota"
    assert [use["amount"] for use in market.uses()] == [1, 1, 1, 0, 0]


def test_quota_with_another_broken_limit_is_403(market: Any) -> None:
    market.source.put(grants=[market.grant("insurer", "licence", quota=market.quota(0))])

    async def story(ask: Any) -> Any:
        return await ask(VERIFY, key="gs_insurer", query=f"key={market.firm}&purpose=sector")

    reply = market.run(story)
    assert (reply.status, _limits(reply)) == (403, {"quota", "purpose"})


def test_quota_counts_over_the_control_group(market: Any) -> None:
    grants = [market.grant(p, "licence", quota=market.quota(2)) for p in ("insurer", "sister")]
    market.source.put(grants=grants)

    async def story(ask: Any) -> list[int]:
        keys = ("gs_insurer", "gs_sister", "gs_sister", "gs_insurer")
        return [(await ask(VERIFY, key=k, query=f"key={market.firm}")).status for k in keys]

    assert market.run(story) == [200, 200, 429, 429]


def test_revocation_bites_at_the_next_call(market: Any) -> None:
    async def story(ask: Any) -> list[Any]:
        replies = [await ask(VERIFY, key="gs_insurer", query=f"key={market.firm}")]
        ended = market.grant("insurer", "licence", revoked_at=market.now - timedelta(seconds=1))
        market.change(grants=[ended])
        replies.append(await ask(VERIFY, key="gs_insurer", query=f"key={market.firm}"))
        market.change(keys=[market.key("insurer", "insurer", revoked=True)])
        replies.append(await ask(VERIFY, key="gs_insurer", query=f"key={market.firm}"))
        return replies

    allowed, revoked, unknown = market.run(story)
    assert allowed.status == 200
    assert (revoked.status, revoked.json["code"]) == (403, "revoked")
    assert (unknown.status, unknown.json["code"]) == (404, "not_found")


def test_a_grant_that_is_withdrawn_was_never_there(market: Any) -> None:
    async def story(ask: Any) -> int:
        market.source.withdraw(grants=["grant-insurer-licence"])
        market.change()
        return (await ask(VERIFY, key="gs_insurer", query=f"key={market.firm}")).status

    assert market.run(story) == 404


STRANGERS = [
    ("no key", "", "licence"),
    ("an unknown key", "gs_nobody", "licence"),
    ("a key of nobody and no product", "gs_nobody", "nothing"),
    ("an unknown product", "gs_insurer", "nothing"),
    ("a product without a grant", "gs_stranger", "licence"),
    ("a key for another product", "gs_foreign", "licence"),
    ("a revoked key", "gs_revoked", "licence"),
    ("an ended key", "gs_ended", "licence"),
    ("a subject as key", "91330100MA2AAAAA1X", "licence"),
]


def test_whoever_is_not_a_party_gets_the_same_bytes(market: Any) -> None:
    async def story(ask: Any) -> list[Any]:
        replies = []
        for query in (f"key={market.firm}", "", "key=x&items=y&purpose=z"):
            for _, key, product in STRANGERS:
                replies.append(await ask(f"/v1/products/{product}/verify", key=key, query=query))
        replies.append(await ask("/v1/products/nothing/data", key="gs_insurer"))
        replies.append(await ask("/v1/products/licence/data", key="gs_stranger"))
        replies.append(await ask(VERIFY, key="gs_stranger", body={"key": market.firm}))
        return replies

    replies = market.run(story)
    assert {(r.status, r.body, tuple(sorted(r.headers.items()))) for r in replies} == {
        (404, replies[0].body, tuple(sorted(replies[0].headers.items())))
    }
    assert "receipt" not in replies[0].json
    uses = market.uses()
    assert len(uses) == len(replies)  # Refusals are recorded, too,
    assert {use["outcome"] for use in uses} == {"refused"}
    assert {use["broken"][0] for use in uses} == {"no_grant"}
    assert not {"x", "y", "z"} & {use["purpose"] for use in uses}  # but not a stranger's words.
    assert {tuple(use["items"]) for use in uses} == {()}


def test_a_public_grant_does_not_make_a_stranger_a_party(market: Any) -> None:
    market.source.put(grants=[market.grant("public", "licence")])

    async def story(ask: Any) -> list[int]:
        keys = ("gs_nobody", "", "gs_revoked", "gs_stranger")
        return [(await ask(VERIFY, key=k, query=f"key={market.firm}")).status for k in keys]

    assert market.run(story) == [404, 404, 404, 200]


def test_the_404_takes_the_same_time_for_all(market: Any) -> None:
    async def story(ask: Any) -> list[float]:
        times: list[list[float]] = [[] for _ in STRANGERS]
        for _ in range(120):
            for taken, (_, key, product) in zip(times, STRANGERS, strict=True):
                begun = time.perf_counter()
                await ask(f"/v1/products/{product}/verify", key=key, query=f"key={market.firm}")
                taken.append(time.perf_counter() - begun)
        return [median(taken) for taken in times]

    medians = market.run(story)
    assert max(medians) < 1.25 * min(medians), [f"{m * 1e6:.0f} µs" for m in medians]


def test_a_stranger_waits_for_the_record_like_everybody(market: Any) -> None:
    """The 404 is sent after the disk has the record: without that it would be the quick answer."""

    async def story(ask: Any) -> list[int]:
        counts = []
        for key in ("gs_nobody", "gs_stranger", "gs_insurer"):
            await ask(VERIFY, key=key, query=f"key={market.firm}")
            counts.append(len(market.uses()))
        return counts

    assert market.run(story) == [1, 2, 3]
