"""What tells an entry that the node has written from a row that somebody put into the database.

Commitments are public arithmetic: whoever can edit rows can write a body and compute its
commitment. So half of an entry's salt is random and hides it, as the ledger demands; the other half
is a code over the whole row under the node's secret, which is not in the database. Erasing the salt
erases both, and outside the node the salt looks like any other.
"""

from __future__ import annotations

import hmac
import os
from datetime import UTC
from pathlib import Path
from typing import Final

from django.conf import settings

from gongshu_server.journal.models import Entry
from gongshu_server.secrets_folder import secret

_RANDOM: Final = 16
_CODE: Final = 16
_PURPOSE: Final = b"gongshu.entry\x00"


def fresh_salt(entry: Entry) -> bytes:
    """Return a salt for an entry whose other columns, but for the commitment, are final."""
    random = os.urandom(_RANDOM)
    return random + _code(entry, random)


def genuine(entry: Entry) -> bool:
    """Tell whether the node itself wrote the entry as it stands; an erased one never counts."""
    if entry.salt is None or entry.body is None:
        return False
    salt = bytes(entry.salt)
    return hmac.compare_digest(salt[_RANDOM:], _code(entry, salt[:_RANDOM]))


def _code(entry: Entry, random: bytes) -> bytes:
    columns = (
        entry.id,
        str(entry.sequence),
        entry.at.astimezone(UTC).isoformat(),
        entry.event,
        entry.outcome,
        entry.actor,
        entry.organisation,
        entry.subject_kind,
        entry.subject_id,
        entry.clause,
        entry.body or "",
    )
    encoded = [random, *(column.encode() for column in columns)]
    # Each part goes in with its length, so that no two different rows read the same.
    message = b"".join(len(part).to_bytes(4, "big") + part for part in encoded)
    key = secret(Path(settings.HOME), "node.secret")
    return hmac.digest(key, _PURPOSE + message, "sha256")[:_CODE]
