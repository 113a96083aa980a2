"""Transforms of single columns."""

from __future__ import annotations

import hashlib
import hmac

import pyarrow as pa
import pytest

from gongshu import risk

KEY = bytes(range(32))


def test_masks_keep_the_length_and_never_show_a_short_text():
    column = pa.array(["13812345678", "1381", None, ""])
    assert risk.mask(column, first=3, last=4).to_pylist() == ["138****5678", "****", None, ""]
    assert risk.mask(column, first=0, last=0).to_pylist()[0] == "*" * 11


def test_groups_of_micro_aggregation_have_k_members_and_keep_the_sum():
    column = pa.array([5, None, 1, 2, 9, 8, 7])
    found = risk.micro_aggregate(column, 3)
    assert found.to_pylist() == pytest.approx([8 / 3, None, 8 / 3, 8 / 3, 8.0, 8.0, 8.0])
    assert risk.micro_aggregate(pa.array([1, 2]), 3).null_count == 2
    seven = risk.micro_aggregate(pa.array(range(7)), 3).to_pylist()
    assert [seven.count(value) for value in sorted(set(seven))] == [3, 4]


def test_pseudonyms_are_the_keyed_digest_and_null_has_none():
    column = pa.array(["甲", "乙", "甲", None])
    found = risk.pseudonyms(column, KEY).to_pylist()
    assert found[0] == found[2] == hmac.new(KEY, "甲".encode(), "sha256").hexdigest()
    assert found[1] != found[0] and found[3] is None
    assert risk.pseudonyms(column, KEY[::-1]).to_pylist()[0] != found[0]


@pytest.mark.skipif(
    "sm3" not in hashlib.algorithms_available, reason="OpenSSL was built without SM3"
)
def test_pseudonyms_by_sm3():
    found = risk.pseudonyms(pa.array(["甲"]), KEY, digest="sm3").to_pylist()[0]
    assert found == hmac.new(KEY, "甲".encode(), "sm3").hexdigest() and len(found) == 64


@pytest.mark.parametrize(("key", "digest"), [(KEY[:31], "sha256"), (KEY, "md5")])
def test_short_keys_and_weak_digests_are_refused(key, digest):
    with pytest.raises(ValueError, match=r"key|digest"):
        risk.pseudonyms(pa.array(["甲"]), key, digest=digest)
