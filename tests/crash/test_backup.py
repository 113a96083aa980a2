"""A backup of a node that serves, restored elsewhere: nothing that it covers is lost."""

from __future__ import annotations

import base64
import json
import shutil
import time
from pathlib import Path

import pytest

from crash.company import Company
from crash.keeping import complete, gongshu, restored
from crash.serving import Served

pytestmark = [pytest.mark.xdist_group("crash")]


@pytest.fixture(scope="module")
def kept(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with one backup of the node at the end of the story."""
    company.after_the_story()
    target = tmp_path_factory.mktemp("kept") / "backups"
    said = gongshu(company.home, "backup", target)
    assert said.status == 0, said.text
    return target


def until(receipts: list[str], count: int) -> None:
    deadline = time.monotonic() + 30
    while len(receipts) < count:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_backup_under_load_is_restored_elsewhere_and_nothing_is_lost(
    company: Company, tmp_path: Path
) -> None:
    """Calls go on while it is taken; those answered before it began are all in it, once."""
    story = company.after_the_story()
    target, elsewhere = tmp_path / "backups", tmp_path / "elsewhere"
    with (
        Served(company.home, workers=2, household=True) as node,
        node.called(story, callers=3) as receipts,
    ):
        until(receipts, 60)
        before = list(receipts)
        for _ in range(2):
            said = gongshu(company.home, "backup", target)
            assert said.status == 0, said.text
        during = len(receipts)
    assert during > len(before), "no call was answered while the backup was taken"
    vkey = shutil.copy(company.home / "ledger.vkey", tmp_path)
    said = restored(target, elsewhere, "--ledger", company.home / "ledger")
    assert said.status == 0, said.text
    with Served(elsewhere) as node:
        assert "receipt" in node.verify(story)[1]
    # The examination looks at the company's own folder.
    shutil.rmtree(company.home)
    shutil.copytree(elsewhere, company.home)
    assert not company.examine(uses=before)
    assert gongshu(elsewhere, "ledger", "verify", elsewhere / "ledger", "--key", vkey).status == 3
    told = gongshu(elsewhere, "ledger", "receipt", elsewhere / "receipt.json", "--key", vkey)
    assert told.status in {0, 3}, told.text


def test_what_has_not_changed_is_written_once(company: Company, kept: Path) -> None:
    company.after_the_story()
    (first,) = complete(kept)
    time.sleep(1)  # The name of a backup is the second in which it was begun.
    said = gongshu(company.home, "backup", kept)
    assert said.status == 0, said.text
    second = complete(kept)[-1]
    assert second != first
    lake = list((second / "files" / "lake").rglob("*.parquet"))
    assert lake
    for path in lake:
        assert Path(path).samefile(first / path.relative_to(second))
    assert not Path(second / "database.sqlite3").samefile(first / "database.sqlite3")
    shutil.rmtree(first)
    assert gongshu(company.home, "backup", kept, "--verify").status == 0


def test_no_secret_is_in_the_archive_in_the_clear(company: Company, kept: Path) -> None:
    company.after_the_story()
    (backup, *_) = complete(kept)
    whole = b"".join(path.read_bytes() for path in backup.rglob("*") if path.is_file())
    secrets = [path.read_bytes() for path in (company.home / "keys").iterdir()]
    assert len(secrets) >= 4
    for secret in secrets:
        for spelling in (secret, secret.hex().encode(), base64.b64encode(secret)):
            assert spelling not in whole
    assert not list(backup.rglob("demo-keys.json"))
    assert backup.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "name",
    ["database.sqlite3", "files/ledger/checkpoint", "secrets.box", "manifest.json", "seal.json"],
)
def test_a_flipped_byte_is_found_and_never_restored(kept: Path, tmp_path: Path, name: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(complete(kept)[0], copy)
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(data)
    said = gongshu(tmp_path, "backup", copy, "--verify")
    assert said.status == 1
    assert "请改用另一份" in said.text
    said = restored(copy, tmp_path / "node", "--nothing-later")
    assert said.status == 1
    assert "Traceback" not in said.text
    assert not (tmp_path / "node").exists()


def test_a_file_that_is_missing_or_was_added_is_found(kept: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(complete(kept)[0], copy)
    (copy / "files" / "received" / "added").write_text("x")
    assert "不在清单里" in gongshu(tmp_path, "backup", copy, "--verify").text
    (copy / "files" / "received" / "added").unlink()
    next((copy / "files" / "received").iterdir()).unlink()
    assert "缺失" in gongshu(tmp_path, "backup", copy, "--verify").text


def test_a_backup_whose_digests_were_made_to_fit_is_not_restored(
    kept: Path, tmp_path: Path
) -> None:
    """Whoever holds the disk can compute digests; the box, which they cannot open, knows better."""
    from gongshu_server.upkeep import manifest

    copy = tmp_path / "copy"
    shutil.copytree(complete(kept)[0], copy)
    (copy / "files" / "DEMO").write_text("{}")
    said = json.loads((copy / "manifest.json").read_text())
    digest, size = manifest.digest(copy / "files" / "DEMO", said["salt"])
    said["files"]["files/DEMO"] |= {"digest": digest, "size": size}
    (copy / "manifest.json").write_text(json.dumps(said))
    (copy / "seal.json").write_bytes(manifest.seal(copy))
    assert gongshu(tmp_path, "backup", copy, "--verify").status == 0
    refused = restored(copy, tmp_path / "node", "--nothing-later")
    assert refused.status == 1
    assert "被人改过" in refused.text
    assert not (tmp_path / "node").exists()


def test_a_ledger_that_went_on_is_continued_and_never_forked(
    company: Company, kept: Path, tmp_path: Path
) -> None:
    """What was signed since keeps its place without content; without the ledger nothing is done."""
    company.after_the_story()
    for _ in range(2):
        assert gongshu(company.home, "backup", tmp_path / "later").status == 0
        time.sleep(1)
    before = (company.home / "ledger" / "checkpoint").read_bytes()
    with Served(company.home, household=True):  # The worker signs what the backups recorded.
        wait_for_seal(company.home, before)
    home = tmp_path / "node"
    refused = restored(complete(kept)[0], home)
    assert refused.status == 1
    assert "--ledger" in refused.text
    said = restored(complete(kept)[0], home, "--ledger", company.home / "ledger")
    assert said.status == 0, said.text
    assert "内容已经丢失" in said.text
    old = (company.home / "ledger" / "checkpoint").read_bytes()
    new = (home / "ledger" / "checkpoint").read_bytes()
    assert size_of(new) > size_of(old)
    shutil.rmtree(company.home)
    shutil.copytree(home, company.home)
    assert not company.examine()


def wait_for_seal(home: Path, before: bytes) -> None:
    deadline = time.monotonic() + 40
    while (home / "ledger" / "checkpoint").read_bytes() == before:
        assert time.monotonic() < deadline, "the worker has not signed"
        time.sleep(0.1)


def size_of(checkpoint: bytes) -> int:
    return int(checkpoint.splitlines()[1])


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (("--nothing-later", "--ledger", "."), "--ledger"),
        (("--nothing-later", "--person", " "), "--person"),
        (("--nothing-later", "--reason", ""), "--reason"),
    ],
)
def test_nobody_restores_without_saying_who_and_why(
    kept: Path, tmp_path: Path, how: tuple[str, ...], words: str
) -> None:
    said = restored(kept, tmp_path / "node", *how)
    assert said.status == 1
    assert words in said.text
    assert not (tmp_path / "node").exists()


def test_another_passphrase_opens_nothing(kept: Path, tmp_path: Path) -> None:
    said = restored(
        kept, tmp_path / "node", "--nothing-later", GONGSHU_PASSPHRASE="another passphrase"
    )
    assert said.status == 1
    assert "口令不对" in said.text
    assert not (tmp_path / "node").exists()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"GONGSHU_ORIGIN": "other.example/log"}, "GONGSHU_ORIGIN=gongshu.local/ledger"),
        ({"GONGSHU_DATABASE": "postgresql://localhost/x"}, "GONGSHU_DATABASE"),
    ],
)
def test_settings_that_do_not_fit_are_said(
    kept: Path, tmp_path: Path, settings: dict[str, str], words: str
) -> None:
    said = restored(kept, tmp_path / "node", "--nothing-later", **settings)
    assert said.status == 1
    assert words in said.text


def test_a_folder_with_something_in_it_is_left_alone(kept: Path, tmp_path: Path) -> None:
    (tmp_path / "node").mkdir()
    (tmp_path / "node" / "mine").write_text("x")
    said = restored(kept, tmp_path / "node", "--nothing-later")
    assert said.status == 1
    assert [path.name for path in (tmp_path / "node").iterdir()] == ["mine"]


@pytest.mark.parametrize("inside", ["", "backups"])
def test_a_backup_inside_the_node_is_refused(company: Company, inside: str) -> None:
    company.after_the_story()
    said = gongshu(company.home, "backup", company.home / inside)
    assert said.status == 1
    assert "节点目录里面" in said.text


def test_a_short_passphrase_is_refused_before_anything_is_written(
    company: Company, tmp_path: Path
) -> None:
    company.after_the_story()
    said = gongshu(company.home, "backup", tmp_path / "b", GONGSHU_PASSPHRASE="short")
    assert said.status == 1
    assert "至少" in said.text
    assert not (tmp_path / "b").exists()
