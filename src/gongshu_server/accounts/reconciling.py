"""Who may do what, as the journal has it, against the rows: what was edited there is found.

Posts, roles and keys decide what a person may do, and they are rows. Whoever can edit rows could
give an own post another duty, an own organisation another role, or put the digest of an own key
on somebody else's. The journal's entries, which only the node can write, say how it should be.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from gongshu.vocabulary.permissions import EVERYTHING
from gongshu_server.accounts.models import Delegation, Holding, Key, OrganisationRole, Post
from gongshu_server.journal.models import Entry
from gongshu_server.journal.recording import genuine

KINDS = ("organisation", "post", "delegation", "key")


@dataclass(slots=True)
class _Replayed:
    """What the journal's entries add up to."""

    roles: set[tuple[str, str]] = field(default_factory=set)
    posts: dict[str, tuple[str, list[str]]] = field(default_factory=dict)
    holdings: set[tuple[str, str]] = field(default_factory=set)
    delegations: dict[str, tuple[str, str, datetime]] = field(default_factory=dict)
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def take(self, event: str, subject: str, said: dict[str, Any]) -> None:
        """Take one entry into account; entries come in their order."""
        if event in {"organisation.founded", "organisation.role_given"}:
            self.roles |= {(subject, role) for role in said["roles"]}
        elif event == "organisation.succeeded":
            self.roles = {one for one in self.roles if one[0] != subject}
            self.roles |= {(said["successor"], role) for role in said["roles"]}
        elif event == "post.filled":
            self.posts[subject] = (said["organisation"], said["duties"])
            self.holdings.add((subject, said["person"]))
        elif event == "post.left":
            self.holdings.discard((subject, said["person"]))
        elif event == "delegation.given":
            until = datetime.fromisoformat(said["until"])
            self.delegations[subject] = (said["post"], said["taker"], until)
        elif event == "key.issued":
            named = ("digest", "person", "post", "product", "order", "expires")
            # A person's key of the time before scopes carries all of them.
            before = [] if said.get("product") else [EVERYTHING]
            scopes = " ".join(said.get("scopes", before))
            self.keys[subject] = (*(said.get(name, "") for name in named), scopes)
        elif event in {"delegation.revoked", "key.revoked"}:
            (self.keys if event == "key.revoked" else self.delegations).pop(subject, None)


def differing() -> Iterator[tuple[str, str]]:
    """Yield (kind, id) of each row in force that the journal does not give anybody.

    A row that is gone or has ended gives nobody anything and is left to the journal's own look.
    """
    known = _replayed()
    yield from _roles_and_posts(known)
    for row in Delegation.objects.filter(revoked_at=None):
        if known.delegations.get(row.pk) != (row.post_id, row.taker_id, row.valid_until):
            yield "delegation", row.pk
    for key in Key.objects.filter(revoked_at=None):
        if known.keys.get(key.pk) != as_journalled(key):
            yield "key", key.pk


def _roles_and_posts(known: _Replayed) -> Iterator[tuple[str, str]]:
    roles = OrganisationRole.objects.filter(valid_until=None)
    for organisation, role in roles.values_list("organisation_id", "role"):
        if (organisation, role) not in known.roles:
            yield "organisation", organisation
    for post in Post.objects.all():
        if known.posts.get(post.pk) != (post.organisation_id, post.duties):
            yield "post", post.pk
    for held in Holding.objects.filter(valid_until=None).values_list("post_id", "person_id"):
        if held not in known.holdings:
            yield "post", held[0]


def as_journalled(key: Key) -> tuple[str, ...]:
    """Return what an entry says of a key: digest, person, post, product, order, end, scopes."""
    ends = key.expires_at.astimezone(UTC).isoformat() if key.expires_at else ""
    scopes = " ".join(key.scopes)
    return (key.digest, key.person_id, key.post_id, key.product, key.order, ends, scopes)


def _replayed() -> _Replayed:
    known = _Replayed()
    entries = Entry.objects.filter(subject_kind__in=KINDS, outcome="done").order_by("sequence")
    for entry in entries.iterator():
        if entry.body is not None and genuine(entry):
            known.take(entry.event, entry.subject_id, json.loads(entry.body)["details"])
    return known
