"""Text columns into typed ones; what does not fit is named, never bent."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gongshu.lake import moments, numbers
from gongshu.lake.batches import OnReject, TextBatch
from gongshu.lake.evidence import PAIRS, without
from gongshu.lake.numbers import DECIMAL, GROUPED, INTEGER
from gongshu.lake.schema import Column, ColumnType, Schema

_TRUE = pa.array([pair[0] for pair in PAIRS])
_WORDS = pa.array([word for pair in PAIRS for word in pair])


def cast(text: pa.Array, column: Column) -> tuple[pa.Array, NDArray[np.bool_] | None]:
    """Return the typed column and where a value did not fit, or None when all did.

    A value that does not fit is null in the typed column.
    """
    if column.missing:
        text = without(text, pa.array(column.missing, pa.string()))
    if column.type is ColumnType.text:
        return text, None
    typed = _cast(text, column)
    if typed.null_count == text.null_count:
        return typed, None
    unfit = pc.and_(pc.is_valid(text), pc.is_null(typed))
    return typed, unfit.to_numpy(zero_copy_only=False)


def _cast(text: pa.Array, column: Column) -> pa.Array:
    if column.order == GROUPED:
        text = numbers.plain(text)
    match column.type:
        case ColumnType.integer:
            return _only(text, pc.match_substring_regex(text, INTEGER)).cast(pa.int64())
        case ColumnType.decimal:
            return _decimals(text, column)
        case ColumnType.boolean:
            lower = pc.utf8_lower(text)
            return _only(pc.is_in(lower, _TRUE), pc.is_in(lower, _WORDS))
        case ColumnType.date:
            found = moments.read(text, column.order or "ymd")
            midnight = found.fits & (found.microseconds == 0)
            return moments.Moments(midnight, found.days, found.microseconds, found.timed).dates()
    return moments.read(text, column.order or "ymd").datetimes()


def _decimals(text: pa.Array, column: Column) -> pa.Array:
    """Cast to a decimal; a value with more digits than the column keeps does not fit."""
    scale, precision = column.scale or 0, column.precision or 38
    room = rf"^-?[0-9]{{1,{max(precision - scale, 1)}}}(\.[0-9]{{0,{scale}}}0*)?$"
    fits = pc.and_(pc.match_substring_regex(text, DECIMAL), pc.match_substring_regex(text, room))
    shortest = pc.replace_substring_regex(_only(text, fits), r"(\.[0-9]*?)0*$", r"\1")
    return pc.utf8_rtrim(shortest, ".").cast(column.arrow)


def _only(values: pa.Array, fits: pa.Array) -> pa.Array:
    return pc.if_else(fits, values, None)


def typed_batch(batch: TextBatch, schema: Schema, on_reject: OnReject) -> pa.RecordBatch:
    """Return the rows that fit the schema and hand over the others with every broken column."""
    arrays = []
    broken: dict[int, list[str]] = {}
    for number, (text, column) in enumerate(zip(batch.columns, schema.columns, strict=True), 1):
        typed, unfit = cast(text, column)
        arrays.append(typed)
        rows: list[int] = [] if unfit is None else np.flatnonzero(unfit).tolist()
        for row in rows:
            value = (text[row].as_py() or "")[:60]
            reason = f"第{number}列“{column.name}”的值“{value}”不是{column.type.zh}"
            broken.setdefault(row, []).append(reason)
    typed_rows = pa.RecordBatch.from_arrays(arrays, schema=schema.arrow)
    if not broken:
        return typed_rows
    keep = np.ones(batch.rows, dtype=bool)
    for row in sorted(broken):
        keep[row] = False
        on_reject(batch.reject(row, "type", "；".join(broken[row])))
    return typed_rows.filter(pa.array(keep))
