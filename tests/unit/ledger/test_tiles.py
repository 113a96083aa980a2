"""The store: what is written, what an append refuses, and that a reopened log continues."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gongshu.ledger.checkpoints import open_checkpoint, sign_checkpoint
from gongshu.ledger.durable import locked
from gongshu.ledger.faults import LedgerFault
from gongshu.ledger.layout import tiles_of
from gongshu.ledger.notes import Signer
from gongshu.ledger.reading import TileReader
from gongshu.ledger.tiles import TileStore
from gongshu.ledger.tree import EMPTY_ROOT, Tree, leaf_hashes, verify_consistency, verify_inclusion
from gongshu.ledger.verify import verify_folder
from gongshu.vocabulary.errors import Conflict, Invalid, NotFound, Unavailable

Numbered = Callable[[int, int], list[bytes]]
STEPS = (1, 3, 255, 256, 257, 600, 1024, 1025)


def reopen(store: TileStore, signer: Signer) -> TileStore:
    return TileStore(store.folder, origin=signer.name, verifier=signer.verifier)


def files(folder: Path) -> set[str]:
    return {each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file()}


def test_an_empty_folder_is_a_log_without_checkpoint(tmp_path: Path, signer: Signer) -> None:
    store = TileStore(tmp_path / "none", origin=signer.name, verifier=signer.verifier)
    assert (store.size, store.checkpoint) == (0, None)
    assert not store.folder.exists()
    first = store.append([], start=0, signer=signer)
    assert (first.size, first.root) == (0, EMPTY_ROOT)
    assert files(store.folder) == {"checkpoint"}


def test_files_roots_and_entries_at_every_step(build, signer: Signer, numbered: Numbered) -> None:
    for steps in range(1, len(STEPS) + 1):
        store = build(STEPS[:steps])
        size = STEPS[steps - 1]
        assert store.checkpoint.root == Tree(leaf_hashes(numbered(0, size))).root()
        data = (store.folder / "checkpoint").read_bytes()
        assert open_checkpoint(data, signer.verifier) == store.checkpoint
        needed = {name.path for name in tiles_of(size)} | {"checkpoint"}
        left = files(store.folder) - needed
        # Partial tiles of earlier sizes stay while their tile is still partial, and only then.
        current = {name.whole().path for name in tiles_of(size) if name.width < 256}
        assert needed <= files(store.folder)
        assert all(path.partition(".p/")[0] in current for path in left)
        again = reopen(store, signer)
        assert again.checkpoint == store.checkpoint
        assert again.entries(0, size) == numbered(0, size)
        assert again.entry(size - 1) == numbered(size - 1, size)[0]


def test_proofs_from_the_store_and_from_the_tiles_agree(build, signer: Signer) -> None:
    store = build((100, 700, 1025))
    root = store.checkpoint.root
    for index in (0, 99, 255, 256, 511, 1023, 1024):
        path = store.inclusion_proof(index)
        verify_inclusion(store.tree.node(0, index), index, 1025, path=path, root=root)
        assert TileReader(store.folder, store.checkpoint).inclusion_proof(index) == path
    for old in (1, 256, 700, 1024, 1025):
        proof = store.consistency_proof(old)
        old_root = store.tree.root(old)
        verify_consistency(old, 1025, old_root=old_root, new_root=root, path=proof)
        assert TileReader(store.folder, store.checkpoint).consistency_proof(old) == proof


def test_proofs_at_65536_entries_and_beyond(build, numbered: Numbered) -> None:
    store = build((65_536, 65_537, 66_000))
    assert {"tile/1/000", "tile/1/001.p/1", "tile/2/000.p/1"} <= files(store.folder)
    for index in (0, 65_535, 65_536, 65_999):
        path = store.inclusion_proof(index)
        assert TileReader(store.folder, store.checkpoint).inclusion_proof(index) == path


def test_a_reader_uses_the_full_tile_when_the_partial_one_is_gone(build, signer: Signer) -> None:
    store = build((300,))
    old = store.checkpoint
    build((300, 600))
    assert "tile/0/001.p/44" not in files(store.folder)
    path = TileReader(store.folder, old).inclusion_proof(299)
    verify_inclusion(store.tree.node(0, 299), 299, 300, path=path, root=old.root)
    damaged = store.folder / "tile/0/000"
    good = damaged.read_bytes()
    damaged.write_bytes(bytes(32) + good[32:])
    with pytest.raises(LedgerFault) as refused:
        TileReader(store.folder, old).inclusion_proof(0)
    assert refused.value.code == "ledger_inclusion"
    damaged.write_bytes(good)
    (store.folder / "tile/0/001").unlink()
    with pytest.raises(LedgerFault) as refused:
        TileReader(store.folder, old).inclusion_proof(299)
    assert refused.value.code == "ledger_tile"


def test_append_may_be_repeated(build, signer: Signer, numbered: Numbered) -> None:
    store = build((300,))
    before = {path: (store.folder / path).stat().st_mtime_ns for path in files(store.folder)}
    for start, stop in ((0, 300), (250, 300), (299, 300), (300, 300), (7, 7)):
        assert store.append(numbered(start, stop), start=start, signer=signer) == store.checkpoint
    assert before == {p: (store.folder / p).stat().st_mtime_ns for p in files(store.folder)}
    # Half of it is there already: only the rest is added.
    assert store.append(numbered(290, 310), start=290, signer=signer).size == 310
    assert reopen(store, signer).entries(290, 310) == numbered(290, 310)


@pytest.mark.parametrize(("start", "code"), [(301, "ledger_gap"), (-1, "ledger_gap")])
def test_a_gap_is_refused(build, signer, numbered: Numbered, start: int, code: str) -> None:
    store = build((300,))
    with pytest.raises(LedgerFault) as refused:
        store.append(numbered(start, start + 1), start=start, signer=signer)
    assert refused.value.code == code
    assert reopen(store, signer).size == 300


def test_other_entries_at_the_same_place_are_refused(build, signer, numbered: Numbered) -> None:
    store = build((300,))
    other = [*numbered(298, 299), bytes(32), *numbered(300, 305)]
    with pytest.raises(LedgerFault) as refused:
        store.append(other, start=298, signer=signer)
    assert refused.value.code == "ledger_fork"
    assert reopen(store, signer).checkpoint == store.checkpoint


@pytest.mark.parametrize("entry", [b"", bytes(31), bytes(33)])
def test_an_entry_that_is_no_commitment_is_refused(build, signer: Signer, entry: bytes) -> None:
    store = build((3,))
    with pytest.raises(Invalid):
        store.append([bytes(32), entry], start=3, signer=signer)
    assert store.append([], start=3, signer=signer).size == 3


def test_two_stores_of_one_folder_follow_each_other(build, signer, numbered: Numbered) -> None:
    first = build((10,))
    second = reopen(first, signer)
    second.append(numbered(10, 400), start=10, signer=signer)
    assert first.size == 10
    assert first.append(numbered(400, 401), start=400, signer=signer).size == 401
    second.refresh()
    assert second.checkpoint == first.checkpoint
    assert second.entries(0, 401) == numbered(0, 401)


def test_a_folder_that_is_being_written_is_refused(build, signer, numbered: Numbered) -> None:
    store = build((10,))
    with locked(store.folder), pytest.raises(Conflict) as refused:
        store.append(numbered(10, 11), start=10, signer=signer)
    assert refused.value.code == "ledger_locked"
    assert store.append(numbered(10, 11), start=10, signer=signer).size == 11


def test_the_lock_holds_between_processes(build, signer: Signer, numbered: Numbered) -> None:
    store = build((10,))
    program = (
        "import fcntl, os, sys; handle = os.open(sys.argv[1], os.O_RDONLY);"
        "fcntl.flock(handle, fcntl.LOCK_EX); print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(store.folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(Conflict):
            store.append(numbered(10, 11), start=10, signer=signer)
        other.communicate()
    assert store.append(numbered(10, 11), start=10, signer=signer).size == 11


def test_reading_beyond_the_log(build) -> None:
    store = build((10,))
    for start, stop in ((10, 11), (-1, 1), (0, 11), (5, 4)):
        with pytest.raises(NotFound):
            store.entries(start, stop)
    with pytest.raises(NotFound):
        store.entry(10)
    with pytest.raises(Invalid):
        store.inclusion_proof(10)
    assert store.entries(4, 4) == []


# Rollback, forks, other logs.


def test_a_checkpoint_that_was_removed_is_noticed(build, signer, numbered: Numbered) -> None:
    store = build((10,))
    (store.folder / "checkpoint").unlink()
    with pytest.raises(LedgerFault) as refused:
        reopen(store, signer)
    assert refused.value.code == "ledger_rollback"
    with pytest.raises(LedgerFault):
        store.append(numbered(10, 11), start=10, signer=signer)


def test_an_older_checkpoint_put_back_is_noticed(build, signer, numbered: Numbered) -> None:
    store = build((10,))
    old = (store.folder / "checkpoint").read_bytes()
    store = build((10, 600))
    (store.folder / "checkpoint").write_bytes(old)
    with pytest.raises(LedgerFault) as refused:
        store.append(numbered(600, 601), start=600, signer=signer)
    assert refused.value.code == "ledger_rollback"
    # Somebody who opens it afresh cannot write over the newer tiles either.
    (store.folder / "tile/0/000.p").mkdir()
    (store.folder / "tile/entries/000.p").mkdir()
    full = (store.folder / "tile/0/000").read_bytes()
    (store.folder / "tile/0/000.p/10").write_bytes(full[:320])
    bundle = (store.folder / "tile/entries/000").read_bytes()
    (store.folder / "tile/entries/000.p/10").write_bytes(bundle[:340])
    fresh = reopen(store, signer)
    assert fresh.size == 10
    with pytest.raises(LedgerFault) as refused:
        fresh.append([bytes(32)], start=10, signer=signer)
    assert refused.value.code == "ledger_rollback"
    assert (store.folder / "tile/0/002.p/88").exists()


def test_another_root_for_the_same_size_is_noticed(build, signer: Signer) -> None:
    store = build((10,))
    forged = sign_checkpoint(signer.name, 10, bytes(32), signer)
    (store.folder / "checkpoint").write_bytes(forged.note)
    with pytest.raises(LedgerFault) as refused:
        store.refresh()
    assert refused.value.code == "ledger_rollback"
    with pytest.raises(LedgerFault):
        reopen(store, signer)


def test_a_rewritten_past_under_a_newer_checkpoint_is_noticed(
    build, tmp_path: Path, signer: Signer, numbered: Numbered
) -> None:
    store = build((10,))
    other = TileStore(tmp_path / "other", origin=signer.name, verifier=signer.verifier)
    other.append([bytes(32), *numbered(1, 20)], start=0, signer=signer)
    store.folder.rename(tmp_path / "away")
    other.folder.rename(store.folder)
    with pytest.raises(LedgerFault) as refused:
        store.refresh()
    assert refused.value.code == "ledger_rollback"
    assert store.size == 10
    assert store.tree.size == 10


def test_what_the_journal_knows_must_be_continued(build, tmp_path, signer, numbered) -> None:
    store = build((10, 20))
    store.check_extends(store.checkpoint)
    store.check_extends(sign_checkpoint(signer.name, 10, store.tree.root(10), signer))
    store.check_extends(sign_checkpoint(signer.name, 0, EMPTY_ROOT, signer))
    for known in (
        sign_checkpoint(signer.name, 21, store.tree.root(), signer),
        sign_checkpoint(signer.name, 20, store.tree.root(10), signer),
        sign_checkpoint(signer.name, 10, store.tree.root(), signer),
        sign_checkpoint("elsewhere", 10, store.tree.root(10), signer),
    ):
        with pytest.raises(LedgerFault) as refused:
            store.check_extends(known)
        assert refused.value.code == "ledger_rollback"


def test_another_key_or_name_does_not_open_the_log(build, signer: Signer) -> None:
    store = build((10,))
    stranger = Signer(signer.name, bytes(32))
    with pytest.raises(LedgerFault):
        TileStore(store.folder, origin=signer.name, verifier=stranger.verifier)
    with pytest.raises(LedgerFault):
        TileStore(store.folder, origin="elsewhere", verifier=signer.verifier)


def test_a_log_goes_on_under_a_new_key(build, signer: Signer, numbered: Numbered) -> None:
    store = build((10,))
    new = Signer("gongshu.example/log", bytes(32))
    assert store.append(numbered(10, 20), start=10, signer=new).size == 20
    assert store.append(numbered(20, 30), start=20, signer=new).size == 30
    with pytest.raises(LedgerFault):
        reopen(store, signer)
    assert reopen(store, new).size == 30


@pytest.mark.parametrize(
    "path", ["tile/0/000", "tile/0/001.p/44", "tile/entries/001.p/44", "checkpoint"]
)
def test_a_damaged_log_is_not_opened(build, signer: Signer, path: str) -> None:
    store = build((300,))
    place = store.folder / path
    data = bytearray(place.read_bytes())
    data[-7] ^= 1
    place.write_bytes(data)
    with pytest.raises(LedgerFault):
        reopen(store, signer)
    place.write_bytes(data + b"\n")
    with pytest.raises(LedgerFault):
        reopen(store, signer)
    place.unlink()
    with pytest.raises(LedgerFault):
        reopen(store, signer)


def test_a_damaged_bundle_is_not_read(build) -> None:
    store = build((300,))
    place = store.folder / "tile/entries/000"
    data = bytearray(place.read_bytes())
    data[700] ^= 1
    place.write_bytes(data)
    with pytest.raises(LedgerFault) as refused:
        store.entry(3)
    assert refused.value.code == "ledger_tile"
    assert store.entry(299)
    place.unlink()
    with pytest.raises(LedgerFault):
        store.entry(3)


@pytest.mark.parametrize(("sizes", "old"), [((10, 20), 10), ((10, 20), 0), ((100, 256), 100)])
def test_an_old_checkpoint_planted_as_pending_is_refused(
    build, signer, numbered, sizes, old
) -> None:
    store = build(sizes)
    planted = sign_checkpoint(signer.name, old, store.tree.root(old), signer)
    (store.folder / "checkpoint.pending").write_bytes(planted.note)
    for each in (store, reopen(store, signer)):
        with pytest.raises(LedgerFault) as refused:
            each.append(numbered(sizes[1], sizes[1] + 1), start=sizes[1], signer=signer)
        assert refused.value.code == "ledger_rollback"
    assert reopen(store, signer).size == sizes[1]


def test_a_pending_checkpoint_that_nobody_signed_is_refused(build, signer, numbered) -> None:
    store = build((10,))
    (store.folder / "checkpoint.pending").write_bytes(b"torn")
    with pytest.raises(LedgerFault):
        store.append(numbered(10, 11), start=10, signer=signer)


def test_a_pending_checkpoint_without_its_tiles_is_not_believed(build, signer, numbered) -> None:
    store = build((10,))
    tree = Tree(leaf_hashes(numbered(0, 12)))
    pending = sign_checkpoint(signer.name, 12, tree.root(), signer)
    (store.folder / "checkpoint.pending").write_bytes(pending.note)
    with pytest.raises(LedgerFault):
        store.append(numbered(10, 11), start=10, signer=signer)
    assert reopen(store, signer).checkpoint == store.checkpoint


# The disk refuses.


@pytest.mark.parametrize("call", ["write", "fsync", "replace", "open", "mkdir"])
def test_a_refusing_disk_loses_nothing(build, signer, numbered, monkeypatch, call: str) -> None:
    store = build((250,))
    with monkeypatch.context() as patch:
        patch.setattr(os, call, refuse)
        with pytest.raises(Unavailable) as refused:
            store.append(numbered(250, 600), start=250, signer=signer)
    assert refused.value.code == "ledger_not_written"
    assert (store.size, store.tree.size) == (250, 250)
    assert reopen(store, signer).size == 250
    assert store.append(numbered(250, 600), start=250, signer=signer).size == 600
    assert verify_folder(store.folder, signer.verifier).faults == ()


def refuse(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


def test_the_name_of_a_new_folder_is_forced_to_disk(
    tmp_path: Path, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    forced = []
    monkeypatch.setattr(os, "fsync", lambda handle: forced.append(os.fstat(handle).st_ino))
    store = TileStore(tmp_path / "a/b", origin=signer.name, verifier=signer.verifier)
    store.append([], start=0, signer=signer)
    assert {tmp_path.stat().st_ino, (tmp_path / "a").stat().st_ino} <= set(forced)


def test_short_writes_are_continued(build, signer, numbered, monkeypatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: real(handle, data[:7]))
    store = build((20,))
    monkeypatch.undo()
    assert verify_folder(store.folder, signer.verifier).faults == ()
