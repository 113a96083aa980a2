"""Counters of running processes, in shared memory: what an operator watches, at next to no cost.

Each process has a file of its own below `counters/`, mapped into memory; to count is to add one to
a number there. Whoever reads adds up all files. What processes that have ended have counted is
moved into one file by the next that starts, so that no number ever goes down. No counter names a
party, a person or a product.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

FOLDER: Final = "counters"
FORMS: Final = ("verification", "dataset")
OUTCOMES: Final[Mapping[int, str]] = {
    200: "allowed",
    400: "invalid",
    403: "refused",
    404: "not_found",
    413: "too_long",
    429: "quota",
    500: "failed",
    503: "unavailable",
}
"""How a call to a product ended, by the status of its answer."""
GROUPS: Final = ("product", "api", "portal", "ledger", "static", "upkeep")
BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Upper bounds of the classes of duration, in seconds; one more class is above them all."""
EVENTS: Final = ("job_failed", "periodic_failed")
CONFIRMED: Final = "confirmed"
"""When the process last knew that its grants were fresh, in milliseconds since the machine started,
which all processes count alike; 0 for a process without grants."""

_CLASSES: Final = len(BOUNDS) + 1
_NAMES: Final = (
    CONFIRMED,
    *(f"call/{form}/{outcome}" for form in FORMS for outcome in OUTCOMES.values()),
    *(f"event/{name}" for name in EVENTS),
    *(f"{group}/{k}" for group in GROUPS for k in [*map(str, range(_CLASSES)), "microseconds"]),
)
_PLACE: Final = {name: 1 + k for k, name in enumerate(_NAMES)}
# The first number says what the others mean: after an upgrade the files of before are put aside.
_MEANING: Final = int.from_bytes(sha256("\n".join(_NAMES).encode()).digest()[:7], "big")
_BYTES: Final = 8 * (1 + len(_NAMES))
_GONE: Final = "gone"


class Counters:
    """The counters of this process, in `home`/counters; may be used from any thread.

    Calls to products are counted from the event loop alone and take no lock.
    """

    def __init__(self, home: Path) -> None:
        folder = home / FOLDER
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _alone(folder):
            _gather(folder)
            self._handle = _opened(folder / f"{os.getpid()}-{time.monotonic_ns()}")
            fcntl.flock(self._handle, fcntl.LOCK_EX)
        self._map = mmap.mmap(self._handle, _BYTES)
        self._numbers = memoryview(self._map).cast("Q")
        self._lock = threading.Lock()
        self._calls = {
            (form, status): _PLACE[f"call/{form}/{outcome}"]
            for form in FORMS
            for status, outcome in OUTCOMES.items()
        }
        self._first = {group: _PLACE[f"{group}/0"] for group in GROUPS}
        self._product = self._first["product"]

    def call(self, form: str, status: int, seconds: float) -> None:
        """Count an answered call to a product; from the event loop alone."""
        numbers, first = self._numbers, self._product
        numbers[self._calls[form, status]] += 1
        numbers[first + bisect_left(BOUNDS, seconds)] += 1
        numbers[first + _CLASSES] += int(seconds * 1e6)

    def request(self, group: str, seconds: float) -> None:
        """Count a request of another group."""
        first = self._first[group]
        with self._lock:
            self._numbers[first + bisect_left(BOUNDS, seconds)] += 1
            self._numbers[first + _CLASSES] += int(seconds * 1e6)

    def event(self, name: str) -> None:
        """Count one of EVENTS."""
        with self._lock:
            self._numbers[_PLACE[f"event/{name}"]] += 1

    def confirm(self) -> None:
        """Note that the process's grants are fresh now; from one thread alone."""
        self._numbers[_PLACE[CONFIRMED]] = time.monotonic_ns() // 1_000_000

    def close(self) -> None:
        """Let go of the file; what was counted stays in it."""
        self._numbers[_PLACE[CONFIRMED]] = 0
        self._numbers.release()
        self._map.close()
        os.close(self._handle)


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums over all processes, and of each running one how long ago (s) it had fresh grants."""

    numbers: Mapping[str, int]
    confirmed: tuple[float, ...]

    def calls(self) -> Iterator[tuple[str, str, int]]:
        """Yield (outcome, form, how many)."""
        for form in FORMS:
            for outcome in OUTCOMES.values():
                yield outcome, form, self.numbers[f"call/{form}/{outcome}"]

    def durations(self) -> Iterator[tuple[str, list[int], float]]:
        """Yield (group, how many by class of duration, seconds together)."""
        for group in GROUPS:
            classes = [self.numbers[f"{group}/{k}"] for k in range(_CLASSES)]
            yield group, classes, self.numbers[f"{group}/microseconds"] / 1e6


@cache
def _of(home: Path, process: int) -> Counters:
    return Counters(home)


def own(home: Path) -> Counters:
    """Return the counters of this process, made at the first call; a fork has its own."""
    return _of(home, os.getpid())


def totals(home: Path) -> Totals:
    """Return what all processes of the node have counted so far."""
    folder = home / FOLDER
    sums, confirmed = dict.fromkeys(_NAMES, 0), []
    if folder.is_dir():
        with _alone(folder):
            for path in _files(folder):
                numbers = _read(path)
                for name, number in zip(_NAMES, numbers, strict=True):
                    sums[name] += number
                if numbers[0] and _alive(path):
                    confirmed.append(time.monotonic() - numbers[0] / 1000)
    del sums[CONFIRMED]
    return Totals(sums, tuple(confirmed))


def _gather(folder: Path) -> None:
    """Move the numbers of processes that have ended into one file."""
    for path in _files(folder):
        if path.name == _GONE or _alive(path):
            continue
        handle = _opened(folder / _GONE)
        with mmap.mmap(handle, _BYTES) as gone, memoryview(gone).cast("Q") as numbers:
            for k, number in enumerate(_read(path)[1:], start=2):
                numbers[k] += number
        os.close(handle)
        path.unlink()


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.suffix != ".lock"]


def _read(path: Path) -> list[int]:
    """Return the numbers of a file in order; zeros for one of another version."""
    with memoryview(path.read_bytes()) as data:
        if len(data) != _BYTES or data.cast("Q")[0] != _MEANING:
            return [0] * len(_NAMES)
        return data.cast("Q").tolist()[1:]


def _opened(path: Path) -> int:
    """Return a handle of a file that holds counters of this version; others begin at zero."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    start = _MEANING.to_bytes(8, "little")
    if os.fstat(handle).st_size != _BYTES or os.pread(handle, 8, 0) != start:
        os.ftruncate(handle, 0)
        os.ftruncate(handle, _BYTES)
        os.pwrite(handle, start, 0)
    return handle


def _alive(path: Path) -> bool:
    """Tell whether the process that counts in the file still runs."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    handle = os.open(folder / "start.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
