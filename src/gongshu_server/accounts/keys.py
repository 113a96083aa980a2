"""Keys: made once, shown once, kept only as a keyed digest; looked up by that digest."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Q

from gongshu.vocabulary.errors import Invalid, NotFound
from gongshu.vocabulary.permissions import SCOPES
from gongshu.workflow.limits import SHANGHAI
from gongshu_server.accounts.actors import Actor, acting
from gongshu_server.accounts.digests import key_digest
from gongshu_server.accounts.models import Key
from gongshu_server.accounts.permissions import require_scope
from gongshu_server.secrets_folder import secret

PREFIX = "gs_"


def fresh() -> str:
    """Return a new key: the prefix and 256 random bits."""
    return PREFIX + secrets.token_urlsafe(32)


def digest(key: str) -> str:
    """Return HMAC-SHA256 of the key under the node's secret, as hex; never a bare hash."""
    return key_digest(secret(Path(settings.HOME), "node.secret"), key)


def holder(key: str, *, at: datetime) -> Actor:
    """Return the actor whose person's key this is.

    Raises NotFound for an unknown, expired or revoked key and for a product key, all alike (S10).
    """
    running = Q(revoked_at__isnull=True) & (Q(expires_at__isnull=True) | Q(expires_at__gt=at))
    row = Key.objects.filter(running, digest=digest(key), product="").first()
    if row is None:
        raise NotFound(
            "凭证无效。请检查是否完整复制，或向本机构管理员申请新的凭证。", code="unknown_key"
        )
    _note_use(row, at)
    actor = acting(person_id=row.person_id, post_id=row.post_id, at=at)
    return replace(actor, scopes=frozenset(row.scopes))


def _note_use(row: Key, at: datetime) -> None:
    """Note the day of the key's last use: one write a day, and none that a call has to wait for."""
    day = at.astimezone(SHANGHAI).date()
    if row.last_used != day:
        with suppress(DatabaseError):
            Key.objects.filter(pk=row.pk).update(last_used=day)


def checked_scopes(asked: Sequence[str], *, by: Actor) -> list[str]:
    """Return the scopes of a new key, sorted.

    Raises Invalid for an unknown scope or none, NotPermitted for one that the issuer's own key
    does not have.
    """
    unknown = sorted(set(asked) - set(SCOPES))
    if unknown or not asked:
        offered = "、".join(f"{zh}（{code}）" for code, zh in SCOPES.items())
        raise Invalid(f"凭证的权限范围只能是：{offered}。", code="unknown_scope")
    for scope in asked:
        require_scope(by, scope)
    return sorted(set(asked))
