"""A device with a passkey, in Python: it signs what a browser would have it sign."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

VERIFIED = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV


@dataclass
class Device:
    """One key on one device; `origin` is the address that its browser believes to be at."""

    origin: str = "http://localhost:8610"
    host: str = "localhost"
    name: bytes = b"a-key-of-sixteen"
    flags: AuthenticatorData.FLAG = VERIFIED
    count: int = 0
    handle: str = ""
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def make(self, options: Any) -> str:
        """Return the answer to a question that makes a key."""
        asked = json.loads(json.dumps(options))["publicKey"]
        self.handle = asked["user"]["id"]
        public = ES256.from_cryptography_key(self.key.public_key())
        made = AttestedCredentialData.create(Aaguid.NONE, self.name, public)
        flags = self.flags | AuthenticatorData.FLAG.AT
        data = AuthenticatorData.create(self._party(), flags, self.count, made)
        said = self._said("webauthn.create", asked["challenge"])
        attested = AttestationObject.create("none", data, {})
        return self._answer(clientDataJSON=said, attestationObject=attested)

    def sign(self, options: Any) -> str:
        """Return the answer to the question who signs in; the key counts one further."""
        self.count += 1
        asked = json.loads(json.dumps(options))["publicKey"]
        said = self._said("webauthn.get", asked["challenge"])
        data = AuthenticatorData.create(self._party(), self.flags, self.count)
        signature = self.key.sign(data + said.hash, ec.ECDSA(SHA256()))
        parts = {"clientDataJSON": said, "authenticatorData": data, "signature": signature}
        return self._answer(**parts, userHandle=websafe_decode(self.handle))

    def _party(self) -> bytes:
        return sha256(self.host.encode()).digest()

    def _said(self, kind: str, challenge: str) -> CollectedClientData:
        return CollectedClientData.create(kind, challenge, self.origin)

    def _answer(self, **parts: bytes) -> str:
        said = {key: websafe_encode(bytes(value)) for key, value in parts.items()}
        name = websafe_encode(self.name)
        return json.dumps({"type": "public-key", "id": name, "rawId": name, "response": said})
