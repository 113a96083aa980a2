"""Logins: opened for a person, given a first password by a one-time link, and noted when used.

A login proves who somebody is. What they may do comes from their posts alone. Whoever opens logins
never learns a password: the link lets its receiver set one, once, within a day.
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from gongshu.vocabulary.errors import Conflict, Invalid, NotFound, NotPermitted
from gongshu.vocabulary.permissions import ADMIN_DUTIES
from gongshu_server.accounts import keys, posts
from gongshu_server.accounts.actors import NODE, Actor, acting
from gongshu_server.accounts.models import Login, Person, Session
from gongshu_server.accounts.permissions import require
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.recording import Event

LINK_LASTS: Final = timedelta(days=1)
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{2,39}")


@dataclass(frozen=True, slots=True)
class PasswordLink:
    """What lets the holder of a login set a password once; shown once, kept nowhere."""

    login: int
    username: str
    token: str

    @property
    def path(self) -> str:
        """Return the path of the page that the link opens."""
        return f"/sign-in/first/{self.login}/{self.token}/"


def alone(person_id: str) -> Actor:
    """Return the actor of a person who has not entered a post: may do nothing, can be named."""
    nothing: frozenset[str] = frozenset()
    return Actor(
        person=person_id, post="", organisation="", control_group="", roles=nothing, duties=nothing
    )


def of(person_id: str) -> Login | None:
    """Return the person's login, if one was opened."""
    return Login.objects.filter(person_id=person_id).first()


def named(username: str) -> Login | None:
    """Return the login of this name; None for an unknown one."""
    return Login.objects.filter(username=username.strip().lower()).first()


@action
def open_login(*, person_id: str, username: str, by: Actor, at: datetime) -> Login:
    """Open a login for a person, without a password: the link that follows lets them set one.

    Raises Invalid for a name of another form, Conflict for one that is taken or a person who has
    a login already.
    """
    require(by, "login.manage")
    username = username.strip().lower()
    if not _NAME.fullmatch(username):
        raise Invalid(
            "登录名须为 3 至 40 个小写字母、数字、点、下划线或连字符，并以字母或数字开头。",
            code="login_name",
        )
    if not Person.objects.filter(pk=person_id).exists():
        raise NotFound("没有这个人员。", code="person_not_found")
    if of(person_id) is not None:
        raise Conflict("该人员已有登录名，请直接签发口令设置链接。", code="login_exists")
    if named(username) is not None:
        raise Conflict("这个登录名已有人使用，请换一个。", code="login_name_taken")
    login = Login(username=username, person_id=person_id)
    login.set_unusable_password()
    login.save(force_insert=True)
    journal(_event("login.opened", login, username=username), by=by, at=at)
    return login


@action
def give_password_link(*, person_id: str, by: Actor, at: datetime) -> PasswordLink:
    """Make a link with which the person sets a password, once and within a day.

    An earlier link ends. Kept is a keyed digest; the entry says that there is a link, and not
    which. Raises NotFound for a person without a login, NotPermitted for one of the three
    administrators and whoever appoints them: only the node's host gives those a link.
    """
    require(by, "login.manage")
    login = of(person_id)
    if login is None or not login.is_active:
        raise NotFound("该人员还没有登录名，请先开通。", code="no_login")
    if by.post != NODE:
        _refuse_guarded(person_id, at=at)
    token = secrets.token_urlsafe(32)
    login.link_digest, login.link_until = keys.digest(token), at + LINK_LASTS
    login.save(update_fields=["link_digest", "link_until"])
    journal(_event("login.link_given", login), by=by, at=at)
    return PasswordLink(login=login.pk, username=login.username, token=token)


def _refuse_guarded(person_id: str, *, at: datetime) -> None:
    """Whoever hands out a link could open it: one administrator could become another (三员分立)."""
    for post in posts.posts_of(person_id, at=at):
        actor = acting(person_id=person_id, post_id=post.pk, at=at)
        if actor.has_duty("admin.appoint") or not actor.duties.isdisjoint(ADMIN_DUTIES):
            raise NotPermitted(
                "三员和任命三员的负责人的口令设置链接，由节点维护人员在主机上签发，"
                "不能由系统管理员签发。请联系节点维护人员。",
                code="guarded_login",
            )


@action
def stop_login(*, person_id: str, by: Actor, at: datetime) -> Login:
    """Stop a login; its sessions end at once."""
    require(by, "login.manage")
    login = of(person_id)
    if login is None:
        raise NotFound("该人员没有登录名。", code="no_login")
    login.is_active, login.link_digest = False, ""
    login.save(update_fields=["is_active", "link_digest"])
    Session.objects.filter(person=person_id).delete()
    journal(_event("login.stopped", login), by=by, at=at)
    return login


def by_link(login_id: int, token: str, *, at: datetime) -> Login:
    """Return the login that an unused, unexpired link belongs to; NotFound for any other link."""
    login = Login.objects.filter(pk=login_id, is_active=True, link_until__gt=at).first()
    if login is None or not hmac.compare_digest(login.link_digest, keys.digest(token)):
        raise NotFound(
            "这个链接已经用过或已过期，请联系系统管理员重新签发。", code="link_not_valid"
        )
    return login


@action
def open_link(*, login_id: int, token: str, by: Actor, at: datetime) -> str:
    """Exchange the token of a one-time link for another one that stands in no address.

    The link opens once: whoever reads its address later, in a log or a history, has nothing.
    """
    login = by_link(login_id, token, at=at)
    fresh = secrets.token_urlsafe(32)
    # Of two at the same moment the second one finds another digest.
    held = Login.objects.filter(pk=login.pk, link_digest=login.link_digest)
    if not held.update(link_digest=keys.digest(fresh)):
        raise NotFound("这个链接已经打开过，请联系系统管理员重新签发。", code="link_not_valid")
    journal(_event("login.link_opened", login), by=by, at=at)
    return fresh


@action
def set_password_by_link(
    *, login_id: int, token: str, password: str, by: Actor, at: datetime
) -> Login:
    """Set the password of the login whose one-time link was opened; the link ends with it."""
    login = by_link(login_id, token, at=at)
    _set(login, password, keep="")
    journal(_event("login.password_set", login, way="link"), by=by, at=at)
    return login


@action
def change_password(*, password: str, keep: str, by: Actor, at: datetime) -> Login:
    """Change the actor's own password; every other session of theirs (but `keep`) ends.

    The page asks for the present password right before. Raises NotFound without a login, Invalid
    for a password that is too weak.
    """
    require(by, "profile.change")
    login = of(by.person)
    if login is None:
        raise NotFound("您没有登录名，不需要口令。", code="no_login")
    _set(login, password, keep=keep)
    journal(_event("login.password_set", login, way="own"), by=by, at=at)
    return login


def _set(login: Login, password: str, *, keep: str) -> None:
    try:
        validate_password(password, login)
    except ValidationError as fault:
        raise Invalid("".join(fault.messages), code="weak_password") from None
    login.set_password(password)
    login.link_digest = ""
    login.save(update_fields=["password", "link_digest"])
    Session.objects.filter(person=login.person_id).exclude(pk=keep).delete()


@action
def note_sign_in(*, person_id: str, way: str, by: Actor, at: datetime) -> None:
    """Journal that a person has signed in, and by which way; not from where. Their link ends."""
    Login.objects.filter(person_id=person_id).exclude(link_digest="").update(link_digest="")
    journal(Event("login.signed_in", ("person", person_id), "", {"way": way}), by=by, at=at)


@action
def note_failure(*, username: str, locked: bool, by: Actor, at: datetime) -> None:
    """Journal a failed sign-in of a login that there is, or that it is locked for a time.

    Called for counted failures only, so a login has at most as many entries as attempts before
    its lock-out. Raises NotFound for an unknown name.
    """
    login = named(username)
    if login is None:
        raise NotFound("没有这个登录名。", code="no_login")
    journal(_event("login.locked" if locked else "login.failed", login), by=by, at=at)


def _event(name: str, login: Login, **details: str) -> Event:
    return Event(name, ("login", str(login.pk)), "", {"person": login.person_id, **details})
