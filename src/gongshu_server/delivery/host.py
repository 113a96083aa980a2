"""One serving process: everything it holds, opened in the right order and closed in reverse."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from gongshu_server.counters import Counters
from gongshu_server.delivery.admission import CAPACITY, RESERVED, Admission
from gongshu_server.delivery.calls import Judge
from gongshu_server.delivery.commits import GroupCommit
from gongshu_server.delivery.entitlements import EntitlementSource
from gongshu_server.delivery.freshness import Freshness
from gongshu_server.delivery.quota_bank import SqliteQuotaBank
from gongshu_server.delivery.quotas import BLOCK, Purse, QuotaBank
from gongshu_server.delivery.serving import ServingFiles
from gongshu_server.delivery.use_log import MOST_RECORDS, MOST_SECONDS, UseLog
from gongshu_server.delivery.web import Door
from gongshu_server.usage.authorisations import Authorisations
from gongshu_server.usage.epoch import Epoch
from gongshu_server.usage.segments import USES

_HOUSEKEEPING_SECONDS: Final = 0.25

Refused = Callable[[int, datetime], None]
"""Told how many calls of strangers were refused, and when; it may write, so a thread calls it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """How much a process takes on, and when it closes a segment."""

    block: int = BLOCK
    most_records: int = MOST_RECORDS
    most_seconds: float = MOST_SECONDS
    capacity: int = CAPACITY
    reserved: int = RESERVED


class Host:
    """A process that is ready to serve, from `open` to `close`; both run on the event loop."""

    def __init__(
        self,
        folder: Path,
        *,
        secret: bytes,
        source: EntitlementSource,
        bank: QuotaBank | None = None,
        refused: Refused | None = None,
        tuning: Tuning,
    ) -> None:
        self._refused, self._epoch = refused, Epoch(folder)
        self._counters = Counters(folder)
        self._freshness = Freshness(source, self._epoch, confirmed=self._counters.confirm)
        self._bank = bank or SqliteQuotaBank(folder)
        self._log = UseLog(
            folder / USES,
            clock=self._now,
            bank=self._bank,
            most_records=tuning.most_records,
            most_seconds=tuning.most_seconds,
        )
        self._purse = Purse(self._bank, owner=self._log.owner, block=tuning.block)
        self._authorisations = Authorisations(folder, secret=secret)
        self._authorisations.forget_expired(at=self._now())
        self._records = GroupCommit(self._log.write)
        self._files = ServingFiles()
        self.door = Door(
            secret=secret,
            freshness=self._freshness,
            judge=Judge(
                secret=secret,
                purse=self._purse,
                authorisations=self._authorisations,
                log=self._records,
            ),
            files=self._files,
            admission=Admission(capacity=tuning.capacity, reserved=tuning.reserved),
            counters=self._counters,
        )
        self._start()

    def _start(self) -> None:
        self._freshness.start()
        _keep_what_is_loaded()
        self._housekeeping = asyncio.get_running_loop().create_task(self._keep_house())

    def failed(self, form: str) -> None:
        """Count a call that ended in a defect of ours."""
        self._counters.call(form, 500, 0.0)

    def close(self) -> None:
        """Write what is waiting, give quota back, close the segment and let everything go."""
        self._housekeeping.cancel()
        if self._refused is not None and (strangers := self.door.take_strangers()):
            self._refused(strangers, self._now())
        self._freshness.stop()
        self._records.flush()
        self._purse.give_back(idle=False)
        self._log.close()
        self._bank.close()
        self._authorisations.close()
        self._files.close()
        self._epoch.close()
        self._counters.close()

    def _now(self) -> datetime:
        return datetime.now(UTC) + self._freshness.offset

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(_HOUSEKEEPING_SECONDS)
            self._log.rotate_if_due()
            self._purse.give_back()
            if self._refused is not None and (strangers := self.door.take_strangers()):
                # No call waits for the file of counts: not its own, nor one that comes meanwhile.
                await asyncio.to_thread(self._refused, strangers, self._now())


def _keep_what_is_loaded() -> None:
    """Take what is loaded out of the search for garbage.

    The entitlements stay for long and are many: searching them again and again would stop all
    calls for as long as it takes.
    """
    gc.collect()
    gc.freeze()
