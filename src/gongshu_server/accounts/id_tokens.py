"""ID tokens of identity providers: signature and every claim that the sign-in rests on.

OpenID Connect Core 1.0 §3.1.3.7, with fewer choices: two algorithms, one audience.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jwt

from gongshu.vocabulary.errors import Invalid

ALGORITHMS: Final[Mapping[str, str]] = {"RS256": "RSA", "ES256": "EC"}
"""Algorithm → type of key. A token's own word for its algorithm only chooses among these."""
LEEWAY_SECONDS: Final = 60
LONGEST: Final = 16_384
LONGEST_SUBJECT: Final = 255
_SHORTEST_RSA: Final = 2048
_REQUIRED: Final = ["iss", "sub", "aud", "exp", "iat", "nonce"]


@dataclass(frozen=True, slots=True)
class Expected:
    """What the token must say: who made it, for whom, in answer to which question, since when."""

    issuer: str
    client_id: str
    nonce: str
    since: int


class UnknownKey(Exception):
    """No key of the set has the token's id and type: the provider may have a new one."""


def subject(token: str, keys: Sequence[Any], *, expected: Expected) -> str:
    """Return the token's `sub` once everything about it is right.

    Raises UnknownKey when none of the keys (JWK) is the one that it names, Invalid for every other
    fault, always in the same sentence.
    """
    try:
        if len(token) > LONGEST:
            raise ValueError("too long")
        key = _key(jwt.get_unverified_header(token), keys)
        claims = jwt.decode(
            token,
            key,
            algorithms=list(ALGORITHMS),
            issuer=expected.issuer,
            audience=expected.client_id,
            leeway=LEEWAY_SECONDS,
            options={"require": _REQUIRED, "strict_aud": False},
        )
        return _subject(claims, expected)
    except (jwt.PyJWTError, ArithmeticError, ValueError, TypeError, KeyError):
        raise refusal() from None


def refusal() -> Invalid:
    """Return the one refusal for every sign-in that a provider did not rightly vouch for."""
    return Invalid(
        "这次统一身份登录没有通过核验，请回到登录页重新开始；仍不成功，请联系系统管理员。",
        code="oidc_refused",
    )


def _key(header: Mapping[str, Any], keys: Sequence[Any]) -> jwt.PyJWK:
    algorithm, name = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise ValueError("algorithm")
    fitting = [one for one in keys if _fits(one, algorithm) and name in {None, one.get("kid")}]
    if not fitting:
        raise UnknownKey
    if len(fitting) > 1:
        raise ValueError("several keys and no name")
    made = jwt.PyJWK(fitting[0], algorithm)
    if ALGORITHMS[algorithm] == "RSA" and made.key.key_size < _SHORTEST_RSA:
        raise ValueError("a short key")
    return made


def _fits(key: Any, algorithm: str) -> bool:
    return (
        isinstance(key, dict)
        and key.get("kty") == ALGORITHMS[algorithm]
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
    )


def _subject(claims: Mapping[str, Any], expected: Expected) -> str:
    said, nonce = claims["sub"], claims["nonce"]
    # No other audience is trusted, so a token for several is a token for strangers, too.
    if claims["aud"] not in (expected.client_id, [expected.client_id]):
        raise ValueError("audience")
    if claims.get("azp", expected.client_id) != expected.client_id:
        raise ValueError("authorised party")
    if not isinstance(nonce, str) or not hmac.compare_digest(
        nonce.encode(), expected.nonce.encode()
    ):
        raise ValueError("nonce")
    if claims["iat"] < expected.since - LEEWAY_SECONDS:
        raise ValueError("made before it was asked for")
    if not isinstance(said, str) or not 0 < len(said) <= LONGEST_SUBJECT:
        raise ValueError("subject")
    return said
