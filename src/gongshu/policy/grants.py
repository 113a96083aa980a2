"""Grants: what a party may do with an object, as limits that are evaluated at every use.

A *limit* is evaluated on facts that the platform observes; an *undertaking* is a promise that is
recorded, watched and sanctioned, and that no evaluator can prove. Both stand in the grant, apart.
Source: 27号 Art. 14 and 21, 809号 Art. 20 and 25 (scope, purpose, period of a use).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, Final, Self

from gongshu.policy.periods import Per, period_key
from gongshu.vocabulary.errors import Invalid

PUBLIC: Final = "public"
"""The grantee of what everybody may do; it holds for each party as well."""

NODE: Final = "node"
"""The grantee of the platform's own processing."""


@dataclass(frozen=True, slots=True)
class Quota:
    """How much may be used in one period; days and months are those of Beijing time."""

    amount: int
    per: Per

    def period(self, at: datetime) -> str:
        """Return the name of the period whose spending counts at the instant `at`."""
        return period_key(self.per, at)


@dataclass(frozen=True, slots=True)
class Undertaking:
    """A promise of the grantee, with the clause that demands it."""

    code: str
    zh: str
    clause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What one grantee may do with one object, until when and under which conditions.

    `grantee` is an organisation id, `PUBLIC` or `NODE`; `object` is "resource:ID" or "product:ID".
    `regions` are division-code prefixes; none means that the region is not limited. A grant that
    names `businesses` is for these alone; one that names none is for no business of authorised
    operation at all. Every other empty set permits nothing. The period is half-open, and it ends
    early at `revoked_at`. `minimum` is the fewest subjects behind a number that leaves (0 where no
    statistics leave), `max_rows` the most rows that leave in one use. `clauses` maps a limit code
    to its own clause; limits that it does not name rest on `clause`.

    Nothing but `revoked_at` has a default: a forgotten limit must not widen a grant.
    """

    id: str
    grantee: str
    object: str
    actions: frozenset[str]
    items: frozenset[str]
    purposes: frozenset[str]
    businesses: frozenset[str]
    regions: frozenset[str]
    valid_from: datetime
    valid_until: datetime
    quota: Quota | None
    minimum: int
    max_rows: int | None
    subject_authorisation: bool
    undertakings: tuple[Undertaking, ...]
    clause: str
    clauses: Mapping[str, str] = field(hash=False)
    case: str
    parent: str | None
    scenario: str | None
    revoked_at: datetime | None = None

    def __post_init__(self) -> None:
        for name in _TIMES:
            value = getattr(self, name)
            if value is not None and value.utcoffset() is None:
                raise ValueError(f"{name} must be an aware datetime")

    @property
    def ends(self) -> datetime:
        """The instant from which the grant allows nothing more."""
        if self.revoked_at is None:
            return self.valid_until
        return min(self.valid_until, self.revoked_at)

    def clause_of(self, limit: str) -> str:
        """Return the clause that the limit with code `limit` rests on."""
        return self.clauses.get(limit, self.clause)

    def canonical(self) -> dict[str, Any]:
        """Return the grant as JSON values in one fixed form: sets sorted, times in UTC.

        Equal grants have equal canonical forms, so a digest over it identifies the grant.
        """
        body: dict[str, Any] = {spec.name: getattr(self, spec.name) for spec in fields(self)}
        for name in _SETS:
            body[name] = sorted(str(code) for code in body[name])
        for name in _TIMES:
            body[name] = _utc_text(body[name])
        body["quota"] = None if self.quota is None else asdict(self.quota)
        body["undertakings"] = [asdict(undertaking) for undertaking in self.undertakings]
        body["clauses"] = dict(sorted(self.clauses.items()))
        return body

    @classmethod
    def from_canonical(cls, body: Mapping[str, Any]) -> Self:
        """Return the grant whose canonical form is `body`.

        Raises `Invalid` when a field is missing or unknown: a limit that this version does not
        know must not be dropped.
        """
        differing = {spec.name for spec in fields(cls)} ^ set(body)
        if differing:
            raise Invalid(
                f"用数许可的内容与本版本不符，涉及：{'、'.join(sorted(differing))}。"
                "请核对软件版本后重新载入。",
                code="unknown_grant_form",
            )
        values = dict(body)
        for name in _SETS:
            values[name] = frozenset(values[name])
        for name in _TIMES:
            text = values[name]
            values[name] = None if text is None else datetime.fromisoformat(text)
        values["quota"] = None if values["quota"] is None else Quota(**values["quota"])
        values["undertakings"] = tuple(Undertaking(**one) for one in values["undertakings"])
        values["clauses"] = dict(values["clauses"])
        return cls(**values)


_SETS: Final = ("actions", "items", "purposes", "businesses", "regions")
_TIMES: Final = ("valid_from", "valid_until", "revoked_at")


def _utc_text(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()
