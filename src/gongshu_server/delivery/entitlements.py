"""Entitlements: everything a serving process must know to answer calls, as one immutable value.

It is compiled from a source (the node's database, by a loader outside this package) and then
carried from epoch to epoch by changes, so that a call reads one consistent state and no call
touches a database for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

from gongshu.policy import PUBLIC, Grant, GrantIndex
from gongshu_server.delivery.quotas import Allowance

VERIFICATION: Final = "verification"
DATASET: Final = "dataset"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEntry:
    """A key as a serving process knows it; `digest` is its `key_digest`.

    `purpose` is what the key is declared to be for, `business` and `scenario` are those of its
    order. `product` limits the key to one product; empty means any that its party has a grant on.
    """

    digest: str
    id: str
    party: str
    person: str
    post: str
    purpose: str
    product: str = ""
    business: str | None = None
    scenario: str | None = None
    expires_at: datetime | None = None
    revoked: bool = False

    def opens(self, product: str, at: datetime) -> bool:
        """Tell whether the key may be used for a product at all."""
        running = self.expires_at is None or at < self.expires_at
        return running and not self.revoked and self.product in ("", product)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A released product with the immutable file that answers for it.

    `items` are the data items that every use of it needs. `subject_kind` is enterprise, person or
    thing (verification only). `suspended` holds the `subject_commitment`s of the records under
    objection. `rows` bounds what leaves in one use, `minimum` is the fewest subjects behind a
    number in it (None: no statistics), `unit` what one use is charged as.
    """

    id: str
    form: str
    file: Path
    question: str
    unit: str
    as_of: str
    items: frozenset[str]
    subject_kind: str = ""
    region: str | None = None
    minimum: int | None = None
    rows: int | None = None
    suspended: frozenset[str] = frozenset()

    @property
    def object(self) -> str:
        """The product as grants name it."""
        return f"product:{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What is different since an epoch, or everything (`complete`).

    `groups` maps an organisation to its control group. Grants that ended are sent again with their
    `revoked_at`, keys with `revoked`, so that a refusal can say why; `withdrawn_grants` are ids
    that must have no effect at all (a row that differs from the journal), `withdrawn_products` are
    served no more. `clock_offset` is how far the node's time lies from the machine's (demo only).
    """

    epoch: int
    complete: bool
    clock_offset: timedelta = timedelta()
    keys: tuple[KeyEntry, ...] = ()
    grants: tuple[Grant, ...] = ()
    products: tuple[Product, ...] = ()
    groups: Mapping[str, str] = field(default_factory=dict)
    withdrawn_grants: frozenset[str] = frozenset()
    withdrawn_products: frozenset[str] = frozenset()


class EntitlementSource(Protocol):
    """Where entitlements come from. Called from the event loop and from one thread, never at once.

    Any exception means that the source cannot say now; calls are then refused, not answered on
    what was known before.
    """

    def epoch(self) -> int:
        """Return the number of the latest change, cheaply."""

    def load(self, since: int | None) -> Changes:
        """Return what changed after epoch `since`, or everything for None."""


@dataclass(frozen=True, slots=True)
class Entitlements:
    """One state of keys, grants and products, at one epoch."""

    epoch: int
    offset: timedelta
    keys: Mapping[str, KeyEntry]
    products: Mapping[str, Product]
    index: GrantIndex
    groups: Mapping[str, str]
    _allowances: Mapping[tuple[str, str], tuple[Allowance, ...]]

    def group_of(self, party: str) -> str:
        """Return the control group of an organisation: its own unless it is known to have one."""
        return self.groups.get(party, party)

    def allowances(self, group: str, object: str) -> tuple[Allowance, ...]:
        """Return the quotas of a control group on an object, with those of the public's grants."""
        own = self._allowances.get((group, object), ())
        return own + self._allowances.get((PUBLIC, object), ())

    def apply(self, changes: Changes) -> Entitlements:
        """Return the state after `changes`; what did not change is shared."""
        old = _nothing() if changes.complete else self
        groups = {**old.groups, **changes.groups}
        regrouped = any(old.groups.get(one) != group for one, group in changes.groups.items())
        index = old.index.replace(changes.grants, removed=changes.withdrawn_grants)
        gone = (old.index.get(grant) for grant in changes.withdrawn_grants)
        touched = {(g.grantee, g.object) for g in (*changes.grants, *filter(None, gone))}
        if regrouped:
            touched = {(grant.grantee, grant.object) for grant in index}
            kept = {}
        else:
            kept = dict(old._allowances)
        products = {**old.products, **{product.id: product for product in changes.products}}
        return Entitlements(
            epoch=changes.epoch,
            offset=changes.clock_offset,
            keys={**old.keys, **{key.digest: key for key in changes.keys}},
            products={k: v for k, v in products.items() if k not in changes.withdrawn_products},
            index=index,
            groups=groups,
            _allowances=_with_allowances(kept, index, groups, touched),
        )


def compile(source: EntitlementSource) -> Entitlements:
    """Return the present state of everything that the source has."""
    return _nothing().apply(source.load(None))


def _nothing() -> Entitlements:
    return Entitlements(-1, timedelta(), {}, {}, GrantIndex.build(()), {}, {})


def _with_allowances(
    kept: dict[tuple[str, str], tuple[Allowance, ...]],
    index: GrantIndex,
    groups: Mapping[str, str],
    touched: Iterable[tuple[str, str]],
) -> dict[tuple[str, str], tuple[Allowance, ...]]:
    """Return the table with the quotas of each touched (grantee, object) put in anew."""
    for grantee, object in touched:
        key = (groups.get(grantee, grantee), object)
        others = tuple(one for one in kept.get(key, ()) if one.grantee != grantee)
        held = (e.grant for e in index.held(grantee, object) if e.grant.grantee == grantee)
        kept[key] = others + tuple(Allowance.of(g) for g in held if g.quota is not None)
    return kept
