"""Second steps of a sign-in: codes of an authenticator app, recovery codes, passkeys.

The secrets lie in the database encrypted under the node's secret, which is not in it.
"""

from __future__ import annotations

import base64
import hmac
from datetime import datetime
from pathlib import Path

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from cryptography.fernet import Fernet
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from gongshu.vocabulary.errors import Conflict, Invalid, NotFound
from gongshu_server.accounts import logins
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.models import Login
from gongshu_server.accounts.permissions import require
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.recording import Event
from gongshu_server.secrets_folder import secret

_PURPOSE = b"gongshu.second_factor\x00"
ISSUER = "Gongshu"


class Adapter(DefaultMFAAdapter):
    """What allauth asks the node about second steps: encryption, and sentences."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("验证码不正确或已经用过，请等验证器显示下一个再试。"),
    }

    def encrypt(self, text: str) -> str:
        """Return the secret as it may lie in the database."""
        return _box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret in clear."""
        return _box().decrypt(encrypted_text.encode()).decode()


def _box() -> Fernet:
    key = hmac.digest(secret(Path(settings.HOME), "node.secret"), _PURPOSE, "sha256")
    return Fernet(base64.urlsafe_b64encode(key))


def fresh_totp() -> str:
    """Return a new secret for an authenticator app."""
    return totp.generate_totp_secret()


def totp_address(login: Login, secret_text: str) -> str:
    """Return the `otpauth://` address that the QR code for the app holds."""
    return f"otpauth://totp/{ISSUER}:{login.username}?secret={secret_text}&issuer={ISSUER}"


def of(login: Login) -> list[Authenticator]:
    """Return the second steps of a login, oldest first."""
    return list(Authenticator.objects.filter(user_id=login.pk).order_by("pk"))


def unused_recovery_codes(login: Login) -> int:
    """Return how many recovery codes are left."""
    row = Authenticator.objects.filter(user_id=login.pk, type="recovery_codes").first()
    return len(RecoveryCodes(row).get_unused_codes()) if row else 0


def _own(by: Actor) -> Login:
    require(by, "profile.change")
    login = logins.of(by.person)
    if login is None:
        raise NotFound("您没有登录名，不能设置登录验证方式。", code="no_login")
    return Login.objects.select_for_update().get(pk=login.pk)


@action
def add_totp(*, seed: str, totp_code: str, by: Actor, at: datetime) -> list[str]:
    """Add an authenticator app after it has shown a right code; return recovery codes.

    The codes are shown once. Raises Conflict when there is an app already, Invalid for a code
    that the app with this secret would not show now.
    """
    login = _own(by)
    if Authenticator.objects.filter(user_id=login.pk, type="totp").exists():
        raise Conflict("已有验证器，请先移除再换新的。", code="factor_exists")
    if not totp.validate_totp_code(seed, totp_code.strip()):
        raise Invalid("验证码不正确，请核对手机时间后再试。", code="wrong_code")
    totp.TOTP.activate(login, seed)
    journal(_event("login.factor_added", login, kind="totp"), by=by, at=at)
    return _fresh_recovery(login)


@action
def renew_recovery_codes(*, by: Actor, at: datetime) -> list[str]:
    """Replace the recovery codes and return the new ones, to be shown once."""
    login = _own(by)
    if not Authenticator.objects.filter(user_id=login.pk).exclude(type="recovery_codes").exists():
        raise Invalid("请先添加验证器或通行密钥，再生成恢复码。", code="no_factor")
    journal(_event("login.factor_added", login, kind="recovery_codes"), by=by, at=at)
    return _fresh_recovery(login)


def _fresh_recovery(login: Login) -> list[str]:
    Authenticator.objects.filter(user_id=login.pk, type="recovery_codes").delete()
    return RecoveryCodes.activate(login).generate_codes()


@action
def remove_factor(*, factor_id: int, by: Actor, at: datetime) -> None:
    """Remove one of the actor's own second steps; recovery codes go with the last of them."""
    login = _own(by)
    row = Authenticator.objects.filter(user_id=login.pk, pk=factor_id).first()
    if row is None:
        raise NotFound("没有这个验证方式。", code="factor_not_found")
    kind = row.type
    row.delete()
    left = Authenticator.objects.filter(user_id=login.pk)
    if not left.exclude(type="recovery_codes").exists():
        left.delete()
    journal(_event("login.factor_removed", login, kind=kind), by=by, at=at)


def _event(name: str, login: Login, *, kind: str) -> Event:
    return Event(name, ("login", str(login.pk)), "", {"person": login.person_id, "kind": kind})
