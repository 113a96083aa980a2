"""The rules that decide about one number: how many subjects, how many of its group, how many apart,
and who contributes how much.

Every function takes counts of canonical subjects as int64 arrays, or amounts as float64 arrays, one
value per row of the result, and returns a mask of the rows that the rule protects. Source:
disclosure-control §4; for dominance Hundepool et al. 2012, chapter 4.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]
Amounts = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

BASE = 5
LARGEST_SHARE = Fraction(9, 10)
"""No category may hold more than this share of its group (class disclosure)."""
P_PERCENT = 10
FEWEST_VALUES = 3
SUBJECTS_PER_GROUP = 2
SUM_DIGITS = 3
MEAN_DIGITS = 4


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


def dominant_group(subjects: Counts, total: Counts) -> Mask:
    """This function will protect all groups where one of them holds almost everybody.

    Where the key itself is not open, such a group tells everybody's key; hiding it alone would show
    it by its absence. Groups are the first axis.
    """
    largest = class_disclosure(subjects, total).any(axis=0)
    return np.broadcast_to(largest, subjects.shape).copy()


def copies_the_key(groups: int, subjects: int, k: int) -> bool:
    """This function will say whether there is about one group per subject: then the result is a
    copy of the key column, whatever its lineage says."""
    return k <= groups > subjects // SUBJECTS_PER_GROUP


def nested_difference(one: Counts, other: Counts, either: Counts, k: int) -> tuple[Mask, Mask]:
    """This function will protect the inner of two cohorts that differ by 1 to k−1 subjects.

    `either` counts both cohorts together. Returns the masks for `one` and for `other`.
    """
    only_one, only_other = either - other, either - one
    inner_one = (only_one == 0) & (only_other > 0) & (only_other < k)
    inner_other = (only_other == 0) & (only_one > 0) & (only_one < k)
    return inner_one, inner_other


def estimates_too_near(total: Amounts, first: Amounts, second: Amounts) -> Mask:
    """This function will protect sums from which the second largest contributor could reckon the
    largest to within 10 % (the p % rule): what all others add is less than that.

    `total` is without signs; `first` holds all that may be the largest contributor's.
    """
    rest: Amounts = total - first - second
    return rest * 100 < first * P_PERCENT


def largest_too_large(total: Amounts, first: Amounts) -> Mask:
    """This function will protect sums of which one contributor has more than half."""
    return first * 2 > total


def uniform(total: Amounts, values: Counts) -> Mask:
    """This function will protect sums of zeros, and of so few different values that a sum counts
    or tells them: all equal, or a yes and a no written as numbers."""
    found: Mask = (total == 0) | (values < FEWEST_VALUES)
    return found


def tail_too_small(subjects: Counts, rows: Counts, tail: int, k: int) -> Mask:
    """This function will protect quantiles with fewer than `k` subjects on one side.

    `tail` hundredths of the rows are there. Each row beyond one per subject may stand there too, so
    it is taken off: for one row per subject the rule is n · min(p, 1−p) ≥ k.
    """
    return rows * tail - (rows - subjects) * 100 < k * 100


def significant(amounts: Amounts, *, digits: int, whole: bool = False) -> Amounts:
    """This function will round amounts to so many significant digits; whole numbers never finer
    than counts. Deterministic, so that asking again tells nothing new."""
    sizes = np.where(amounts == 0, 1.0, np.abs(amounts))
    exponents = np.floor(np.log10(sizes)) - (digits - 1)
    # Powers of ten below one are no binary fractions: divide by their whole inverse instead.
    fine, coarse = 10.0 ** np.maximum(-exponents, 0), 10.0 ** np.maximum(exponents, 0)
    found: Amounts = np.rint(amounts * fine / coarse) * coarse / fine
    if whole:
        found = np.where(coarse < BASE, np.rint(amounts / BASE) * BASE, found)
    return found + 0.0


def rounded(counts: Counts) -> Counts:
    """This function will round counts to the nearest multiple of 5; there are no ties.

    Deterministic, so that asking again tells nothing new.
    """
    return (counts + BASE // 2) // BASE * BASE
