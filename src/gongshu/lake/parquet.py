"""Parquet files, group by group: nested columns get dotted names, every value becomes its text.

The types of the file take no part: all received tables are typed the same way, on the whole of
what they hold, so that codes stay text whoever wrote them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gongshu.lake import header as headers
from gongshu.lake import records
from gongshu.lake.batches import FLAWS, OnReject, TextBatch, blank, trimmed, unsound
from gongshu.lake.header import Header
from gongshu.lake.refusals import Refused

BATCH_ROWS: Final = 8192
CHINA: Final = 8 * 3600 * 1_000_000  # moments with a zone are shown as Beijing time (GB/T 7408)
THRIFT_BYTES: Final = 64 * 1024 * 1024
Faults = (pa.ArrowException, OSError, ValueError, KeyError)


class ParquetTable:
    """A Parquet file as a `TextTable`; the line of a row is its number in the file."""

    def __init__(self, open_: Callable[[], BinaryIO]) -> None:
        self._open = open_
        self._blank = 0
        try:
            schema = self._file().schema_arrow
            headers.check_width(len(schema))
            self.header: Header = headers.named(_flat(schema.empty_table()).column_names)
        except Faults as broken:
            raise _damage(broken) from broken

    def _file(self) -> pq.ParquetFile:
        return pq.ParquetFile(
            self._open(),
            thrift_string_size_limit=THRIFT_BYTES,
            thrift_container_size_limit=THRIFT_BYTES // 8,
        )

    @property
    def blank_rows(self) -> int:
        """Return how many rows of the last complete reading held nothing."""
        return self._blank

    def understood(self) -> dict[str, Any]:
        """Return that it is Parquet."""
        return {"format": "parquet", "encoding": None, "header_line": None}

    def batches(self, on_reject: OnReject) -> Iterator[TextBatch]:
        """Yield the rows; raises `Refused` when the file is broken in the middle."""
        self._blank = 0
        line = 1
        try:
            for piece in self._file().iter_batches(BATCH_ROWS, use_threads=False):
                yield self._batch(piece, line, on_reject)
                line += piece.num_rows
        except Faults as broken:
            raise _damage(broken) from broken

    def _batch(self, piece: pa.RecordBatch, line: int, on_reject: OnReject) -> TextBatch:
        table = _flat(pa.Table.from_batches([piece]))
        columns = tuple(trimmed(_text(column.combine_chunks())) for column in table.columns)
        lines = np.arange(line, line + piece.num_rows, dtype=np.int64)
        batch = TextBatch(columns, lines, None, None)
        flaws = unsound(columns)
        for row, code in sorted(flaws.items()):
            on_reject(batch.reject(row, code, FLAWS[code]))
        keep = np.ones(batch.rows, dtype=bool)
        keep[list(flaws)] = False
        empty = blank(columns, batch.rows) & keep
        self._blank += int(empty.sum())
        return batch.take(keep & ~empty)


def _damage(broken: Exception) -> Refused:
    if isinstance(broken, pa.ArrowMemoryError):
        raise MemoryError from broken
    locked = "ncrypt" in str(broken) or "ecrypt" in str(broken)
    return Refused("password") if locked else Refused("damaged_parquet")


def _flat(table: pa.Table) -> pa.Table:
    """Return the table without nested records, as far as they are known by name."""
    for _ in range(records.DEEP):
        if not any(pa.types.is_struct(field.type) for field in table.schema):
            break
        table = table.flatten()
    return table


def _text(column: pa.Array) -> pa.Array:
    """Return a column as text."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _text(column.dictionary_decode())
    if pa.types.is_floating(kind):
        return _floats(column)
    if pa.types.is_timestamp(kind):
        return _moments(column)
    if pa.types.is_date64(kind):
        return column.cast(pa.date32()).cast(pa.string())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or _is_bytes(kind):
        return _bytes(column)
    if pa.types.is_nested(kind) or pa.types.is_duration(kind):
        values = column.cast(_zoneless(kind)).to_pylist()
        return pa.array([None if each is None else _json(each) for each in values], pa.string())
    return column.cast(pa.string())


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_fixed_size_binary(kind) and not pa.types.is_decimal(kind))


def _floats(column: pa.Array) -> pa.Array:
    """Return the shortest text of each number, without powers of ten; not-a-number is nothing."""
    text = pc.if_else(pc.is_nan(column), None, column).cast(pa.string())
    if not pc.any(pc.match_substring(text, "e")).as_py():
        return text
    return pa.array(
        [None if each is None else records.written_out(each) for each in text.to_pylist()],
        pa.string(),
    )


def _moments(column: pa.Array) -> pa.Array:
    """Return datetimes as local time; with a zone, as Beijing time."""
    kind = column.type
    micro = column.cast(pa.timestamp("us", kind.tz), safe=False)
    if kind.tz is not None:
        micro = pc.add(micro.cast(pa.int64()), CHINA).cast(pa.timestamp("us"))
    return pc.replace_substring_regex(micro.cast(pa.string()), r"\.0+$", "")


def _bytes(column: pa.Array) -> pa.Array:
    """Return bytes as the text they are, or in hexadecimal when one of them is none."""
    try:
        return column.cast(pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        cells = [None if each is None else each.hex() for each in column.to_pylist()]
        return pa.array(cells, pa.string())


def _zoneless(kind: pa.DataType) -> pa.DataType:
    """Return a type whose moments, however deep, are in UTC without a zone.

    Names of zones stand in files, and no file can be opened here.
    """
    if pa.types.is_timestamp(kind):
        return pa.timestamp(kind.unit)
    if pa.types.is_map(kind):
        return pa.map_(_zoneless(kind.key_type), _zoneless(kind.item_type))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.list_(_zoneless(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_zoneless(field.type)) for field in kind])
    return kind


def _json(value: Any) -> str:
    return records.json_text(records.plain(value))
