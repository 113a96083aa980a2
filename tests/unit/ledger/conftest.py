"""What the ledger's tests share: a key, entries by number, and logs built in given steps."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from gongshu.ledger.notes import Signer
from gongshu.ledger.tiles import TileStore

Build = Callable[[Iterable[int]], TileStore]


@pytest.fixture(scope="session")
def signer() -> Signer:
    return Signer("gongshu.example/log", hashlib.sha256(b"a test key").digest())


@pytest.fixture(scope="session")
def numbered() -> Callable[[int, int], list[bytes]]:
    """Entries [start, stop), each the digest of its number."""
    return lambda start, stop: [hashlib.sha256(b"%d" % at).digest() for at in range(start, stop)]


@pytest.fixture
def build(tmp_path: Path, signer: Signer, numbered: Callable[[int, int], list[bytes]]) -> Build:
    """Build a log of numbered entries that was sealed at each of the given sizes."""

    def make(sizes: Iterable[int]) -> TileStore:
        store = TileStore(tmp_path / "log", origin=signer.name, verifier=signer.verifier)
        for size in sizes:
            store.append(numbered(store.size, size), start=store.size, signer=signer)
        return store

    return make
