"""Salted commitments: the exact formula, the fast form, what is refused."""

import hashlib
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongshu.ledger.commitments import Opening, commit, commit_many, fresh_salts
from gongshu.vocabulary.errors import Invalid

KINDS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=255)
SALTS = st.binary(min_size=32, max_size=32)


@given(KINDS, SALTS, st.binary())
def test_the_formula(kind: str, salt: bytes, body: bytes) -> None:
    plain = bytes([0, len(kind)]) + kind.encode() + salt + body
    assert commit(kind, salt, body) == hashlib.sha256(plain).digest()
    assert Opening(kind, salt, body).entry() == commit(kind, salt, body)


@given(KINDS, st.lists(st.tuples(SALTS, st.binary()), max_size=9))
def test_the_fast_form_agrees(kind: str, events: list[tuple[bytes, bytes]]) -> None:
    salts, bodies = [salt for salt, _ in events], [body for _, body in events]
    assert commit_many(kind, salts, bodies) == [commit(kind, *event) for event in events]


def test_kind_salt_and_body_cannot_be_moved_into_each_other() -> None:
    salt = bytes(32)
    assert commit("ab", salt, b"c") != commit("a", salt, b"bc")
    assert commit("a", salt, b"\x00c") != commit("a", salt, b"c")


def test_the_same_body_under_another_salt_is_another_entry() -> None:
    body = b'{"id":"110101199003070013"}'
    first, second = fresh_salts(2)
    entries = {commit("use", first, body), commit("use", second, body)}
    assert len(entries) == 2
    assert hashlib.sha256(body).digest() not in entries


@pytest.mark.parametrize("kind", ["", "x" * 256, "用数", "a b", "a\n", "\x7f"])
def test_a_kind_that_has_no_prefix_is_refused(kind: str) -> None:
    for attempt in (lambda: commit(kind, bytes(32), b""), lambda: commit_many(kind, [], [])):
        with pytest.raises(Invalid) as refused:
            attempt()
        assert refused.value.code == "ledger_kind"


@pytest.mark.parametrize("salt", [b"", bytes(31), bytes(33)])
def test_a_salt_of_another_length_is_refused(salt: bytes) -> None:
    for attempt in (
        lambda: commit("use", salt, b""),
        lambda: commit_many("use", [bytes(32), salt], [b"", b""]),
    ):
        with pytest.raises(Invalid) as refused:
            attempt()
        assert refused.value.code == "ledger_salt"


def test_as_many_salts_as_bodies() -> None:
    with pytest.raises(Invalid):
        commit_many("use", fresh_salts(2), [b""])


def test_salts_come_from_the_given_source_in_one_call() -> None:
    asked = []

    def source(length: int) -> bytes:
        asked.append(length)
        return bytes(range(length))

    assert fresh_salts(2, source) == [bytes(range(32)), bytes(range(32, 64))]
    assert asked == [64]
    assert fresh_salts(0) == []
    assert len(set(fresh_salts(1000, os.urandom))) == 1000


@pytest.mark.parametrize(("n", "source"), [(-1, os.urandom), (2, lambda _: b"short")])
def test_a_source_that_fails_is_refused(n: int, source: object) -> None:
    with pytest.raises(Invalid):
        fresh_salts(n, source)  # type: ignore[arg-type]  # The second source is faulty on purpose.
