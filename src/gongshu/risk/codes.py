"""Columns as small whole numbers: encode once, then every grouping is arithmetic on one key."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Codes:
    """The columns of a table as codes: 0 for null, from 1 for values in order of appearance.

    `radix[i]` is one more than the largest code of column i; `values[i]` its different values, of
    which the value with code c stands at c − 1.
    """

    names: tuple[str, ...]
    codes: tuple[NDArray[np.int64], ...]
    radix: tuple[int, ...]
    values: tuple[pa.Array, ...]


def encode(table: Any, names: Sequence[str]) -> Codes:
    """Encode the named columns of a `pyarrow.Table`."""
    codes, radix, values = [], [], []
    for name in names:
        column = pa.array(table.column(name).combine_chunks())
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        code = pc.add(column.indices.cast(pa.int64()), 1).fill_null(0)
        codes.append(code.to_numpy(zero_copy_only=False))
        radix.append(len(column.dictionary) + 1)
        values.append(column.dictionary)
    return Codes(tuple(names), tuple(codes), tuple(radix), tuple(values))


def packed(
    codes: Sequence[NDArray[np.int64]], radix: Sequence[int], *, rows: int = 0
) -> NDArray[np.int64]:
    """Return one key for each row, equal exactly where all codes are equal.

    When the product of the radices does not fit into 63 bits, the key so far is renumbered by its
    different values, of which there are no more than rows. Without columns all of `rows` are equal.
    """
    if not codes:
        return np.zeros(rows, np.int64)
    key, size = codes[0].astype(np.int64), radix[0]
    for code, base in zip(codes[1:], radix[1:], strict=True):
        if math.log2(max(size, 1)) + math.log2(base) >= 62:
            different, key = np.unique(key, return_inverse=True)
            size = len(different)
        key = key * base + code
        size *= base
    return key
