"""Writes on organisations, people, posts, delegations and keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gongshu.vocabulary.errors import Conflict, Invalid, NotFound
from gongshu.vocabulary.permissions import INCOMPATIBLE_ROLES
from gongshu_server.accounts import keys
from gongshu_server.accounts.actors import Actor
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

    Raises Conflict naming both roles when the control group would both supervise and operate.
    """
    require(by, "organisation.manage")
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
    """Let another organisation take over; resources, grants, open cases and clocks follow.

    The event's effects (in `journeys`) move what other contexts hold.
    """
    require(by, "organisation.manage")
    organisation = _organisation(organisation_id)
    successor = _organisation(successor_id)
    if organisation.pk == successor.pk or successor.successor_id is not None:
        raise Invalid("承接机构必须是另一家仍在办理业务的机构。", code="invalid_successor")
    if organisation.successor_id is not None:
        raise Conflict("该机构已有承接机构。", code="already_succeeded")
    organisation.successor = successor
    organisation.save(update_fields=["successor"])
    details = {"successor": successor.pk}
    event = Event("organisation.succeeded", ("organisation", organisation.pk), "", details)
    journal(event, by=by, at=at)
    return organisation


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
    """Make a post and put a person into it; an existing person may hold several posts."""
    require(by, "person.manage")
    organisation = _organisation(organisation_id)
    person = (
        Person.objects.get(pk=person_id)
        if person_id
        else Person.objects.create(id=ulid(at), name=person_name)
    )
    post = Post.objects.create(
        id=ulid(at), organisation=organisation, title=title, duties=sorted(duties)
    )
    holding = Holding.objects.create(post=post, person=person, valid_from=at)
    details = {"organisation": organisation.pk, "title": title, "duties": sorted(duties)}
    event = Event("post.filled", ("post", post.pk), "", details | {"person": person.pk})
    journal(event, by=by, at=at)
    return holding


@action
def delegate(*, taker_id: str, until: datetime, clause: str, by: Actor, at: datetime) -> Delegation:
    """Let another person act for the giver's post until a date (代办), resting on a clause."""
    require(by, "delegation.give")
    if by.delegation:
        raise Invalid("代办人不能再次转授代办。", code="delegation_of_delegation")
    if until <= at:
        raise Invalid("代办截止时间必须晚于现在。", code="delegation_period")
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

    A key for another post of the same organisation needs the duty to manage people there.
    """
    require(by, "key.issue")
    post = Post.objects.filter(pk=post_id or by.post).first()
    person = person_id or by.person
    if post is None or (post.organisation_id != by.organisation and by.post != "node"):
        raise NotFound("没有这个岗位。", code="post_not_found")
    if not Holding.objects.filter(post=post, person_id=person, valid_until__isnull=True).exists():
        raise Invalid("该人员不在这个岗位上。", code="not_in_post")
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
