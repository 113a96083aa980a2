"""The strongbox: a node's secrets in one file that a passphrase opens (scrypt, AES-256-GCM).

Everything else in a backup can be read by whoever holds the disk; with the secrets they could also
forge keys, authorisations and checkpoints. So these are never in the backup in the clear, and the
box also keeps the digest of the backup's manifest: whoever changes a backup and its digests alike
cannot change what the box says.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from gongshu.vocabulary.errors import Invalid

FORMAT: Final = "gongshu.strongbox/1"
SHORTEST: Final = 12
WORK: Final = 2**16
"""Of scrypt (n), with r=8 and p=1: 64 MiB of memory and a fifth of a second for every guess."""
MOST_WORK: Final = 2**20
"""A file could otherwise ask for all the memory there is."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the box holds: files of `keys/` by name, the settings, and the manifest's digest."""

    keys: Mapping[str, bytes]
    settings: Mapping[str, str]
    manifest: str


def check_passphrase(passphrase: str) -> None:
    """Raise Invalid for a passphrase that is too short to protect a node's keys."""
    if len(passphrase) < SHORTEST:
        raise Invalid(
            f"口令至少要有 {SHORTEST} 个字符：它保护节点的全部密钥。请换一个长的。",
            code="passphrase_short",
        )


def lock(held: Secrets, passphrase: str) -> bytes:
    """Return the box as a file. Raises Invalid for a passphrase that is too short."""
    check_passphrase(passphrase)
    head = {"format": FORMAT, "n": WORK, "salt": _text(secrets.token_bytes(16))}
    nonce = secrets.token_bytes(12)
    said = {
        "keys": {name: _text(content) for name, content in held.keys.items()},
        "settings": dict(held.settings),
        "manifest": held.manifest,
    }
    sealed = _cipher(head, passphrase).encrypt(nonce, json.dumps(said).encode(), _bound(head))
    return json.dumps({**head, "nonce": _text(nonce), "sealed": _text(sealed)}).encode()


def unlock(box: bytes, passphrase: str) -> Secrets:
    """Return what is in the box. Raises Invalid for another passphrase or a damaged box."""
    try:
        said = json.loads(box)
        head = {"format": FORMAT, "n": said["n"], "salt": said["salt"]}
        nonce, sealed = (
            base64.b64decode(said[name], validate=True) for name in ("nonce", "sealed")
        )
        if said["format"] != FORMAT or not 2 <= said["n"] <= MOST_WORK:
            raise ValueError("not a box of this format")
        opened = json.loads(_cipher(head, passphrase).decrypt(nonce, sealed, _bound(head)))
        keys = {name: base64.b64decode(content) for name, content in opened["keys"].items()}
        return Secrets(keys, opened["settings"], opened["manifest"])
    except (InvalidTag, ValueError, KeyError, TypeError):
        raise Invalid(
            "口令不对，或密钥文件已损坏，打不开备份里的密钥。请核对口令，或改用另一份备份。",
            code="box_not_opened",
        ) from None


def _cipher(head: Mapping[str, Any], passphrase: str) -> AESGCM:
    salt = base64.b64decode(head["salt"], validate=True)
    return AESGCM(Scrypt(salt=salt, length=32, n=head["n"], r=8, p=1).derive(passphrase.encode()))


def _bound(head: Mapping[str, Any]) -> bytes:
    """Return the head in one form: it is not secret, but nobody may change it unseen."""
    return json.dumps(head, sort_keys=True).encode()


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
