"""The strongbox: only its passphrase opens it, and no byte of it can be changed."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gongshu.vocabulary.errors import Invalid
from gongshu_server.upkeep import strongbox
from gongshu_server.upkeep.strongbox import Secrets, lock, unlock

PASSPHRASE = "correct horse battery"
HELD = Secrets({"node.secret": bytes(range(32))}, {"GONGSHU_ORIGIN": "a/b"}, "ab" * 32)


@pytest.fixture(scope="module")
def box() -> bytes:
    return lock(HELD, PASSPHRASE)


def test_what_goes_in_comes_out(box: bytes) -> None:
    assert unlock(box, PASSPHRASE) == HELD


def test_nothing_of_it_is_legible(box: bytes) -> None:
    assert b"node.secret" not in box
    assert b"GONGSHU_ORIGIN" not in box
    assert lock(HELD, PASSPHRASE) != box


@pytest.mark.parametrize("passphrase", ["correct horse batterz", "", "x" * 1000])
def test_another_passphrase_opens_nothing(box: bytes, passphrase: str) -> None:
    with pytest.raises(Invalid) as refused:
        unlock(box, passphrase)
    assert refused.value.code == "box_not_opened"


def test_a_short_passphrase_locks_nothing() -> None:
    with pytest.raises(Invalid) as refused:
        lock(HELD, "eleven char")
    assert refused.value.code == "passphrase_short"


@pytest.mark.parametrize(
    "change",
    [
        {"n": 2**21},
        {"n": 1},
        {"n": "many"},
        {"n": 2**15},
        {"format": "gongshu.strongbox/2"},
        {"salt": "AAAA"},
        {"nonce": ""},
        {"sealed": "AAAA"},
    ],
)
def test_a_changed_head_opens_nothing(box: bytes, change: dict[str, object]) -> None:
    """A file that asks for all the memory there is is refused before any is taken."""
    with pytest.raises(Invalid):
        unlock(json.dumps({**json.loads(box), **change}).encode(), PASSPHRASE)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.integers(min_value=0), bit=st.integers(0, 7))
def test_a_flipped_bit_opens_nothing_else(box: bytes, place: int, bit: int) -> None:
    data = bytearray(box)
    data[place % len(data)] ^= 1 << bit
    try:
        assert unlock(bytes(data), PASSPHRASE) == HELD  # White space, or the case of an escape.
    except Invalid as refused:
        assert refused.code == "box_not_opened"


def test_the_work_of_a_guess_is_what_is_said() -> None:
    assert strongbox.WORK >= 2**16
