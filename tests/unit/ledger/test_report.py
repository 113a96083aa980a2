"""What the files alone cannot tell — rollback, witnesses — and what the report says of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable

import pytest

from gongshu.ledger.checkpoints import open_checkpoint, sign_checkpoint
from gongshu.ledger.faults import Fault
from gongshu.ledger.notes import Note, Signer, sign_note
from gongshu.ledger.report import UNWITNESSED, Report
from gongshu.ledger.tiles import TileStore
from gongshu.ledger.tree import Tree, leaf_hash
from gongshu.ledger.verify import verify_folder

Numbered = Callable[[int, int], list[bytes]]


def only(report: Report) -> Fault:
    assert len(report.faults) == 1, report.lines_zh()
    assert report.exit_code == 1
    return report.faults[0]


# Earlier checkpoints and witnesses.


def test_an_earlier_checkpoint_must_be_continued(build, signer: Signer) -> None:
    known = [build((size,)).checkpoint for size in (0, 1, 255, 256, 300, 512, 600)]
    store = build((700,))
    report = verify_folder(store.folder, signer.verifier, earlier=known)
    assert report.faults == ()
    for forged in (
        sign_checkpoint(signer.name, 300, store.tree.root(299), signer),
        sign_checkpoint(signer.name, 256, bytes(32), signer),
        sign_checkpoint("elsewhere", 256, store.tree.root(256), signer),
    ):
        report = verify_folder(store.folder, signer.verifier, earlier=[*known, forged])
        assert only(report).code == "earlier"


def test_an_earlier_checkpoint_of_far_more_entries(build, signer: Signer) -> None:
    store = build((10,))
    far = sign_checkpoint(signer.name, 70_000, bytes(32), signer)
    assert only(verify_folder(store.folder, signer.verifier, earlier=[far])).code == "earlier"


def test_a_rollback_is_found_by_whoever_kept_a_checkpoint(build, tmp_path, signer) -> None:
    store = build((300,))
    shutil.copytree(store.folder, tmp_path / "backup")
    newer = build((300, 301)).checkpoint
    assert verify_folder(tmp_path / "backup", signer.verifier).faults == ()
    report = verify_folder(tmp_path / "backup", signer.verifier, earlier=[newer])
    assert only(report).code == "earlier"


def test_an_earlier_checkpoint_of_a_large_log(big: TileStore, signer: Signer) -> None:
    known = [sign_checkpoint(signer.name, size, big.tree.root(size), signer)
             for size in (65_535, 65_536, 65_537, 65_950, 66_000)]  # fmt: skip
    assert verify_folder(big.folder, signer.verifier, earlier=known).faults == ()


def test_an_earlier_checkpoint_whose_tiles_are_gone_is_not_confirmed(build, signer) -> None:
    known = build((300,)).checkpoint
    store = build((300, 600))
    for path in ("tile/0/001", "tile/entries/001"):
        (store.folder / path).unlink()
    report = verify_folder(store.folder, signer.verifier, earlier=[known])
    assert "earlier" in {fault.code for fault in report.faults}


def test_signature_lines_of_other_keys_are_counted(build, signer: Signer) -> None:
    store = build((10,))
    text = Note.parse(store.checkpoint.note).text
    both = sign_note(text, signer, Signer("witness.example/w", bytes(32)))
    (store.folder / "checkpoint").write_bytes(both.encode())
    report = verify_folder(store.folder, signer.verifier)
    assert (report.faults, report.unchecked) == ((), 1)
    assert any("未提供公钥" in line for line in report.lines_zh())


def test_a_log_that_grows_meanwhile_is_read_again(
    build, signer: Signer, numbered: Numbered, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = build((200,))
    real, grown = os.walk, []

    def walk(*args: object, **kwargs: object) -> object:
        if not grown:
            grown.append(True)
            store.append(numbered(200, 600), start=200, signer=signer)
        return real(*args, **kwargs)

    monkeypatch.setattr(os, "walk", walk)
    report = verify_folder(store.folder, signer.verifier)
    assert (report.faults, report.size) == ((), 600)


# What is printed.


def test_the_report_never_ends_with_zero_without_a_witness(build, signer: Signer) -> None:
    store = build((300,))
    report = verify_folder(store.folder, signer.verifier)
    assert (report.exit_code, report.witnessed) == (3, False)
    lines = report.lines_zh()
    assert lines[-1] == UNWITNESSED
    assert "未见证：不能排除回滚" in lines[-1]
    assert "unwitnessed: rollback not excluded" in lines[-1]
    assert "300 个条目" in lines[0]
    assert store.checkpoint.root.hex() in lines[0]
    assert lines[-2].startswith("核验通过")
    assert Report(signer.name, 1, bytes(32), (), witnessed=True).exit_code == 0


def test_the_report_names_file_entry_and_byte(build, signer: Signer) -> None:
    store = build((300,))
    place = store.folder / "tile/entries/000"
    data = place.read_bytes()
    place.write_bytes(data[:35] + b"\xff" + data[36:])
    lines = verify_folder(store.folder, signer.verifier).lines_zh()
    assert any(line.startswith("  tile/entries/000 条目 1 字节 34：") for line in lines)
    assert "核验不通过：1 处问题" in lines
    assert lines[-1] == UNWITNESSED


def test_a_long_report_is_cut_and_says_so() -> None:
    faults = tuple(Fault(f"f{at}", None, "多余。", "unknown") for at in range(80))
    lines = Report("log", 0, None, faults).lines_zh()
    assert len(lines) < 60
    assert any("另有 30 处" in line for line in lines)


def test_a_checkpoint_that_opens_is_what_the_report_shows(build, signer: Signer) -> None:
    store = build((300,))
    opened = open_checkpoint((store.folder / "checkpoint").read_bytes(), signer.verifier)
    report = verify_folder(store.folder, signer.verifier)
    assert (report.size, report.root) == (opened.size, opened.root)
    assert Tree([leaf_hash(each) for each in store.entries(0, 300)]).root() == report.root
