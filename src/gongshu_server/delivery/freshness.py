"""Freshness: no call is decided on grants that may have been revoked since.

Three things keep it: the host's epoch is compared at every call, and changes are loaded before
deciding when it moved; a thread confirms four times a second that the source has nothing newer,
also from other hosts; and whoever could not confirm for a second answers nobody.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from gongshu.vocabulary.errors import Unavailable
from gongshu_server.delivery.entitlements import Entitlements, EntitlementSource, compile
from gongshu_server.usage.epoch import Epoch

CONFIRM_EVERY: Final = 0.25
CONFIRMED_FOR: Final = 1.0


class Freshness:
    """Holds the process's entitlements and hands them out only while they are certain.

    `confirmed` is called whenever they have just been confirmed.
    """

    def __init__(
        self,
        source: EntitlementSource,
        epoch: Epoch,
        *,
        confirmed: Callable[[], None] = lambda: None,
    ) -> None:
        self._source, self._epoch, self._say_confirmed = source, epoch, confirmed
        self._lock = threading.Lock()
        self._stop = threading.Event()
        # Read before loading: what is revoked in between is loaded once more, never missed.
        self._seen = epoch.value()
        self._confirmed = time.monotonic()
        self._entitlements = compile(source)
        self._thread = threading.Thread(target=self._confirm, name="freshness", daemon=True)

    def start(self) -> None:
        """Start confirming."""
        self._say_confirmed()
        self._thread.start()

    def stop(self) -> None:
        """Stop confirming; from a second later on every call is refused."""
        self._stop.set()
        self._thread.join()

    def current(self) -> Entitlements:
        """Return the entitlements of this instant.

        Raises Unavailable when it is not certain that they are.
        """
        if self._epoch.value() != self._seen:
            self._reload()
        if time.monotonic() - self._confirmed > CONFIRMED_FOR:
            raise unconfirmed()
        return self._entitlements

    @property
    def offset(self) -> timedelta:
        """How far the node's time lies from the machine's, as last heard."""
        return self._entitlements.offset

    def _reload(self) -> None:
        with self._lock:
            seen, begun = self._epoch.value(), time.monotonic()
            if seen == self._seen:
                return  # Another thread has just loaded them.
            try:
                self._load(begun)
            except Exception as error:
                raise unconfirmed() from error
            self._seen = seen

    def _load(self, begun: float) -> None:
        changes = self._source.load(self._entitlements.epoch)
        self._entitlements = self._entitlements.apply(changes)
        self._confirmed = begun

    def _confirm(self) -> None:
        failing = False
        while not self._stop.wait(CONFIRM_EVERY):
            try:
                self._confirm_once()
                self._say_confirmed()
                failing = False
            except Exception as error:  # noqa: BLE001 - whatever it is, nothing is confirmed
                if not failing:  # Once per failure, not four times a second.
                    sys.stderr.write(f"无法确认用数许可是否最新（{type(error).__name__}）。\n")
                failing = True

    def _confirm_once(self) -> None:
        with self._lock:
            begun = time.monotonic()
            if self._source.epoch() == self._entitlements.epoch:
                self._confirmed = begun
            else:
                self._load(begun)


def unconfirmed() -> Unavailable:
    """Return the refusal of a host that is not certain."""
    return Unavailable(
        "服务暂时无法确认用数许可是否最新，本次调用未处理、未计费。请稍后重试。",
        code="not_confirmed",
    )
