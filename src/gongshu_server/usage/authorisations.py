"""Electronic authorisations of a subject: bound to one question of one caller, good for one call.

A token is `gsa_ID.EXPIRES.NONCE.CODE`. The code binds it to the subject, the caller's control
group, the purpose, the product with its question, and the time it ends; none of that can be changed
without the node's secret, and the subject cannot be read from it. That it was used is on disk
before the answer (disclosure-control §7).
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from gongshu_server.accounts.digests import authorisation_mac
from gongshu_server.journal.ids import ulid
from gongshu_server.usage.sqlite_files import opened

PREFIX: Final = "gsa_"
_MOST_CHARACTERS: Final = 200
_SCHEMA: Final = (
    "create table if not exists used (id text primary key, expires integer) without rowid"
)


@dataclass(frozen=True, slots=True)
class Authorised:
    """What an authorisation is for: exactly this, by exactly this caller."""

    subject: str
    control_group: str
    purpose: str
    product: str
    question: str


def authorisation_id(token: str) -> str:
    """Return the id of a token, under which the node may keep who gave it and when."""
    return token.removeprefix(PREFIX).partition(".")[0]


class Authorisations:
    """Issues and checks the authorisations of a node, and remembers in a file which were used."""

    def __init__(self, folder: Path, *, secret: bytes) -> None:
        self._secret = secret
        self._database = opened(folder / "authorisations.sqlite", _SCHEMA)

    def issue(self, authorised: Authorised, *, at: datetime, expires: datetime) -> str:
        """Return a new token for one use of exactly what `authorised` says, before `expires`."""
        head = (ulid(at), str(int(expires.timestamp())), secrets.token_hex(16))
        return PREFIX + ".".join((*head, self._code(head, authorised)))

    def holds(self, token: str, authorised: Authorised, *, at: datetime) -> bool:
        """Tell whether a token is genuine, for exactly this, and neither expired nor used.

        The subject is looked up nowhere.
        """
        parts = token.removeprefix(PREFIX).split(".") if len(token) <= _MOST_CHARACTERS else []
        if len(parts) != 4 or not token.startswith(PREFIX):
            return False
        head, code = (parts[0], parts[1], parts[2]), parts[3]
        right = self._code(head, authorised).encode()
        if not hmac.compare_digest(right, code.encode("utf-8", "replace")):
            return False
        # A genuine code vouches for the form of the parts, so the number can be read now.
        return at.timestamp() < int(parts[1]) and not self._used(parts[0])

    def consume(self, tokens: Sequence[str]) -> list[bool]:
        """Mark tokens that hold as used; True for each that was not used yet, in order.

        Whichever process comes first has it: all this is on disk when it returns.
        """
        self._database.execute("begin immediate")
        try:
            outcomes = [self._mark(token) for token in tokens]
        except BaseException:
            self._database.execute("rollback")
            raise
        self._database.execute("commit")
        return outcomes

    def forget_expired(self, *, at: datetime) -> None:
        """Remove the marks of tokens that have expired: their time refuses them anyway."""
        self._database.execute("delete from used where expires <= ?", (int(at.timestamp()),))

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _mark(self, token: str) -> bool:
        expires = int(token.split(".")[1])
        cursor = self._database.execute(
            "insert or ignore into used values (?, ?)", (authorisation_id(token), expires)
        )
        return cursor.rowcount == 1

    def _used(self, token_id: str) -> bool:
        found = self._database.execute("select 1 from used where id = ?", (token_id,))
        return found.fetchone() is not None

    def _code(self, head: tuple[str, str, str], authorised: Authorised) -> str:
        a = authorised
        bound = (a.subject, a.control_group, a.purpose, a.product, a.question)
        return authorisation_mac(self._secret, (*head, *bound))
