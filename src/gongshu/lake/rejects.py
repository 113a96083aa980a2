"""Rows that could not be taken: where they stand in the received file, and why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

RAW_CHARACTERS = 2000

ARROW = pa.schema(
    [
        ("line", pa.int64()),
        ("byte_start", pa.int64()),
        ("byte_end", pa.int64()),
        ("code", pa.string()),
        ("reason", pa.string()),
        ("raw", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Reject:
    """One rejected row.

    `line` counts lines of the text (rows of the sheet for a workbook) from 1. The half-open byte
    range lies in the received file after unpacking, before decoding, and holds the line end; it is
    None for workbooks, whose cells have no place of their own in the file. `raw` is bounded.
    """

    line: int
    byte_start: int | None
    byte_end: int | None
    code: str
    reason: str
    raw: str


def to_batch(rejects: list[Reject]) -> pa.RecordBatch:
    """Return the rejects as one batch of the reject table."""
    columns = [
        [reject.line for reject in rejects],
        [reject.byte_start for reject in rejects],
        [reject.byte_end for reject in rejects],
        [reject.code for reject in rejects],
        [reject.reason for reject in rejects],
        [reject.raw[:RAW_CHARACTERS] for reject in rejects],
    ]
    arrays = [pa.array(values, kind) for values, kind in zip(columns, ARROW.types, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=ARROW)


def from_batch(batch: pa.RecordBatch) -> list[Reject]:
    """Return the rejects of a batch of the reject table."""
    return [Reject(**row) for row in batch.to_pylist()]


def read_rejects(path: Path, *, limit: int = 1000) -> list[Reject]:
    """Return the first rejects of a stored reject table."""
    found: list[Reject] = []
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=limit):
            found += from_batch(batch)
            if len(found) >= limit:
                break
    return found[:limit]
