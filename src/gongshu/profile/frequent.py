"""Counts the most frequent values of a column in bounded memory.

Lossy counting (Manku and Motwani 2002): values that are rare where they stand are forgotten, and
how many rows of one value can have been forgotten is kept, so every count says how far it may be
short. A column of few different values is counted exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

KEPT: Final = 4_096
_LONGEST: Final = 256  # Bytes of a text; a longer one is prose, and would be shown cut.


@dataclass(frozen=True, slots=True)
class Frequent:
    """A value as text, and at least how many rows hold it."""

    value: str
    rows: int


class FrequentValues:
    """Takes the different values of part after part with their counts."""

    def __init__(self) -> None:
        self._counts: dict[Any, int] = {}
        self.short = 0
        """By how many rows a count may be short; 0 when every value was counted."""

    def add(self, values: Any, counts: Any) -> None:
        """Take different values that are not null, and how often each stands in this part."""
        if _has_length(values.type):
            brief = pc.less_equal(pc.binary_length(values), _LONGEST)
            values, counts = values.filter(brief), counts.filter(brief)
        if len(values) > KEPT:
            values, counts = self._frequent(values, counts)
        for value, many in zip(values.to_pylist(), counts.to_pylist(), strict=True):
            self._counts[value] = self._counts.get(value, 0) + many
        if len(self._counts) > 4 * KEPT:
            self._forget()

    def top(self, number: int) -> tuple[Frequent, ...]:
        """Return the most frequent values, most frequent first, equal ones by their text.

        Only values that are certainly more frequent than any that was forgotten.
        """
        sure = ((v, many) for v, many in self._counts.items() if many > self.short)
        ranked = sorted((-many, str(value)) for value, many in sure)
        return tuple(Frequent(value, -negative) for negative, value in ranked[:number])

    def _frequent(self, values: Any, counts: Any) -> tuple[Any, Any]:
        """Drop the values that are no more frequent than the 4,096th, and note how much it was."""
        many = counts.to_numpy()
        least = int(np.partition(many, -KEPT)[-KEPT])
        self.short += least
        kept = pa.array(np.flatnonzero(many > least))
        return values.take(kept), counts.take(kept)

    def _forget(self) -> None:
        ranked = sorted(self._counts.items(), key=lambda item: -item[1])
        self.short += ranked[KEPT][1]
        self._counts = dict(ranked[:KEPT])


def _has_length(kind: Any) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
    )
