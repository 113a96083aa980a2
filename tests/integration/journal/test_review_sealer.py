"""One sealer a process: it loads the ledger once, is cheap when idle, and still refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gongshu.ledger.faults import LedgerFault
from gongshu.ledger.receipts import Receipt, verify_receipt
from gongshu.vocabulary.errors import Unavailable
from gongshu_server.journal import sealing
from gongshu_server.journal.models import Entry, Head
from gongshu_server.journal.recording import opening
from gongshu_server.usage.receipts import entry_receipt
from integration.city import City
from integration.journal.test_sealing import rename, sealed


def test_it_opens_the_ledger_once(city: City, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Any] = []
    real = sealing.open_store
    monkeypatch.setattr(sealing, "open_store", lambda: opened.append(1) or real())
    sealer = sealing.Sealer()
    assert sealer.seal_all(at=city.at) == Entry.objects.count()
    for _ in range(3):
        rename(city)
        assert sealer.seal_all(at=city.later()) == 1
    assert sealed() == Entry.objects.count()
    assert len(opened) == 1


def test_idle_it_asks_one_question(city: City, home: Path) -> None:
    sealer = sealing.Sealer()
    sealer.seal_all(at=city.at)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert sealer.seal_all(at=city.later()) == 0
    assert len(asked) == 1


def test_it_goes_on_after_another_process_has_sealed(city: City, home: Path) -> None:
    sealer = sealing.Sealer()
    sealer.seal_all(at=city.at)
    rename(city, 3)
    # The other one's lease runs out.
    assert sealing.seal_all(at=city.later()) == 3
    rename(city)
    assert sealer.seal_all(at=city.later()) == 1
    assert sealing.open_store().size == Entry.objects.count()


def test_an_older_database_under_a_running_sealer(city: City, home: Path) -> None:
    sealer = sealing.Sealer()
    sealer.seal_all(at=city.at)
    last = Entry.objects.order_by("-sequence").values_list("sequence", flat=True)[0]
    Entry.objects.filter(sequence__gt=last - 3).delete()
    Head.objects.update(sequence=last - 3)
    rename(city)
    with pytest.raises(Unavailable) as caught:
        sealer.seal_all(at=city.later())
    assert caught.value.code == "ledger_mismatch"
    # It does not get used to it.
    with pytest.raises((Unavailable, LedgerFault)):
        sealer.seal_all(at=city.later())


def test_a_fork_under_a_running_sealer(city: City, home: Path) -> None:
    """An older database that has grown past the ledger again, with other entries."""
    sealer = sealing.Sealer()
    sealer.seal_all(at=city.at)
    last = Entry.objects.order_by("-sequence").values_list("sequence", flat=True)[0]
    Entry.objects.filter(sequence__gt=last - 3).delete()
    Head.objects.update(sequence=last - 3)
    rename(city, 5)
    with pytest.raises((Unavailable, LedgerFault)):
        sealer.seal_all(at=city.later())


def test_a_receipt_needs_no_tree(city: City, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename(city, 300)
    sealing.seal_all(at=city.at)
    store = sealing.open_store()
    monkeypatch.setattr(sealing, "open_store", lambda: pytest.fail("the whole tree was loaded"))
    for entry in Entry.objects.filter(index__in=(0, 255, 256, store.size - 1)):
        data = entry_receipt(entry)
        assert entry.index is not None
        assert data == Receipt.of_entry(store, entry.index, opening(entry)).encode()
        assert verify_receipt(data, sealing.signer().verifier).opening == opening(entry)
