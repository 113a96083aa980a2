"""The whole story, as a newcomer runs it: generated and real data, and the turn of the year."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from playing import Played, play

CLAUSES_OF_EVERY_SCENE = 1


def assert_as_it_should(told: Played) -> None:
    scenes = told.scenes
    failed = [(s["name"], s["outcome"]) for s in scenes if not s["ok"]]
    assert not failed, failed
    assert told.status == 0, told.said
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


def test_every_scene_ends_as_it_should(played: Played) -> None:
    assert_as_it_should(played)
    assert {s["data"] for s in played.scenes} == {"generated"}


@pytest.mark.parametrize("as_of", ["2026-12-31", "2027-01-01"])
def test_every_scene_ends_as_it_should_at_the_turn_of_the_year(tmp_path: Path, as_of: str) -> None:
    told = play(tmp_path, "--scale", "0.1", "--as-of", as_of)
    assert_as_it_should(told)
    assert {s["data"] for s in told.scenes} == {"generated"}
    assert provisional_limits(told.home) > 0


def provisional_limits(home: Path) -> int:
    """Return how many limits of the story run into a year whose calendar is not published."""
    with closing(sqlite3.connect(home / "node.sqlite3")) as database:
        query = "select count(*) from cases_clock where provisional and due >= '2027-01-01'"
        return int(database.execute(query).fetchone()[0])


def test_real_tables_go_the_same_way(tmp_path: Path, shared: Path) -> None:
    folder = shared / "data" / "companies"
    told = play(tmp_path, "--scale", "0.1", "--data", str(folder))
    assert_as_it_should(told)
    assert "real" in {s["data"] for s in told.scenes}
    # A line on the screen may end in the middle of a sentence.
    said = told.said.replace("\n", "")
    for words in (
        "本次按未开放处理的：安全生产许可证信息、",
        "企业欠税公告信息：企业主体匹配率",
        "安全生产许可证信息 与 应急执法检查信息：共有企业",
        "企业欠税公告信息 与 安全生产许可证信息：没有共有企业，连接为空",
        "行没有收进表（列数与表头不同），首先出现在第",
    ):
        assert words in said


def test_a_missing_folder_is_said_loudly(tmp_path: Path) -> None:
    told = play(tmp_path, "--data", str(tmp_path / "nothing"))
    assert told.status != 0
    assert not told.scenes
    assert "没有目录" in told.said


def test_a_story_before_its_clauses_is_refused(tmp_path: Path) -> None:
    told = play(tmp_path, "--as-of", "2026-01-15")
    assert told.status != 0
    assert "尚未施行" in told.said


def test_a_folder_with_other_content_is_left_alone(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    home.mkdir()
    (home / "letter.txt").write_text("keep me", encoding="utf-8")
    told = play(tmp_path)
    assert told.status != 0
    assert "不会覆盖" in told.said
    assert (home / "letter.txt").read_text(encoding="utf-8") == "keep me"
