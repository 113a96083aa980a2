"""Quotas: counted over a whole control group, spent from blocks that each process reserves.

A *counter* is the text `GROUP/PRODUCT/PERIOD`: all that the organisations of one control group use
of one product in one period, whichever key or grant they use. A total quota
counts from the day its grant begins, so that a renewed order is not charged with the uses before.
A use charges every counter that some grant of the group on the product needs.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from gongshu.policy import Grant
from gongshu.policy.periods import BEIJING
from gongshu_server.delivery.use_log import Settlement

BLOCK: Final = 1_000
_EXHAUSTED_SECONDS: Final = 0.25
IDLE_SECONDS: Final = 2.0
"""A block that nothing was asked of for so long goes back: another process may need it. If it went
sooner, the blocks of many customers with few calls each would go to and fro all the time."""


class QuotaBank(Settlement, Protocol):
    """The one place of a node where quota is handed out; it never hands out more than there is.

    What is settled is on disk when the method returns. Reservations need not be: they mean
    something only while their process lives.
    """

    def reserve(self, owner: str, counter: str, *, want: int, limit: int | None) -> int:
        """Take up to `want` units off the counter for the owner and return how many it got.

        Everything used or reserved stays within `limit`; None means without bound.
        """

    def give_back(self, owner: str, amounts: Mapping[str, int]) -> None:
        """Return units by counter that the owner reserved and did not use."""

    def close(self) -> None:
        """Let go of what the bank holds open."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """A grant's quota in the form that a call needs."""

    grant: str
    grantee: str
    limit: int
    per: str
    total: str
    valid_from: datetime
    ends: datetime

    @classmethod
    def of(cls, grant: Grant) -> Allowance:
        """Return the allowance of a grant that has a quota."""
        if grant.quota is None:
            raise ValueError(f"grant {grant.id} has no quota")
        start = grant.valid_from.astimezone(BEIJING)
        return cls(
            grant=grant.id,
            grantee=grant.grantee,
            limit=grant.quota.amount,
            per=grant.quota.per,
            total=f"total@{start:%Y-%m-%d}",
            valid_from=grant.valid_from,
            ends=grant.ends,
        )

    def period(self, day: str) -> str:
        """Return the name of the period whose uses count on a day, written as `day_of` does."""
        if self.per == "total":
            return self.total
        return day if self.per == "day" else day[:7]


def day_of(at: datetime) -> str:
    """Return the day of an instant by Beijing time: "2026-07-01"."""
    return at.astimezone(BEIJING).isoformat()[:10]


@dataclass(slots=True)
class _Block:
    """Units that this process may still use; `empty_until` spares the bank needless questions."""

    left: int = 0
    asked_at: float = 0.0
    empty_until: float = 0.0


class Purse:
    """What one process has reserved: it asks the bank once per block, not once per call.

    It belongs to the event loop: between `spent` and `charge` nothing else may run.
    """

    def __init__(
        self,
        bank: QuotaBank,
        *,
        owner: str,
        block: int = BLOCK,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._bank, self._owner, self._size = bank, owner, block
        self._idle_seconds = idle_seconds
        self._blocks: dict[tuple[str, int | None], _Block] = {}

    def spent(
        self, scope: str, allowances: Iterable[Allowance], *, amount: int, at: datetime
    ) -> dict[str, int]:
        """Return by grant id what counts as used: the limit less what this process still holds.

        A block is reserved where less than `amount` is held, so a number below the limit is a
        promise that `charge` can keep.
        """
        day = day_of(at)
        return {
            one.grant: one.limit - self._held(f"{scope}/{one.period(day)}", one.limit, amount)
            for one in allowances
        }

    def charge(
        self, scope: str, allowances: Sequence[Allowance], grant: str, *, amount: int, at: datetime
    ) -> list[str]:
        """Use `amount` under a grant, on every counter of the group, and return the counters.

        A negative amount takes back a charge that did not become a use.
        """
        day = day_of(at)
        counters: dict[str, int | None] = {}
        for one in allowances:
            if one.grant == grant:
                counters[f"{scope}/{one.period(day)}"] = one.limit
            elif one.valid_from <= at < one.ends:
                counters.setdefault(f"{scope}/{one.period(day)}", None)
        for counter, limit in counters.items():
            self._held(counter, limit, amount)
            self._blocks[counter, limit].left -= amount
        return list(counters)

    def give_back(self, *, idle: bool = True) -> None:
        """Return to the bank, in one go, the blocks that nothing was asked of for a while.

        With `idle` False all of them are returned.
        """
        unused: Counter[str] = Counter()
        before = time.monotonic() - self._idle_seconds
        for key, block in list(self._blocks.items()):
            if not idle or block.asked_at <= before:
                unused[key[0]] += block.left
                del self._blocks[key]
        returned = {counter: left for counter, left in unused.items() if left}
        if returned:
            self._bank.give_back(self._owner, returned)

    def _held(self, counter: str, limit: int | None, amount: int) -> int:
        """Return how many units are held, after reserving more when there are too few."""
        block = self._blocks.get((counter, limit))
        if block is None:
            block = self._blocks[counter, limit] = _Block()
        block.asked_at = time.monotonic()
        if block.left < amount and time.monotonic() >= block.empty_until:
            want = max(self._size, amount - block.left)
            block.left += self._bank.reserve(self._owner, counter, want=want, limit=limit)
            if block.left < amount:
                block.empty_until = time.monotonic() + _EXHAUSTED_SECONDS
        return block.left
