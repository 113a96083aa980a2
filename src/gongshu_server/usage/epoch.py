"""The epoch of a host: one number in shared memory that says "your grants are out of date".

An action that revokes something advances it after its commit and before its answer returns. Every
serving process compares it at every call, which costs less than a microsecond, so a revocation
bites at the next call on the host.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
from pathlib import Path
from types import TracebackType
from typing import Self

_NUMBER = struct.Struct("<Q")


class Epoch:
    """The counter in `folder`/epoch: 64 bits, mapped by every process of the host."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._handle = os.open(folder / "epoch", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        # Growing a file leaves what is in it: whoever comes second changes nothing.
        if os.fstat(self._handle).st_size < _NUMBER.size:
            os.ftruncate(self._handle, _NUMBER.size)
        self._map = mmap.mmap(self._handle, _NUMBER.size)

    def value(self) -> int:
        """Return the present number."""
        number: int = _NUMBER.unpack_from(self._map)[0]
        return number

    def advance(self) -> int:
        """Add one and return the new number; every process on this host sees it when this returns.

        It is not forced to disk: whoever starts after a power loss loads everything anyway.
        """
        fcntl.flock(self._handle, fcntl.LOCK_EX)
        try:
            number = self.value() + 1
            _NUMBER.pack_into(self._map, 0, number)
        finally:
            fcntl.flock(self._handle, fcntl.LOCK_UN)
        return number

    def close(self) -> None:
        """Let go of the mapping and the file."""
        self._map.close()
        os.close(self._handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
