"""The verifier of a whole log finds and locates every change, and says what it cannot exclude."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gongshu.ledger.faults import Fault
from gongshu.ledger.layout import encode_bundle
from gongshu.ledger.notes import Signer, Verifier
from gongshu.ledger.report import Report
from gongshu.ledger.tiles import TileStore
from gongshu.ledger.tree import leaf_hashes
from gongshu.ledger.verify import verify_folder

REAL_LOG = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
Numbered = Callable[[int, int], list[bytes]]


def files(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def flip(place: Path, at: int, mask: int) -> bytes:
    """Change one byte and return the whole content as it was."""
    good = place.read_bytes()
    place.write_bytes(good[:at] + bytes([good[at] ^ mask]) + good[at + 1 :])
    return good


def only(report: Report) -> Fault:
    assert len(report.faults) == 1, report.lines_zh()
    assert report.exit_code == 1
    return report.faults[0]


def check_located(fault: Fault, path: str, at: int, good: bytes) -> None:
    assert fault.path == path
    assert fault.sentence
    if path == "checkpoint":
        # The line is named: by its first byte, or by the very byte where the form breaks.
        line = good.rfind(b"\n", 0, at) + 1
        assert fault.offset is not None
        assert line - 1 <= fault.offset <= at + 1 or good[at : at + 1] == b"\n"
        return
    if path.startswith("tile/entries/"):
        index = int(path.split("/")[2][:3]) * 256 + at // 34
        assert (fault.entry, fault.offset) == (index, at // 34 * 34)
        return
    assert fault.offset == at
    _, level, place = path.split("/")[:3]
    assert fault.entry == (int(place[:3]) * 256 + at // 32) << 8 * int(level)


def test_every_byte_of_a_small_log(build, signer: Signer) -> None:
    store = build((1, 2, 4))
    tried = 0
    for path in files(store.folder):
        place = store.folder / path
        for at in range(place.stat().st_size):
            for mask in (1 << at % 8, 0xFF):
                good = flip(place, at, mask)
                check_located(only(verify_folder(store.folder, signer.verifier)), path, at, good)
                place.write_bytes(good)
                tried += 1
    assert verify_folder(store.folder, signer.verifier).faults == ()
    assert tried > 1000


def test_a_changed_line_of_the_checkpoint_is_located_by_what_the_files_say(
    build, signer: Signer
) -> None:
    place = build((300,)).folder / "checkpoint"
    good = place.read_bytes()
    size = len(signer.name) + 1
    root, signature = size + 4, good.index("\n—".encode()) + 1
    assert good[size : size + 4] == b"300\n"
    for at, offset in ((3, 0), (size, size), (root + 5, root), (len(good) - 9, signature)):
        changed = b"x" if good[at : at + 1] == b"4" else b"4"
        place.write_bytes(good[:at] + changed + good[at + 1 :])
        fault = only(verify_folder(place.parent, signer.verifier))
        assert (fault.path, fault.offset) == ("checkpoint", offset)


def test_a_sample_of_bytes_of_every_kind_of_file_in_a_large_log(
    big: TileStore, signer: Signer
) -> None:
    assert verify_folder(big.folder, signer.verifier).faults == ()
    chance = random.Random(65_536)
    kinds: dict[str, list[str]] = {}
    for path in files(big.folder):
        kind = "/".join(path.split("/")[:2]) + (".p" if ".p/" in path else "")
        kinds.setdefault(kind, []).append(path)
    assert set(kinds) == {
        "checkpoint",
        "tile/0",
        "tile/0.p",
        "tile/1",
        "tile/1.p",
        "tile/2.p",
        "tile/entries",
        "tile/entries.p",
    }
    assert len(kinds["tile/0.p"]) == 3  # 65,900, 65,950 and 66,000 end in the same tile
    for paths in kinds.values():
        for _ in range(5):
            path = chance.choice(paths)
            place = big.folder / path
            at = chance.randrange(place.stat().st_size)
            good = flip(place, at, chance.randint(1, 255))
            check_located(only(verify_folder(big.folder, signer.verifier)), path, at, good)
            place.write_bytes(good)


def test_several_faults_are_all_named(big: TileStore, signer: Signer) -> None:
    changes = [
        ("tile/0/003", 100),
        ("tile/entries/017", 35),
        ("tile/entries/257.p/158", 7),
        ("tile/1/000", 8000),
        ("tile/entries/257.p/208", 40),
        ("tile/1/001.p/1", 3),
    ]
    kept = {path: flip(big.folder / path, at, 1) for path, at in changes}
    report = verify_folder(big.folder, signer.verifier)
    for path, content in kept.items():
        (big.folder / path).write_bytes(content)
    assert {fault.path for fault in report.faults} == {path for path, _ in changes}
    assert verify_folder(big.folder, signer.verifier).faults == ()


def test_a_real_log_of_others_verifies_at_every_size(shared: Path, tmp_path: Path) -> None:
    source = shared / "data/standards/tlog-tiles/log"
    verifier = Verifier.parse(REAL_LOG)
    for size in range(16):
        folder = tmp_path / str(size)
        folder.mkdir()
        shutil.copyfile(source / f"checkpoint.{size}", folder / "checkpoint")
        for level in ("0", "entries"):
            partials = folder / f"tile/{level}/000.p"
            partials.mkdir(parents=True)
            for width in range(1, size + 1):
                name = f"tile/{level}/000.p/{width}"
                shutil.copyfile(source / name, folder / name)
        report = verify_folder(folder, verifier)
        assert (report.faults, report.size, report.exit_code) == ((), size, 3)
        assert report.files == 1 + 2 * size


def test_a_real_log_changed_at_any_byte_of_an_entry(shared: Path, tmp_path: Path) -> None:
    folder = tmp_path / "log"
    shutil.copytree(shared / "data/standards/tlog-tiles/log/tile", folder / "tile")
    checkpoint = shared / "data/standards/tlog-tiles/log/checkpoint"
    shutil.copyfile(checkpoint, folder / "checkpoint")
    for path in folder.rglob("*"):
        path.chmod(0o755)
    verifier = Verifier.parse(REAL_LOG)
    for path in ("tile/entries/000.p/15", "tile/entries/000.p/4"):
        place = folder / path
        for at in range(place.stat().st_size):
            good = flip(place, at, 0x5A)
            fault = only(verify_folder(folder, verifier))
            assert (fault.path, fault.code) == (path, "entry")
            assert fault.offset <= at
            place.write_bytes(good)


def test_files_that_no_log_has_are_named(shared: Path, tmp_path: Path) -> None:
    report = verify_folder(shared / "data/standards/tlog-tiles/log", Verifier.parse(REAL_LOG))
    assert {fault.code for fault in report.faults} == {"unknown"}
    expected = {".state/treeState", ".state/version"} | {f"checkpoint.{n}" for n in range(16)}
    assert {fault.path for fault in report.faults} == expected


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("tile/0/999", "uncovered"),
        ("tile/0/001.p/45", "uncovered"),
        ("tile/0/001", "uncovered"),
        ("tile/entries/001.p/45", "uncovered"),
        ("tile/1/000", "uncovered"),
        ("tile/2/000.p/1", "uncovered"),
        ("tile/0/000.p/300", "unknown"),
        ("tile/0/000.p/1.tmp", "leftover"),
        ("checkpoint.pending", "leftover"),
        ("checkpoint2", "unknown"),
        ("tile/x/000", "unknown"),
        ("深/file", "unknown"),
    ],
)
def test_surplus_files_are_named(build, signer: Signer, path: str, code: str) -> None:
    store = build((300,))
    place = store.folder / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(b"anything")
    fault = only(verify_folder(store.folder, signer.verifier))
    assert (fault.path, fault.code) == (path, code)


def test_links_and_pipes_are_named_and_not_followed(build, signer, tmp_path: Path) -> None:
    store = build((300,))
    (store.folder / "link").symlink_to(tmp_path)
    os.mkfifo(store.folder / "pipe")
    report = verify_folder(store.folder, signer.verifier)
    assert {(fault.path, fault.code) for fault in report.faults} == {
        ("link", "unknown"),
        ("pipe", "unknown"),
    }


@pytest.mark.parametrize("path", ["tile/0/000", "tile/1/000.p/1", "checkpoint"])
@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_something_else_in_the_place_of_a_file(build, signer, tmp_path, path, kind) -> None:
    store = build((300,))
    place = store.folder / path
    place.rename(tmp_path / "kept")
    if kind == "link":
        place.symlink_to(tmp_path / "kept")
    elif kind == "pipe":
        os.mkfifo(place)
    else:
        place.mkdir()
    report = verify_folder(store.folder, signer.verifier)
    assert {fault.path for fault in report.faults} == {path}


@pytest.mark.parametrize(
    "path",
    [
        "checkpoint",
        "tile/0/000",
        "tile/0/001.p/44",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/44",
    ],
)
def test_a_missing_cut_or_longer_file_is_named(build, signer: Signer, path: str) -> None:
    store = build((300,))
    place = store.folder / path
    good = place.read_bytes()
    for content in (good[:-1], good + b"\0", b"", good + good):
        place.write_bytes(content)
        assert only(verify_folder(store.folder, signer.verifier)).path == path
    place.unlink()
    fault = only(verify_folder(store.folder, signer.verifier))
    assert (fault.path, fault.code) == (path, "missing")


def test_two_tiles_that_changed_places(build, signer: Signer) -> None:
    store = build((600,))
    for level in ("0", "entries"):
        first, second = (store.folder / f"tile/{level}/{name}" for name in ("000", "001"))
        one, two = first.read_bytes(), second.read_bytes()
        first.write_bytes(two)
        second.write_bytes(one)
        report = verify_folder(store.folder, signer.verifier)
        assert {f.path for f in report.faults} == {f"tile/{level}/000", f"tile/{level}/001"}
        first.write_bytes(one)
        second.write_bytes(two)


def test_entry_and_hash_changed_together(build, signer: Signer, numbered: Numbered) -> None:
    store = build((600,))
    changed = [*numbered(0, 7), bytes(32), *numbered(8, 256)]
    (store.folder / "tile/entries/000").write_bytes(encode_bundle(changed))
    (store.folder / "tile/0/000").write_bytes(b"".join(leaf_hashes(changed)))
    fault = only(verify_folder(store.folder, signer.verifier))
    assert (fault.path, fault.code, fault.entry) == ("tile/0/000", "subtree", 0)


def test_a_log_rewritten_throughout_needs_another_signature(
    build, tmp_path: Path, signer: Signer, numbered: Numbered
) -> None:
    store = build((600,))
    other = TileStore(tmp_path / "other", origin=signer.name, verifier=signer.verifier)
    other.append([bytes(32), *numbered(1, 600)], start=0, signer=signer)
    shutil.copyfile(store.folder / "checkpoint", other.folder / "checkpoint")
    fault = only(verify_folder(other.folder, signer.verifier))
    assert (fault.path, fault.code) == ("checkpoint", "root")


def test_both_files_of_a_tile_missing(build, signer: Signer) -> None:
    store = build((600,))
    for path in ("tile/0/001", "tile/entries/001"):
        (store.folder / path).unlink()
    report = verify_folder(store.folder, signer.verifier)
    assert [fault.path for fault in report.faults] == ["tile/0/001", "tile/entries/001"]
    for path in ("tile/0/002.p/88", "tile/entries/002.p/88"):
        (store.folder / path).unlink()
    assert len(verify_folder(store.folder, signer.verifier).faults) == 4


def test_where_nothing_decides_both_files_are_named(build, signer: Signer) -> None:
    store = build((600,))
    flip(store.folder / "tile/0/000", 0, 1)
    (store.folder / "tile/1/000.p/2").unlink()
    report = verify_folder(store.folder, signer.verifier)
    assert {"tile/0/000", "tile/entries/000", "tile/1/000.p/2"} <= {f.path for f in report.faults}


def test_a_folder_without_anything(tmp_path: Path, signer: Signer) -> None:
    report = verify_folder(tmp_path, signer.verifier)
    assert only(report).path == "checkpoint"
    assert report.root is not None
    assert only(verify_folder(tmp_path / "none", signer.verifier)).code == "missing"


def test_an_empty_log_verifies(build, signer: Signer) -> None:
    store = build((0,))
    report = verify_folder(store.folder, signer.verifier)
    assert (report.size, report.faults, report.exit_code) == (0, (), 3)


def test_another_key_or_another_log(build, signer: Signer) -> None:
    store = build((10,))
    assert only(verify_folder(store.folder, Signer(signer.name, bytes(32)).verifier))
    fault = only(verify_folder(store.folder, signer.verifier, origin="elsewhere"))
    assert (fault.path, fault.offset) == ("checkpoint", 0)
