"""Text identifiers: ULIDs, sortable by time, made from the time that the caller passes."""

from __future__ import annotations

import secrets
from datetime import datetime

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def ulid(at: datetime) -> str:
    """Return a new ULID: 48 bits of milliseconds since 1970, then 80 random bits."""
    number = (int(at.timestamp() * 1000) << 80) | secrets.randbits(80)
    return "".join(ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))
