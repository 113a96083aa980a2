"""Actors: a person acting from a post of an organisation, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from gongshu.vocabulary.errors import NotPermitted
from gongshu.vocabulary.permissions import EVERYTHING, PERMISSIONS, scope_of
from gongshu_server.accounts.models import Delegation, Holding, OrganisationRole

NODE = "node"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: person, post, organisation, and what the organisation and the post stand for.

    `scopes` is what the key that they act with is narrowed to; without a key it is everything.
    """

    person: str
    post: str
    organisation: str
    control_group: str
    roles: frozenset[str]
    duties: frozenset[str]
    delegation: str = ""
    scopes: frozenset[str] = frozenset({EVERYTHING})

    @property
    def text_id(self) -> str:
        """The actor as the journal names it: post, person, and the delegation if there is one."""
        return "/".join(filter(None, (self.post, self.person, self.delegation)))

    def may(self, permission: str) -> bool:
        """Tell whether roles, duties and key carry the permission; KeyError for an unknown one."""
        return self.has_duty(permission) and self.in_scope(scope_of(permission))

    def has_duty(self, permission: str) -> bool:
        """Tell whether roles and duties carry the permission, whatever the key."""
        needed = PERMISSIONS[permission]
        return bool(needed.organisation_roles & self.roles and needed.duties & self.duties)

    def in_scope(self, scope: str) -> bool:
        """Tell whether the key reaches as far as the scope."""
        return not self.scopes.isdisjoint({scope, EVERYTHING})


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


@dataclass(frozen=True, slots=True)
class Presence:
    """An actor with the names that others know person, post and organisation by."""

    actor: Actor
    person: str
    post: str
    organisation: str


def acting(*, person_id: str, post_id: str, at: datetime) -> Actor:
    """Return the actor for a person in a post they hold, or act for under a delegation.

    Raises NotPermitted when the person neither holds the post nor has a delegation at `at`.
    """
    return presence(person_id=person_id, post_id=post_id, at=at).actor


def presence(*, person_id: str, post_id: str, at: datetime) -> Presence:
    """Return the actor as `acting` does, with names: two queries for a post of one's own."""
    running = _running(at)
    held = Holding.objects.filter(running, post_id=post_id, person_id=person_id)
    holding = held.select_related("post__organisation", "person").first()
    delegation = ""
    if holding is not None:
        post, person = holding.post, holding.person
    else:
        lent = _delegation(post_id, person_id=person_id, at=at)
        post, person, delegation = lent.post, lent.taker, lent.pk
    roles = OrganisationRole.objects.filter(running, organisation=post.organisation)
    made = Actor(
        person=person_id,
        post=post.pk,
        organisation=post.organisation_id,
        control_group=post.organisation.control_group,
        roles=frozenset(roles.values_list("role", flat=True)),
        duties=frozenset(post.duties),
        delegation=delegation,
    )
    return Presence(made, person.name, post.title, post.organisation.short_name)


def _running(at: datetime) -> Q:
    return Q(valid_from__lte=at) & (Q(valid_until__isnull=True) | Q(valid_until__gt=at))


def _delegation(post_id: str, *, person_id: str, at: datetime) -> Delegation:
    # A delegation lasts no longer than its giver holds the post.
    giver = Holding.objects.filter(_running(at), post=OuterRef("post"), person=OuterRef("giver"))
    found = (
        Delegation.objects.filter(
            Exists(giver),
            post_id=post_id,
            taker_id=person_id,
            valid_from__lte=at,
            valid_until__gt=at,
            revoked_at__isnull=True,
        )
        .select_related("post__organisation", "taker")
        .first()
    )
    if found is None:
        raise _not_in_post()
    return found


def _not_in_post() -> NotPermitted:
    return NotPermitted("您目前不在这个岗位上，也没有有效的代办授权。", code="not_in_post")
