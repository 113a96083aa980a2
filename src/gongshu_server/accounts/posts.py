"""Writes on posts: who fills them, who leaves them, and who acts for whom for a time (代办)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q

from gongshu.procedures import all_clauses
from gongshu.vocabulary.errors import Conflict, Invalid, NotFound, NotPermitted
from gongshu.vocabulary.permissions import (
    ADMIN_DUTIES,
    POST_DUTIES,
    incompatible,
    incompatible_duties,
)
from gongshu_server.accounts.actors import NODE, Actor
from gongshu_server.accounts.models import (
    Delegation,
    Holding,
    Key,
    Organisation,
    OrganisationRole,
    Person,
    Post,
)
from gongshu_server.accounts.organisations import known, locked
from gongshu_server.accounts.permissions import require
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.ids import ulid
from gongshu_server.journal.recording import Event


@action
def appoint(
    *,
    organisation_id: str,
    title: str,
    duties: Sequence[str],
    person_name: str,
    person_id: str = "",
    by: Actor,
    at: datetime,
) -> Holding:
    """Make a post in the actor's organisation and put a person into it.

    An existing person may hold several posts. Whoever manages organisations fills the first post
    of a new one; after that the organisation alone decides who works there. Raises NotPermitted
    for another organisation's posts, for duties that only a head may give, and for a person who
    would stand on both sides of 管运适度分离.
    """
    require(by, "person.manage")
    organisation = locked(organisation_id)
    _refuse_foreign(organisation, by=by)
    known(duties, POST_DUTIES, zh="岗位职责")
    _refuse_self_promotion(organisation, duties, by=by)
    refuse_mixed_duties(person_id, duties, at=at)
    if not set(duties).isdisjoint(ADMIN_DUTIES):
        require(by, "admin.appoint")
    if person_id:
        refuse_both_sides(person_id, organisation.pk, at=at)
    person = _person(person_id, name=person_name, at=at)
    post = Post.objects.create(
        id=ulid(at), organisation=organisation, title=title, duties=sorted(duties)
    )
    holding = Holding.objects.create(post=post, person=person, valid_from=at)
    details = {"organisation": organisation.pk, "title": title, "duties": sorted(duties)}
    event = Event("post.filled", ("post", post.pk), "", details | {"person": person.pk})
    journal(event, by=by, at=at)
    return holding


def _refuse_foreign(organisation: Organisation, *, by: Actor) -> None:
    if by.organisation in {organisation.pk, NODE}:
        return
    require(by, "organisation.manage")
    if Holding.objects.filter(post__organisation=organisation).exists():
        raise NotPermitted(
            "其他机构的岗位由该机构自己任职，请联系该机构的负责人。", code="not_your_organisation"
        )


def _refuse_self_promotion(organisation: Organisation, duties: Sequence[str], *, by: Actor) -> None:
    """Let a head alone give duties beyond its own: a handler could make itself the signing head."""
    beyond = sorted(set(duties) - by.duties)
    if beyond and by.organisation == organisation.pk and "head" not in by.duties:
        named = "、".join(POST_DUTIES[duty] for duty in beyond)
        raise NotPermitted(
            f"您不能授予自己没有的职责：{named}。请由本机构负责人任职。",
            code="borrowed_duties",
            details=tuple(beyond),
        )


def refuse_mixed_duties(person_id: str, duties: Sequence[str], *, at: datetime) -> None:
    """Raise Conflict where a person would be two of the three administrators, or one and more.

    What counts is everything that they hold or act for, in whichever organisation (三员分立).
    """
    _lock(person_id)
    held = {duty for post in posts_of(person_id, at=at) for duty in post.duties}
    pairs = incompatible_duties(held | set(duties))
    if pairs:
        first, second = (POST_DUTIES[duty] for duty in pairs[0])
        raise Conflict(
            f"“{first}”不能与“{second}”由同一人担任（三员分立），请改派他人。",
            code="admin_duties",
            details=pairs,
        )


def _lock(person_id: str) -> None:
    """Let two decisions on the same person's posts follow each other, so each sees the other's."""
    list(Person.objects.select_for_update(no_key=True).filter(pk=person_id))


def posts_of(person_id: str, *, at: datetime) -> list[Post]:
    """Return the posts that the person holds or acts for, in whichever organisation."""
    running = Q(valid_from__lte=at) & (Q(valid_until__isnull=True) | Q(valid_until__gt=at))
    held = Holding.objects.filter(running, person_id=person_id)
    lent = Delegation.objects.filter(running, taker_id=person_id, revoked_at__isnull=True)
    posts = {*held.values_list("post_id", flat=True), *lent.values_list("post_id", flat=True)}
    return list(Post.objects.filter(pk__in=posts))


def refuse_both_sides(person_id: str, organisation_id: str, *, at: datetime) -> None:
    """Refuse a person who would supervise from one post what they operate from another."""
    running = Q(valid_from__lte=at) & (Q(valid_until__isnull=True) | Q(valid_until__gt=at))
    _lock(person_id)
    where = {organisation_id, *(post.organisation_id for post in posts_of(person_id, at=at))}
    roles = OrganisationRole.objects.filter(running, organisation_id__in=where)
    pairs = incompatible(roles.values_list("role", flat=True))
    if pairs:
        raise Conflict(
            "该人员已在监管或审核（或运营、开发）一侧任职，不能同时为另一侧办事，请改派他人。",
            code="both_sides",
            clause="opinions-11.1",
            details=pairs,
        )


def _person(person_id: str, *, name: str, at: datetime) -> Person:
    if not person_id:
        if not name.strip():
            raise Invalid("请写明人员姓名。", code="incomplete")
        return Person.objects.create(id=ulid(at), name=name)
    one = Person.objects.filter(pk=person_id).first()
    if one is None:
        raise NotFound("没有这个人员。", code="person_not_found")
    return one


@action
def delegate(*, taker_id: str, until: datetime, clause: str, by: Actor, at: datetime) -> Delegation:
    """Let another person act for the giver's post until a date (代办), resting on a clause."""
    require(by, "delegation.give")
    if by.delegation:
        raise Invalid("代办人不能再次转授代办。", code="delegation_of_delegation")
    if until <= at:
        raise Invalid("代办截止时间必须晚于现在。", code="delegation_period")
    if clause not in {one.code for one in all_clauses()}:
        raise Invalid("代办须写明依据的条款编号。", code="unknown_clause")
    if taker_id == by.person or not Person.objects.filter(pk=taker_id).exists():
        raise NotFound("没有这个代办人，代办人须是本节点登记的其他人员。", code="person_not_found")
    refuse_both_sides(taker_id, by.organisation, at=at)
    refuse_mixed_duties(taker_id, sorted(by.duties), at=at)
    delegation = Delegation.objects.create(
        id=ulid(at),
        post_id=by.post,
        giver_id=by.person,
        taker_id=taker_id,
        valid_from=at,
        valid_until=until,
        clause=clause,
    )
    details = {"post": by.post, "taker": taker_id, "until": until.isoformat()}
    journal(Event("delegation.given", ("delegation", delegation.pk), clause, details), by=by, at=at)
    return delegation


@action
def revoke_delegation(*, delegation_id: str, by: Actor, at: datetime) -> Delegation:
    """Take a delegation back before its end; the giver does, or who manages the people there."""
    row = (
        Delegation.objects.select_for_update(of=("self",))
        .filter(pk=delegation_id, post__organisation_id=by.organisation)
        .first()
    )
    if row is None:
        raise NotFound("没有这项代办。", code="delegation_not_found")
    if row.giver_id != by.person:
        require(by, "person.manage")
    if row.revoked_at is None:
        row.revoked_at = at
        row.save(update_fields=["revoked_at"])
        event = Event("delegation.revoked", ("delegation", row.pk), row.clause, {})
        journal(event, by=by, at=at)
    return row


@action
def leave_post(*, post_id: str, person_id: str, by: Actor, at: datetime) -> Holding:
    """End a person's time in a post of the actor's organisation; their keys of it end, too.

    Raises NotFound for another organisation's post or a person who does not hold it.
    """
    require(by, "person.manage")
    row = (
        Holding.objects.select_for_update(of=("self",))
        .filter(post_id=post_id, person_id=person_id, valid_until__isnull=True)
        .filter(post__organisation_id=by.organisation)
        .first()
    )
    if row is None:
        raise NotFound("该人员不在这个岗位上，请核对后再办。", code="not_in_post")
    # A holding is a half-open period and never empty, not even for who left the moment they came.
    row.valid_until = max(at, row.valid_from + timedelta(microseconds=1))
    row.save(update_fields=["valid_until"])
    keys = Key.objects.filter(post_id=post_id, person_id=person_id, revoked_at__isnull=True)
    for key in keys:
        key.revoked_at = at
        key.save(update_fields=["revoked_at"])
        journal(Event("key.revoked", ("key", key.pk), "", {"reason": "post.left"}), by=by, at=at)
    journal(Event("post.left", ("post", post_id), "", {"person": person_id}), by=by, at=at)
    return row
