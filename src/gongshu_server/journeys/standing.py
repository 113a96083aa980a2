"""Standing grants: what owners, the node itself and the public may do, and from which case.

Nobody is an exception (law 5): these are grants like any other, issued by the catalogue case and
the opening case.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from gongshu.policy import Grant
from gongshu.policy.grants import NODE, PUBLIC
from gongshu.vocabulary.actions import Action
from gongshu.vocabulary.purposes import Business, Purpose
from gongshu_server.journal.ids import ulid

# A whole resource, before its items are known; only processing of a whole file asks for it.
WHOLE = "*"
# Standing grants end with the resource, not with a date.
NO_END = datetime(9999, 1, 1, tzinfo=UTC)


def _standing(
    *,
    grantee: str,
    resource_id: str,
    actions: Iterable[str],
    items: Iterable[str],
    purposes: Iterable[str],
    clause: str,
    case: str,
    at: datetime,
) -> Grant:
    return Grant(
        id=ulid(at),
        grantee=grantee,
        object=f"resource:{resource_id}",
        actions=frozenset(actions),
        items=frozenset(items),
        purposes=frozenset(purposes),
        businesses=frozenset(),
        regions=frozenset(),
        valid_from=at,
        valid_until=NO_END,
        quota=None,
        minimum=0,
        max_rows=None,
        subject_authorisation=False,
        undertakings=(),
        clause=clause,
        clauses={},
        case=case,
        parent=None,
        scenario=None,
    )


def at_filing(*, provider: str, resource_id: str, case: str, at: datetime) -> list[Grant]:
    """Return the grants of a filed entry: the node types and profiles, the owner looks on."""
    return [
        _standing(
            grantee=NODE,
            resource_id=resource_id,
            actions=(Action.process,),
            items=(WHOLE,),
            purposes=(Purpose.filing,),
            clause="809-13",
            case=case,
            at=at,
        ),
        _standing(
            grantee=provider,
            resource_id=resource_id,
            actions=(Action.process,),
            items=(WHOLE,),
            purposes=(Purpose.filing,),
            clause="809-13",
            case=case,
            at=at,
        ),
    ]


def at_publication(
    *, provider: str, resource_id: str, items: Iterable[str], case: str, at: datetime
) -> list[Grant]:
    """Return the grants of a published entry: the owner reads its confirmed items."""
    return [
        _standing(
            grantee=provider,
            resource_id=resource_id,
            actions=(Action.read, Action.process),
            items=(*items, WHOLE),
            purposes=(Purpose.filing,),
            clause="809-13",
            case=case,
            at=at,
        )
    ]


def at_opening(*, resource_id: str, items: Iterable[str], case: str, at: datetime) -> list[Grant]:
    """Return the public's grants on the opened items of a resource.

    One lets anybody read and download; the other lets whoever works in the workshop use the same
    items there, for any purpose: what is lawfully opened may be used, and copied, by everybody.
    """
    shared = {"grantee": PUBLIC, "resource_id": resource_id, "clause": "opinions-2.1"}
    items = tuple(items)
    reading = _standing(
        **shared,
        actions=(Action.read, Action.download),
        items=items,
        purposes=(Purpose.opening,),
        case=case,
        at=at,
    )
    working = _standing(
        **shared,
        actions=(Action.query, Action.build, Action.export),
        items=items,
        purposes=tuple(Purpose),
        case=case,
        at=at,
    )
    return [reading, replace(working, businesses=frozenset(Business))]
