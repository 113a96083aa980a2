"""The identities of a demo city, one click each; a real node has none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from gongshu.vocabulary.permissions import ORGANISATION_ROLES
from gongshu_server.accounts.models import Holding, OrganisationRole, Post
from gongshu_server.journal.models import Head


@dataclass(frozen=True, slots=True)
class Identity:
    """One person of the demo city in one post, as the sign-in page offers them."""

    person: str
    post: str
    name: str
    title: str
    organisation: str
    roles: tuple[str, ...]


def is_demo() -> bool:
    """Tell whether this node's database is a demo's."""
    return Head.objects.filter(pk=1, demo=True).exists()


def roles(*, at: datetime) -> list[Identity]:
    """Return every identity of the demo city; an empty list on a real node."""
    if not is_demo():
        return []
    running = Q(valid_from__lte=at) & (Q(valid_until__isnull=True) | Q(valid_until__gt=at))
    held: dict[str, list[str]] = {}
    rows = OrganisationRole.objects.filter(running).values_list("organisation_id", "role")
    for organisation, role in rows.order_by("id"):
        held.setdefault(organisation, []).append(ORGANISATION_ROLES[role])
    holdings = Holding.objects.filter(running).select_related("post__organisation", "person")
    return [
        Identity(
            person=row.person_id,
            post=row.post_id,
            name=row.person.name,
            title=row.post.title,
            organisation=row.post.organisation.name,
            roles=tuple(held.get(row.post.organisation_id, ())),
        )
        for row in holdings.order_by("post__organisation_id", "id")
    ]


def played(*, at: datetime) -> dict[tuple[str, str], Identity]:
    """Return for each (role, duty) of the demo city the first who has both; none on a real node."""
    if not is_demo():
        return {}
    identities = {(one.person, one.post): one for one in roles(at=at)}
    duties = dict(Post.objects.values_list("pk", "duties"))
    codes = {zh: code for code, zh in ORGANISATION_ROLES.items()}
    found: dict[tuple[str, str], Identity] = {}
    for one in identities.values():
        for role in one.roles:
            for duty in duties[one.post]:
                found.setdefault((codes[role], duty), one)
    return found


def knows(person: str, post: str, *, at: datetime) -> bool:
    """Tell whether the demo city has this person in this post; never on a real node."""
    running = Q(valid_from__lte=at) & (Q(valid_until__isnull=True) | Q(valid_until__gt=at))
    return is_demo() and Holding.objects.filter(running, person=person, post=post).exists()
