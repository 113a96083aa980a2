"""Static transforms of single columns: suppression, masking, micro-aggregation, pseudonyms."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gongshu.risk.classes import SUPPRESSED

KEY_BYTES: Final = 32
DIGESTS: Final = frozenset({"sha256", "sm3"})


def mask(column: Any, *, first: int, last: int) -> Any:
    """Return texts of which only the first and last characters stay; shorter ones are all stars.

    The number of stars is that of the characters they stand for. Null stays null.
    """
    shown = first + last

    def masked(text: str) -> str:
        if len(text) <= shown:
            return SUPPRESSED * len(text)
        return text[:first] + SUPPRESSED * (len(text) - shown) + text[len(text) - last :]

    return _each(column, masked)


def micro_aggregate(column: Any, k: int) -> Any:
    """Return numbers replaced by the mean of `k` or more neighbours in rank; null stays null.

    With fewer than `k` numbers there is no group large enough, and all become null. Equal values
    may be split over two groups.
    """
    known = column.drop_null().cast(pa.float64())
    values = known.to_numpy(zero_copy_only=False)
    if len(values) < k:
        return pa.nulls(len(column), pa.float64())
    order = np.argsort(values, kind="stable")
    owner = np.empty(len(values), np.int64)
    owner[order] = np.minimum(np.arange(len(values)) // k, len(values) // k - 1)
    means = np.bincount(owner, values) / np.bincount(owner)
    places = pa.array(np.cumsum(pc.is_valid(column).to_numpy(zero_copy_only=False)) - 1)
    places = pc.if_else(pc.is_valid(column), places, pa.scalar(None, pa.int64()))
    return pa.array(means[owner]).take(places)


def pseudonyms(column: Any, key: bytes, *, digest: str = "sha256") -> Any:
    """Return a keyed pseudonym for each text: equal for equal texts under one key, null for null.

    HMAC under `key` of at least 32 random bytes, by SHA-256 or SM3 (GB/T 32905), as 64 hexadecimal
    digits. Without the key nobody can try identifiers one by one, which a plain digest allows;
    whoever destroys the key makes the pseudonyms final. Raises `ValueError` for a short key or a
    digest that is not offered here.
    """
    if len(key) < KEY_BYTES:
        raise ValueError("the key of pseudonyms has at least 32 bytes")
    if digest not in DIGESTS or digest not in hashlib.algorithms_available:
        raise ValueError(f"no such digest here: {digest}")
    return _each(column, lambda text: hmac.new(key, text.encode(), digest).hexdigest())


def _each(column: Any, become: Any) -> Any:
    """Return the column of texts with each different one transformed once."""
    encoded = column.cast(pa.string()).dictionary_encode()
    done = [become(text) for text in encoded.dictionary.to_pylist()]
    return pa.array(done, pa.string()).take(encoded.indices)
