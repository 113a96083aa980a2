"""Group commit: whatever arrives in one turn of the event loop is made durable together.

One forced write then serves many callers. It runs on the loop itself, without a thread: every call
has to wait for the disk anyway, and while the disk works the other process has the processor.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class GroupCommit(Generic[Item, Outcome]):
    """Collects items and hands all of them to `write` once per turn of the loop.

    `write` returns one outcome for each item, in order, and only when all are durable.
    """

    def __init__(self, write: Callable[[list[Item]], Sequence[Outcome]]) -> None:
        self._write = write
        self._waiting: list[tuple[Item, asyncio.Future[Outcome]]] = []

    def submit(self, item: Item) -> asyncio.Future[Outcome]:
        """Return a future that holds the item's outcome as soon as the item is durable."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Outcome] = loop.create_future()
        self._waiting.append((item, future))
        if len(self._waiting) == 1:
            loop.call_soon(self.flush)
        return future

    def flush(self) -> None:
        """Write what is waiting now, and wake those who wait for it."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        try:
            outcomes = self._write([item for item, _ in waiting])
        except Exception as error:  # noqa: BLE001 - each caller receives it and must answer
            for _, future in waiting:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), outcome in zip(waiting, outcomes, strict=True):
            if not future.done():  # A caller that hung up has cancelled its own.
                future.set_result(outcome)
