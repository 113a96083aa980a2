"""Which columns, alone or in pairs, tell every row apart: estimated first, then counted exactly."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from gongshu.engines.connections import Feed, OutOfMemory, connect
from gongshu.profile.model import ColumnProfile

MEMORY: Final = 1024**3
SINGLE, PAIRS = 40, 6
"""At most so many are counted exactly: each holds a hash of every row."""
_SLACK: Final = 0.98  # An estimate is within 1 %; what it puts below this share is no key.


@dataclass(frozen=True, slots=True)
class Key:
    """Columns that together tell every row apart, by place and name."""

    places: tuple[int, ...]
    names: tuple[str, ...]


Sets = list[tuple[int, ...]]


def candidates(columns: Sequence[ColumnProfile], kinds: Sequence[Any]) -> tuple[Sets, Sets, Sets]:
    """Return the sets of columns that are keys, that may be, and that are too many to find out.

    A key has no null, and is text, a whole number or a date: measurements agree by chance only.
    An exact count of different values decides at once. Pairs are looked at where no column may be
    a key by itself, likeliest first.
    """
    rows = columns[0].rows if columns else 0
    usable = [
        place
        for place, column in enumerate(columns)
        if not column.nulls and not column.blanks and _may_identify(kinds[place])
    ]
    if rows < 2:
        return [], [], []
    certain: Sets = [
        (place,)
        for place in usable
        if columns[place].distinct_exact and columns[place].distinct == rows
    ]
    single: Sets = [
        (place,)
        for place in usable
        if not columns[place].distinct_exact and columns[place].distinct >= _SLACK * rows
    ]
    if certain or single:
        return certain, single[:SINGLE], single[SINGLE:]
    pairs = [
        (columns[a].distinct * columns[b].distinct, (a, b))
        for a, b in itertools.combinations(usable[:40], 2)
        if columns[a].distinct * columns[b].distinct >= rows
    ]
    likeliest = sorted(pairs, key=lambda one: (-one[0], one[1]))
    return [], [pair for _, pair in likeliest[:PAIRS]], []


def confirm(
    schema: pa.Schema, batches: Iterable[pa.RecordBatch], sets: Sequence[tuple[int, ...]], rows: int
) -> list[Key] | None:
    """Return the sets that are keys, by one query over the rows.

    As many different 64-bit hashes as rows prove that the rows differ. Two rows whose hashes agree
    by chance would hide a key (below one in 100,000 at ten million rows), never invent one.
    Returns None when the engine's memory does not suffice to decide.
    """
    places = sorted(set(itertools.chain.from_iterable(sets)))
    held = pa.schema([(f"c{place}", schema.field(place).type) for place in places])
    feed = Feed(
        held,
        (
            pa.RecordBatch.from_arrays([batch.column(place) for place in places], schema=held)
            for batch in batches
        ),
    )
    asked = ", ".join(
        f"count(DISTINCT hash({', '.join(f'c{place}' for place in one)}))" for one in sets
    )
    with connect(memory_bytes=MEMORY) as connection, feed.faults():
        try:
            counted = connection.from_arrow(feed.reader()).aggregate(asked).fetchall()[0]
        except OutOfMemory:
            return None
    return [
        Key(one, tuple(schema.field(place).name for place in one))
        for one, many in zip(sets, counted, strict=True)
        if many == rows
    ]


def _may_identify(kind: Any) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_date(kind)
        or pa.types.is_timestamp(kind)
    )
