"""How fast the ledger is: appends, proofs, sealing, loading, verification — beside pymerkle.

Run as `python benchmarks/ledger.py`. Rates are entries per second, times are in the unit named.
"""

from __future__ import annotations

import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pymerkle

from gongshu.ledger.commitments import commit_many, fresh_salts
from gongshu.ledger.notes import Signer
from gongshu.ledger.reading import TileReader
from gongshu.ledger.tiles import TileStore
from gongshu.ledger.tree import Tree, leaf_hashes, verify_consistency, verify_inclusion
from gongshu.ledger.verify import verify_folder

ENTRIES = 1_000_000
PEER_ENTRIES = 200_000
BODY = 256
BODIES = 131_072  # 33 MB, so that bodies come from memory and not from the processor's cache
BATCH = 4_096
SEAL_BATCH = 1_000
PROOFS = 5_000


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def append(tree: Tree, bodies: Sequence[bytes], count: int) -> list[bytes]:
    """Salt, commit and add `count` ready bodies in batches, as the sealer does; return entries."""
    entries: list[bytes] = []
    for start in range(0, count, BATCH):
        first = start % BODIES
        batch = bodies[first : first + min(BATCH, count - start)]
        committed = commit_many("event", fresh_salts(len(batch)), batch)
        tree.extend(leaf_hashes(committed))
        entries += committed
    return entries


def measure_tree(figures: dict[str, float]) -> list[bytes]:
    bodies = [os.urandom(BODY) for _ in range(BODIES)]
    tree = Tree()
    entries: list[bytes] = []
    spent = seconds(lambda: entries.extend(append(tree, bodies, ENTRIES)))
    figures["appends of ready bodies (salt, commitment, tree) per second"] = ENTRIES / spent
    chance = random.Random(1)
    places = [chance.randrange(ENTRIES) for _ in range(PROOFS)]
    spent = seconds(lambda: [tree.inclusion_proof(each) for each in places])
    figures["inclusion proof at 1 M in memory, µs"] = spent / PROOFS * 1e6
    spent = seconds(lambda: [tree.consistency_proof(each + 1) for each in places])
    figures["consistency proof at 1 M in memory, µs"] = spent / PROOFS * 1e6
    root = tree.root()
    proofs = [(tree.node(0, each), each, tree.inclusion_proof(each)) for each in places]
    spent = seconds(
        lambda: [verify_inclusion(a, b, ENTRIES, path=c, root=root) for a, b, c in proofs]
    )
    figures["verify inclusion at 1 M, µs"] = spent / PROOFS * 1e6
    olds = [(each + 1, tree.root(each + 1), tree.consistency_proof(each + 1)) for each in places]
    spent = seconds(
        lambda: [
            verify_consistency(a, ENTRIES, old_root=b, new_root=root, path=c) for a, b, c in olds
        ]
    )
    figures["verify consistency at 1 M, µs"] = spent / PROOFS * 1e6
    return entries


def measure_store(figures: dict[str, float], entries: list[bytes], folder: Path) -> None:
    """Seal on a real disk, all files forced to it, then read back."""
    signer = Signer.generate("gongshu.example/benchmark")
    store = TileStore(folder, origin=signer.name, verifier=signer.verifier)
    spent = seconds(lambda: store.append(entries, start=0, signer=signer))
    figures["sealing end to end, one batch of 1 M, per second"] = len(entries) / spent
    batches = [fresh_salts(SEAL_BATCH) for _ in range(50)]
    spent = seconds(
        lambda: [store.append(each, start=store.size, signer=signer) for each in batches]
    )
    figures["sealing end to end, batches of 1,000, per second"] = 50 * SEAL_BATCH / spent
    figures["one sealing of 1,000 entries, ms"] = spent / 50 * 1e3
    chance = random.Random(2)
    places = [chance.randrange(store.size) for _ in range(200)]
    assert store.checkpoint is not None
    spent = seconds(
        lambda: [TileReader(folder, store.checkpoint).inclusion_proof(each) for each in places]
    )
    figures["inclusion proof at 1 M from tiles on disk, ms"] = spent / 200 * 1e3
    figures["loading 1 M entries, s"] = seconds(
        lambda: TileStore(folder, origin=signer.name, verifier=signer.verifier)
    )
    report = []
    spent = seconds(lambda: report.append(verify_folder(folder, signer.verifier)))
    assert report[0].faults == ()
    figures["verifying every byte, entries per second"] = store.size / spent


def measure_peer(figures: dict[str, float], entries: list[bytes]) -> None:
    """pymerkle's tree in memory over the same entries; roots must agree."""
    peer = pymerkle.InmemoryTree(algorithm="sha256")
    few = entries[:PEER_ENTRIES]
    spent = seconds(lambda: [peer.append_entry(each) for each in few])
    figures["pymerkle: appends (tree alone) per second"] = PEER_ENTRIES / spent
    tree = Tree()
    spent = seconds(lambda: tree.extend(leaf_hashes(few)))
    figures["the same entries here (tree alone) per second"] = PEER_ENTRIES / spent
    assert peer.get_root(PEER_ENTRIES) == tree.root()
    chance = random.Random(3)
    places = [chance.randrange(PEER_ENTRIES) for _ in range(200)]
    spent = seconds(lambda: [peer.prove_inclusion(each + 1, PEER_ENTRIES) for each in places])
    figures["pymerkle: inclusion proof at 200,000, µs"] = spent / 200 * 1e6
    spent = seconds(lambda: [tree.inclusion_proof(each) for each in places])
    figures["inclusion proof at 200,000 here, µs"] = spent / 200 * 1e6


def measure() -> dict[str, float]:
    """Return all figures of one run by name; takes less than a minute on two cores."""
    figures: dict[str, float] = {}
    entries = measure_tree(figures)
    folder = Path(tempfile.mkdtemp(prefix="gongshu-ledger-"))
    try:
        measure_store(figures, entries, folder / "log")
    finally:
        shutil.rmtree(folder)
    measure_peer(figures, entries)
    return figures


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:<70} {value:>14,.1f}")
