"""An identity provider on this machine, honest unless a test tells it otherwise."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

CLIENT, SECRET = "gongshu:node", "a secret/with:signs"


def fresh_key(kind: str = "RS256") -> Any:
    """Return a new private key for the algorithm."""
    if kind == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class FakeProvider:
    """What it says of itself, its keys, the codes it has given, and how often it was asked."""

    port: int = 0
    algorithm: str = "RS256"
    kid: str = "first"
    key: Any = None
    shown: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    claims: dict[str, Any] = field(default_factory=dict)
    described: dict[str, Any] = field(default_factory=dict)
    token: Callable[[dict[str, Any]], str] | None = None
    answer: Callable[[BaseHTTPRequestHandler], bool] | None = None

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def show(self, kid: str, key: Any, algorithm: str = "RS256") -> None:
        """Sign with this key from now on, and let it stand in the published set."""
        self.kid, self.key, self.algorithm = kid, key, algorithm
        kind = jwt.get_algorithm_by_name(algorithm)
        public = json.loads(kind.to_jwk(key.public_key()))
        self.shown = {"keys": [{**public, "kid": kid, "use": "sig", "alg": algorithm}]}

    def description(self) -> dict[str, Any]:
        """Return the discovery document."""
        paths = {
            "authorization_endpoint": "/authorise",
            "token_endpoint": "/token",
            "jwks_uri": "/keys",
        }
        said = {name: self.issuer + path for name, path in paths.items()}
        return {"issuer": self.issuer, **said, **self.described}

    def agree(self, address: str, subject: str = "person-1", **more: str) -> str:
        """Let somebody sign in at the address; return the path that their browser comes back to."""
        said = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert (said["response_type"], said["code_challenge_method"]) == ("code", "S256")
        code = secrets.token_urlsafe()
        self.codes[code] = {**said, "sub": subject}
        query = urlencode({"code": code, "state": said["state"], **more})
        return f"{urlsplit(said['redirect_uri']).path}?{query}"

    def redeemed(self, form: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """Return the token answer for a code; None for whoever may not redeem it."""
        asked = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        named = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        if (
            asked is None
            or base64.urlsafe_b64encode(digest).decode().rstrip("=") != asked["code_challenge"]
            or form["redirect_uri"] != asked["redirect_uri"]
            or named != "gongshu%3Anode:a%20secret%2Fwith%3Asigns"
        ):
            return None
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": asked["client_id"],
            "sub": asked["sub"],
            "nonce": asked["nonce"],
            "iat": now,
            "exp": now + 300,
            "email": "li.wei@example.cn",
            "preferred_username": "li.wei",
        }
        claims = {k: v for k, v in {**claims, **self.claims}.items() if v is not None}
        return {"id_token": self.token(claims) if self.token else self.signed(claims)}

    def signed(self, claims: dict[str, Any]) -> str:
        """Return the claims as an honest token."""
        return jwt.encode(claims, self.key, self.algorithm, headers={"kid": self.kid})


class _Handler(BaseHTTPRequestHandler):
    house: FakeProvider

    def log_message(self, *args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self.house.asked.append(self.path)
        if self.house.answer and self.house.answer(self):
            return
        if self.path.startswith("/.well-known/"):
            self.give(self.house.description())
        else:
            self.give(self.house.shown)

    def do_POST(self) -> None:
        self.house.asked.append(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.house.answer and self.house.answer(self):
            return
        form = {name: values[0] for name, values in parse_qs(body).items()}
        said = self.house.redeemed(form, self.headers.get("Authorization", ""))
        self.give(said or {"error": "invalid_grant"}, 200 if said else 400)

    def give(self, said: Any, status: int = 200) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Served:
    """The provider behind a port of its own, until `close`."""

    def __init__(self) -> None:
        self.house = FakeProvider()
        handler = type("Handler", (_Handler,), {"house": self.house})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.house.port = self.server.server_address[1]
        self.house.show("first", fresh_key())
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def leads_to(reply: Any) -> str:
    """Return the address that a page of the node sends the browser to."""
    assert reply.status_code == 200, reply.content.decode()
    found = re.fullmatch(r"0;url=(\S+)", reply["Refresh"])
    assert found
    return found.group(1)
