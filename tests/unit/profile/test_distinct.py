"""Counting different values: exact while few, close when many, the same however values arrive."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongshu.profile.distinct import LIMIT, DistinctCounter, hash_values

QUICK = settings(deadline=None, max_examples=150)
# Texts around the borders of words (8 bytes), halves (64) and the cap (128 bytes).
texts = st.one_of(
    st.text(max_size=20),
    st.builds(
        lambda c, n, end: c * n + end,
        st.sampled_from("ab零"),
        st.integers(0, 150),
        st.text(max_size=3),
    ),
)


def count(*arrays: pa.Array) -> DistinctCounter:
    counter = DistinctCounter()
    for array in arrays:
        counter.add(array)
    return counter


@QUICK
@given(st.lists(texts | st.none(), max_size=40), st.integers(0, 3))
def test_texts_are_counted_as_a_set_would(values: list[str | None], skip: int) -> None:
    array = pa.array(values, pa.string()).slice(skip)
    counter = count(array, array.cast(pa.large_string()))
    kept = {v for v in values[skip:] if v is not None}
    # Beyond 128 bytes only both ends and the length count, so equal counts are the lower bound.
    assert counter.exact
    assert counter.count == len(
        {(v.encode()[:64], v.encode()[-64:], len(v.encode())) for v in kept}
    )


@QUICK
@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.none(), max_size=40))
def test_numbers_are_counted_as_a_set_would(values: list[int | None]) -> None:
    assert count(pa.array(values, pa.int64())).count == len({v for v in values if v is not None})


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (pa.array([0.0, -0.0, 1.5, None]), 2),
        (pa.array([True, False, None, True]), 2),
        (pa.array([2**64 - 1, 0], pa.uint64()), 2),
        (pa.nulls(3), 0),
        (pa.array([], pa.string()), 0),
        (pa.array(["", ""]), 1),
        (pa.array([b"a", b"b", b"a"]), 2),
        (pa.array([[1], [1], [2]]), 2),
        (pa.array([{"a": 1}, {"a": 2}]), 2),
        (pa.array([1, 2], pa.timestamp("us")), 2),
        (pa.array([1, 2, 1], pa.date32()), 2),
        (pa.array(["1.50", "1.5"]).cast(pa.decimal128(9, 2)), 1),
    ],
)
def test_every_type_is_counted(array: pa.Array, expected: int) -> None:
    counter = count(array)
    assert (counter.count, counter.exact) == (expected, True)


def test_texts_and_their_slices_hash_equally_wherever_they_lie() -> None:
    long = pa.array(["x" * 7, "临澜市" * 9, "", "y" * 200, "z"])
    for first in range(5):
        assert (hash_values(long.slice(first)) == hash_values(long)[first:]).all()


def test_exact_up_to_the_limit_and_close_beyond() -> None:
    rng = np.random.default_rng(1)
    exact = count(pa.array([str(n) for n in range(LIMIT)]))
    assert (exact.count, exact.exact) == (LIMIT, True)
    counter = DistinctCounter()
    for first in range(0, 1_000_000, 100_000):
        values = np.concatenate((np.arange(first, first + 100_000), rng.integers(0, 1000, 50_000)))
        counter.add(pa.array(values).cast(pa.string()))
    assert not counter.exact
    assert counter.count == pytest.approx(1_000_000, rel=0.012)


def test_order_and_repetition_do_not_matter() -> None:
    rng = np.random.default_rng(2)
    values = pa.array(rng.integers(0, 10**9, 250_000))
    forth = count(*(values.slice(n, 50_000) for n in range(0, 250_000, 50_000)))
    back = count(values.take(pa.array(rng.permutation(250_000))), values)
    assert forth.count == back.count
