"""Crashes: death at every single call to the disk, power loss with what was not forced, kill -9.

After each: what was acknowledged is there, a reopened log continues without a gap, nothing was
ever signed twice for one size, and the folder verifies.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gongshu.ledger.checkpoints import Checkpoint, open_checkpoint
from gongshu.ledger.faults import LedgerFault
from gongshu.ledger.notes import Signer
from gongshu.ledger.tiles import TileStore
from gongshu.ledger.tree import Tree, leaf_hashes
from gongshu.ledger.verify import verify_folder

Numbered = Callable[[int, int], list[bytes]]
SIZES = (3, 250, 258)  # within a tile, and over its edge


class Killed(BaseException):
    """The process dies here; nothing in it may run on."""


class Disk:
    """Counts the calls that change the disk, dies at the call `last`, and knows what is durable.

    A file's bytes are durable after an fsync of the file, its name after one of its folder; of
    everything else a power loss keeps an arbitrary part.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.last, self.calls = folder, 0, 0
        self.synced: dict[int, bytes] = {}
        self.names: dict[str, int] = {}
        self.folders: set[str] = {str(folder)}
        self.waiting: list[tuple[str, Callable[[], None]]] = []
        self.inodes: dict[str, int] = {}
        self.contents: dict[int, bytes] = {}
        self.real = {name: getattr(os, name) for name in CALLS}

    def die(self, *, half: Callable[[], object] | None = None) -> None:
        self.calls += 1
        if self.calls == self.last:
            if half is not None:
                half()
            raise Killed

    def open(self, path, flags, *args, **kwargs):
        if not flags & os.O_CREAT:
            return self.real["open"](path, flags, *args, **kwargs)
        self.die()
        name = str(path)
        handle = self.real["open"](path, flags, *args, **kwargs)
        if name not in self.inodes:
            self.inodes[name] = number = len(self.contents)
            self.wait(name, lambda: self.names.__setitem__(name, number))
        self.contents[self.inodes[name]] = b""
        return handle

    def write(self, handle: int, data: memoryview) -> int:
        self.die(half=lambda: self.real["write"](handle, data[: len(data) // 2]))
        self.contents[self.inodes[path_of(handle)]] += bytes(data)
        return self.real["write"](handle, data)

    def fsync(self, handle: int) -> None:
        self.die()
        name = path_of(handle)
        if name in self.inodes:
            self.synced[self.inodes[name]] = self.contents[self.inodes[name]]
            return
        for parent, change in self.waiting:
            if parent == name:
                change()
        self.waiting = [each for each in self.waiting if each[0] != name]

    def replace(self, source: Path, goal: Path) -> None:
        self.die()
        self.real["replace"](source, goal)
        number = self.inodes[str(goal)] = self.inodes.pop(str(source))

        def change() -> None:
            self.names.pop(str(source), None)
            self.names[str(goal)] = number

        self.wait(str(goal), change)

    def unlink(self, path, **kwargs) -> None:
        self.die()
        name = str(path) if "dir_fd" not in kwargs else f"{path_of(kwargs['dir_fd'])}/{path}"
        self.real["unlink"](path, **kwargs)
        self.inodes.pop(name, None)
        self.wait(name, lambda: self.names.pop(name, None))

    def mkdir(self, path, *args, **kwargs) -> None:
        self.die()
        self.real["mkdir"](path, *args, **kwargs)
        self.wait(str(path), lambda: self.folders.add(str(path)))

    def wait(self, name: str, change: Callable[[], object]) -> None:
        self.waiting.append((str(Path(name).parent), change))

    def lose_power(self, goal: Path, chance: random.Random) -> None:
        """Write to `goal` one of the states in which the disk may be found."""
        for _, change in self.waiting:
            if chance.random() < 0.5:
                change()
        for name, number in self.names.items():
            parent = Path(name).parent
            if str(parent) not in self.folders:
                continue
            content = self.synced.get(number)
            if content is None:  # Never forced: some of it, or a hole in its place.
                live = self.contents[number]
                content = chance.choice([b"", bytes(len(live)), live[: len(live) // 2], live])
            place = goal / Path(name).relative_to(self.folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)


CALLS = ("open", "write", "fsync", "replace", "unlink", "mkdir")


def path_of(handle: int) -> str:
    return str(Path(f"/proc/self/fd/{handle}").readlink())


def run(disk: Disk, signer: Signer, numbered: Numbered) -> Iterator[Checkpoint]:
    """Seal up to each size in turn on the failing disk, yielding what was acknowledged."""
    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, getattr(disk, name))
        store = TileStore(disk.folder, origin=signer.name, verifier=signer.verifier)
        for size in SIZES:
            if size > store.size:
                yield store.append(numbered(store.size, size), start=store.size, signer=signer)


def crash(disk: Disk, after: int, signer: Signer, numbered: Numbered) -> list[Checkpoint]:
    """Run until `after` more calls to the disk and return what was acknowledged before."""
    disk.last = disk.calls + after
    acknowledged: list[Checkpoint] = []
    with contextlib.suppress(Killed):
        acknowledged.extend(run(disk, signer, numbered))
    return acknowledged


def check_recovery(
    folder: Path, acknowledged: list[Checkpoint], signer: Signer, numbered: Numbered
) -> None:
    signed = list(signed_on_disk(folder, signer)) + acknowledged
    store = TileStore(folder, origin=signer.name, verifier=signer.verifier)
    for known in acknowledged:
        store.check_extends(known)
    # The sealer repeats from what it had acknowledged, in other batches than before.
    start = acknowledged[-1].size if acknowledged else 0
    middle = min(start + 20, 300)
    store.append(numbered(start, middle), start=start, signer=signer)
    final = store.append(numbered(start, 300), start=start, signer=signer)
    assert final.root == Tree(leaf_hashes(numbered(0, 300))).root()
    for known in signed:
        store.check_extends(known)
    report = verify_folder(folder, signer.verifier, earlier=signed)
    assert report.faults == ()
    assert report.size == 300


def signed_on_disk(folder: Path, signer: Signer) -> Iterator[Checkpoint]:
    for path in folder.glob("checkpoint*"):
        try:
            yield open_checkpoint(path.read_bytes(), signer.verifier)
        except LedgerFault:
            assert path.name.endswith(".tmp"), "only a file not yet ready may be torn"


@pytest.fixture
def calls(tmp_path: Path, signer: Signer, numbered: Numbered) -> int:
    """The number of calls of a run in which nobody dies."""
    folder = tmp_path / "whole"
    folder.mkdir()
    disk = Disk(folder)
    assert [each.size for each in crash(disk, 10**9, signer, numbered)] == list(SIZES)
    assert disk.calls > 100
    return disk.calls


def test_death_at_every_call_to_the_disk(tmp_path, calls: int, signer, numbered) -> None:
    for last in range(1, calls + 1):
        folder = tmp_path / str(last)
        folder.mkdir()
        disk = Disk(folder)
        acknowledged = crash(disk, last, signer, numbered)
        assert disk.calls == last
        check_recovery(folder, acknowledged, signer, numbered)


def test_power_loss_after_any_number_of_deaths(tmp_path, calls: int, signer, numbered) -> None:
    chance = random.Random(20261231)
    for attempt in range(150):
        folder, found = tmp_path / f"live{attempt}", tmp_path / f"found{attempt}"
        folder.mkdir()
        found.mkdir()
        disk = Disk(folder)
        acknowledged = crash(disk, chance.randint(1, calls), signer, numbered)
        for _ in range(attempt % 4):
            acknowledged += crash(disk, chance.randint(1, 60), signer, numbered)
        disk.lose_power(found, chance)
        check_recovery(found, acknowledged, signer, numbered)


PROGRAM = """
import hashlib, sys
from pathlib import Path
from gongshu.ledger.notes import Signer
from gongshu.ledger.tiles import TileStore
signer = Signer.parse(sys.argv[2])
store = TileStore(Path(sys.argv[1]), origin=signer.name, verifier=signer.verifier)
while True:
    entries = [hashlib.sha256(b"%d" % at).digest() for at in range(store.size, store.size + 37)]
    print(store.append(entries, start=store.size, signer=signer).size, flush=True)
"""


def test_kill_minus_nine(tmp_path: Path, signer: Signer, numbered: Numbered) -> None:
    folder, known = tmp_path / "log", 0
    chance = random.Random(7)
    command = [sys.executable, "-c", PROGRAM, str(folder), signer.secret]
    for _ in range(5):
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
            acknowledged = [int(writer.stdout.readline())]
            time.sleep(chance.uniform(0.0, 0.2))
            writer.send_signal(signal.SIGKILL)
            acknowledged += [int(line) for line in writer.stdout if line.endswith(b"\n")]
        store = TileStore(folder, origin=signer.name, verifier=signer.verifier)
        assert acknowledged[0] > known
        assert store.size >= acknowledged[-1]
        store.append([], start=store.size, signer=signer)
        known = store.size
        assert verify_folder(folder, signer.verifier).faults == ()
    assert store.entries(0, known) == numbered(0, known)
