"""Numbers and dates of a table by one query of DuckDB, asked while the scan takes the same rows.

The engine pulls the batches and the scan sees each on its way, so that a file is read once. Columns
go by their place (c0, c1, …): what a department calls them never becomes part of a query.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from gongshu.engines.connections import Feed, connect
from gongshu.profile.frequent import Frequent

QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
MEMORY: Final = 1024**3
_WIDEST: Final = 400  # Columns of one query; its plan grows with them.


@dataclass(frozen=True, slots=True)
class Spread:
    """Where the values of a number or date column lie; texts as DuckDB writes them.

    `quantiles` belong to `QUANTILES` and are approximate (t-digest, about 1 % in rank); `mean` is
    None for dates.
    """

    minimum: str
    maximum: str
    mean: float | None
    quantiles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ColumnValues:
    """What one column shows of its values. It never leaves the owner as it is: see `protection`.

    `spread` is None where a column holds no number or date. A count in `frequent` may be short by
    up to `frequent_short` rows. `unique` tells whether no two rows agree; None: not decided.
    """

    name: str
    spread: Spread | None
    frequent: tuple[Frequent, ...]
    frequent_short: int
    unique: bool | None
    withheld: str | None = None


def measure_spread(
    schema: pa.Schema, batches: Iterator[pa.RecordBatch], see: Callable[[pa.RecordBatch], None]
) -> list[Spread | None]:
    """Return the spread of each column; every batch is shown to `see` exactly once, in order.

    Memory is the engine's, at most `MEMORY`. What the batches raise passes through.
    """
    measured = [place for place, field in enumerate(schema) if _has_spread(field.type)][:_WIDEST]
    spreads: list[Spread | None] = [None] * len(schema)
    if not measured:
        for batch in batches:
            see(batch)
        return spreads
    feed = Feed(*_passing(schema, measured, batches, see))
    with connect(memory_bytes=MEMORY) as connection, feed.faults():
        selected = ", ".join(_asked(place, schema.field(place).type) for place in measured)
        row = connection.from_arrow(feed.reader()).aggregate(selected).fetchall()[0]
    for at, place in enumerate(measured):
        spreads[place] = _spread(row[4 * at : 4 * at + 4])
    return spreads


def _passing(
    schema: pa.Schema,
    measured: Sequence[int],
    batches: Iterator[pa.RecordBatch],
    see: Callable[[pa.RecordBatch], None],
) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """Return the measured columns of the batches, each batch shown to `see` on its way."""
    held = pa.schema([(f"c{place}", schema.field(place).type) for place in measured])

    def passing() -> Iterator[pa.RecordBatch]:
        for batch in batches:
            see(batch)
            arrays = [batch.column(place) for place in measured]
            yield pa.RecordBatch.from_arrays(arrays, schema=held)

    return held, passing()


def _has_spread(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_date(kind)
        or pa.types.is_timestamp(kind)
    )


def _asked(place: int, kind: pa.DataType) -> str:
    """Return the four aggregates of one column; NaN is no value here."""
    name = f"c{place}"
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        mean, value = "NULL", name
    elif pa.types.is_floating(kind):
        value = f"CASE WHEN isfinite({name}) THEN {name} END"
        mean = f"avg({value})"
    else:
        mean, value = f"avg({name})::DOUBLE", name
    return (
        f"min({value})::VARCHAR, max({value})::VARCHAR, {mean}, "
        f"approx_quantile({value}, {list(QUANTILES)})::VARCHAR[]"
    )


def _spread(found: Sequence[Any]) -> Spread | None:
    minimum, maximum, mean, quantiles = found
    if minimum is None:
        return None
    return Spread(minimum, maximum, mean, tuple(quantiles))
