"""Writes on organisations: founding, names, and succession by another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from gongshu.vocabulary.errors import Conflict, Invalid, NotFound, NotPermitted
from gongshu.vocabulary.permissions import INCOMPATIBLE_ROLES, ORGANISATION_ROLES
from gongshu_server.accounts.actors import NODE, Actor
from gongshu_server.accounts.models import (
    FormerName,
    Organisation,
    OrganisationRole,
    RoleProposal,
)
from gongshu_server.accounts.permissions import require
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.ids import ulid
from gongshu_server.journal.recording import Event


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

    What a system administrator founds has no role before a security administrator authorises it;
    the node's own founding, at `gongshu init`, takes effect at once.

    Raises Conflict naming both roles when the control group would both supervise and operate,
    Invalid for a role that does not exist.
    """
    require(by, "organisation.manage")
    known(roles, ORGANISATION_ROLES, zh="机构角色")
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
    said, waiting = _give_roles(organisation, roles, by=by, at=at)
    details = {"name": name, "roles": said, "proposed": waiting, "control_group": group}
    journal(
        Event("organisation.founded", ("organisation", organisation.pk), "", details), by=by, at=at
    )
    return organisation


def _give_roles(
    organisation: Organisation, roles: Sequence[str], *, by: Actor, at: datetime
) -> tuple[list[str], list[str]]:
    """Put roles in force at once for the node, prepare them for a person; return both lists."""
    wanted = sorted(set(roles))
    if by.post == NODE:
        for role in wanted:
            OrganisationRole.objects.create(organisation=organisation, role=role, valid_from=at)
        return wanted, []
    RoleProposal.objects.bulk_create(
        RoleProposal(organisation=organisation, role=role, proposed_at=at, person=by.person)
        for role in wanted
    )
    return [], wanted


@action
def authorise_roles(*, organisation_id: str, by: Actor, at: datetime) -> Organisation:
    """Put the roles in force that a system administrator has prepared for an organisation.

    Raises NotPermitted for whoever prepared them, Conflict when nothing waits or when the control
    group would both supervise and operate by now.
    """
    require(by, "organisation.authorise")
    organisation = locked(organisation_id)
    waiting = list(
        RoleProposal.objects.select_for_update().filter(
            organisation=organisation, authorised_at__isnull=True
        )
    )
    if not waiting:
        raise Conflict("这个机构没有待授权的角色。", code="nothing_to_authorise")
    if by.person in {row.person for row in waiting}:
        raise NotPermitted("准备的人不能自己授权，请由安全保密管理员办理。", code="own_proposal")
    roles = sorted(row.role for row in waiting)
    _refuse_incompatible(organisation.control_group, roles)
    for row in waiting:
        OrganisationRole.objects.get_or_create(
            organisation=organisation, role=row.role, valid_until=None, defaults={"valid_from": at}
        )
        row.authorised_at = at
    RoleProposal.objects.bulk_update(waiting, ["authorised_at"])
    event = Event(
        "organisation.role_given", ("organisation", organisation.pk), "", {"roles": roles}
    )
    journal(event, by=by, at=at)
    return organisation


def known(codes: Sequence[str], table: Mapping[str, str], *, zh: str) -> None:
    """Raise Invalid, naming what there is, for no code or one that people do not hold."""
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
    """Rename an organisation; its history keeps the old name. Raises Invalid for none."""
    require(by, "organisation.manage")
    organisation = locked(organisation_id)
    if not name.strip():
        raise Invalid("请写明机构的新名称。", code="incomplete")
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
    organisation = locked(organisation_id)
    successor = locked(successor_id)
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


def locked(organisation_id: str) -> Organisation:
    """Return the organisation, locked; NotFound for an unknown one."""
    found_one = Organisation.objects.select_for_update().filter(pk=organisation_id).first()
    if found_one is None:
        raise NotFound("没有这个机构。", code="organisation_not_found")
    return found_one
