"""Each rule of disclosure-control §4 for counts, at its borders and against its plain wording."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongshu.sdc import rules


def counts(*values: int) -> rules.Counts:
    return np.array(values, dtype=np.int64)


def test_k_is_read_strictly() -> None:
    assert rules.too_few(counts(0, 9, 10, 11), 10, optional=False).tolist() == [
        True,
        True,
        False,
        False,
    ]
    assert rules.too_few(counts(0, 1, 9, 10), 10, optional=True).tolist() == [
        False,
        True,
        True,
        False,
    ]


def test_a_complement_is_empty_or_large() -> None:
    small = rules.complement_too_small(counts(20, 19, 11, 10), counts(20, 20, 20, 20), 10)

    assert small.tolist() == [False, True, True, False]


def test_more_than_nine_in_ten_tell_the_class() -> None:
    told = rules.class_disclosure(counts(15, 90, 91, 0, 0), counts(15, 100, 100, 10, 0))

    assert told.tolist() == [True, False, True, False, False]


def test_of_two_cohorts_that_differ_by_a_few_the_inner_is_protected() -> None:
    one, other = rules.nested_difference(
        counts(20, 20, 30, 20, 20), counts(23, 20, 20, 30, 23), counts(23, 20, 30, 30, 28), 10
    )

    assert one.tolist() == [True, False, False, False, False]
    assert other.tolist() == [False, False, False, False, False]
    assert rules.nested_difference(counts(25), counts(20), counts(25), 10)[1].tolist() == [True]


@pytest.mark.parametrize(
    ("exact", "shown"), [(10, 10), (12, 10), (13, 15), (17, 15), (18, 20), (1002, 1000)]
)
def test_counts_are_rounded_to_base_five(exact: int, shown: int) -> None:
    assert rules.rounded(counts(exact)).tolist() == [shown]


@settings(deadline=None, max_examples=200)
@given(st.sets(st.integers(0, 60)), st.sets(st.integers(0, 60)), st.integers(2, 30))
def test_the_rules_say_what_their_words_say(a: set[int], b: set[int], k: int) -> None:
    """Judged on sets of people, of which the rules see only sizes."""
    group = a | b | {99}

    few = rules.too_few(counts(len(a)), k, optional=False)[0]
    rest = rules.complement_too_small(counts(len(a)), counts(len(group)), k)[0]
    told = rules.class_disclosure(counts(len(a)), counts(len(group)))[0]
    inner = rules.nested_difference(counts(len(a)), counts(len(b)), counts(len(a | b)), k)
    shown = int(rules.rounded(counts(len(a)))[0])

    assert few == (len(a) < k)
    assert rest == (0 < len(group - a) < k)
    assert told == (len(a) * 10 > len(group) * 9)
    assert inner[0][0] == (a < b and len(b - a) < k)
    assert inner[1][0] == (b < a and len(a - b) < k)
    assert shown % 5 == 0
    assert abs(shown - len(a)) <= 2
