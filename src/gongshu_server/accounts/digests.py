"""Keyed digests: keys, subjects and authorisations are only ever compared under the node's secret.

A bare hash of an identity number or a credit code can be guessed by trying them all; without the
secret, which is not in the database, none of these values can be tested.
"""

from __future__ import annotations

import hmac

_SUBJECT = b"gongshu.subject\x00"
_AUTHORISATION = b"gongshu.authorisation\x00"
_CONTENT = b"gongshu.content\x00"
_IDENTITY = b"gongshu.identity\x00"


def key_digest(secret: bytes, key: str) -> str:
    """Return HMAC-SHA256 of an API key as hex, the form in which the node stores keys."""
    return hmac.digest(secret, key.encode("utf-8", "replace"), "sha256").hex()


def subject_commitment(secret: bytes, product: str, subject: str) -> str:
    """Return the keyed commitment of a subject's canonical key within one product, as hex.

    The product is part of it, so that records about different products cannot be joined by subject
    without the node's secret.
    """
    message = _SUBJECT + product.encode() + b"\x00" + subject.encode("utf-8", "replace")
    return hmac.digest(secret, message, "sha256").hex()


def authorisation_mac(secret: bytes, parts: tuple[str, ...]) -> str:
    """Return the authentication code over the parts of an authorisation, as hex.

    Each part goes in with its length, so that no two different lists of parts read the same.
    """
    return hmac.digest(secret, _AUTHORISATION + _measured(parts), "sha256").hex()


def identity_digest(secret: bytes, issuer: str, subject: str) -> str:
    """Return the keyed digest of who somebody is at an identity provider, as hex.

    Issuer and subject go in with their lengths: only both together name anybody.
    """
    return hmac.digest(secret, _IDENTITY + _measured((issuer, subject)), "sha256").hex()


def _measured(parts: tuple[str, ...]) -> bytes:
    encoded = [part.encode("utf-8", "replace") for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


class ContentDigest:
    """The keyed digest of a file's content, block by block: its address in the node's store."""

    def __init__(self, secret: bytes) -> None:
        self._mac = hmac.new(secret, _CONTENT, "sha256")

    def update(self, block: bytes) -> None:
        """Take the next block into account."""
        self._mac.update(block)

    def hexdigest(self) -> str:
        """Return the digest of all blocks so far as hex."""
        return self._mac.hexdigest()
