"""Passkeys (WebAuthn): made for one login, checked against this node's own address, counted.

A passkey lives on a device that asks for a finger, a face or a PIN, so a sign-in with one proves
possession and person at once. The relying party is the host of `GONGSHU_ADDRESS`, and the origin
must be that address exactly: an answer made on any other site is refused.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from allauth.mfa.models import Authenticator
from django.conf import settings
from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from gongshu.vocabulary.errors import Invalid, NotFound, NotPermitted
from gongshu_server.accounts import logins
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.models import Login
from gongshu_server.accounts.permissions import require
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.recording import Event

KIND = "webauthn"
MOST = 10
LONGEST_ANSWER = 20_000
# What a browser may send and the library cannot read ends in one of these, never in a page.
_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, AssertionError)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the browser is asked for, and what the node remembers of the question until then."""

    options: dict[str, Any]
    state: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answered:
    """A rightly signed answer: whose passkey gave it, and how often it says it was used."""

    login: Login
    factor_id: int
    count: int


def _server() -> Fido2Server:
    address = urlsplit(settings.ADDRESS)
    ours = f"{address.scheme}://{address.netloc}"
    party = PublicKeyCredentialRpEntity(id=address.hostname or "", name="公枢")
    return Fido2Server(party, verify_origin=lambda origin: origin == ours)


def _rows(login: Login) -> list[Authenticator]:
    return list(Authenticator.objects.filter(user_id=login.pk, type=KIND).order_by("pk"))


def _key(row: Authenticator) -> AttestedCredentialData:
    return AttestedCredentialData(base64.b64decode(row.data["key"]))


def ask_to_add(login: Login) -> Asked:
    """Return what the browser is asked for when the login gets one more passkey."""
    options, state = _server().register_begin(
        user=PublicKeyCredentialUserEntity(
            id=str(login.pk).encode(), name=login.username, display_name=login.username
        ),
        credentials=[_key(row) for row in _rows(login)],
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return Asked(dict(options), state)


def ask_to_sign_in() -> Asked:
    """Return what the browser is asked for when somebody signs in; it says nothing of logins."""
    options, state = _server().authenticate_begin(
        user_verification=UserVerificationRequirement.REQUIRED
    )
    return Asked(dict(options), state)


def answered(answer: str, state: dict[str, Any] | None) -> Answered:
    """Return whose passkey signed the answer to the question that `state` remembers.

    Raises Invalid with the same sentence for every fault: no question, another origin, an unknown
    login or key, a signature of something else.
    """
    try:
        said = _read(answer)
        login = _named_in(said)
        row = next(one for one in _rows(login) if one.data["id"] == websafe_encode(_id(said)))
        _server().authenticate_complete(state or {}, [_key(row)], said)
        count = AuthenticationResponse.from_dict(said).response.authenticator_data.counter
    except (*_UNREADABLE, StopIteration):
        raise _refusal() from None
    return Answered(login, row.pk, count)


def presented(answer: str) -> Login | None:
    """Return the login whose registered passkey the answer names, rightly signed or not."""
    try:
        said = _read(answer)
        login = _named_in(said)
        known = [one.data["id"] for one in _rows(login)]
        return login if websafe_encode(_id(said)) in known else None
    except _UNREADABLE:
        return None


def _read(answer: str) -> dict[str, Any]:
    if len(answer) > LONGEST_ANSWER:
        raise ValueError("too long")
    said = json.loads(answer)
    if not isinstance(said, dict):
        raise TypeError("not an object")
    return said


def _id(said: dict[str, Any]) -> bytes:
    return websafe_decode(said["rawId"])


def _named_in(said: dict[str, Any]) -> Login:
    login = Login.objects.filter(
        pk=int(websafe_decode(said["response"]["userHandle"]).decode("ascii"))
    ).first()
    if login is None:
        raise ValueError("unknown")
    return login


def _refusal() -> Invalid:
    return Invalid(
        "通行密钥没有通过验证。请再试一次；仍不成功，请用登录名和口令登录。", code="passkey_refused"
    )


@action
def add_passkey(
    *, name: str, answer: str, question: dict[str, Any], by: Actor, at: datetime
) -> Authenticator:
    """Add the passkey that the actor's browser has just made in answer to the question.

    Raises Invalid for an answer to another question or made on another site, or when there are
    ten already.
    """
    require(by, "profile.change")
    login = logins.of(by.person)
    if login is None:
        raise NotFound("您没有登录名，不能设置登录验证方式。", code="no_login")
    login = Login.objects.select_for_update().get(pk=login.pk)
    if len(_rows(login)) >= MOST:
        raise Invalid("通行密钥已有 10 个，请先移除不用的。", code="too_many_passkeys")
    try:
        made = _server().register_complete(question, _read(answer))
        key = made.credential_data
        assert key is not None
    except _UNREADABLE:
        raise _refusal() from None
    named = name.strip()[:40] or "通行密钥"
    data = {
        "name": named,
        "id": websafe_encode(key.credential_id),
        "key": base64.b64encode(bytes(key)).decode(),
        "count": made.counter,
    }
    row = Authenticator.objects.create(user_id=login.pk, type=KIND, data=data)
    details = {"person": login.person_id, "kind": KIND, "name": named}
    journal(Event("login.factor_added", ("login", str(login.pk)), "", details), by=by, at=at)
    return row


@action
def count_passkey(*, factor_id: int, count: int, by: Actor, at: datetime) -> Authenticator:
    """Note that a passkey was used; refuse one whose count has not gone up (WebAuthn §6.1.1).

    A count that stands still or falls means that there are two devices with the same key. A key
    that never counts says 0 each time. Raises NotPermitted for a copy, NotFound for a key that was
    removed meanwhile or is not the actor's.
    """
    row = (
        Authenticator.objects.select_for_update(of=("self",))
        .filter(pk=factor_id, type=KIND, user__person_id=by.person)
        .first()
    )
    if row is None:
        raise NotFound("没有这个验证方式。", code="factor_not_found")
    last = row.data["count"]
    if (count or last) and count <= last:
        raise NotPermitted(
            "这个通行密钥可能被复制过，已拒绝。请用登录名和口令登录，移除它后重新添加。",
            code="passkey_copied",
        )
    row.data["count"] = count
    row.save(update_fields=["data"])
    return row
