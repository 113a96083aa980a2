"""Gathers what one column shows while batches stream by; memory does not grow with the rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gongshu.profile.detectors import DETECTORS, Tally, find, tally
from gongshu.profile.distinct import DistinctCounter
from gongshu.profile.frequent import FrequentValues
from gongshu.profile.headers import find_by_header
from gongshu.profile.model import Finding
from gongshu.profile.shapes import find_shapes
from gongshu.vocabulary.identifiers import compact_identifier

SAMPLE: Final = 5_000
_LONGEST_SAMPLED: Final = 4_096  # Characters of a sampled text; a cell may hold hundreds of MB.
_SMALLEST_CARD: Final = 10**10  # No identifier of digits alone is a smaller number.


class Sample:
    """Every n-th text of a column, n doubling as the column grows: 5,000 to 10,000 of them."""

    def __init__(self) -> None:
        self.step = 1
        self._next = 0
        self._texts: list[str] = []

    def add(self, array: Any) -> None:
        """Take from a string array of values that are not null."""
        if self._next < len(array):
            places = range(self._next, len(array), self.step)
            picked = array.take(pa.array(places, pa.int64()))
            self._texts += pc.utf8_slice_codeunits(picked, 0, _LONGEST_SAMPLED).to_pylist()
            self._next = places[-1] + self.step
        self._next -= len(array)
        while len(self._texts) >= 2 * SAMPLE:
            # Dropping every second text leaves the gap to the next one right or half a step long.
            self._texts = self._texts[::2]
            self.step *= 2

    def texts(self) -> list[str]:
        """Return the sampled texts that hold a visible character."""
        return [text for text in self._texts if text.strip()]


class ColumnScan:
    """The running state of one column."""

    def __init__(self, field: Any) -> None:
        self.name: str = field.name
        self.type = str(field.type)
        self.rows = self.nulls = self.blanks = 0
        self.shortest: int | None = None
        self.longest: int | None = None
        self.distinct = DistinctCounter()
        self.frequent = FrequentValues()
        self._tallies = [Tally() for _ in DETECTORS]
        self._sample = Sample()

    def add(self, array: Any) -> None:
        """Take the next part of the column.

        What costs most is done once for each different value of the part.
        """
        self.rows += len(array)
        self.nulls += array.null_count
        if pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        array = array.drop_null()
        if _is_text(array.type):
            array = array.cast(pa.large_string())
        if pa.types.is_nested(array.type) or pa.types.is_null(array.type):
            self.distinct.add(array)
            return
        counted = pc.value_counts(array)
        values, counts = counted.field("values"), counted.field("counts")
        self.distinct.add(values)
        self.frequent.add(values, counts)
        if _is_text(array.type):
            self._measure(values, counts)
        elif pa.types.is_integer(array.type):
            large = _large(values)
            values, counts = values.filter(large).cast(pa.large_string()), counts.filter(large)
            array = array.filter(_large(array)).cast(pa.large_string())
        else:
            return
        for place, detector in enumerate(DETECTORS):
            self._tallies[place] += tally(values, detector, counts)
        self._sample.add(array)

    def _measure(self, values: Any, counts: Any) -> None:
        """Note lengths, and count texts without a visible character."""
        if len(values) == 0:
            return
        lengths = pc.min_max(pc.utf8_length(values)).as_py()
        self.shortest = min(lengths["min"], self.shortest if self.shortest is not None else 2**62)
        self.longest = max(lengths["max"], self.longest or 0)
        short = pc.less_equal(pc.binary_length(values), 16)
        trimmed = pc.binary_length(pc.utf8_trim_whitespace(values.filter(short)))
        self.blanks += pc.sum(counts.filter(short).filter(pc.equal(trimmed, 0))).as_py() or 0

    def findings(self) -> tuple[Finding, ...]:
        """Judge what was gathered: by values first, then by the header."""
        sample = self._sample.texts()
        undone = [compact_identifier(text) for text in sample]
        tested = self.rows - self.nulls - self.blanks
        by_value = [
            found
            for detector, counted in zip(DETECTORS, self._tallies, strict=True)
            # Integers too small to be an identifier were not looked at, but count as tested.
            for found in find(
                detector, self.name, replace(counted, tested=tested), (sample, undone)
            )
        ]
        by_header = find_by_header(self.name, sample, tested)
        known = {found.kind for found in (*by_value, *by_header)}
        shaped = [one for one in find_shapes(self.name, sample) if one.kind not in known]
        return (*by_value, *shaped, *by_header)


def _is_text(kind: Any) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _large(array: Any) -> Any:
    """Tell which integers are long enough for an identifier."""
    if array.type.bit_width < 64:
        return pa.array(np.zeros(len(array), dtype=bool))
    return pc.greater_equal(array, _SMALLEST_CARD)
