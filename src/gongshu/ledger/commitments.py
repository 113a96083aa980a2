"""Salted commitments: what the public log shows of an event, and how one is opened.

An entry is SHA-256(0x00 ‖ u8 length of kind ‖ kind ‖ 32-byte salt ‖ body). Without the salt nobody
can test a guess (an ID number, a licence); with salt and body anybody can check. Erasing salt and
body makes an entry mute while every proof over it still holds (docs/explanation/ledger.md).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from gongshu.vocabulary.errors import Invalid

SALT_LENGTH = 32
ENTRY_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Opening:
    """What turns an entry back into an event: its kind, its salt, its body (canonical bytes)."""

    kind: str
    salt: bytes
    body: bytes

    def entry(self) -> bytes:
        """Return the 32-byte entry that this opening opens."""
        return commit(self.kind, self.salt, self.body)


def commit(kind: str, salt: bytes, body: bytes) -> bytes:
    """Return the 32-byte entry of one event.

    `kind` is 1–255 visible ASCII characters, `salt` 32 fresh random bytes, `body` the canonical
    bytes. Raises Invalid when kind or salt has another form.
    """
    if len(salt) != SALT_LENGTH:
        raise _wrong_salt()
    return sha256(_prefix(kind) + salt + body).digest()


def commit_many(kind: str, salts: Sequence[bytes], bodies: Sequence[bytes]) -> list[bytes]:
    """Return the entries of many events of one kind, in order: the fast form of `commit`.

    Raises Invalid when there are not as many salts as bodies, or as `commit` does.
    """
    if len(salts) != len(bodies) or not set(map(len, salts)) <= {SALT_LENGTH}:
        raise _wrong_salt()
    prefix, digest_of = _prefix(kind), sha256
    return [
        digest_of(prefix + salt + body).digest() for salt, body in zip(salts, bodies, strict=True)
    ]


def fresh_salts(n: int, random: Callable[[int], bytes] = os.urandom) -> list[bytes]:
    """Return `n` salts of 32 bytes, drawn in one call of `random(number of bytes)`.

    Raises Invalid when `n` is negative or the source gives another number of bytes.
    """
    if n < 0:
        raise Invalid("随机盐的个数不能是负数。", code="ledger_salt")
    pool = random(SALT_LENGTH * n)
    if len(pool) != SALT_LENGTH * n:
        raise _wrong_salt()
    return [pool[at : at + SALT_LENGTH] for at in range(0, len(pool), SALT_LENGTH)]


def _prefix(kind: str) -> bytes:
    if not 1 <= len(kind) <= 255 or not all("!" <= character <= "~" for character in kind):
        raise Invalid("存证条目的类型必须是 1 到 255 个可见的 ASCII 字符。", code="ledger_kind")
    return b"\x00" + bytes([len(kind)]) + kind.encode("ascii")


def _wrong_salt() -> Invalid:
    return Invalid("每个存证条目都需要一个 32 字节的随机盐；请检查随机数来源。", code="ledger_salt")
