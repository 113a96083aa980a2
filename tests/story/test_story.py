"""The whole story, as a newcomer runs it: generated and real data, and the turn of the year."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

CLAUSES_OF_EVERY_SCENE = 1


def play(tmp_path: Path, *arguments: str) -> tuple[int, list[dict[str, Any]], str]:
    """Run the story in a process of its own; return status, scenes and what was printed."""
    out = tmp_path / "story.json"
    command = [sys.executable, "-m", "gongshu_server.commands", "demo", "--no-serve"]
    command += ["--home", str(tmp_path / "demo"), "--json", str(out), *arguments]
    # A newcomer's environment: nothing of the test run's own settings.
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DJANGO_", "GONGSHU_"))}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=kept)
    scenes = json.loads(out.read_text(encoding="utf-8"))["scenes"] if out.is_file() else []
    return done.returncode, scenes, done.stdout + done.stderr


def assert_as_it_should(status: int, scenes: list[dict[str, Any]], said: str) -> None:
    failed = [(s["name"], s["outcome"]) for s in scenes if not s["ok"]]
    assert not failed, failed
    assert status == 0, said
    assert len(scenes) >= 31
    assert all(len(s["clauses"]) >= CLAUSES_OF_EVERY_SCENE for s in scenes)
    assert set(scenes[0]) == {
        "name",
        "clauses",
        "expected",
        "outcome",
        "ok",
        "seconds",
        "data",
    }


@pytest.mark.parametrize("as_of", ["", "2026-12-31", "2027-01-01"])
def test_every_scene_ends_as_it_should(tmp_path: Path, as_of: str) -> None:
    options = ["--as-of", as_of] if as_of else []
    status, scenes, said = play(tmp_path, "--scale", "0.1", *options)
    assert_as_it_should(status, scenes, said)
    assert {s["data"] for s in scenes} == {"generated"}
    if as_of:
        assert provisional_limits(tmp_path / "demo") > 0


def provisional_limits(home: Path) -> int:
    """Return how many limits of the story run into a year whose calendar is not published."""
    with closing(sqlite3.connect(home / "node.sqlite3")) as database:
        query = "select count(*) from cases_clock where provisional and due >= '2027-01-01'"
        return int(database.execute(query).fetchone()[0])


def test_real_tables_go_the_same_way(tmp_path: Path, shared: Path) -> None:
    folder = shared / "data" / "companies"
    status, scenes, said = play(tmp_path, "--scale", "0.1", "--data", str(folder))
    assert_as_it_should(status, scenes, said)
    assert "real" in {s["data"] for s in scenes}
    # A line on the screen may end in the middle of a sentence.
    told = said.replace("\n", "")
    for words in (
        "本次按未开放处理的：安全生产许可证信息、",
        "企业欠税公告信息：企业主体匹配率",
        "安全生产许可证信息 与 应急执法检查信息：共有企业",
        "企业欠税公告信息 与 安全生产许可证信息：没有共有企业，连接为空",
        "行没有收进表（列数与表头不同），首先出现在第",
    ):
        assert words in told


def test_a_missing_folder_is_said_loudly(tmp_path: Path) -> None:
    status, scenes, said = play(tmp_path, "--data", str(tmp_path / "nothing"))
    assert status != 0
    assert not scenes
    assert "没有目录" in said


def test_a_story_before_its_clauses_is_refused(tmp_path: Path) -> None:
    status, _, said = play(tmp_path, "--as-of", "2026-01-15")
    assert status != 0
    assert "尚未施行" in said


def test_a_folder_with_other_content_is_left_alone(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    home.mkdir()
    (home / "letter.txt").write_text("keep me", encoding="utf-8")
    status, _, said = play(tmp_path)
    assert status != 0
    assert "不会覆盖" in said
    assert (home / "letter.txt").read_text(encoding="utf-8") == "keep me"
