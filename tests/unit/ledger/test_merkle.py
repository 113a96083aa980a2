"""The tree and its proofs: RFC 6962 by a plain recursive reference, published vectors, pymerkle."""

import hashlib
import json
import os
from base64 import b64decode
from collections.abc import Sequence
from pathlib import Path

import pymerkle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongshu.ledger.faults import LedgerFault
from gongshu.ledger.tree import (
    EMPTY_ROOT,
    Tree,
    leaf_hash,
    leaf_hashes,
    node_hash,
    verify_consistency,
    verify_inclusion,
)
from gongshu.vocabulary.errors import Invalid

BIG = 300


def entries(count: int) -> list[bytes]:
    return [hashlib.sha256(b"%d" % at).digest() for at in range(count)]


# The definitions of RFC 6962 §2.1, word for word and slow: the judge of the fast ones.


def mth(leaves: Sequence[bytes]) -> bytes:
    if len(leaves) < 2:
        return leaf_hash(leaves[0]) if leaves else hashlib.sha256().digest()
    k = split(len(leaves))
    return node_hash(mth(leaves[:k]), mth(leaves[k:]))


def audit_path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*audit_path(m, leaves[:k]), mth(leaves[k:])]
    return [*audit_path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: Sequence[bytes], complete: bool) -> list[bytes]:
    if m == len(leaves):
        return [] if complete else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], complete), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


def split(n: int) -> int:
    return 1 << (n - 1).bit_length() - 1


def test_all_proofs_of_all_small_trees_are_those_of_the_definition() -> None:
    leaves = entries(40)
    tree = Tree(leaf_hashes(leaves))
    for size in range(1, len(leaves) + 1):
        root = mth(leaves[:size])
        assert tree.root(size) == root
        for index in range(size):
            path = tree.inclusion_proof(index, size)
            assert path == audit_path(index, leaves[:size])
            verify_inclusion(leaf_hash(leaves[index]), index, size, path=path, root=root)
        for old in range(1, size + 1):
            proof = tree.consistency_proof(old, size)
            assert proof == subproof(old, leaves[:size], True)
            verify_consistency(old, size, old_root=tree.root(old), new_root=root, path=proof)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 90), max_size=8))
def test_growing_in_any_steps_gives_the_same_tree(steps: list[int]) -> None:
    leaves = entries(sum(steps))
    tree, at = Tree(), 0
    for step in steps:
        tree.extend(leaf_hash(entry) for entry in leaves[at : at + step])
        at += step
        assert tree.size == at
        assert tree.root() == mth(leaves[:at])


@settings(deadline=None, max_examples=60)
@given(st.integers(0, BIG), st.integers(0, BIG))
def test_truncating_and_growing_again_forgets_nothing_else(size: int, kept: int) -> None:
    kept = min(size, kept)
    leaves = leaf_hashes(entries(size))
    tree = Tree(leaves)
    tree.truncate(kept)
    assert tree.root() == Tree(leaves[:kept]).root()
    other = [leaf_hash(b"other") for _ in range(5)]
    tree.extend(other)
    assert tree.root() == Tree(leaves[:kept] + other).root()


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_one_changed_bit_or_place_breaks_any_proof(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, BIG))
    tree = Tree(leaf_hashes(entries(size)))
    index = data.draw(st.integers(0, size - 1))
    path, leaf, root = tree.inclusion_proof(index), tree.node(0, index), tree.root()
    at, bit = data.draw(st.integers(0, len(path) + 1)), data.draw(st.integers(0, 255))
    hashes = [leaf, root, *path]
    hashes[at] = flip(hashes[at], bit)
    with pytest.raises(LedgerFault):
        verify_inclusion(hashes[0], index, size, path=hashes[2:], root=hashes[1])
    wrong = data.draw(st.integers(-1, size + 1).filter(lambda each: each != index))
    with pytest.raises(LedgerFault):
        verify_inclusion(leaf, wrong, size, path=path, root=root)
    for other in (path[:-1], [*path, root], path[1:]):
        with pytest.raises(LedgerFault):
            verify_inclusion(leaf, index, size, path=other, root=root)


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_a_rewritten_past_has_no_consistency_proof(data: st.DataObject) -> None:
    new = data.draw(st.integers(2, BIG))
    old = data.draw(st.integers(1, new - 1))
    leaves = leaf_hashes(entries(new))
    tree = Tree(leaves)
    proof, roots = tree.consistency_proof(old), (tree.root(old), tree.root())
    changed = data.draw(st.integers(0, old - 1))
    forged = Tree([*leaves[:changed], leaf_hash(b"forged"), *leaves[changed + 1 :]])
    for old_root, path in ((roots[0], forged.consistency_proof(old)), (roots[0], proof)):
        with pytest.raises(LedgerFault):
            verify_consistency(old, new, old_root=old_root, new_root=forged.root(), path=path)
    bit, at = data.draw(st.integers(0, 255)), data.draw(st.integers(0, len(proof) - 1))
    broken = [*proof[:at], flip(proof[at], bit), *proof[at + 1 :]]
    with pytest.raises(LedgerFault):
        verify_consistency(old, new, old_root=roots[0], new_root=roots[1], path=broken)


def flip(data: bytes, bit: int) -> bytes:
    return bytes(byte ^ (1 << bit % 8 if at == bit // 8 else 0) for at, byte in enumerate(data))


def test_the_empty_tree() -> None:
    assert Tree().root() == EMPTY_ROOT == hashlib.sha256(b"").digest()
    tree = Tree()
    assert tree.append(leaf_hash(b"")) == 0
    assert tree.root() == leaf_hash(b"")
    assert tree.root(0) == EMPTY_ROOT
    assert tree.inclusion_proof(0) == []


@pytest.mark.parametrize(
    "ask",
    [
        lambda tree: tree.root(6),
        lambda tree: tree.root(-1),
        lambda tree: tree.inclusion_proof(5),
        lambda tree: tree.inclusion_proof(-1),
        lambda tree: tree.inclusion_proof(3, 3),
        lambda tree: tree.inclusion_proof(0, 6),
        lambda tree: tree.consistency_proof(0),
        lambda tree: tree.consistency_proof(4, 3),
        lambda tree: tree.consistency_proof(4, 6),
        lambda tree: tree.truncate(6),
        lambda tree: tree.append(b"short"),
        lambda tree: tree.extend([bytes(31), bytes(33)]),
        lambda tree: tree.extend_packed(bytes(33)),
    ],
)
def test_what_is_not_there_is_refused_and_changes_nothing(ask: object) -> None:
    tree = Tree(leaf_hashes(entries(5)))
    root = tree.root()
    with pytest.raises(Invalid):
        ask(tree)  # type: ignore[operator]  # A parametrised function.
    assert (tree.size, tree.root()) == (5, root)


# Published vectors of RFC 6962 proofs, good and corrupted.


def cases(shared: Path, kind: str) -> list[tuple[str, dict]]:
    files = sorted((shared / "data/standards/merkle" / kind).rglob("*.json"))
    return [(str(file), json.loads(file.read_text())) for file in files]


def hashes(texts: list[str] | None) -> list[bytes]:
    return [b64decode(text) for text in texts or []]


def outcome(check: object, *args: object, **more: object) -> bool:
    try:
        check(*args, **more)  # type: ignore[operator]  # One of the two verifiers.
    except LedgerFault:
        return False
    return True


def test_published_inclusion_vectors(shared: Path) -> None:
    tried = {True: 0, False: 0}
    for file, case in cases(shared, "inclusion"):
        accepted = outcome(
            verify_inclusion,
            b64decode(case["leafHash"]),
            case["leafIdx"],
            case["treeSize"],
            path=hashes(case["proof"]),
            root=b64decode(case["root"]),
        )
        assert accepted != case["wantErr"], (file, case["desc"])
        tried[accepted] += 1
    assert tried == {True: 4, False: 58}


def test_published_consistency_vectors(shared: Path) -> None:
    tried = {True: 0, False: 0}
    for file, case in cases(shared, "consistency"):
        accepted = outcome(
            verify_consistency,
            case["size1"],
            case["size2"],
            old_root=b64decode(case["root1"]),
            new_root=b64decode(case["root2"]),
            path=hashes(case["proof"]),
        )
        assert accepted != case["wantErr"], (file, case["desc"])
        tried[accepted] += 1
    assert tried == {True: 4, False: 52}


# A peer: pymerkle, written independently.


@pytest.fixture(scope="module")
def peer() -> pymerkle.InmemoryTree:
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    for entry in entries(BIG):
        tree.append_entry(entry)
    return tree


def test_roots_and_proofs_agree_with_pymerkle(peer: pymerkle.InmemoryTree) -> None:
    tree = Tree(leaf_hashes(entries(BIG)))
    for size in range(1, BIG + 1):
        assert peer.get_root(size) == tree.root(size)
    for index, size in [(0, 1), (0, 300), (255, 256), (256, 300), (299, 300), (17, 171)]:
        proof = peer.prove_inclusion(index + 1, size)  # Their indices begin at one.
        pymerkle.verify_inclusion(tree.node(0, index), tree.root(size), proof)
        leaf, *rest = proof.path
        assert leaf == tree.node(0, index)
        assert rest == tree.inclusion_proof(index, size)
    for old, new in [(1, 300), (256, 300), (171, 299), (255, 256)]:
        proof = peer.prove_consistency(old, new)
        pymerkle.verify_consistency(tree.root(old), tree.root(new), proof)
        path = tree.consistency_proof(old, new)
        verify_consistency(old, new, old_root=tree.root(old), new_root=tree.root(new), path=path)


def test_a_random_leaf_is_in_no_tree() -> None:
    tree = Tree(leaf_hashes(entries(8)))
    path = tree.inclusion_proof(3)
    with pytest.raises(LedgerFault) as refused:
        verify_inclusion(os.urandom(32), 3, 8, path=path, root=tree.root())
    assert refused.value.code == "ledger_inclusion"
