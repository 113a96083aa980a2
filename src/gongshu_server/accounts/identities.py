"""Who is who at an identity provider: registered by the system administrator, confirmed in person.

A pair of issuer and subject opens a login only after both have happened: the administrator names
the pair, and the person, signed in otherwise, comes back from the provider with it. Nothing links
itself, and neither names nor e-mail addresses are looked at. A subject may be an identity number
at some providers, so only its keyed digest is kept (ADR 0014).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db.models import Q, QuerySet

from gongshu.vocabulary.errors import Conflict, Invalid, NotFound, NotPermitted
from gongshu_server.accounts import logins, oidc
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.digests import identity_digest
from gongshu_server.accounts.id_tokens import LONGEST_SUBJECT
from gongshu_server.accounts.models import Identity, Login, Session
from gongshu_server.accounts.oidc import Pair
from gongshu_server.accounts.permissions import require
from gongshu_server.identity_providers import Provider
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.ids import ulid
from gongshu_server.journal.recording import Event
from gongshu_server.secrets_folder import secret


def digest(pair: Pair) -> str:
    """Return the pair's keyed digest, the form in which the node knows it."""
    return identity_digest(secret(Path(settings.HOME), "node.secret"), pair.issuer, pair.subject)


def login_of(pair: Pair) -> Login | None:
    """Return the login that the pair opens: linked, confirmed, not ended."""
    row = Identity.objects.filter(
        digest=digest(pair), confirmed_at__isnull=False, ended_at__isnull=True
    ).first()
    return logins.of(row.person_id) if row else None


def unknown(one: Provider) -> NotPermitted:
    """Return the refusal for a pair that opens no login: it says what to ask of whom."""
    return NotPermitted(
        f"“{one.name}”的这个账号还不能登录本系统。请联系系统管理员为您登记，"
        "再用登录名和口令登录，在“登录安全”里确认一次。",
        code="identity_unknown",
    )


def waiting(person_id: str) -> list[Identity]:
    """Return what is registered for the person and not ended, oldest first."""
    return list(Identity.objects.filter(person_id=person_id, ended_at__isnull=True).order_by("pk"))


def listing(*, by: Actor) -> QuerySet[Identity]:
    """Return every registration that has not ended, for who manages logins; none for others."""
    rows = Identity.objects.filter(ended_at__isnull=True).select_related("person")
    return rows if by.may("login.manage") else rows.none()


@action
def link_identity(
    *, person_id: str, provider_code: str, subject: str, by: Actor, at: datetime
) -> Identity:
    """Register which subject of a provider a person is; it opens nothing before they confirm it.

    Raises NotFound for a person without a login and for an unknown provider, Invalid for a subject
    that none can be, Conflict for one that is or ever was confirmed for somebody else, and for a
    person who has one of this provider already.
    """
    require(by, "login.manage")
    one = oidc.provider(provider_code)
    subject = subject.strip()
    if not 0 < len(subject) <= LONGEST_SUBJECT or not subject.isprintable():
        raise Invalid("请填写该人员在统一身份认证里的用户标识（sub）。", code="no_subject")
    login = logins.of(person_id)
    if login is None or not login.is_active:
        raise NotFound("该人员还没有登录名，请先开通。", code="no_login")
    pair = digest(Pair(one.issuer, subject))
    _refuse_taken(pair, person_id)
    if Identity.objects.filter(
        person_id=person_id, issuer=one.issuer, ended_at__isnull=True
    ).exists():
        raise Conflict("该人员已登记这个统一身份，请先解除原来的。", code="identity_exists")
    row = Identity.objects.create(
        id=ulid(at), person_id=person_id, issuer=one.issuer, digest=pair, linked_at=at
    )
    _note("identity.linked", row, by=by, at=at)
    return row


def _refuse_taken(pair: str, person_id: str) -> None:
    """A subject is never given to somebody else (OpenID Connect Core §8), so neither is a link."""
    standing = Q(ended_at__isnull=True) | (Q(confirmed_at__isnull=False) & ~Q(person_id=person_id))
    if Identity.objects.filter(standing, digest=pair).exists():
        raise Conflict(
            "这个用户标识已登记过，一个统一身份只能属于一个人。请核对后再办。",
            code="identity_taken",
        )


@action
def confirm_identity(*, proved: Pair, by: Actor, at: datetime) -> Identity:
    """Confirm what is registered for the actor, who has just come from the provider with the pair.

    Raises NotFound for any other pair than the one that waits for this person.
    """
    require(by, "profile.change")
    row = (
        Identity.objects.select_for_update(of=("self",))
        .filter(person_id=by.person, digest=digest(proved), ended_at__isnull=True)
        .first()
    )
    if row is None:
        raise NotFound(
            "您刚才使用的统一身份与系统管理员为您登记的不一致。请联系系统管理员核对登记的用户标识。",
            code="identity_differs",
        )
    if row.confirmed_at is None:
        row.confirmed_at = at
        row.save(update_fields=["confirmed_at"])
        _note("identity.confirmed", row, by=by, at=at)
    return row


@action
def unlink_identity(*, identity_id: str, by: Actor, at: datetime) -> Identity:
    """End a link; it opens nothing any more, and the person's open sessions end with it."""
    require(by, "login.manage")
    rows = Identity.objects.select_for_update(of=("self",))
    row = rows.filter(pk=identity_id, ended_at__isnull=True).first()
    if row is None:
        raise NotFound("没有这项统一身份登记。", code="identity_not_found")
    row.ended_at = at
    row.save(update_fields=["ended_at"])
    Session.objects.filter(person=row.person_id).delete()
    _note("identity.unlinked", row, by=by, at=at)
    return row


def _note(name: str, row: Identity, *, by: Actor, at: datetime) -> None:
    details = {"person": row.person_id, "issuer": row.issuer, "pair": row.digest}
    journal(Event(name, ("identity", row.pk), "", details), by=by, at=at)
