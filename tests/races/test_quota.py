"""A quota is never overspent, however many processes take from it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from gongshu_server.delivery.quota_bank import SqliteQuotaBank
from races.racing import at_once

LIMIT, PROCESSES = 1_003, 4


def spend(folder: Path, owner: str) -> int:
    """Take blocks until nothing is left; return how much was taken."""
    bank = SqliteQuotaBank(folder)
    try:
        taken = 0
        while got := bank.reserve(owner, "group/product/2026-01", want=50, limit=LIMIT):
            taken += got
        return taken
    finally:
        bank.close()


def test_four_processes_take_exactly_what_there_is(tmp_path: Path) -> None:
    SqliteQuotaBank(tmp_path).close()
    taken = at_once(*(partial(spend, tmp_path, f"process-{k}") for k in range(PROCESSES)))
    assert sum(taken) == LIMIT


def test_what_was_given_back_is_taken_again_once(tmp_path: Path) -> None:
    bank = SqliteQuotaBank(tmp_path)
    counter = "group/product/2026-01"
    got = bank.reserve("gone", counter, want=50, limit=LIMIT)
    bank.release("gone")
    taken = at_once(*(partial(spend, tmp_path, f"process-{k}") for k in range(2)))
    assert got > 0
    assert sum(taken) == LIMIT
    bank.close()
