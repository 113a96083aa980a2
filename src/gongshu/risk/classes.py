"""Equivalence classes: the rows that share the values of all quasi-identifiers.

What re-identification risk asks of a table is how many subjects hide in each class. Classes
themselves may be millions, but their sizes are few; so the rows are grouped once, in DuckDB, and
only the histogram of sizes comes back. Null is a value like any other here; see `frequencies` for
the reading in which it may stand for every value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gongshu.engines.connections import connect
from gongshu.vocabulary.errors import Invalid
from gongshu.vocabulary.quoting import quoted

SUPPRESSED: Final = "*"
"""What stands in every quasi-identifier of a suppressed row (ARX writes the same)."""


@dataclass(frozen=True, slots=True, eq=False)
class ClassSizes:
    """The histogram of class sizes: `classes[i]` classes have `sizes[i]` members, ascending.

    Members are rows, or canonical subjects when a subject column was named; `members` is their sum
    over the classes. `suppressed` rows are in no class: what is suppressed stays suppressed when a
    file comes back. `unassigned` classes have rows but no known subject, and so no size.
    """

    sizes: NDArray[np.int64]
    classes: NDArray[np.int64]
    rows: int
    suppressed: int = 0
    unassigned: int = 0

    @property
    def k(self) -> int:
        """Return the size of the smallest class, 0 when there is none."""
        return int(self.sizes[0]) if len(self.sizes) else 0

    @property
    def count(self) -> int:
        """Return the number of classes."""
        return int(self.classes.sum())

    @property
    def members(self) -> int:
        """Return the number of members of all classes together."""
        return int((self.sizes * self.classes).sum())

    @property
    def uniques(self) -> int:
        """Return the number of classes with one member."""
        return self.classes_below(2)

    def classes_below(self, k: int) -> int:
        """Return how many classes have fewer than `k` members."""
        return int(self.classes[self.sizes < k].sum())

    def members_below(self, k: int) -> int:
        """Return how many members are in classes of fewer than `k`."""
        small = self.sizes < k
        return int((self.sizes[small] * self.classes[small]).sum())


def class_sizes(rows: Any, quasi: Sequence[str], *, subject: str | None = None) -> ClassSizes:
    """Group the rows by the quasi-identifiers and return the histogram of class sizes.

    `rows` is a `pyarrow.Table`, dataset or record batch reader; `subject` names a column of
    canonical subjects, of which each class counts the different ones that are not null. Raises
    `Invalid` for a column that is not there, and when no quasi-identifier is named.
    """
    require_columns(rows, [*quasi, *([subject] if subject else [])], quasi)
    with connect() as connection:
        groups = grouped(connection, rows, quasi, subject)
        counted = groups.aggregate(
            "suppressed, n, count(*) AS classes, sum(rows)::BIGINT AS rows", "suppressed, n"
        ).fetchnumpy()
    hidden = counted["suppressed"].astype(bool)
    sizes, classes = counted["n"][~hidden], counted["classes"][~hidden]
    order = np.argsort(sizes)
    sizes, classes = sizes[order].astype(np.int64), classes[order].astype(np.int64)
    return ClassSizes(
        sizes=sizes[sizes > 0],
        classes=classes[sizes > 0],
        rows=int(counted["rows"].sum()),
        suppressed=int(counted["rows"][hidden].sum()),
        unassigned=int(classes[sizes == 0].sum()),
    )


def grouped(connection: Any, rows: Any, quasi: Sequence[str], subject: str | None = None) -> Any:
    """Return the relation of classes: the quasi-identifiers, `n`, `rows` and `suppressed`."""
    names = ", ".join(quoted(name) for name in quasi)
    size = f"count(DISTINCT {quoted(subject)})" if subject else "count(*)"
    return connection.from_arrow(rows).aggregate(
        f"{names}, {size} AS n, count(*) AS rows, {all_suppressed(rows, quasi)} AS suppressed",
        names,
    )


def all_suppressed(rows: Any, quasi: Sequence[str]) -> str:
    """Return the condition under which a class holds suppressed rows, as SQL."""
    kinds = {field.name: str(field.type) for field in rows.schema}
    if not all("string" in kinds[name] for name in quasi):
        return "false"
    marked = (f"coalesce({quoted(name)} = '{SUPPRESSED}', false)" for name in quasi)
    return "(" + " AND ".join(marked) + ")"


def require_columns(rows: Any, names: Sequence[str], quasi: Sequence[str]) -> None:
    """Raise `Invalid` when a column is missing, repeated or no quasi-identifier is named."""
    if not quasi:
        raise Invalid("没有指定准标识符。请至少写出一个数据项的名称。", code="no_quasi_identifier")
    held = list(rows.schema.names)
    absent = [name for name in names if name not in held]
    if absent:
        raise Invalid(
            f"表里没有数据项：{'、'.join(absent)}。现有数据项：{'、'.join(held[:40])}。",
            code="item_not_found",
        )
    twice = sorted({name for name in names if names.count(name) > 1 or held.count(name) > 1})
    if twice:
        raise Invalid(
            f"数据项“{twice[0]}”重复出现。准标识符、敏感项和主体列各写一次，表头不能重名。",
            code="item_repeated",
        )
