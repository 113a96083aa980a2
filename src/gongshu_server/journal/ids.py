"""Text identifiers: ULIDs, sortable by time, made from the time that the caller passes."""

from __future__ import annotations

import secrets
from datetime import datetime

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def ulid(at: datetime) -> str:
    """Return a new ULID: 48 bits of milliseconds since 1970, then 80 random bits."""
    return _written(at, secrets.randbits(80))


def least(at: datetime) -> str:
    """Return the least ULID of this millisecond: no id that was made later sorts before it."""
    return _written(at, 0)


def _written(at: datetime, tail: int) -> str:
    # Nothing was made before 1970, and a reader may look for what was.
    number = (max(int(at.timestamp() * 1000), 0) << 80) | tail
    return "".join(ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))
