"""Sealed votes: what was voted is committed to at once and opened only with the other vote.

The journal and the row hold the commitment. The opening is encrypted under a key that lies outside
the database, so that neither a query nor a look into the tables tells how the first body voted.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from gongshu.ledger.canonical import canonical
from gongshu.ledger.commitments import SALT_LENGTH, commit
from gongshu.vocabulary.errors import Unavailable
from gongshu_server.secrets_folder import secret

KIND = "release.vote"
SECRET = "votes.secret"  # noqa: S105 - the file's name, not a secret
_NONCE_LENGTH = 12
_BLOCK = 1024


@dataclass(frozen=True, slots=True)
class Ballot:
    """What one body says to one release, pinned to the content that it is about."""

    release: str
    kind: str
    reviewer: str
    content: str
    passed: bool
    opinion: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """A ballot that nobody can read: its commitment and its encrypted opening."""

    commitment: str
    sealed: bytes


def seal(ballot: Ballot) -> Sealed:
    """Return the ballot's commitment and its sealed opening."""
    salt = os.urandom(SALT_LENGTH)
    opening = json.dumps(
        {"salt": salt.hex(), "ballot": asdict(ballot)}, ensure_ascii=False
    ).encode()
    # Padded: a short "pass" and a long objection are sealed in the same length.
    padded = opening + b" " * (-len(opening) % _BLOCK)
    nonce = os.urandom(_NONCE_LENGTH)
    sealed = nonce + _cipher().encrypt(nonce, padded, _bound_to(ballot.release, ballot.kind))
    return Sealed(commit(KIND, salt, canonical(asdict(ballot))).hex(), sealed)


def unseal(sealed: Sealed, *, release: str, kind: str) -> tuple[Ballot, str]:
    """Return the ballot and its salt (hex); Unavailable when it is not what was committed to."""
    nonce, body = sealed.sealed[:_NONCE_LENGTH], sealed.sealed[_NONCE_LENGTH:]
    try:
        opening = json.loads(_cipher().decrypt(nonce, body, _bound_to(release, kind)))
    except InvalidTag as fault:
        raise _altered() from fault
    ballot, salt = Ballot(**opening["ballot"]), opening["salt"]
    committed = commit(KIND, bytes.fromhex(salt), canonical(asdict(ballot))).hex()
    if committed != sealed.commitment or (ballot.release, ballot.kind) != (release, kind):
        raise _altered()
    return ballot, salt


def _cipher() -> AESGCM:
    return AESGCM(secret(Path(settings.HOME), SECRET))


def _bound_to(release: str, kind: str) -> bytes:
    return f"{release}/{kind}".encode()


def _altered() -> Unavailable:
    return Unavailable(
        "已投的审核意见与存证不一致，已停止开启，请联系数据管理部门。", code="vote_tampered"
    )
