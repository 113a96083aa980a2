"""Two sealers: one works at a time, and one that is slow does no harm."""

from __future__ import annotations

import threading
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gongshu.ledger.verify import verify_folder
from gongshu_server.accounts import actions as accounts
from gongshu_server.journal import sealing
from gongshu_server.journal.models import Entry
from integration.city import City, events
from races.racing import Gate, at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def each_thread_is_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the lease tell the threads apart."""
    monkeypatch.setattr(sealing.os, "getpid", threading.get_ident)


def everything_is_sealed_once(home: Path) -> None:
    """Check the ledger against the journal, entry by entry."""
    store = sealing.open_store()
    assert [store.entry(k) for k in range(store.size)] == [bytes(e.commitment) for e in events()]
    assert [e.index for e in events()] == list(range(Entry.objects.count()))
    assert verify_folder(home / "ledger", sealing.signer().verifier).faults == ()


def test_two_at_once(city: City, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "BATCH", 10)
    call = partial(sealing.seal_all, at=city.at)
    sealed = at_once(call, call)
    assert sum(sealed) == Entry.objects.count()
    everything_is_sealed_once(home)


def test_one_that_slept_over_its_lease(
    city: City, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its tiles are written; before it numbers the rows another has done all of it again."""
    gate = Gate()
    real = sealing._number

    def late(*args: Any, **kwargs: Any) -> None:
        gate.holding(lambda: None)()
        real(*args, **kwargs)

    monkeypatch.setattr(sealing, "_number", late)
    later = city.at + timedelta(seconds=31)
    at_once(
        partial(sealing.seal_all, at=city.at),
        gate.meanwhile(partial(sealing.seal_all, at=later)),
    )
    everything_is_sealed_once(home)


def test_writing_goes_on_while_it_seals(city: City, home: Path) -> None:
    by, at = city.actor("bureau"), city.later()

    def rename() -> None:
        for k in range(10):
            accounts.rename(organisation_id=city.org("sector"), name=f"第{k}名", by=by, at=at)

    def seal() -> None:
        for _ in range(5):
            sealing.seal_all(at=at)

    at_once(rename, seal)
    sealing.seal_all(at=at + timedelta(minutes=1))
    everything_is_sealed_once(home)
