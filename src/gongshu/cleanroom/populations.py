"""Lanes: the subject columns of all sources of a query, and which of them count the same subjects.

k has to hold for every aggregate call and every source relation (disclosure-control §3.1), so each
use of a source brings its subject columns along. Two that an inner join equates are one lane; two
that a LEFT JOIN equates are not, since a row without a match has only one of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from gongshu.cleanroom.query import Derived, Origin, Query, bare_origin
from gongshu.vocabulary.levels import SubjectKind

Place = tuple[tuple[str, ...], str]
"""(aliases down to the source, name of its subject column)."""


@dataclass(frozen=True, slots=True)
class Lane:
    """`places` are all uses of a subject column that hold equal subjects in every row.

    `optional` lanes may be absent from a row.
    """

    number: int
    kind: SubjectKind
    places: tuple[Place, ...]
    optional: bool


@dataclass(frozen=True, slots=True)
class _Use:
    place: Place
    kind: SubjectKind
    optional: bool


def lanes(query: Query) -> tuple[Lane, ...]:
    """This function will return the lanes of a query, numbered in the order of its sources."""
    uses = _uses(query, (), optional=False)
    group = {use.place: index for index, use in enumerate(uses)}
    for one, other in _equations(query, ()):
        _merge(group, one, other)
    numbers = {old: new for new, old in enumerate(dict.fromkeys(group.values()))}
    found = []
    for old, number in numbers.items():
        members = [use for use in uses if group[use.place] == old]
        places = tuple(use.place for use in members)
        optional = all(use.optional for use in members)
        found.append(Lane(number, members[0].kind, places, optional))
    return tuple(found)


def lane_of(found: tuple[Lane, ...], origin: Origin) -> Lane:
    """This function will return the lane on which a subject column lies."""
    return next(lane for lane in found if (origin.path, origin.column) in lane.places)


def _uses(query: Query, path: tuple[str, ...], *, optional: bool) -> list[_Use]:
    found: list[_Use] = []
    for index, relation in enumerate(query.relations):
        absent = optional or (index > 0 and query.joins[index - 1].left)
        here = (*path, relation.alias)
        if isinstance(relation, Derived):
            found += _uses(relation.query, here, optional=absent)
        else:
            found += [
                _Use((here, column), kind, absent)
                for kind, column in sorted(relation.source.subjects.items())
            ]
    return found


def _equations(query: Query, path: tuple[str, ...]) -> list[tuple[Place, Place]]:
    """Which subject columns are equal in every row, because an inner join says so."""
    found: list[tuple[Place, Place]] = []
    for relation in query.relations:
        if isinstance(relation, Derived):
            found += _equations(relation.query, (*path, relation.alias))
    for joining in query.joins:
        for pair in () if joining.left else joining.pairs:
            one, other = (bare_origin(query, side, path) for side in pair)
            if one is not None and other is not None and one.is_subject and other.is_subject:
                found.append((_place(one), _place(other)))
    return found


def _place(origin: Origin) -> Place:
    return origin.path, origin.column


def _merge(group: dict[Place, int], one: Place, other: Place) -> None:
    kept, gone = sorted((group[one], group[other]))
    for place, number in group.items():
        if number == gone:
            group[place] = kept
