"""Sums, means and quantiles: who contributes to them, and what is shown of them.

The p % rule and the share of the largest contributor are judged on every lane: each kind of subject
that a row speaks of. Rows without a subject may all be the largest contributor's, so they are added
to its share; negative amounts count by their size. Source: disclosure-control §4, §3.7.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from gongshu.cleanroom.failures import RunFailed
from gongshu.cleanroom.model import HALF, Amount
from gongshu.sdc import rules
from gongshu.sdc.review import Cause
from gongshu.sdc.rules import Amounts, Counts, Mask


def counts(table: pa.Table, column: str) -> Counts:
    """This function will return a column of counts; raises `RunFailed` where it is none."""
    values = _column(table, column)
    if not pa.types.is_integer(values.type) or values.null_count:
        raise RunFailed("columns")
    found: Counts = values.cast(pa.int64()).to_numpy()
    return found


def numbers(table: pa.Table, column: str) -> Amounts:
    """This function will return a column of amounts as float64; nothing to add up is 0.

    Raises `RunFailed` for a column that holds no numbers.
    """
    values = _column(table, column)
    kind = values.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        if values.null_count < len(values):
            raise RunFailed("columns")
        return np.zeros(len(values))
    found: Amounts = values.cast(pa.float64()).fill_null(0.0).to_numpy()
    return found


def _column(table: pa.Table, name: str) -> pa.ChunkedArray:
    if table.schema.get_field_index(name) < 0:
        raise RunFailed("columns")
    return table.column(name)


def causes(table: pa.Table, amount: Amount) -> dict[Cause, Mask]:
    """This function will return which rows of a sum or mean each rule of dominance protects."""
    if not amount.dominances:
        raise RunFailed("plan")
    total = numbers(table, amount.total)
    finite = np.isfinite(total)
    nothing = np.zeros(len(total), dtype=bool)
    near, large, even = nothing, nothing, nothing
    values = counts(table, amount.values)
    for dominance in amount.dominances:
        size, largest, second, unknown = (
            numbers(table, column)
            for column in (dominance.total, dominance.largest, dominance.second, dominance.unknown)
        )
        finite &= np.isfinite(size)
        size, first = np.where(finite, size, 0), np.where(finite, largest + unknown, 0)
        near = near | rules.estimates_too_near(size, first, np.where(finite, second, 0))
        large = large | rules.largest_too_large(size, first)
        even = even | rules.uniform(size, values)
    return {
        Cause.P_PERCENT: near & finite,
        Cause.LARGEST_SHARE: large & finite,
        Cause.UNIFORM: even & finite,
        Cause.NOT_FINITE: ~finite,
    }


def quantile_causes(table: pa.Table, amount: Amount, subjects: Counts, k: int) -> dict[Cause, Mask]:
    """This function will return which rows of a quantile each rule protects on one lane, of which
    `subjects` have a value."""
    if not 0 < amount.tail <= HALF:
        raise RunFailed("plan")
    finite = np.isfinite(numbers(table, amount.total))
    rows, values = counts(table, amount.rows), counts(table, amount.values)
    return {
        Cause.TAIL: rules.tail_too_small(subjects, rows, amount.tail, k),
        Cause.UNIFORM: rules.uniform(np.ones(len(rows)), values),
        Cause.NOT_FINITE: ~finite,
    }


def shown(table: pa.Table, amount: Amount) -> Amounts:
    """This function will return sums and quantiles with three significant digits, and means as the
    quotient of the sum and the number of rows as they would be shown, so that no mean tells more
    than these."""
    total = _finite(numbers(table, amount.total))
    sums = rules.significant(total, digits=rules.SUM_DIGITS, whole=amount.whole_numbers)
    if amount.statistic != "mean":
        return sums
    rows = rules.rounded(counts(table, amount.rows)).astype(np.float64)
    return rules.significant(_divided(sums, rows), digits=rules.MEAN_DIGITS)


def exact(table: pa.Table, amount: Amount) -> Amounts:
    """This function will return sums, means and quantiles as they are, for reviewers."""
    total = _finite(numbers(table, amount.total))
    if amount.statistic != "mean":
        return total
    return _divided(total, counts(table, amount.rows).astype(np.float64))


def _divided(sums: Amounts, rows: Amounts) -> Amounts:
    found: Amounts = np.where(rows > 0, sums / np.where(rows > 0, rows, 1), 0.0)
    return found


def _finite(amounts: Amounts) -> Amounts:
    found: Amounts = np.where(np.isfinite(amounts), amounts, 0.0)
    return found
