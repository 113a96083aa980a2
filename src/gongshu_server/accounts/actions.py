"""Writes on organisations, people, posts, delegations and keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gongshu.procedures import all_clauses
from gongshu.vocabulary.errors import Conflict, Invalid, NotFound, NotPermitted
from gongshu.vocabulary.permissions import INCOMPATIBLE_ROLES, ORGANISATION_ROLES, POST_DUTIES
from gongshu_server.accounts import keys
from gongshu_server.accounts.actors import NODE, Actor
from gongshu_server.accounts.models import (
    Delegation,
    FormerName,
    Holding,
    Key,
    Organisation,
    OrganisationRole,
    Person,
    Post,
)
from gongshu_server.accounts.permissions import require
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.ids import ulid
from gongshu_server.journal.recording import Event


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key in clear, to be shown once, with the id of its row."""

    id: str
    clear: str


@action
def found(
    *,
    name: str,
    short_name: str,
    roles: Sequence[str],
    region: str = "",
    uscc: str = "",
    control_group: str = "",
    by: Actor,
    at: datetime,
) -> Organisation:
    """Record an organisation with its roles (管运适度分离: some exclude each other).

    Raises Conflict naming both roles when the control group would both supervise and operate,
    Invalid for a role that does not exist.
    """
    require(by, "organisation.manage")
    _known(roles, ORGANISATION_ROLES, zh="机构角色")
    if not name.strip() or not short_name.strip():
        raise Invalid("请写明机构的全称和简称。", code="incomplete")
    organisation_id = ulid(at)
    group = control_group or organisation_id
    _refuse_incompatible(group, roles)
    organisation = Organisation.objects.create(
        id=organisation_id,
        name=name,
        short_name=short_name,
        uscc=uscc,
        region=region,
        control_group=group,
    )
    for role in roles:
        OrganisationRole.objects.create(organisation=organisation, role=role, valid_from=at)
    details = {"name": name, "roles": sorted(roles), "control_group": group}
    journal(
        Event("organisation.founded", ("organisation", organisation.pk), "", details), by=by, at=at
    )
    return organisation


def _known(codes: Sequence[str], table: Mapping[str, str], *, zh: str) -> None:
    unknown = sorted(set(codes) - (set(table) - {NODE, "system"}))
    if unknown or not codes:
        offered = "、".join(table[code] for code in table if code not in {NODE, "system"})
        raise Invalid(f"{zh}只能是：{offered}。", code="unknown_code", details=tuple(unknown))


def _refuse_incompatible(group: str, roles: Sequence[str]) -> None:
    held = set(
        OrganisationRole.objects.filter(
            organisation__control_group=group, valid_until__isnull=True
        ).values_list("role", flat=True)
    )
    together = held | set(roles)
    for first, second in INCOMPATIBLE_ROLES:
        if first in together and second in together:
            raise Conflict(
                "同一控制关系下的机构不能既承担监管或审核、又承担运营或开发，请改由其他机构承担。",
                code="incompatible_roles",
                clause="opinions-11.1",
                details=(first, second),
            )


@action
def rename(*, organisation_id: str, name: str, by: Actor, at: datetime) -> Organisation:
    """Rename an organisation; its history keeps the old name."""
    require(by, "organisation.manage")
    organisation = _organisation(organisation_id)
    FormerName.objects.create(organisation=organisation, name=organisation.name, until=at)
    details = {"from": organisation.name, "to": name}
    organisation.name = name
    organisation.save(update_fields=["name"])
    journal(
        Event("organisation.renamed", ("organisation", organisation.pk), "", details), by=by, at=at
    )
    return organisation


@action
def succeed(*, organisation_id: str, successor_id: str, by: Actor, at: datetime) -> Organisation:
    """Let another organisation take over; roles, resources, grants, open cases and clocks follow.

    The event's effects (in `journeys`) move what other contexts hold. Raises Conflict when the
    successor would both supervise and operate.
    """
    require(by, "organisation.manage")
    organisation = _organisation(organisation_id)
    successor = _organisation(successor_id)
    if organisation.pk == successor.pk or successor.successor_id is not None:
        raise Invalid("承接机构必须是另一家仍在办理业务的机构。", code="invalid_successor")
    if organisation.successor_id is not None:
        raise Conflict("该机构已有承接机构。", code="already_succeeded")
    roles = _hand_over_roles(organisation, successor, at=at)
    organisation.successor = successor
    organisation.save(update_fields=["successor"])
    details = {"successor": successor.pk, "roles": roles}
    event = Event("organisation.succeeded", ("organisation", organisation.pk), "", details)
    journal(event, by=by, at=at)
    return organisation


def _hand_over_roles(old: Organisation, new: Organisation, *, at: datetime) -> list[str]:
    """End the old organisation's roles and give the new one those that it lacks."""
    held = OrganisationRole.objects.filter(organisation=old, valid_until__isnull=True)
    roles = sorted(held.values_list("role", flat=True))
    held.update(valid_until=at)
    _refuse_incompatible(new.control_group, roles)
    for role in roles:
        OrganisationRole.objects.get_or_create(
            organisation=new, role=role, valid_until=None, defaults={"valid_from": at}
        )
    return roles


def _organisation(organisation_id: str) -> Organisation:
    found_one = Organisation.objects.select_for_update().filter(pk=organisation_id).first()
    if found_one is None:
        raise NotFound("没有这个机构。", code="organisation_not_found")
    return found_one


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
    for another organisation's posts.
    """
    require(by, "person.manage")
    organisation = _organisation(organisation_id)
    _refuse_foreign(organisation, by=by)
    _known(duties, POST_DUTIES, zh="岗位职责")
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


def _person(person_id: str, *, name: str, at: datetime) -> Person:
    if not person_id:
        if not name.strip():
            raise Invalid("请写明人员姓名。", code="incomplete")
        return Person.objects.create(id=ulid(at), name=name)
    known = Person.objects.filter(pk=person_id).first()
    if known is None:
        raise NotFound("没有这个人员。", code="person_not_found")
    return known


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
def issue_key(
    *,
    label: str,
    product_id: str = "",
    order_id: str = "",
    person_id: str = "",
    post_id: str = "",
    expires_at: datetime | None = None,
    by: Actor,
    at: datetime,
) -> NewKey:
    """Issue a key, bound to a person and post (the actor's own unless named), shown once.

    Whoever sees a key can act with it, so a key for a colleague needs the duty to manage people
    and gives no duty that the issuer lacks. Raises NotPermitted otherwise.
    """
    require(by, "key.issue")
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
        created_at=at,
        expires_at=expires_at,
    )
    details = {"label": label, "person": person, "post": post.pk, "product": product_id}
    details |= {"order": order_id}
    journal(Event("key.issued", ("key", row.pk), "", details), by=by, at=at)
    return NewKey(id=row.pk, clear=clear)


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
