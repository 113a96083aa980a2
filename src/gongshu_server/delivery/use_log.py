"""The writer of use records: one process, one open segment, every batch forced to disk.

A record counts only when it is on disk, and after a failed write or fsync nobody knows what is. So
the process then stops at once, without an answer to anybody; the next one that starts closes what
was left open and books the quota that it used.
"""

from __future__ import annotations

import fcntl
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final, NoReturn, Protocol

from gongshu_server.journal.ids import ulid
from gongshu_server.usage.records import Drawn
from gongshu_server.usage.segments import CLOSED, OPEN, footer, header, read

ALIVE: Final = ".alive"
MOST_RECORDS: Final = 20_000
MOST_SECONDS: Final = 10.0
_EX_IOERR: Final = 74


class Settlement(Protocol):
    """Where quota charges are booked for good once they stand in a segment on disk."""

    def settle(self, owner: str, segment: str, amounts: Mapping[str, int]) -> None:
        """Book `amounts` by counter, once per segment, and take them off the owner's blocks."""

    def release(self, owner: str) -> None:
        """Drop what a process that is gone had reserved and not used."""


class _File:
    """An open segment file, with what its footer will say and which quotas it charges."""

    def __init__(self, path: Path, flags: int = os.O_CREAT | os.O_EXCL) -> None:
        self.path = path
        self.count = 0
        self.charged: Counter[str] = Counter()
        self._digest = sha256()
        self._handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | flags, 0o600)

    @classmethod
    def create(cls, folder: Path, name: str, *, owner: str, at: datetime) -> _File:
        """Start a segment; its name and header are on disk when this returns."""
        file = cls(folder / (name + OPEN))
        file.append(header(name=name, owner=owner, at=at))
        _sync_folder(folder)
        return file

    @classmethod
    def resume(cls, path: Path) -> _File:
        """Take up the segment of a dead process without its torn end."""
        contents = read(path)
        os.truncate(path, contents.length)
        file = cls(path, 0)
        file.count, file.charged = len(contents.records), contents.charged()
        file._digest = sha256(path.read_bytes())
        return file

    def append(self, data: bytes) -> None:
        """Write all of `data` and force it to disk. Raises OSError."""
        view = memoryview(data)
        while view:
            view = view[os.write(self._handle, view) :]
        os.fdatasync(self._handle)
        self._digest.update(data)

    def finish(self, *, owner: str, at: datetime, bank: Settlement) -> None:
        """Close the segment: footer, booked quotas, new name; one without records is removed.

        After a crash between any two steps they can be done again from the start: quotas are
        booked once per segment name, and the name changes last.
        """
        if self.count:
            self.append(footer(self._digest, count=self.count, at=at))
        self.settle(owner=owner, bank=bank)

    def settle(self, *, owner: str, bank: Settlement) -> None:
        """Book the quotas of a segment that has its footer, and give it its last name."""
        if self.count:
            bank.settle(owner, self.path.stem, self.charged)
            self.path.rename(self.path.with_suffix(CLOSED))
        else:
            self.path.unlink()
        _sync_folder(self.path.parent)
        os.close(self._handle)


class UseLog:
    """The use records of one process, in `folder`.

    Nothing else in the folder is written by this process, and its files by nobody else: its owner
    id is fresh, and a lock on `OWNER.alive` tells the others that it lives.
    """

    def __init__(
        self,
        folder: Path,
        *,
        clock: Callable[[], datetime],
        bank: Settlement,
        most_records: int = MOST_RECORDS,
        most_seconds: float = MOST_SECONDS,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._clock, self._bank = folder, clock, bank
        self._most_records, self._most_seconds = most_records, most_seconds
        self._number = 0
        self.owner = ulid(clock())
        # Whoever starts at the same time waits: it must not reserve quota on counters that are
        # still too low, and must not take this process for a dead one.
        with _alone(folder):
            recover(folder, at=clock(), bank=bank)
            self._alive = _lock(folder / (self.owner + ALIVE))
            self._file = self._create()

    def write(self, batch: Sequence[Drawn]) -> Sequence[str]:
        """Append the records, force them to disk and return their receipt ids.

        Ends the process when the disk refuses.
        """
        try:
            if self._file.count >= self._most_records:
                self._rotate()
            self._file.append(b"".join([drawn.line for drawn in batch]))
        except OSError as error:
            _stop(error)
        self._file.count += len(batch)
        charged = self._file.charged
        for drawn in batch:
            for counter in drawn.charges:
                charged[counter] += drawn.amount
        return [drawn.receipt for drawn in batch]

    def rotate_if_due(self) -> None:
        """Close the present segment when it holds records and is old enough."""
        if self._file.count and time.monotonic() - self._since >= self._most_seconds:
            try:
                self._rotate()
            except OSError as error:
                _stop(error)

    def close(self) -> None:
        """Close the last segment and sign off; nothing may be written after it."""
        self._file.finish(owner=self.owner, at=self._clock(), bank=self._bank)
        self._bank.release(self.owner)
        (self._folder / (self.owner + ALIVE)).unlink()
        os.close(self._alive)

    def _rotate(self) -> None:
        full, self._file = self._file, self._create()
        full.finish(owner=self.owner, at=self._clock(), bank=self._bank)

    def _create(self) -> _File:
        self._number += 1
        self._since = time.monotonic()
        name = f"{self.owner}-{self._number:08d}"
        return _File.create(self._folder, name, owner=self.owner, at=self._clock())


def recover(folder: Path, *, at: datetime, bank: Settlement) -> list[str]:
    """Close what dead processes left open and give back the quota they had reserved but not used.

    Returns the names of the segments that it closed. The caller holds the folder's lock.
    """
    names = []
    for alive in sorted(folder.glob(f"*{ALIVE}")):
        try:
            handle = _lock(alive)
        except BlockingIOError:
            continue
        owner = alive.stem
        names += [_close_for(owner, path, at=at, bank=bank) for path in _left_open(folder, owner)]
        bank.release(owner)
        alive.unlink()
        os.close(handle)
    return names


def _left_open(folder: Path, owner: str) -> Iterator[Path]:
    for path in sorted(folder.glob(f"{owner}-*{OPEN}")):
        if b"\n" in path.read_bytes()[:4096]:
            yield path
        else:
            path.unlink()  # Its writer died before the header was whole, so it has no record.


def _close_for(owner: str, path: Path, *, at: datetime, bank: Settlement) -> str:
    closed = read(path).closed
    file = _File.resume(path)
    if closed:
        file.settle(owner=owner, bank=bank)
    else:
        file.finish(owner=owner, at=at, bank=bank)
    return path.stem


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    handle = os.open(folder / "start.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _lock(path: Path) -> int:
    """Return a handle with the lock on `path`; raises BlockingIOError while another holds it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise
    return handle


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _stop(error: OSError) -> NoReturn:
    """End the process without any clean-up: what an unwinding would still answer is not on disk."""
    sys.stderr.write(f"用数记录写不进磁盘（{error.strerror}），服务进程立即停止。\n")
    sys.stderr.flush()
    os._exit(_EX_IOERR)
