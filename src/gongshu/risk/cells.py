"""Cells: how often each value of a sensitive item stands in each equivalence class.

One grouping of the rows gives the cells; every measure of diversity is then arithmetic on them.
Classes are told apart by one 64-bit hash of the quasi-identifiers, and the number of hashes is
compared with the number of classes: when they are equal no two classes share one, so what is
measured is exact; when they are not, another hash is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gongshu.engines.connections import connect
from gongshu.risk.classes import all_suppressed, require_columns
from gongshu.vocabulary.quoting import quoted


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The cells of one sensitive item, class after class, values ascending within a class.

    `starts[c]` is the first cell of class c; `values` are places in the ascending list of the
    item's different values, null last as a value of its own; `counts` are rows. `overall` is the
    number of rows of each value in the whole table, without suppressed rows.
    """

    starts: NDArray[np.int64]
    values: NDArray[np.int64]
    counts: NDArray[np.int64]
    overall: NDArray[np.int64]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Return the rows of each class."""
        return np.add.reduceat(self.counts, self.starts)

    @property
    def owners(self) -> NDArray[np.int64]:
        """Return the class of each cell."""
        lengths = np.diff(np.append(self.starts, len(self.counts)))
        return np.repeat(np.arange(len(self.starts)), lengths)


def count_cells(rows: Any, quasi: Sequence[str], sensitive: str) -> Cells:
    """Group the rows by the quasi-identifiers and one sensitive item.

    `rows` as in `class_sizes`, but not a reader, because it is read twice. Raises `Invalid` for a
    column that is not there.
    """
    require_columns(rows, [*quasi, sensitive], quasi)
    with connect() as connection:
        kept = connection.from_arrow(rows).filter(f"NOT {all_suppressed(rows, quasi)}")
        names = ", ".join(quoted(name) for name in quasi)
        classes = int(kept.aggregate(names, names).aggregate("count(*)").fetchall()[0][0])
        salt = 0
        while True:
            cells = _cells(connection, kept, f"hash({names}, {salt})", quoted(sensitive))
            if len(cells.starts) == classes:
                return cells
            salt += 1


def _cells(connection: Any, kept: Any, key: str, sensitive: str) -> Cells:
    """Return the cells by one key; they are kept as a table, because two questions follow."""
    connection.execute("DROP TABLE IF EXISTS cells")
    kept.aggregate(f"{key} AS key, {sensitive} AS value, count(*) AS n", "key, value").create(
        "cells"
    )
    found = connection.table("cells")
    ranked = found.aggregate("value, sum(n)::BIGINT AS total", "value").project(
        "value AS known, total, row_number() OVER (ORDER BY value NULLS LAST) - 1 AS place"
    )
    values = ranked.order("place").fetchnumpy()
    numbered = (
        found.set_alias("found")
        .join(ranked.set_alias("ranked"), "found.value IS NOT DISTINCT FROM ranked.known")
        .project("key, place, n")
        .order("key, place")
        .fetchnumpy()
    )
    key_column = numbered["key"]
    fresh = np.ones(len(key_column), bool)
    fresh[1:] = key_column[1:] != key_column[:-1]
    return Cells(
        starts=np.flatnonzero(fresh),
        values=numbered["place"].astype(np.int64),
        counts=numbered["n"].astype(np.int64),
        overall=np.asarray(values["total"]).astype(np.int64),
    )
