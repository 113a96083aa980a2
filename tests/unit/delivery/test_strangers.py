"""Calls without a key that opens the product are counted, and no call waits for the count."""

from __future__ import annotations

import asyncio
import threading
from datetime import datetime
from typing import Any

VERIFY = "/v1/products/licence/verify"
KEYS = ("gs_nobody", "", "gs_nobody")


def test_strangers_are_counted_and_nobody_else(market: Any) -> None:
    told: list[tuple[int, datetime]] = []

    async def story(ask: Any) -> None:
        for key in KEYS:
            assert (await ask(VERIFY, key=key, query=f"key={market.firm}")).status == 404
        for key, query in (("gs_insurer", f"key={market.firm}"), ("gs_insurer", "items=x")):
            assert (await ask(VERIFY, key=key, query=query)).status != 404

    market.run(story, refused=lambda times, at: told.append((times, at)))
    assert sum(times for times, _ in told) == len(KEYS)
    assert all(at.tzinfo is not None for _, at in told)


def test_no_call_waits_for_the_count(market: Any) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(times: int, at: datetime) -> None:
        begun.set()
        assert go_on.wait(30)

    async def story(ask: Any) -> None:
        await ask(VERIFY, key="gs_nobody", query=f"key={market.firm}")
        await asyncio.to_thread(begun.wait, 30)
        reply = await ask(VERIFY, key="gs_insurer", query=f"key={market.firm}")
        assert reply.status != 404
        assert not go_on.is_set()
        go_on.set()

    market.run(story, refused=slow)
    assert begun.is_set()
