"""Profiles a snapshot in one pass over its batches."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Final

from gongshu.profile.columns import ColumnScan
from gongshu.profile.headers import find_clinical, is_lone_name
from gongshu.profile.model import ColumnProfile, FindingKind, Profile
from gongshu.profile.proposals import Column, Context, context_of, propose, strictest
from gongshu.vocabulary.errors import Invalid

THREADS: Final = 2
_ROWS_AT_ONCE: Final = 65_536
_OF_PERSONS: Final = frozenset(
    {
        FindingKind.citizen_id,
        FindingKind.mobile,
        FindingKind.contact,
        FindingKind.email,
        FindingKind.demographic,
        FindingKind.medical,
        FindingKind.secret,
    }
)


def profile(
    data: Any, *, rows: int | None = None, title: str = "", department: str = ""
) -> Profile:
    """Profile a `pyarrow.Table` or `pyarrow.RecordBatchReader` in one pass and bounded memory.

    `rows` is the number of rows that the snapshot is known to have: a scan that saw another number
    raises `Invalid` (code rows_differ), because a proposal from a part would be too mild. `title`
    and `department` (Chinese) help to find the sector. A reader is consumed; its own errors pass
    through.
    """
    with ThreadPoolExecutor(max_workers=THREADS) as pool:
        scan = Scan(data.schema, pool)
        for batch in batches_of(data):
            scan.see(batch)
    return scan.conclude(rows=rows, title=title, department=department)


class Scan:
    """One pass over a table: sees batch after batch, then concludes.

    Each column has its own state, so the threads of `pool` share nothing.
    """

    def __init__(self, schema: Any, pool: ThreadPoolExecutor) -> None:
        self._pool = pool
        self.columns = [ColumnScan(field) for field in schema]
        self.rows = 0

    def see(self, batch: Any) -> None:
        """Take the next batch."""
        self.rows += batch.num_rows
        # Arrow and NumPy let go of the interpreter while they count, so columns go side by side.
        list(self._pool.map(lambda one, column: one.add(column), self.columns, batch.columns))

    def conclude(self, *, rows: int | None, title: str, department: str) -> Profile:
        """Return the profile of what was seen; arguments and errors as in `profile`."""
        if rows is not None and self.rows != rows:
            raise Invalid(
                f"数据版本登记{rows:,}行，实际读到{self.rows:,}行，未生成分类分级建议。"
                "请重新入湖后再试。",
                code="rows_differ",
            )
        columns = [Column(one.name, one.findings(), one.distinct.count) for one in self.columns]
        columns = _without_lone_names(columns)
        context = context_of(columns, title=title, department=department)
        if context.clinical:
            columns = [_with_clinical(column, self.rows) for column in columns]
        described = tuple(
            _describe(scan, column, context)
            for scan, column in zip(self.columns, columns, strict=True)
        )
        overall = strictest(((column.name, column.proposal) for column in described), context)
        return Profile(rows=self.rows, columns=described, proposal=overall)


def batches_of(data: Any) -> Iterator[Any]:
    """Cut batches so that working memory stays bounded whatever the producer sends."""
    for batch in data.to_batches() if hasattr(data, "to_batches") else data:
        for first in range(0, batch.num_rows, _ROWS_AT_ONCE):
            yield batch.slice(first, _ROWS_AT_ONCE)


def _without_lone_names(columns: list[Column]) -> list[Column]:
    """Take a lone "name" for a person's only where another column speaks of persons."""
    if any(found.kind in _OF_PERSONS for column in columns for found in column.findings):
        return columns
    return [
        replace(
            column,
            findings=tuple(f for f in column.findings if f.kind is not FindingKind.person_name),
        )
        if is_lone_name(column.name)
        else column
        for column in columns
    ]


def _with_clinical(column: Column, rows: int) -> Column:
    """Add the finding that only the other columns justify."""
    if any(found.kind is FindingKind.medical for found in column.findings):
        return column
    return replace(column, findings=(*column.findings, *find_clinical(column.name, rows)))


def _describe(scan: ColumnScan, column: Column, context: Context) -> ColumnProfile:
    return ColumnProfile(
        name=scan.name,
        type=scan.type,
        rows=scan.rows,
        nulls=scan.nulls,
        blanks=scan.blanks,
        distinct=scan.distinct.count,
        distinct_exact=scan.distinct.exact,
        minimum_length=scan.shortest,
        maximum_length=scan.longest,
        findings=column.findings,
        proposal=propose(column, context),
    )
