"""What enters a worker: the columns that the plan names, the rows that the grant allows.

The parent cuts both before a row reaches the worker, so data that was never granted is not in
the process that runs the query (disclosure-control §6). That is the real control; the same row
conditions stand in the text of the plan, where reviewers read them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from gongshu.cleanroom.failures import RunFailed
from gongshu.cleanroom.model import Plan, RowCondition


def feed(
    plan: Plan, tables: Mapping[str, pa.RecordBatchReader | pa.Table]
) -> list[pa.RecordBatchReader]:
    """This function will return, in the order of `plan.sources`, readers of what may enter.

    Raises `RunFailed` when a table or column of the plan is not there.
    """
    return [
        _granted(tables.get(table), columns, plan.rows.get(table))
        for table, columns in plan.sources.items()
    ]


def _granted(
    rows: pa.RecordBatchReader | pa.Table | None,
    columns: tuple[str, ...],
    condition: RowCondition | None,
) -> pa.RecordBatchReader:
    if rows is None or any(rows.schema.get_field_index(name) < 0 for name in columns):
        raise RunFailed("missing_input")
    reader = rows.to_reader() if isinstance(rows, pa.Table) else rows
    schema = pa.schema([reader.schema.field(name) for name in columns])
    batches = _batches(reader, columns, condition)
    return pa.RecordBatchReader.from_batches(schema.remove_metadata(), batches)


def _batches(
    reader: pa.RecordBatchReader, columns: tuple[str, ...], condition: RowCondition | None
) -> Iterator[pa.RecordBatch]:
    for batch in reader:
        kept = batch if condition is None else batch.filter(_allowed(batch, condition))
        yield kept.select(list(columns)).replace_schema_metadata(None)


def _allowed(batch: pa.RecordBatch, condition: RowCondition) -> pa.Array:
    """A row without a region code belongs to no region, so it does not enter."""
    codes = batch.column(condition.item).cast(pa.string())
    inside = [pc.starts_with(codes, pattern=prefix) for prefix in condition.prefixes]
    return pc.fill_null(reduce(pc.or_, inside), False)
