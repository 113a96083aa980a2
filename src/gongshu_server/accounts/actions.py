"""The writes of accounts, one module a subject: organisations, posts; keys are here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gongshu.vocabulary.errors import Invalid, NotFound, NotPermitted
from gongshu.vocabulary.permissions import POST_DUTIES, READ
from gongshu_server.accounts import keys
from gongshu_server.accounts.actors import NODE, Actor
from gongshu_server.accounts.demo_time import move_time
from gongshu_server.accounts.drafts import save_draft
from gongshu_server.accounts.handover import (
    confirm_handover,
    decline_handover,
    propose_handover,
)
from gongshu_server.accounts.identities import confirm_identity, link_identity, unlink_identity
from gongshu_server.accounts.logins import (
    change_password,
    give_password_link,
    note_failure,
    note_sign_in,
    open_link,
    open_login,
    set_password_by_link,
    stop_login,
)
from gongshu_server.accounts.models import Holding, Key, Post
from gongshu_server.accounts.open_sessions import end_session
from gongshu_server.accounts.organisations import authorise_roles, found, rename, succeed
from gongshu_server.accounts.passkeys import add_passkey, count_passkey
from gongshu_server.accounts.permissions import require
from gongshu_server.accounts.posts import appoint, delegate, leave_post, revoke_delegation
from gongshu_server.accounts.profiles import change_profile
from gongshu_server.accounts.refusals import record_refusals
from gongshu_server.accounts.second_factors import add_totp, remove_factor, renew_recovery_codes
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.ids import ulid
from gongshu_server.journal.recording import Event

__all__ = [
    "NewKey",
    "add_passkey",
    "add_totp",
    "appoint",
    "authorise_roles",
    "change_password",
    "change_profile",
    "confirm_handover",
    "confirm_identity",
    "count_passkey",
    "decline_handover",
    "delegate",
    "end_session",
    "found",
    "give_password_link",
    "issue_key",
    "leave_post",
    "link_identity",
    "move_time",
    "note_failure",
    "note_sign_in",
    "open_link",
    "open_login",
    "propose_handover",
    "record_refusals",
    "remove_factor",
    "rename",
    "renew_recovery_codes",
    "revoke_delegation",
    "revoke_key",
    "save_draft",
    "set_password_by_link",
    "stop_login",
    "succeed",
    "unlink_identity",
]


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key in clear, to be shown once, with the id of its row."""

    id: str
    clear: str


@action
def issue_key(
    *,
    label: str,
    product_id: str = "",
    order_id: str = "",
    person_id: str = "",
    post_id: str = "",
    scopes: Sequence[str] = (READ,),
    expires_at: datetime | None = None,
    by: Actor,
    at: datetime,
) -> NewKey:
    """Issue a key, bound to a person and post (the actor's own unless named), shown once.

    A person's key does what the post may do, as far as its scopes reach; a product key opens its
    product and nothing else. Whoever sees a key can act with it, so a key for a colleague needs
    the duty to manage people and gives no duty and no scope that the issuer lacks. Raises
    NotPermitted otherwise, Invalid for scopes that there are not.
    """
    require(by, "key.issue")
    reach = [] if product_id else keys.checked_scopes(scopes, by=by)
    person = person_id or by.person
    post = _post_for_key(post_id or by.post, person, by=by)
    clear = keys.fresh()
    row = Key.objects.create(
        id=ulid(at),
        digest=keys.digest(clear),
        label=label,
        person_id=person,
        post=post,
        product=product_id,
        order=order_id,
        scopes=reach,
        created_at=at,
        expires_at=expires_at,
    )
    journal(Event("key.issued", ("key", row.pk), "", _said_of(row)), by=by, at=at)
    return NewKey(id=row.pk, clear=clear)


def _said_of(row: Key) -> dict[str, Any]:
    """Return what the entry says of a new key: what it opens, for whom, and until when."""
    return {
        "label": row.label,
        "person": row.person_id,
        "post": row.post_id,
        "product": row.product,
        "order": row.order,
        "digest": row.digest,
        "expires": row.expires_at.astimezone(UTC).isoformat() if row.expires_at else "",
        "scopes": row.scopes,
    }


def _post_for_key(post_id: str, person: str, *, by: Actor) -> Post:
    post = Post.objects.filter(pk=post_id).first()
    if post is None or (post.organisation_id != by.organisation and by.post != NODE):
        raise NotFound("没有这个岗位。", code="post_not_found")
    if (person, post.pk) != (by.person, by.post) and by.post != NODE:
        _refuse_borrowed_duties(post, by=by)
    if not Holding.objects.filter(post=post, person_id=person, valid_until__isnull=True).exists():
        raise Invalid("该人员不在这个岗位上。", code="not_in_post")
    return post


def _refuse_borrowed_duties(post: Post, *, by: Actor) -> None:
    require(by, "person.manage")
    beyond = sorted(set(post.duties) - by.duties)
    if beyond:
        named = "、".join(POST_DUTIES[duty] for duty in beyond)
        raise NotPermitted(
            f"该岗位有您没有的职责：{named}。请由本人或有此职责的人员领取凭证。",
            code="borrowed_duties",
            details=tuple(beyond),
        )


@action
def revoke_key(*, key_id: str, by: Actor, at: datetime) -> Key:
    """Revoke a key of the actor's organisation; it is refused at the next call."""
    require(by, "key.issue")
    row = (
        Key.objects.select_for_update(of=("self",))
        .filter(pk=key_id, post__organisation_id=by.organisation)
        .first()
    )
    if row is None:
        raise NotFound("没有这个凭证。", code="key_not_found")
    if row.revoked_at is None:
        row.revoked_at = at
        row.save(update_fields=["revoked_at"])
        journal(Event("key.revoked", ("key", row.pk), "", {}), by=by, at=at)
    return row
