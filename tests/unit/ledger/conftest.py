"""What the ledger's tests share: a key, entries by number, and logs built in given steps."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
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


@pytest.fixture(scope="module", autouse=True)
def no_waiting_for_the_real_disk() -> Iterator[None]:
    """What must be forced to disk is judged by the model in test_crash; waiting shows nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture(scope="module")
def big(
    tmp_path_factory: pytest.TempPathFactory,
    signer: Signer,
    numbered: Callable[[int, int], list[bytes]],
) -> TileStore:
    """66,000 entries: full and partial tiles at three levels, partial ones of earlier sizes too."""
    folder = tmp_path_factory.mktemp("big") / "log"
    store = TileStore(folder, origin=signer.name, verifier=signer.verifier)
    for size in (65_900, 65_950, 66_000):
        store.append(numbered(store.size, size), start=store.size, signer=signer)
    return store
