"""Several counts of one group: whom they cut out together.

Counts of cohorts can be subtracted from each other in any way, so each is shown only if all shown
ones together leave no combination — in this, not in that — with 1 to k−1 subjects, and if a hidden
one can be neither put together from them nor held down by them. Counts of combinations come from
the subjects themselves, so no assumption about the conditions is made.

Arrays have one row per group. Combinations are columns, numbered by their bits; cohorts are bits.
Source: disclosure-control §4, §5.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gongshu.sdc.rules import Counts, Mask

Chosen = npt.NDArray[np.int64]


def standing(combinations: Counts, allowed: Mask, secret: Mask, k: int) -> Mask:
    """This function will return which cohorts may be shown in each group, largest ones first.

    `combinations` has 2^m columns; of the m columns each, `allowed` says what nothing has hidden so
    far, `secret` what rules of its own have hidden.
    """
    bits = allowed.shape[1]
    sizes = np.stack([_size(combinations, bit) for bit in range(bits)], axis=1)
    order = np.argsort(-sizes, axis=1, kind="stable")
    rows = np.arange(len(combinations))
    chosen = np.zeros(len(combinations), dtype=np.int64)
    for place in range(bits):
        cohort = order[:, place]
        tried = chosen | np.where(allowed[rows, cohort], 1 << cohort, 0)
        chosen = np.where(cuts_out_a_few(combinations, tried, k), chosen, tried)
    for place in reversed(range(bits)):
        told = _told(combinations, chosen, secret, k)
        chosen = np.where(told, chosen & ~(1 << order[:, place]), chosen)
    found: Mask = (chosen[:, None] >> np.arange(bits) & 1).astype(bool)
    return found


def cuts_out_a_few(combinations: Counts, chosen: Chosen, k: int) -> Mask:
    """This function will say where the chosen cohorts leave a combination of 1 to k−1 subjects."""
    found = np.zeros(len(combinations), dtype=bool)
    for value in np.unique(chosen):
        rows = chosen == value
        merged = combinations[rows] @ _merging(combinations.shape[1], int(value))
        found[rows] = ((merged > 0) & (merged < k)).any(axis=1)
    return found


def _told(combinations: Counts, chosen: Chosen, hidden: Mask, k: int) -> Mask:
    """Say where a hidden cohort is a sum of what the chosen ones cut out, or is held to under k by
    those parts in which, in any group, members of it are found."""
    found = np.zeros(len(combinations), dtype=bool)
    numbers = np.arange(combinations.shape[1])
    for value in np.unique(chosen[chosen > 0]):
        rows, merging = chosen == value, _merging(combinations.shape[1], int(value))
        whole = combinations[rows] @ merging
        for bit in range(hidden.shape[1]):
            members = combinations * (numbers >> bit & 1)
            inside, anywhere = members[rows] @ merging, (members @ merging).any(axis=0)
            size = inside.sum(axis=1)
            put_together = ~((inside > 0) & (inside < whole)).any(axis=1) & (size > 0)
            held_down = (whole[:, anywhere].sum(axis=1) < k) & anywhere.any()
            found[rows] |= hidden[rows, bit] & (put_together | held_down)
    return found


def _size(combinations: Counts, bit: int) -> Counts:
    holding = np.arange(combinations.shape[1]) >> bit & 1
    found: Counts = combinations @ holding
    return found


def _merging(size: int, chosen: int) -> Counts:
    """Return the matrix that adds up combinations which the chosen cohorts do not tell apart."""
    numbers = np.arange(size)
    found: Counts = (numbers[None, :] == (numbers & chosen)[:, None]).astype(np.int64)
    return found
