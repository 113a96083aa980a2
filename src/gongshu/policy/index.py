"""The index of grants: from a party and an object to what was compiled for them.

An index is immutable. Changing a grant makes a new index that shares all the rest, so readers
never wait and a decision is taken on one state of the grants.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self, TypeVar

from gongshu.policy.decisions import Decision
from gongshu.policy.grants import PUBLIC, Grant
from gongshu.policy.periods import NEVER

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Entitlement:
    """A grant in the form that is quickest to evaluate: no nested values, one time zone.

    `businesses` holds None alone where the grant names none; `granted` is the finished yes.
    """

    grant: Grant
    granted: Decision
    id: str
    actions: frozenset[str]
    items: frozenset[str]
    purposes: frozenset[str]
    businesses: frozenset[str | None]
    regions: tuple[str, ...]
    valid_from: datetime
    valid_until: datetime
    revoked_at: datetime
    quota: int | None
    minimum: int
    max_rows: int | None
    subject_authorisation: bool
    scenario: str | None


@dataclass(frozen=True, slots=True)
class GrantIndex:
    """All grants, found by (grantee, object), by id and by party.

    It holds what may be used now and what may be used no more (expired, revoked), so that a party
    is told why. A ceiling under which nothing is used directly, such as an agreement, stays out.
    """

    _held: dict[tuple[str, str], tuple[Entitlement, ...]]
    _grants: dict[str, Grant]
    _parties: dict[str, frozenset[str]]

    @classmethod
    def build(cls, grants: Iterable[Grant] = ()) -> Self:
        """Return the index of `grants`; of two with the same id the later one counts."""
        return cls({}, {}, {}).replace(grants)

    def replace(self, changed: Iterable[Grant], *, removed: Iterable[str] = ()) -> Self:
        """Return an index with `changed` grants added or exchanged by id, `removed` ids left out.

        The grants themselves are not compiled again; the cost is a copy of three flat tables.
        """
        fresh = {grant.id: grant for grant in changed}
        gone = fresh.keys() | set(removed)
        stale = [self._grants[grant_id] for grant_id in gone if grant_id in self._grants]
        grants = self._grants | fresh
        for grant_id in gone - fresh.keys():
            grants.pop(grant_id, None)
        return type(self)(
            self._rehold(stale, fresh.values()), grants, self._reparty(stale, fresh.values())
        )

    def held(self, party: str, object: str) -> tuple[Entitlement, ...]:
        """Return all that the party holds on the object, what everybody holds included."""
        return tuple(self.candidates(party, object))

    def candidates(self, party: str, object: str) -> Iterator[Entitlement]:
        """Yield what the party holds on the object, then what everybody holds on it.

        It is lazy: the public's grants are looked up only when none of the party's own sufficed.
        """
        yield from self._held.get((party, object), ())
        if party != PUBLIC:
            yield from self._held.get((PUBLIC, object), ())

    def get(self, grant_id: str) -> Grant | None:
        """Return the grant with this id, or None."""
        return self._grants.get(grant_id)

    def grants_of(self, party: str) -> tuple[Grant, ...]:
        """Return the grants of one grantee by id; those of the public are only under `PUBLIC`."""
        return tuple(self._grants[grant_id] for grant_id in sorted(self._parties.get(party, ())))

    def parties(self) -> Set[str]:
        """Return every grantee."""
        return self._parties.keys()

    def __iter__(self) -> Iterator[Grant]:
        return iter(self._grants.values())

    def __len__(self) -> int:
        return len(self._grants)

    def _rehold(
        self, stale: Iterable[Grant], fresh: Iterable[Grant]
    ) -> dict[tuple[str, str], tuple[Entitlement, ...]]:
        held = self._held.copy()
        for grant in stale:
            left = tuple(one for one in held.pop(_key(grant)) if one.id != grant.id)
            if left:
                held[_key(grant)] = left
        seen: dict[Any, Any] = {}
        for grant in fresh:
            others = held.get(_key(grant), ())
            held[_key(grant)] = _latest_first((*others, _compiled(grant, seen)))
        return held

    def _reparty(self, stale: Iterable[Grant], fresh: Iterable[Grant]) -> dict[str, frozenset[str]]:
        lost, won = _ids_by_party(stale), _ids_by_party(fresh)
        parties = self._parties.copy()
        for party in lost.keys() | won.keys():
            ids = parties.pop(party, frozenset()) - lost[party] | won[party]
            if ids:
                parties[party] = ids
        return parties


def _key(grant: Grant) -> tuple[str, str]:
    return grant.grantee, grant.object


def _ids_by_party(grants: Iterable[Grant]) -> dict[str, set[str]]:
    ids: dict[str, set[str]] = defaultdict(set)
    for grant in grants:
        ids[grant.grantee].add(grant.id)
    return ids


def _compiled(grant: Grant, seen: dict[Any, Any]) -> Entitlement:
    return Entitlement(
        grant=grant,
        granted=Decision(True, grant.id, grant.clause),
        id=grant.id,
        actions=_shared(seen, grant.actions),
        items=_shared(seen, grant.items),
        purposes=_shared(seen, grant.purposes),
        businesses=_shared(seen, frozenset[str | None](grant.businesses or {None})),
        regions=_shared(seen, tuple(sorted(grant.regions))),
        valid_from=_shared(seen, grant.valid_from.astimezone(UTC)),
        valid_until=_shared(seen, grant.valid_until.astimezone(UTC)),
        revoked_at=_shared(seen, (grant.revoked_at or NEVER).astimezone(UTC)),
        quota=None if grant.quota is None else grant.quota.amount,
        minimum=grant.minimum,
        max_rows=grant.max_rows,
        subject_authorisation=grant.subject_authorisation,
        scenario=grant.scenario,
    )


def _shared(seen: dict[Any, Any], value: _T) -> _T:
    """Return one copy of equal values: grants repeat the same sets by the thousand, and a set that
    is in the processor's cache already is what keeps 100,000 grants as quick as one.
    """
    kept: _T = seen.setdefault(value, value)
    return kept


def _latest_first(entitlements: Iterable[Entitlement]) -> tuple[Entitlement, ...]:
    by_id = sorted(entitlements, key=lambda one: one.id)
    return tuple(sorted(by_id, key=lambda one: one.grant.ends, reverse=True))
