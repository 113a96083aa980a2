"""Reads on organisations (public), and on one's own people, posts, delegations and keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from gongshu.vocabulary.errors import NotFound
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.models import (
    Delegation,
    FormerName,
    Handover,
    Holding,
    Key,
    Organisation,
    OrganisationRole,
    Person,
    Post,
)


@dataclass(frozen=True, slots=True)
class OrganisationView:
    """An organisation as anybody may know it, with the roles it holds now."""

    id: str
    name: str
    short_name: str
    uscc: str
    region: str
    roles: tuple[str, ...]
    successor: str
    former_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PostView:
    """A post of one's own organisation: its duties, and who holds it now (person id, name)."""

    id: str
    title: str
    duties: tuple[str, ...]
    holders: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PersonView:
    """A person of one's own organisation with the posts that they hold there now (id, title)."""

    id: str
    name: str
    posts: tuple[tuple[str, str], ...]


def organisations() -> QuerySet[Organisation]:
    """Return every organisation; who takes part is public."""
    return Organisation.objects.all()


def organisation(organisation_id: str, *, at: datetime) -> OrganisationView:
    """Return one organisation; NotFound for an unknown one."""
    row = Organisation.objects.filter(pk=organisation_id).first()
    if row is None:
        raise NotFound("没有这个机构。", code="organisation_not_found")
    return organisation_views([row], at=at)[0]


def organisation_views(rows: Iterable[Organisation], *, at: datetime) -> list[OrganisationView]:
    """Return the organisations with their roles and former names, in two further queries."""
    rows = list(rows)
    roles: dict[str, list[str]] = {}
    held = OrganisationRole.objects.filter(_running(at), organisation__in=rows).order_by("role")
    for organisation_id, role in held.values_list("organisation_id", "role"):
        roles.setdefault(organisation_id, []).append(role)
    names: dict[str, list[str]] = {}
    former = FormerName.objects.filter(organisation__in=rows).order_by("until")
    for organisation_id, name in former.values_list("organisation_id", "name"):
        names.setdefault(organisation_id, []).append(name)
    return [
        OrganisationView(
            id=row.pk,
            name=row.name,
            short_name=row.short_name,
            uscc=row.uscc,
            region=row.region,
            roles=tuple(roles.get(row.pk, ())),
            successor=row.successor_id or "",
            former_names=tuple(names.get(row.pk, ())),
        )
        for row in rows
    ]


def posts(*, by: Actor) -> QuerySet[Post]:
    """Return the posts of the actor's organisation."""
    return Post.objects.filter(organisation_id=by.organisation)


def post_views(rows: Iterable[Post], *, at: datetime) -> list[PostView]:
    """Return the posts with their present holders, in one further query."""
    rows = list(rows)
    holders: dict[str, list[tuple[str, str]]] = {}
    held = Holding.objects.filter(_running(at), post__in=rows).order_by("person__name", "id")
    for post, person, name in held.values_list("post_id", "person_id", "person__name"):
        holders.setdefault(post, []).append((person, name))
    return [
        PostView(row.pk, row.title, tuple(row.duties), tuple(holders.get(row.pk, ())))
        for row in rows
    ]


def people(*, by: Actor, at: datetime) -> QuerySet[Person]:
    """Return the people who hold a post of the actor's organisation now."""
    held = Holding.objects.filter(
        _running(at), person=OuterRef("pk"), post__organisation_id=by.organisation
    )
    return Person.objects.filter(Exists(held))


def people_views(rows: Iterable[Person], *, by: Actor, at: datetime) -> list[PersonView]:
    """Return the people with their posts in the actor's organisation, in one further query."""
    rows = list(rows)
    posts_of: dict[str, list[tuple[str, str]]] = {}
    held = Holding.objects.filter(
        _running(at), person__in=rows, post__organisation_id=by.organisation
    ).order_by("post__title", "id")
    for person, post, title in held.values_list("person_id", "post_id", "post__title"):
        posts_of.setdefault(person, []).append((post, title))
    return [PersonView(row.pk, row.name, tuple(posts_of.get(row.pk, ()))) for row in rows]


def delegations(*, by: Actor) -> QuerySet[Delegation]:
    """Return the delegations of posts of the actor's organisation, and those to the actor."""
    return Delegation.objects.filter(
        Q(post__organisation_id=by.organisation) | Q(taker_id=by.person)
    )


def keys(*, by: Actor) -> QuerySet[Key]:
    """Return the actor's own keys; whoever manages people sees all of the organisation."""
    rows = Key.objects.filter(post__organisation_id=by.organisation)
    return rows if by.has_duty("person.manage") else rows.filter(person_id=by.person)


def _running(at: datetime) -> Q:
    return Q(valid_from__lte=at) & (Q(valid_until__isnull=True) | Q(valid_until__gt=at))


def colleagues(*, by: Actor, at: datetime, most: int = 300) -> list[tuple[str, str]]:
    """Return (id, name) of the people of the actor's organisation, to choose from."""
    return list(people(by=by, at=at).order_by("name", "id").values_list("id", "name")[:most])


def everybody(*, by: Actor, at: datetime, most: int = 1_000) -> list[tuple[str, str]]:
    """Return (id, name with organisation) of everybody who holds a post, to open logins for.

    Empty for whoever may not open logins.
    """
    if not by.may("login.manage"):
        return []
    held = Holding.objects.filter(_running(at)).order_by("post__organisation__name", "id")
    rows = held.values_list("person_id", "person__name", "post__organisation__short_name")[:most]
    return list({pk: f"{name}（{body}）" for pk, name, body in rows}.items())


def running_delegations(*, by: Actor, at: datetime) -> list[Delegation]:
    """Return the delegations that are in force, of the actor's organisation or to the actor."""
    rows = delegations(by=by).filter(revoked_at__isnull=True, valid_until__gt=at)
    return list(rows.select_related("post", "giver", "taker").order_by("-pk")[:100])


def open_handovers(*, by: Actor) -> QuerySet[Handover]:
    """Return the hand-overs that wait for their taker, of the organisation or to the actor."""
    mine = Q(post__organisation_id=by.organisation) | Q(taker_id=by.person)
    return Handover.objects.filter(mine, state="proposed")
