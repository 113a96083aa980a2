"""Signed notes (C2SP signed-note): text, an empty line, signature lines — with Ed25519 keys.

Reading is strict: a note is accepted only when writing it again gives the same bytes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gongshu.ledger.encoding import from_base64, to_base64
from gongshu.ledger.faults import LedgerFault
from gongshu.vocabulary.errors import Invalid

_ED25519 = b"\x01"
_DASH = "— "
_SECRET = "PRIVATE+KEY+"  # noqa: S105 — the format's public first words, not a secret.
_CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f]")
_MOST_SIGNATURES = 64
_LONGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with its name: what one must hold to check notes (a C2SP verifier key)."""

    name: str
    key: bytes

    def __post_init__(self) -> None:
        if not _is_key_name(self.name) or len(self.key) != 32:
            raise _wrong_key()

    @property
    def key_id(self) -> bytes:
        """The 4 bytes that name this key in a signature line."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.key).digest()[:4]

    @property
    def vkey(self) -> str:
        """The text form `name+id+base64` that is published and kept apart from the log."""
        return f"{self.name}+{self.key_id.hex()}+{to_base64(_ED25519 + self.key)}"

    @classmethod
    def parse(cls, vkey: str) -> Verifier:
        """Return the key of a verifier-key text. Raises Invalid unless it is one for Ed25519."""
        name, key_id, key = _split_key(vkey)
        verifier = cls(name, key)
        if verifier.key_id != key_id:
            raise _wrong_key()
        return verifier

    def accepts(self, text: str, signature: bytes) -> bool:
        """Return whether `signature` (64 bytes) is this key's over the note text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key with its name; the seed never shows in a representation."""

    name: str
    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not _is_key_name(self.name) or len(self.seed) != 32:
            raise _wrong_key()

    @classmethod
    def generate(cls, name: str, random: Callable[[int], bytes] = os.urandom) -> Signer:
        """Return a new key from 32 bytes of `random`."""
        return cls(name, random(32))

    @classmethod
    def parse(cls, secret: str) -> Signer:
        """Return the key of a `secret` text. Raises Invalid unless it is one for Ed25519."""
        if not secret.startswith(_SECRET):
            raise _wrong_key()
        name, key_id, seed = _split_key(secret.removeprefix(_SECRET))
        signer = cls(name, seed)
        if signer.verifier.key_id != key_id:
            raise _wrong_key()
        return signer

    @property
    def secret(self) -> str:
        """The text form in which the private key is stored (the form Go's note package writes)."""
        key_id = self.verifier.key_id.hex()
        return f"{_SECRET}{self.name}+{key_id}+{to_base64(_ED25519 + self.seed)}"

    @property
    def verifier(self) -> Verifier:
        """The public key."""
        return Verifier(self.name, self._private().public_key().public_bytes_raw())

    def sign(self, text: str) -> bytes:
        """Return the Ed25519 signature (64 bytes) over a note text."""
        return self._private().sign(text.encode())

    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: who (name and key id) and the bytes that follow the id."""

    name: str
    key_id: bytes
    data: bytes

    def line(self) -> str:
        """Return the line without its newline."""
        return f"{_DASH}{self.name} {to_base64(self.key_id + self.data)}"


@dataclass(frozen=True, slots=True)
class Note:
    """A text (ending in a newline) with its signatures; nothing about it is believed yet."""

    text: str
    signatures: tuple[Signature, ...]

    def encode(self) -> bytes:
        """Return the one serialisation of the note."""
        lines = "".join(f"{signature.line()}\n" for signature in self.signatures)
        return f"{self.text}\n{lines}".encode()

    @classmethod
    def parse(cls, data: bytes) -> Note:
        """Return the note that serialises to exactly `data`.

        Raises LedgerFault with `part` ("text" or "signature") and byte offset.
        """
        _check_characters(data)
        end = data.rfind(b"\n\n") + 1
        if end == 0 or not data.endswith(b"\n") or end + 1 == len(data):
            raise _malformed("signature", len(data))
        signatures, offset = [], end + 1
        for line in data[end + 1 : -1].split(b"\n"):
            signatures.append(_parse_signature(line.decode(), offset))
            offset += len(line) + 1
        keys = {(signature.name, signature.key_id) for signature in signatures}
        if len(keys) != len(signatures) or len(signatures) > _MOST_SIGNATURES:
            raise _malformed("signature", end + 1)
        return cls(data[:end].decode(), tuple(signatures))

    def check(self, verifier: Verifier) -> None:
        """Check that `verifier` signed this text.

        Lines of other keys are ignored, as the format demands. Raises LedgerFault when the key
        has no line here or its line does not hold.
        """
        offset = len(self.text.encode()) + 1
        for signature in self.signatures:
            if (signature.name, signature.key_id) == (verifier.name, verifier.key_id):
                if verifier.accepts(self.text, signature.data):
                    return
                raise _refused("签名与内容不符，内容或签名已被改动", offset)
            offset += len(signature.line().encode()) + 1
        first = len(self.text.encode()) + 1
        raise _refused(f"没有密钥 {verifier.name} 的签名", first)


def sign_note(text: str, *signers: Signer) -> Note:
    """Return `text` signed by each signer.

    Raises Invalid when the text does not end in a newline or holds control characters.
    """
    if not text.endswith("\n") or _CONTROL.search(text.encode()) or not signers:
        raise Invalid("要签名的文字必须以换行结尾，且不含控制字符。", code="ledger_note")
    lines = [Signature(each.name, each.verifier.key_id, each.sign(text)) for each in signers]
    return Note(text, tuple(lines))


def _check_characters(data: bytes) -> None:
    if len(data) > _LONGEST:
        raise _malformed("text", _LONGEST)
    if control := _CONTROL.search(data):
        raise _malformed("text", control.start())
    try:
        data.decode()
    except UnicodeDecodeError as error:
        raise _malformed("text", error.start) from None


def _parse_signature(line: str, offset: int) -> Signature:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not _is_key_name(name):
        raise _malformed("signature", offset)
    try:
        data = from_base64(encoded)
    except LedgerFault:
        raise _malformed("signature", offset) from None
    if len(data) < 5:
        raise _malformed("signature", offset)
    return Signature(name, data[:4], data[4:])


def _is_key_name(name: str) -> bool:
    printable = not any(character.isspace() or character < " " for character in name)
    return bool(name) and printable and "+" not in name


def _split_key(text: str) -> tuple[str, bytes, bytes]:
    """Return name, key id and 32 key bytes of `name+id+base64(type ‖ key)`."""
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    if not re.fullmatch("[0-9a-f]{8}", key_id):
        raise _wrong_key()
    try:
        data = from_base64(encoded, length=33)
    except LedgerFault:
        raise _wrong_key() from None
    if data[:1] != _ED25519:
        raise _wrong_key()
    return name, bytes.fromhex(key_id), data[1:]


def _wrong_key() -> Invalid:
    return Invalid(
        "密钥文字不完整或不是 Ed25519 密钥；请向日志的运行单位重新索取。", code="ledger_key"
    )


def _malformed(part: str, offset: int) -> LedgerFault:
    return LedgerFault(
        f"签名文本的格式从第 {offset} 字节起不规范，已被改动；请重新取得原件。",
        code="ledger_note",
        part=part,
        offset=offset,
    )


def _refused(reason: str, offset: int) -> LedgerFault:
    return LedgerFault(
        f"{reason}；请核对公钥，并重新取得原件。",
        code="ledger_signature",
        part="signature",
        offset=offset,
    )
