"""A backup or restoring that is killed or runs out of disk leaves nothing that looks complete."""

from __future__ import annotations

from pathlib import Path

import pytest

from crash.company import Company
from crash.keeping import complete, gongshu, restored

pytestmark = [pytest.mark.xdist_group("crash")]
SHARES = (0.0, 0.2, 0.6, 0.9, 1.0)


def places(calls: int) -> list[int]:
    """Return at which calls to the disk a run of so many is killed, the last ones in any case."""
    return sorted({max(1, round(share * calls)) for share in SHARES} | {calls - 1, calls - 2})


def test_a_killed_backup_leaves_none_and_the_next_one_is_whole(
    company: Company, tmp_path: Path
) -> None:
    company.after_the_story()
    whole = gongshu(company.home, "backup", tmp_path / "whole", cut=0)
    assert whole.status == 0, whole.text
    calls = int(whole.text.split()[-1])
    assert calls > 100
    target = tmp_path / "backups"
    outcomes = set()
    for number in places(calls):
        before = complete(target)
        killed = gongshu(company.home, "backup", target, cut=number)
        assert killed.status == -9, killed.text
        new = [path for path in complete(target) if path not in before]
        outcomes.add(bool(new))
        for path in new:  # Killed after it had its name.
            assert gongshu(tmp_path, "backup", path, "--verify").status == 0
    assert False in outcomes
    assert gongshu(company.home, "backup", target).status == 0
    assert not list(target.glob(".unfinished*"))
    assert gongshu(tmp_path, "backup", target, "--verify").status == 0
    assert not company.examine()


def test_a_killed_restoring_leaves_no_node_and_can_be_begun_again(
    company: Company, tmp_path: Path
) -> None:
    company.after_the_story()
    target, home = tmp_path / "backups", tmp_path / "node"
    assert gongshu(company.home, "backup", target).status == 0
    whole = restored(target, tmp_path / "whole", "--nothing-later", cut=0)
    assert whole.status == 0, whole.text
    for number in places(int(whole.text.split()[-1]))[:-1]:
        killed = restored(target, home, "--nothing-later", cut=number)
        assert killed.status == -9, killed.text
        assert not home.exists()
    said = restored(target, home, "--nothing-later")
    assert said.status == 0, said.text
    assert not list(tmp_path.glob(".node*"))


def test_a_full_disk_leaves_neither_backup_nor_node(company: Company, tmp_path: Path) -> None:
    company.after_the_story()
    target, home = tmp_path / "backups", tmp_path / "node"
    # With 4 KiB not even the node's own database can be opened.
    for most, words in ((4_096, "数据库"), (100_000, "没有留下"), (1_000_000, "没有留下")):
        said = gongshu(company.home, "backup", target, most=most)
        assert said.status == 1, said.text
        assert words in said.text
        assert "请检查" in said.text
        assert "Traceback" not in said.text
        assert not complete(target)
        assert not list(target.glob(".*"))
    assert gongshu(company.home, "backup", target).status == 0
    for most in (4_096, 1_000_000):
        said = restored(target, home, "--nothing-later", most=most)
        assert said.status == 1, said.text
        assert "没有留下不完整的节点" in said.text
        assert [path.name for path in tmp_path.iterdir()] == ["backups"]
