"""Freshness: a host that is not certain answers nobody; time comes with the entitlements."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gongshu.vocabulary.errors import Unavailable
from gongshu_server.delivery import Tuning, freshness
from gongshu_server.delivery.admission import Admission, Overloaded
from gongshu_server.delivery.entitlements import compile
from gongshu_server.delivery.freshness import Freshness
from gongshu_server.usage.epoch import Epoch

VERIFY = "/v1/products/licence/verify"


class Flaky:
    """A source that can be out of reach."""

    def __init__(self, source: Any) -> None:
        self.source, self.down, self.loads = source, False, 0

    def epoch(self) -> int:
        if self.down:
            raise OSError("unreachable")
        return int(self.source.epoch())

    def load(self, since: int | None) -> Any:
        self.epoch()
        self.loads += 1
        return self.source.load(since)


def _advance(folder: Path, times: int) -> None:
    with Epoch(folder) as epoch:
        for _ in range(times):
            epoch.advance()


def test_no_advance_of_an_epoch_is_lost_between_processes(memory: Path) -> None:
    context = multiprocessing.get_context("spawn")
    racers = [context.Process(target=_advance, args=(memory, 2_000)) for _ in range(2)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    with Epoch(memory) as epoch:
        assert epoch.value() == 4_000


def test_what_was_noted_before_the_first_load_is_not_missed(market: Any) -> None:
    with Epoch(market.folder) as epoch:
        source = Flaky(market.source)
        load = source.load

        def revokes_while_loading(since: int | None) -> Any:
            changes = load(since)
            if since is None:
                market.change(grants=[market.grant("insurer", "licence", revoked_at=market.now)])
            return changes

        source.load = revokes_while_loading  # type: ignore[method-assign] # the race, on purpose
        held = Freshness(source, epoch)
        grant = held.current().index.get("grant-insurer-licence")
        assert grant is not None
        assert grant.revoked_at is not None


def test_changes_are_loaded_once_and_only_when_the_epoch_moved(market: Any) -> None:
    source = Flaky(market.source)
    with Epoch(market.folder) as epoch:
        held = Freshness(source, epoch)
        for _ in range(5):
            held.current()
        assert source.loads == 1
        market.change(keys=[market.key("new", "insurer")])
        for _ in range(5):
            state = held.current()
        assert source.loads == 2
        assert market.key("new", "insurer").digest in state.keys


def test_a_source_out_of_reach_refuses_at_once_when_something_was_revoked(market: Any) -> None:
    source = Flaky(market.source)

    async def story(ask: Any) -> list[Any]:
        source.down = True
        market.change(grants=[market.grant("insurer", "licence", revoked_at=market.now)])
        down = [await ask(VERIFY, key="gs_insurer", query=f"key={market.firm}") for _ in range(2)]
        source.down = False
        return [*down, await ask(VERIFY, key="gs_insurer", query=f"key={market.firm}")]

    first, second, third = market.run(story, source=source)
    for reply in (first, second):
        assert (reply.status, reply.json["code"]) == (503, "not_confirmed")
        assert reply.headers["retry-after"] == "1"
        assert "请稍后重试" in reply.json["detail"]
    assert third.json["code"] == "revoked"
    assert len(market.uses()) == 1


def test_a_host_that_could_not_confirm_for_a_second_refuses(
    market: Any, capsys: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(freshness, "CONFIRM_EVERY", 0.02)
    monkeypatch.setattr(freshness, "CONFIRMED_FOR", 0.2)
    source = Flaky(market.source)

    async def story(ask: Any) -> list[int]:
        codes = []
        for down, pause in ((False, 0.3), (True, 0.3), (False, 0.1)):
            source.down = down
            await asyncio.sleep(pause)
            codes.append((await ask(VERIFY, key="gs_insurer", query=f"key={market.firm}")).status)
        return codes

    assert market.run(story, source=source) == [200, 503, 200]
    assert capsys.readouterr().err.count("无法确认") == 1


def test_the_numbers_are_those_of_the_architecture() -> None:
    assert (freshness.CONFIRM_EVERY, freshness.CONFIRMED_FOR) == (0.25, 1.0)


def test_the_thread_brings_what_another_host_has_changed(market: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(freshness, "CONFIRM_EVERY", 0.02)
    with Epoch(market.folder) as epoch:
        held = Freshness(market.source, epoch)
        held.start()
        market.source.put(keys=[market.key("new", "insurer")])  # This host's epoch stays.
        deadline = time.monotonic() + 5
        digest = market.key("new", "insurer").digest
        while digest not in held.current().keys and time.monotonic() < deadline:
            time.sleep(0.01)
        assert digest in held.current().keys
        held.stop()


def test_a_stopped_freshness_refuses_after_its_time(market: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(freshness, "CONFIRMED_FOR", 0.05)
    with Epoch(market.folder) as epoch:
        held = Freshness(market.source, epoch)
        held.current()
        time.sleep(0.06)
        with pytest.raises(Unavailable):
            held.current()


def test_the_clock_comes_with_the_entitlements_and_never_with_a_request(market: Any) -> None:
    async def story(ask: Any) -> list[int]:
        query = f"key={market.firm}&at=2020-01-01T00:00:00Z&now=0"
        codes = [(await ask(VERIFY, key="gs_insurer", query=query)).status]
        market.source.set_clock(timedelta(days=400))
        market.change()
        codes.append((await ask(VERIFY, key="gs_insurer", query=query)).status)
        return codes

    assert market.run(story) == [200, 403]
    present, later = (use["at"][:4] for use in market.uses())
    assert int(later) > int(present)


def test_changes_equal_a_fresh_compile(market: Any) -> None:
    """Whatever the order of changes, following them ends where loading everything ends."""
    followed = compile(market.source)
    steps: list[Any] = [
        lambda: market.source.put(
            grants=[market.grant("sister", "licence", quota=market.quota(5))]
        ),
        lambda: market.source.put(
            grants=[market.grant("insurer", "licence", quota=market.quota(9))]
        ),
        lambda: market.source.put(groups={"sister": "alone"}),
        lambda: market.source.put(grants=[market.grant("sister", "licence", quota=None)]),
        lambda: market.source.withdraw(grants=["grant-insurer-licence"], products=["risk"]),
        lambda: market.source.put(
            grants=[market.grant("insurer", "licence", quota=market.quota(1))]
        ),
    ]
    for step in steps:
        step()
        followed = followed.apply(market.source.load(followed.epoch))
        fresh = compile(market.source)
        assert followed.keys == fresh.keys
        assert followed.products == fresh.products
        assert followed.epoch == fresh.epoch
        assert {g.id: g for g in followed.index} == {g.id: g for g in fresh.index}
        for group in ("insurance-group", "alone", "sister"):
            held = (set(one.allowances(group, "product:licence")) for one in (followed, fresh))
            assert next(held) == next(held)


def test_government_has_room_when_the_market_has_none() -> None:
    admission = Admission(capacity=4, reserved=2)
    inside = [admission.admitted("industry") for _ in range(2)]
    for one in inside:
        one.__enter__()
    with pytest.raises(Overloaded):
        admission.admitted("industry").__enter__()
    government = [admission.admitted("public_governance") for _ in range(3)]
    for one in government[:2]:
        one.__enter__()
    with pytest.raises(Overloaded):
        government[2].__enter__()
    for one in (*government[:2], inside[0]):
        one.__exit__(None, None, None)
    with admission.admitted("industry"):
        pass


def test_market_calls_are_shed_and_government_is_answered(market: Any) -> None:
    market.tuning = Tuning(capacity=1, reserved=1)

    async def story(ask: Any) -> list[Any]:
        query = f"key={market.firm}"
        return [await ask(VERIFY, key=k, query=query) for k in ("gs_insurer", "gs_bureau", "gs_x")]

    shed, answered, stranger = market.run(story)
    assert (shed.status, shed.json["code"], answered.status) == (503, "overloaded", 200)
    assert shed.body == stranger.body
    assert len(market.uses()) == 1


def test_a_purpose_that_a_call_states_buys_no_room(market: Any) -> None:
    market.tuning = Tuning(capacity=1, reserved=1)

    async def story(ask: Any) -> int:
        query = f"key={market.firm}&purpose=public_governance"
        return (await ask(VERIFY, key="gs_insurer", query=query)).status

    assert market.run(story) == 503
