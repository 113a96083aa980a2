"""Most frequent values: exact while few are different, and honest about what was forgotten."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongshu.profile import frequent
from gongshu.profile.frequent import Frequent, FrequentValues


def fed(parts: list[list[str]]) -> FrequentValues:
    """Return the counter after the parts."""
    found = FrequentValues()
    for part in parts:
        counted = pc.value_counts(pa.array(part, pa.large_string()))
        found.add(counted.field("values"), counted.field("counts"))
    return found


def test_few_values_are_counted_exactly_over_all_parts() -> None:
    """A column of few values has no error, and ties are in the order of their text."""
    found = fed([["乙", "甲", "甲"], ["甲", "丙", "乙"], []])
    assert found.top(2) == (Frequent("甲", 3), Frequent("乙", 2))
    assert (found.short, len(found.top(10))) == (0, 3)


def test_a_value_that_repeats_among_many_is_still_found() -> None:
    """A placeholder stands out of a million different numbers, short by no more than is said."""
    parts = [
        [str(n) for n in range(first, first + 9_000)] + ["0"] * 50
        for first in range(0, 90_000, 9_000)
    ]
    found = fed(parts)
    (top,) = found.top(5)
    assert top.value == "0"
    assert 501 - found.short <= top.rows <= 501
    assert 0 < found.short <= 20


def test_long_texts_are_not_kept() -> None:
    """Prose is no frequent value: it would fill the memory, and nobody reads it in a chart."""
    assert fed([["长" * 100] * 5 + ["短"]]).top(5) == (Frequent("短", 1),)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 60), max_size=80), max_size=8))
def test_a_count_is_never_too_high_nor_lower_than_is_said(parts: list[list[int]]) -> None:
    """Whatever comes: count ≤ truth ≤ count + short, and what is not shown is no more frequent."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frequent, "KEPT", 5)
        found = fed([[str(n) for n in part] for part in parts])
        truth = Counter(str(n) for part in parts for n in part)
        shown = found.top(100)
        for one in shown:
            assert one.rows <= truth[one.value] <= one.rows + found.short
        absent = [truth[v] for v in truth if v not in {one.value for one in shown}]
        assert all(many <= 2 * found.short for many in absent)
