"""The rules that decide about one count: how many subjects, how many of its group, how many apart.

Every function takes counts of canonical subjects as int64 arrays, one value per row of the
result, and returns a mask of the rows that the rule protects. Source: disclosure-control §4.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

BASE = 5
LARGEST_SHARE = Fraction(9, 10)
"""No category may hold more than this share of its group (class disclosure)."""


def too_few(subjects: Counts, k: int, *, optional: bool) -> Mask:
    """This function will protect counts that rest on fewer than `k` subjects.

    A source that may be absent (`optional`) may have none at all.
    """
    few = subjects < k
    return few & (subjects > 0) if optional else few


def complement_too_small(subjects: Counts, group: Counts, k: int) -> Mask:
    """This function will protect counts that leave 1 to k−1 subjects of their group out."""
    rest = group - subjects
    return (rest > 0) & (rest < k)


def class_disclosure(subjects: Counts, group: Counts) -> Mask:
    """This function will protect counts that tell almost every member of the group its class.

    In whole numbers, so that no rounding decides at the border.
    """
    return (group > 0) & (subjects * LARGEST_SHARE.denominator > group * LARGEST_SHARE.numerator)


def nested_difference(one: Counts, other: Counts, either: Counts, k: int) -> tuple[Mask, Mask]:
    """This function will protect the inner of two cohorts that differ by 1 to k−1 subjects.

    `either` counts both cohorts together. Returns the masks for `one` and for `other`.
    """
    only_one, only_other = either - other, either - one
    inner_one = (only_one == 0) & (only_other > 0) & (only_other < k)
    inner_other = (only_other == 0) & (only_one > 0) & (only_one < k)
    return inner_one, inner_other


def rounded(counts: Counts) -> Counts:
    """This function will round counts to the nearest multiple of 5; there are no ties.

    Deterministic, so that asking again tells nothing new.
    """
    return (counts + BASE // 2) // BASE * BASE
