"""Sign-in at an identity provider: the question that a browser takes there, and what comes back.

Authorisation code with PKCE (S256); state, nonce and verifier stay in the browser's session and
count once. What comes out is a pair of issuer and subject and nothing else: names and addresses
that a provider may send are not even looked at.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from django.conf import settings
from django.core.cache import cache

from gongshu.vocabulary.errors import Invalid, NotFound, Unavailable
from gongshu_server.accounts import id_tokens, provider_answers
from gongshu_server.accounts.provider_answers import unavailable
from gongshu_server.identity_providers import Provider, allowed_address

MINUTES_TO_ANSWER: Final = 10
_KNOWN_SECONDS: Final = 600
_DOWN_SECONDS: Final = 10
"""How long a provider that is down is not asked again: strangers start sign-ins, too."""
_ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True)
class Question:
    """Where the browser goes, and what its session remembers until it is back."""

    address: str
    memory: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pair:
    """Who somebody is at a provider; only both together name anybody."""

    issuer: str
    subject: str


def providers() -> tuple[Provider, ...]:
    """Return the configured providers."""
    found: tuple[Provider, ...] = settings.OIDC_PROVIDERS
    return found


def provider(code: str) -> Provider:
    """Return the provider of this code; NotFound for an unknown one."""
    found = next((one for one in providers() if one.code == code), None)
    if found is None:
        raise NotFound("没有这个统一身份认证，请从登录页重新开始。", code="no_provider")
    return found


def ask(one: Provider, *, back: str, now: int) -> Question:
    """Return the address to send the browser to, so that it comes back to `back`."""
    described = _described(one)
    verifier = secrets.token_urlsafe(48)
    challenge = hashlib.sha256(verifier.encode()).digest()
    memory = {
        "provider": one.code,
        "state": secrets.token_urlsafe(32),
        "nonce": secrets.token_urlsafe(32),
        "verifier": verifier,
        "at": now,
    }
    said = {
        "response_type": "code",
        "scope": "openid",
        "client_id": one.client_id,
        "redirect_uri": back,
        "state": memory["state"],
        "nonce": memory["nonce"],
        "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    start = described["authorization_endpoint"]
    joint = "&" if urlsplit(start).query else "?"
    return Question(f"{start}{joint}{urlencode(said)}", memory)


def answered(
    one: Provider, said: Mapping[str, str], memory: Mapping[str, Any], *, back: str, now: int
) -> Pair:
    """Return the pair that the provider vouches for in answer to the remembered question.

    Raises Invalid when the answer is to another question (another browser's, another provider's,
    an old one) or its token is not right, Unavailable when the provider does not answer.
    """
    _refuse_other_question(one, said, memory, now=now)
    if "error" in said:
        raise Invalid(
            f"在“{one.name}”没有完成登录，请重新登录，或用登录名和口令登录。", code="oidc_cancelled"
        )
    described = _described(one)
    named = said.get("iss")
    wanted = described.get("authorization_response_iss_parameter_supported") is True
    if named != one.issuer and (wanted or named is not None):
        raise id_tokens.refusal()
    token = _redeemed(one, said.get("code", ""), str(memory["verifier"]), back=back)
    expected = id_tokens.Expected(one.issuer, one.client_id, memory["nonce"], memory["at"])
    try:
        subject = id_tokens.subject(token, _keys(one), expected=expected)
    except id_tokens.UnknownKey:
        try:
            subject = id_tokens.subject(token, _keys(one, fresh=True), expected=expected)
        except id_tokens.UnknownKey:
            raise id_tokens.refusal() from None
    return Pair(one.issuer, subject)


def _refuse_other_question(
    one: Provider, said: Mapping[str, str], memory: Mapping[str, Any], *, now: int
) -> None:
    asked = str(memory.get("state", ""))
    same = hmac.compare_digest(asked.encode(), said.get("state", "").encode())
    age = now - int(memory.get("at", 0))
    in_time = -60 <= age <= MINUTES_TO_ANSWER * 60
    if not asked or not same or memory.get("provider") != one.code or not in_time:
        raise id_tokens.refusal()


def _redeemed(one: Provider, code: str, verifier: str, *, back: str) -> str:
    described = _described(one)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": back,
        "code_verifier": verifier,
    }
    headers = {}
    ways = described.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    if one.client_secret and "client_secret_basic" in ways:
        # Both parts are form-encoded first (RFC 6749 §2.3.1).
        clear = f"{quote(one.client_id, safe='')}:{quote(one.client_secret, safe='')}"
        headers["Authorization"] = "Basic " + base64.b64encode(clear.encode()).decode()
    else:
        form["client_id"] = one.client_id
        if one.client_secret:
            form["client_secret"] = one.client_secret
    answer = provider_answers.ask(one, described["token_endpoint"], form=form, headers=headers)
    token = answer.get("id_token")
    if not isinstance(token, str):
        raise id_tokens.refusal()
    return token


def _described(one: Provider) -> dict[str, Any]:
    """Return the provider's own description of itself, which must be of the configured issuer."""
    address = one.issuer.rstrip("/") + "/.well-known/openid-configuration"
    described = _remembered(one, "description", address)
    if described.get("issuer") != one.issuer:
        raise unavailable(one, "a description of another issuer")
    for name in _ENDPOINTS:
        found = described.get(name)
        if not isinstance(found, str) or not allowed_address(found, issuer=one.issuer):
            raise unavailable(one, f"no usable {name}")
    ways = described.get("token_endpoint_auth_methods_supported", [])
    if not isinstance(ways, list):
        raise unavailable(one, "no usable list of ways to prove who is asking")
    return described


def _keys(one: Provider, *, fresh: bool = False) -> list[Any]:
    found = _remembered(one, "keys", _described(one)["jwks_uri"], fresh=fresh).get("keys")
    if not isinstance(found, list):
        raise unavailable(one, "no list of keys")
    return found


def _remembered(one: Provider, what: str, address: str, *, fresh: bool = False) -> dict[str, Any]:
    name = hashlib.sha256(f"{what}\x00{address}".encode()).hexdigest()
    found = None if fresh else cache.get(f"oidc.{name}")
    if found is None:
        if cache.get(f"oidc.down.{name}"):
            raise unavailable(one, "still down")
        try:
            found = provider_answers.ask(one, address)
        except Unavailable:
            cache.set(f"oidc.down.{name}", True, _DOWN_SECONDS)
            raise
        cache.set(f"oidc.{name}", found, _KNOWN_SECONDS)
    return found
