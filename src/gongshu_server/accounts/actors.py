"""Actors: a person acting from a post of an organisation, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from gongshu.vocabulary.errors import NotPermitted
from gongshu.vocabulary.permissions import PERMISSIONS
from gongshu_server.accounts.models import Delegation, Holding, OrganisationRole, Post

NODE = "node"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: person, post, organisation, and what the organisation and the post stand for."""

    person: str
    post: str
    organisation: str
    control_group: str
    roles: frozenset[str]
    duties: frozenset[str]
    delegation: str = ""

    @property
    def text_id(self) -> str:
        """The actor as the journal names it: post, person, and the delegation if there is one."""
        return "/".join(filter(None, (self.post, self.person, self.delegation)))

    def may(self, permission: str) -> bool:
        """Tell whether roles and duties carry the permission; KeyError for an unknown one."""
        needed = PERMISSIONS[permission]
        return bool(needed.organisation_roles & self.roles and needed.duties & self.duties)


def node() -> Actor:
    """Return the platform itself: it acts by standing rules only, and needs grants like anybody."""
    return Actor(
        person="",
        post=NODE,
        organisation=NODE,
        control_group=NODE,
        roles=frozenset({NODE}),
        duties=frozenset({"system"}),
    )


def acting(*, person_id: str, post_id: str, at: datetime) -> Actor:
    """Return the actor for a person in a post they hold, or act for under a delegation.

    Raises NotPermitted when the person neither holds the post nor has a delegation at `at`.
    """
    post = Post.objects.select_related("organisation").filter(pk=post_id).first()
    running = _running(at)
    delegation = ""
    if post is None:
        raise _not_in_post()
    if not Holding.objects.filter(running, post=post, person_id=person_id).exists():
        delegation = _delegation(post, person_id=person_id, at=at)
    roles = OrganisationRole.objects.filter(running, organisation=post.organisation)
    return Actor(
        person=person_id,
        post=post.pk,
        organisation=post.organisation_id,
        control_group=post.organisation.control_group,
        roles=frozenset(roles.values_list("role", flat=True)),
        duties=frozenset(post.duties),
        delegation=delegation,
    )


def _running(at: datetime) -> Q:
    return Q(valid_from__lte=at) & (Q(valid_until__isnull=True) | Q(valid_until__gt=at))


def _delegation(post: Post, *, person_id: str, at: datetime) -> str:
    # A delegation lasts no longer than its giver holds the post.
    giver = Holding.objects.filter(_running(at), post=post, person=OuterRef("giver"))
    found = Delegation.objects.filter(
        Exists(giver),
        post=post,
        taker_id=person_id,
        valid_from__lte=at,
        valid_until__gt=at,
        revoked_at__isnull=True,
    ).first()
    if found is None:
        raise _not_in_post()
    return found.pk


def _not_in_post() -> NotPermitted:
    return NotPermitted("您目前不在这个岗位上，也没有有效的代办授权。", code="not_in_post")
