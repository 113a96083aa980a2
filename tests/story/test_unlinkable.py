"""What the scene about the public ledger would find if salts were missing or fixed."""

from __future__ import annotations

import hashlib
import os

import pytest

from gongshu.ledger.commitments import commit
from gongshu.ledger.proofs import leaf_hash
from gongshu_server.demo.scenes.proof import NO_SALT, guessed, recognised

KIND, BODY = "grant.issued", b'{"grant":"01K"}'
CITIZEN = "13990319730513441X"


def public(entry: bytes) -> set[bytes]:
    """Return what the tiles show of one entry: the entry and its leaf hash."""
    return {entry, leaf_hash(entry)}


def test_a_salted_entry_is_not_recognised() -> None:
    leaves = public(commit(KIND, os.urandom(32), BODY))
    assert not recognised(KIND, BODY, leaves)
    assert guessed({CITIZEN}, leaves) == 0


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(commit(KIND, NO_SALT, BODY), id="fixed salt"),
        pytest.param(hashlib.sha256(BODY).digest(), id="no salt"),
        pytest.param(BODY, id="body itself"),
    ],
)
def test_an_entry_without_a_fresh_salt_is_recognised(entry: bytes) -> None:
    assert recognised(KIND, BODY, public(entry))


def test_an_identifier_without_a_salt_is_guessed() -> None:
    for entry in (hashlib.sha256(CITIZEN.encode()).digest(), CITIZEN.encode()):
        assert guessed({CITIZEN}, public(entry)) == 1
