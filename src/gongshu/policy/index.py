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
_Key = tuple[str, str]  # Grantee and object.


@dataclass(frozen=True, slots=True)
class Terms:
    """The limits that grants of one kind have in common; equal terms are kept once.

    `businesses` holds None alone where a grant names none.
    """

    actions: frozenset[str]
    items: frozenset[str]
    purposes: frozenset[str]
    businesses: frozenset[str | None]
    regions: tuple[str, ...]
    minimum: int
    max_rows: int | None
    subject_authorisation: bool


@dataclass(frozen=True, slots=True)
class Entitlement:
    """A grant in the form that is quickest to evaluate: its own limits, and the terms it shares.

    It is small on purpose. With many grants the time of a decision is the time in which memory
    answers, so what is looked at stands in few places. `granted` is the finished yes.
    """

    grant: Grant
    granted: Decision
    id: str
    terms: Terms
    valid_from: datetime
    valid_until: datetime
    revoked_at: datetime
    quota: int | None
    scenario: str | None


_Held = dict[str, dict[str, Entitlement]]
_Further = dict[_Key, tuple[Entitlement, ...]]


@dataclass(frozen=True, slots=True)
class GrantIndex:
    """All grants, found by object and grantee, by id and by party.

    `_held` names for each object and grantee the grant that runs longest, `_further` the others
    where there are any: one grant each is the rule, and it is found by a single name in a table
    no larger than the object's grantees.

    It holds what may be used now and what may be used no more (expired, revoked), so that a party
    is told why. A ceiling under which nothing is used directly, such as an agreement, stays out.
    """

    _held: _Held
    _further: _Further
    _grants: dict[str, Grant]
    _parties: dict[str, frozenset[str]]

    @classmethod
    def build(cls, grants: Iterable[Grant] = ()) -> Self:
        """Return the index of `grants`; of two with the same id the later one counts."""
        return cls({}, {}, {}, {}).replace(grants)

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
        held, further = self._rehold(stale, fresh.values())
        return type(self)(held, further, grants, self._reparty(stale, fresh.values()))

    def held(self, party: str, object: str) -> tuple[Entitlement, ...]:
        """Return all that the party holds on the object, what everybody holds included."""
        return tuple(self.candidates(party, object))

    def candidates(self, party: str, object: str) -> Iterator[Entitlement]:
        """Yield what the party holds on the object, then what everybody holds on it.

        It is lazy: the public's grants are looked up only when none of the party's own sufficed.
        """
        holders = self._held.get(object)
        if holders is None:
            return
        if (first := holders.get(party)) is not None:
            yield first
            yield from self._further.get((party, object), ())
        if party != PUBLIC and (first := holders.get(PUBLIC)) is not None:
            yield first
            yield from self._further.get((PUBLIC, object), ())

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

    def _rehold(self, stale: Iterable[Grant], fresh: Iterable[Grant]) -> tuple[_Held, _Further]:
        held, further = self._held.copy(), self._further.copy()
        lost, won = _ids_by_key(stale), _compiled_by_key(fresh)
        for object in {object for _, object in lost.keys() | won.keys()}:
            held[object] = held.get(object, {}).copy()
        for key in lost.keys() | won.keys():
            party, object = key
            first = held[object].pop(party, None)
            old = (first, *further.pop(key, ())) if first else ()
            now = _latest_first((*(one for one in old if one.id not in lost[key]), *won[key]))
            if now:
                held[object][party] = now[0]
            if now[1:]:
                further[key] = now[1:]
        return {object: holders for object, holders in held.items() if holders}, further

    def _reparty(self, stale: Iterable[Grant], fresh: Iterable[Grant]) -> dict[str, frozenset[str]]:
        lost, won = _ids_by_party(stale), _ids_by_party(fresh)
        parties = self._parties.copy()
        for party in lost.keys() | won.keys():
            ids = parties.pop(party, frozenset()) - lost[party] | won[party]
            if ids:
                parties[party] = ids
        return parties


def _key(grant: Grant) -> _Key:
    return grant.grantee, grant.object


def _ids_by_party(grants: Iterable[Grant]) -> dict[str, set[str]]:
    ids: dict[str, set[str]] = defaultdict(set)
    for grant in grants:
        ids[grant.grantee].add(grant.id)
    return ids


def _ids_by_key(grants: Iterable[Grant]) -> dict[_Key, set[str]]:
    ids: dict[_Key, set[str]] = defaultdict(set)
    for grant in grants:
        ids[_key(grant)].add(grant.id)
    return ids


def _compiled_by_key(grants: Iterable[Grant]) -> dict[_Key, list[Entitlement]]:
    compiled: dict[_Key, list[Entitlement]] = defaultdict(list)
    seen: dict[Any, Any] = {}
    for grant in grants:
        compiled[_key(grant)].append(_compiled(grant, seen))
    return compiled


def _compiled(grant: Grant, seen: dict[Any, Any]) -> Entitlement:
    terms = Terms(
        actions=_shared(seen, grant.actions),
        items=_shared(seen, grant.items),
        purposes=_shared(seen, grant.purposes),
        businesses=_shared(seen, frozenset[str | None](grant.businesses or {None})),
        regions=_shared(seen, tuple(sorted(grant.regions))),
        minimum=grant.minimum,
        max_rows=grant.max_rows,
        subject_authorisation=grant.subject_authorisation,
    )
    return Entitlement(
        grant=grant,
        granted=Decision(True, grant.id, grant.clause),
        id=grant.id,
        terms=_shared(seen, terms),
        valid_from=_shared(seen, grant.valid_from.astimezone(UTC)),
        valid_until=_shared(seen, grant.valid_until.astimezone(UTC)),
        revoked_at=_shared(seen, (grant.revoked_at or NEVER).astimezone(UTC)),
        quota=None if grant.quota is None else grant.quota.amount,
        scenario=grant.scenario,
    )


def _shared(seen: dict[Any, Any], value: _T) -> _T:
    """Return one copy of equal values: grants repeat the same terms by the thousand, and what
    is in the processor's cache already is what keeps 100,000 grants as quick as one.
    """
    kept: _T = seen.setdefault(value, value)
    return kept


def _latest_first(entitlements: Iterable[Entitlement]) -> tuple[Entitlement, ...]:
    by_id = sorted(entitlements, key=lambda one: one.id)
    return tuple(sorted(by_id, key=lambda one: one.grant.ends, reverse=True))
