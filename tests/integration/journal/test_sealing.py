"""The sealer: every entry once and in order, whatever crashed; nothing over a gap or a rollback."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models import F

from gongshu.ledger.faults import LedgerFault
from gongshu.ledger.verify import verify_folder
from gongshu.vocabulary.errors import Unavailable
from gongshu_server.accounts import actions as accounts
from gongshu_server.journal import leases, sealing
from gongshu_server.journal.models import Entry, Head
from integration.city import City, events


def rename(city: City, times: int = 1) -> None:
    """Write some entries."""
    for k in range(times):
        city.do(
            accounts.rename,
            "bureau/system_admin",
            organisation_id=city.org("sector"),
            name=f"第{k}名",
        )


def sealed() -> int:
    """Return how many entries have a number."""
    return Entry.objects.filter(index__isnull=False).count()


def test_every_entry_is_in_the_ledger_in_order(city: City, home: Path) -> None:
    assert sealing.seal_all(at=city.at) == Entry.objects.count()
    store = sealing.open_store()
    assert store.size == Entry.objects.count()
    for entry in events():
        assert entry.index == entry.sequence - 1
        assert store.entry(entry.index) == bytes(entry.commitment)
    report = verify_folder(home / "ledger", sealing.signer().verifier)
    assert report.faults == ()
    assert Head.objects.get(pk=1).checkpoint == (home / "ledger" / "checkpoint").read_text()


def test_a_second_run_changes_nothing(city: City, home: Path) -> None:
    sealing.seal_all(at=city.at)
    before = (home / "ledger" / "checkpoint").read_bytes()
    assert sealing.seal_all(at=city.later()) == 0
    assert (home / "ledger" / "checkpoint").read_bytes() == before


def test_what_comes_later_is_sealed_later(city: City, home: Path) -> None:
    sealing.seal_all(at=city.at)
    rename(city, 3)
    assert sealing.seal_all(at=city.later()) == 3
    assert sealed() == Entry.objects.count()


def test_batches(city: City, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "BATCH", 7)
    store = sealing.open_store()
    assert sealing.seal(store, at=city.at) == 7
    assert (sealed(), store.size) == (7, 7)
    assert sealing.seal_all(at=city.at) == Entry.objects.count() - 7
    assert [e.index for e in events()] == [e.sequence - 1 for e in events()]


class Died(BaseException):
    """The process died here."""


def test_a_crash_between_tiles_and_numbers_loses_nothing(
    city: City, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tiles are written, the rows are not numbered: the next run does it again."""

    def die(*_: Any, **__: Any) -> None:
        raise Died

    sealing.seal_all(at=city.at)
    rename(city, 5)
    with monkeypatch.context() as dying:
        dying.setattr(sealing, "_number", die)
        with pytest.raises(Died):
            sealing.seal_all(at=city.later())
    assert Entry.objects.filter(index__isnull=True).count() == 5
    before = (home / "ledger" / "checkpoint").read_bytes()
    rename(city, 2)
    assert sealing.seal_all(at=city.later()) == 7
    assert (home / "ledger" / "checkpoint").read_bytes() != before
    store = sealing.open_store()
    assert [store.entry(k) for k in range(store.size)] == [bytes(e.commitment) for e in events()]
    assert verify_folder(home / "ledger", sealing.signer().verifier).faults == ()


def test_a_restored_older_database_is_refused(city: City, home: Path) -> None:
    """The signed ledger holds entries that the database does not have any more."""
    rename(city, 3)
    sealing.seal_all(at=city.at)
    backup = Head.objects.get(pk=1).sequence - 3
    Entry.objects.filter(sequence__gt=backup).delete()
    Head.objects.update(sequence=backup)
    with pytest.raises(Unavailable) as caught:
        sealing.open_store()
    assert caught.value.code == "ledger_mismatch"


def test_a_restored_database_that_went_on_is_refused(city: City, home: Path) -> None:
    """Other entries at places that are signed already: nothing is signed over them."""
    rename(city, 3)
    sealing.seal_all(at=city.at)
    backup = Head.objects.get(pk=1).sequence - 3
    Entry.objects.filter(sequence__gt=backup).delete()
    Head.objects.update(sequence=backup)
    rename(city, 5)
    before = (home / "ledger" / "checkpoint").read_bytes()
    with pytest.raises(LedgerFault):
        sealing.seal_all(at=city.later())
    assert (home / "ledger" / "checkpoint").read_bytes() == before
    assert sealed() == backup


def test_a_gap_in_the_numbers_is_refused(city: City, home: Path) -> None:
    sealing.seal_all(at=city.at)
    Entry.objects.filter(index=5).delete()
    # Whoever removes a row may set the head's count right, too.
    Head.objects.update(sequence=F("sequence") - 1)
    with pytest.raises(Unavailable) as caught:
        sealing.open_store()
    assert caught.value.code == "ledger_gap"


def test_an_entry_that_vanished_before_it_was_sealed_is_missed(city: City, home: Path) -> None:
    """The last number is free again, but the head remembers that it was given."""
    sealing.seal_all(at=city.at)
    rename(city, 2)
    Entry.objects.filter(index__isnull=True).order_by("sequence")[:1].get().delete()
    with pytest.raises(Unavailable) as caught:
        sealing.open_store()
    assert caught.value.code == "ledger_gap"


def test_numbers_beyond_the_ledger_are_refused(city: City, home: Path) -> None:
    """Rows claim places that no checkpoint covers."""
    sealing.seal_all(at=city.at)
    rename(city)
    Entry.objects.filter(index__isnull=True).update(index=F("sequence") - 1)
    with pytest.raises(Unavailable) as caught:
        sealing.open_store()
    assert caught.value.code == "ledger_mismatch"


def test_a_restored_older_ledger_is_refused(city: City, home: Path) -> None:
    """The database remembers the last checkpoint; a folder that does not reach it is old."""
    sealing.seal_all(at=city.at)
    shutil.copytree(home / "ledger", home / "old")
    rename(city, 3)
    sealing.seal_all(at=city.later())
    shutil.rmtree(home / "ledger")
    shutil.move(home / "old", home / "ledger")
    with pytest.raises(LedgerFault):
        sealing.open_store()


def test_a_changed_commitment_is_refused(city: City, home: Path) -> None:
    """An entry that is edited before it is numbered again is not the node's any more.

    Of an erased one nobody can tell; but its commitment no longer fits the signed tiles.
    """
    sealing.seal_all(at=city.at)
    last = Entry.objects.filter(pk=events()[-1].pk)
    last.update(index=None, commitment=b"\x00" * 32)
    with pytest.raises(Unavailable) as caught:
        sealing.seal_all(at=city.later())
    assert caught.value.code == "entry_forged"
    last.update(salt=None, body=None)
    with pytest.raises(LedgerFault):
        sealing.seal_all(at=city.later())


def test_one_sealer_at_a_time(city: City, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process holds the lease: this one does nothing until the lease has run out."""
    store = sealing.open_store()
    assert leases.take("sealer", holder="elsewhere:1", at=city.at, seconds=30)
    assert sealing.seal(store, at=city.at + timedelta(seconds=29)) == 0
    assert sealed() == 0
    assert sealing.seal(store, at=city.at + timedelta(seconds=30)) > 0


def test_a_lease_is_renewed_by_its_holder_alone(city: City) -> None:
    half = timedelta(seconds=15)
    assert leases.take("x", holder="a", at=city.at, seconds=30)
    assert leases.take("x", holder="a", at=city.at + half, seconds=30)
    assert not leases.take("x", holder="b", at=city.at + 2 * half, seconds=30)
    assert leases.take("x", holder="b", at=city.at + 3 * half, seconds=30)
    assert not leases.take("x", holder="a", at=city.at + 3 * half, seconds=30)
