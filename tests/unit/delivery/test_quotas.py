"""Quotas: never over, not with two processes, not after a kill; and nothing is lost for long."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gongshu_server.delivery.quota_bank import SqliteQuotaBank
from gongshu_server.delivery.quotas import Allowance, Purse, day_of
from gongshu_server.delivery.use_log import UseLog
from gongshu_server.usage import segments

AT = datetime(2026, 7, 1, 8, 30, tzinfo=UTC)
VERIFY = "/v1/products/licence/verify"
COUNTER = "group/product/2026-07"

SPENDER = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from gongshu_server.delivery.quota_bank import SqliteQuotaBank
from gongshu_server.delivery.quotas import Allowance, Purse
from gongshu_server.usage.records import draw
from gongshu_server.delivery.use_log import UseLog

folder, limit, start, die_after = Path(sys.argv[1]), *map(float, sys.argv[2:5])
at = datetime(2026, 7, 1, 8, 30, tzinfo=UTC)
bank = SqliteQuotaBank(folder)
log = UseLog(folder / "uses", clock=lambda: at, bank=bank)
purse = Purse(bank, owner=log.owner, block=50)
one = Allowance("g", "party", int(limit), "month", "", at, at.replace(year=2027))
while time.time() < start:
    time.sleep(0.001)
used = 0
while used < die_after:
    if purse.spent("group/product", [one], amount=1, at=at)["g"] + 1 > one.limit:
        break
    charges = purse.charge("group/product", [one], "g", amount=1, at=at)
    log.write([draw({"amount": 1}, at=at, charges=charges)])
    used += 1
    print(used, flush=True)
if used >= die_after:
    import os
    os.kill(os.getpid(), 9)
purse.give_back(idle=False)
log.close()
"""


def _spender(folder: Path, *, limit: int, start: float, die_after: int = 10**9) -> Any:
    arguments = [str(folder), str(limit), str(start), str(die_after)]
    return subprocess.Popen(
        [sys.executable, "-c", SPENDER, *arguments], stdout=subprocess.PIPE, text=True
    )


def _used(folder: Path) -> int:
    return sum(len(segments.read(path).records) for path in (folder / "uses").glob("*-*"))


def _allowance(grant: str, limit: int, **changes: Any) -> Allowance:
    values = {"per": "month", "total": "total@2026-01-01", "valid_from": AT - timedelta(days=90)}
    values |= {"ends": AT + timedelta(days=90), "grantee": "party", **changes}
    return Allowance(grant=grant, limit=limit, **values)


def test_two_processes_racing_for_the_last_units_never_use_more(memory: Path) -> None:
    start = time.time() + 1.0
    racers = [_spender(memory, limit=300, start=start) for _ in range(2)]
    printed = [len(racer.communicate(timeout=30)[0].split()) for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0]
    assert sum(printed) == _used(memory)
    # Not over; and not under by more than a block's remainder that the other still held.
    assert 300 - 50 <= sum(printed) <= 300
    assert SqliteQuotaBank(memory).taken(COUNTER) == sum(printed)


GRABBER = """
import sys, time
from pathlib import Path
from gongshu_server.delivery.quota_bank import SqliteQuotaBank
bank = SqliteQuotaBank(Path(sys.argv[1]))
while time.time() < float(sys.argv[3]):
    pass
got = 0
while bank.reserve(sys.argv[3], "group/product/2026-07", want=1, limit=int(sys.argv[2])):
    got += 1
print(got)
"""


def test_two_processes_at_the_bank_get_exactly_what_there_is(memory: Path) -> None:
    SqliteQuotaBank(memory).close()
    start = str(time.time() + 0.6)
    grabbers = [
        subprocess.Popen(
            [sys.executable, "-c", GRABBER, str(memory), "3000", start],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    got = [int(grabber.communicate(timeout=30)[0]) for grabber in grabbers]
    assert [grabber.returncode for grabber in grabbers] == [0, 0, 0]
    assert sum(got) == 3_000


def test_a_kill_gives_back_what_was_reserved_and_not_used(memory: Path) -> None:
    killed = _spender(memory, limit=400, start=0, die_after=60)
    killed.communicate(timeout=30)
    assert killed.returncode == -signal.SIGKILL
    bank = SqliteQuotaBank(memory)
    assert bank.taken(COUNTER) > 60  # The remainder of its block is still out.
    UseLog(memory / "uses", clock=lambda: AT, bank=bank).close()
    assert bank.taken(COUNTER) == 60
    last = _spender(memory, limit=400, start=0)
    assert len(last.communicate(timeout=30)[0].split()) == 340
    assert _used(memory) == bank.taken(COUNTER) == 400
    bank.close()


def test_recovery_counts_uses_whose_reservation_was_lost(memory: Path) -> None:
    """After a power loss the bank may be older than the use log; the log is what counts."""
    killed = _spender(memory, limit=400, start=0, die_after=60)
    killed.communicate(timeout=30)
    for path in memory.glob("quota.sqlite*"):
        path.unlink()
    bank = SqliteQuotaBank(memory)
    UseLog(memory / "uses", clock=lambda: AT, bank=bank).close()
    assert bank.taken(COUNTER) == 60
    bank.close()


def test_a_segment_is_booked_once(memory: Path) -> None:
    bank = SqliteQuotaBank(memory)
    assert bank.reserve("owner", COUNTER, want=100, limit=1_000) == 100
    for _ in range(2):
        bank.settle("owner", "owner-1", {COUNTER: 30})
    assert bank.taken(COUNTER) == 100
    bank.settle("owner", "owner-2", {COUNTER: 5})
    bank.release("owner")
    assert bank.taken(COUNTER) == 35
    bank.close()


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-40, 80)), max_size=40))
@settings(deadline=None, max_examples=30)
def test_the_bank_never_hands_out_more_than_the_limit(
    memory_for_all: Path, steps: list[tuple[int, int]]
) -> None:
    bank, held = SqliteQuotaBank(memory_for_all), [0, 0, 0]
    for owner in range(3):
        bank.release(str(owner))
    for owner, amount in steps:
        if amount >= 0:
            held[owner] += bank.reserve(str(owner), COUNTER, want=amount, limit=100)
        elif held[owner]:
            back = min(-amount, held[owner])
            bank.give_back(str(owner), {COUNTER: back})
            held[owner] -= back
        assert bank.taken(COUNTER) == sum(held) <= 100
    bank.close()


class Counting:
    """A bank without bounds of its own that remembers what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, int | None]] = []
        self.back: list[tuple[str, int]] = []

    def reserve(self, owner: str, counter: str, *, want: int, limit: int | None) -> int:
        self.asked.append((counter, want, limit))
        return want if limit is None else min(want, limit)

    def give_back(self, owner: str, amounts: Mapping[str, int]) -> None:
        self.back += amounts.items()


def test_the_bank_is_asked_once_per_block() -> None:
    bank: Any = Counting()
    purse = Purse(bank, owner="o", block=10, idle_seconds=0.2)
    one = _allowance("g", 1_000)
    for _ in range(25):
        assert purse.spent("s", [one], amount=1, at=AT)["g"] < 1_000
        purse.charge("s", [one], "g", amount=1, at=AT)
    assert bank.asked == [("s/2026-07", 10, 1_000)] * 3
    purse.give_back()
    assert bank.back == []  # Used a moment ago,
    time.sleep(0.2)
    purse.give_back()
    assert bank.back == [("s/2026-07", 5)]  # idle by now.


def test_a_use_charges_every_counter_that_the_group_needs() -> None:
    bank: Any = Counting()
    purse = Purse(bank, owner="o", block=10)
    allowances = [
        _allowance("month", 50),
        _allowance("day", 5, per="day", grantee="sister"),
        _allowance("total", 500, per="total", grantee="sister"),
        _allowance("over", 7, per="total", total="total@2025-01-01", ends=AT),
    ]
    charged = purse.charge("s", allowances, "month", amount=1, at=AT)
    assert charged == ["s/2026-07", "s/2026-07-01", "s/total@2026-01-01"]
    # What the others may still use is no bound on this use; it only counts.
    assert [limit for _, _, limit in bank.asked] == [50, None, None]


def test_periods_are_those_of_beijing() -> None:
    late = datetime(2026, 6, 30, 16, 0, tzinfo=UTC)
    assert _allowance("g", 1, per="day").period(day_of(late)) == "2026-07-01"
    assert _allowance("g", 1, per="month").period(day_of(late - timedelta(seconds=1))) == "2026-06"
    assert _allowance("g", 1, per="total").period(day_of(late)) == "total@2026-01-01"


def test_a_charge_can_be_taken_back() -> None:
    bank: Any = Counting()
    purse, one = Purse(bank, owner="o", block=10), _allowance("g", 1)
    assert purse.spent("s", [one], amount=1, at=AT) == {"g": 0}
    purse.charge("s", [one], "g", amount=1, at=AT)
    bank.reserve = lambda *a, **k: 0
    assert purse.spent("s", [one], amount=1, at=AT) == {"g": 1}
    purse.charge("s", [one], "g", amount=-1, at=AT)
    assert purse.spent("s", [one], amount=1, at=AT) == {"g": 0}


def test_a_renewed_order_is_not_charged_with_the_uses_before(market: Any) -> None:
    first = market.grant("insurer", "licence", quota=market.quota(2))
    market.source.put(grants=[first])

    async def story(ask: Any) -> list[int]:
        codes = []
        for _ in range(3):
            codes.append((await ask(VERIFY, key="gs_insurer", query=f"key={market.firm}")).status)
        renewed = market.grant(
            "insurer",
            "licence",
            id="grant-renewed",
            quota=market.quota(1),
            valid_from=market.now - timedelta(days=1),
        )
        market.change(grants=[renewed])
        for _ in range(2):
            codes.append((await ask(VERIFY, key="gs_insurer", query=f"key={market.firm}")).status)
        return codes

    assert market.run(story) == [200, 200, 429, 200, 429]


def test_quota_outlives_the_process(market: Any) -> None:
    market.source.put(grants=[market.grant("insurer", "licence", quota=market.quota(5))])

    async def story(ask: Any) -> list[int]:
        query = f"key={market.firm}"
        return [(await ask(VERIFY, key="gs_insurer", query=query)).status for _ in range(3)]

    assert market.run(story) == [200, 200, 200]
    assert market.run(story) == [200, 200, 429]


def test_the_last_units_do_not_stay_with_an_idle_process(memory: Path) -> None:
    bank = SqliteQuotaBank(memory)
    one = _allowance("g", 8)
    idle, busy = (Purse(bank, owner=name, block=1_000, idle_seconds=0) for name in ("idle", "busy"))
    idle.spent("s", [one], amount=1, at=AT)
    used = 0
    while busy.spent("s", [one], amount=1, at=AT)["g"] < 8:
        busy.charge("s", [one], "g", amount=1, at=AT)
        used += 1
    assert used == 7
    idle.give_back()
    time.sleep(0.3)  # For so long a process does not ask again after it was told "none left".
    assert busy.spent("s", [one], amount=1, at=AT)["g"] == 7
    bank.close()


STARTER = """
import sys, time
from pathlib import Path
from gongshu_server.delivery.quota_bank import SqliteQuotaBank
from gongshu_server.usage.authorisations import Authorisations
while time.time() < float(sys.argv[2]):
    pass
SqliteQuotaBank(Path(sys.argv[1])).reserve("o", "c", want=1, limit=9)
Authorisations(Path(sys.argv[1]), secret=b"secret")
"""


def test_processes_that_start_together_on_a_new_node_all_start(memory: Path) -> None:
    for attempt in range(3):
        folder, start = memory / str(attempt), str(time.time() + 0.35)
        starters = [
            subprocess.Popen([sys.executable, "-c", STARTER, str(folder), start]) for _ in range(4)
        ]
        assert [starter.wait(30) for starter in starters] == [0, 0, 0, 0]
