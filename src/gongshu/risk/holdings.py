"""Holdings risk: what one party could find out by joining all that it holds with what is open.

Tables that are harmless apart can single people out together. So before a new table is granted or
opened, it is compared with everything the party has: which columns could be joined, because the
values of one are included in those of another, and how many rows the columns of both tables
single out after the join. The measure is a lower bound: whoever holds the tables can do at least
this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations, product
from typing import Any, Final

from gongshu.engines.connections import connect
from gongshu.risk.classes import require_columns
from gongshu.vocabulary.errors import Invalid
from gongshu.vocabulary.quoting import quoted

INCLUDED: Final = 0.9
"""The share of one column's values that must be in the other for a join to be likely."""
DISTINGUISHING: Final = 20
"""A column with fewer different values joins everything with everything and tells nothing."""


@dataclass(frozen=True, slots=True)
class Joinable:
    """The values of `left` (table, column) are included in those of `right`, by the share."""

    left: tuple[str, str]
    right: tuple[str, str]
    inclusion: float
    values: int


@dataclass(frozen=True, slots=True)
class JoinedRisk:
    """The rows of the left table, before and after the join with the right one.

    `alone` of the `rows` are unique in the left table's quasi-identifiers, `together` in those of
    both tables; `matched` rows found a partner. Of several partners each column gives its smallest
    value, so that a join never makes rows.
    """

    join: Joinable
    rows: int
    matched: int
    alone: int
    together: int

    @property
    def gained(self) -> int:
        """Return how many more rows are singled out by the join."""
        return self.together - self.alone


def find_joinable(
    tables: Mapping[str, Any], *, included: float = INCLUDED, least: int = DISTINGUISHING
) -> tuple[Joinable, ...]:
    """Find the columns of different tables by which they could be joined, the surest first.

    `tables` are `pyarrow.Table`s by name. Columns are compared as texts; null is no value.
    """
    with connect() as connection:
        counts = {}
        for (name, table), at in zip(tables.items(), range(len(tables)), strict=True):
            for place, column in enumerate(table.column_names):
                stored = f"values_{at}_{place}"
                text = f"CAST({quoted(column)} AS VARCHAR)"
                known = connection.from_arrow(table).filter(f"{text} IS NOT NULL")
                known.aggregate(f"{text} AS value", text).create(stored)
                many = connection.table(stored).aggregate("count(*)").fetchall()[0][0]
                if many >= least:
                    counts[(name, column)] = (stored, many)
        found = []
        for left, right in permutations(counts, 2):
            if left[0] == right[0]:
                continue
            (mine, many), (theirs, _) = counts[left], counts[right]
            shared = (
                connection.table(mine)
                .set_alias("a")
                .join(connection.table(theirs).set_alias("b"), "a.value = b.value")
            )
            share = shared.aggregate("count(*)").fetchall()[0][0] / many
            if share >= included:
                found.append(Joinable(left, right, share, many))
    return tuple(sorted(found, key=lambda one: (-one.inclusion, -one.values, one.left, one.right)))


def measure_join(
    tables: Mapping[str, Any], join: Joinable, quasi: Mapping[str, Sequence[str]]
) -> JoinedRisk:
    """Measure what a join adds to the risk of the left table's rows.

    `quasi` names the quasi-identifiers of each table; the columns of the join belong to both
    tables and are left out, for a pseudonym tells nothing by itself. Raises `Invalid` when a
    table has no other quasi-identifier or a column is not there.
    """
    (left, key), (right, other) = join.left, join.right
    own = [name for name in quasi[left] if name != key]
    more = [name for name in quasi[right] if name != other]
    require_columns(tables[left], [*own, key], own)
    require_columns(tables[right], [*more, other], more)
    with connect() as connection:
        rows = connection.from_arrow(tables[left]).project(
            ", ".join(
                [f"CAST({quoted(key)} AS VARCHAR) AS k"]
                + [f"{quoted(name)} AS a{at}" for at, name in enumerate(own)]
            )
        )
        partners = connection.from_arrow(tables[right]).aggregate(
            ", ".join(
                [f"CAST({quoted(other)} AS VARCHAR) AS p"]
                + [f"min({quoted(name)}) AS b{at}" for at, name in enumerate(more)]
            ),
            f"CAST({quoted(other)} AS VARCHAR)",
        )
        mine = ", ".join(f"a{at}" for at in range(len(own)))
        theirs = ", ".join(f"b{at}" for at in range(len(more)))
        joined = rows.join(partners, "k = p", how="left")
        alone, total = _uniques(rows, mine)
        together, _ = _uniques(joined, f"{mine}, {theirs}")
        matched = joined.filter("p IS NOT NULL").aggregate("count(*)").fetchall()[0][0]
    return JoinedRisk(join, total, matched, alone, together)


def _uniques(rows: Any, names: str) -> tuple[int, int]:
    """Return the rows that are unique in the columns, and all rows."""
    sizes = rows.aggregate("count(*) AS n", names)
    counted = sizes.aggregate("count(*) FILTER (n = 1), coalesce(sum(n), 0)::BIGINT")
    return tuple(counted.fetchall()[0])


def assess_holdings(
    held: Mapping[str, Any], new: Mapping[str, Any], quasi: Mapping[str, Sequence[str]]
) -> tuple[JoinedRisk, ...]:
    """Measure every join between the new tables and those that are held or open, worst first.

    Raises `Invalid` when a table has the name of another, or no quasi-identifiers are named for
    it.
    """
    if twice := sorted(set(held) & set(new)):
        raise Invalid(f"表的名称重复：{'、'.join(twice)}。请改名后再评估。", code="table_repeated")
    tables = {**held, **new}
    if lacking := sorted(set(tables) - set(quasi)):
        raise Invalid(
            f"没有说明这些表的准标识符：{'、'.join(lacking)}。", code="no_quasi_identifier"
        )
    between = set(product(held, new)) | set(product(new, held))
    risks = [
        measure_join(tables, join, quasi)
        for join in find_joinable(tables)
        if (join.left[0], join.right[0]) in between and _tells(join, quasi)
    ]
    return tuple(sorted(risks, key=lambda one: (-one.gained, one.join.left, one.join.right)))


def _tells(join: Joinable, quasi: Mapping[str, Sequence[str]]) -> bool:
    """Tell whether both tables have quasi-identifiers besides the columns of the join."""
    return all(set(quasi[table]) - {column} for table, column in (join.left, join.right))
