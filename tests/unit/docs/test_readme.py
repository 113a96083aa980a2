"""The story that the READMEs print is the story that is played, and both tell the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from gongshu_server.commands.main import app
from gongshu_server.demo.scenes.all import scenes

ROOT = Path(__file__).resolve().parents[3]
READMES = ("README.md", "README.zh-CN.md")
SCENE = re.compile(r"^✓ \d{4}-\d\d-\d\d  (?P<name>.+?)  \((?P<clauses>[^；]+)；生成数据\)$", re.M)
TARGET = re.compile(
    r"`(?:HOST_PORT=\d+ )?make ([a-z-]+)`|^\$ (?:HOST_PORT=\d+ )?make ([a-z-]+)$", re.M
)
COMMAND = re.compile(r"\.venv/bin/gongshu ([a-z][a-z-]*)")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def pages() -> list[Path]:
    return [ROOT / name for name in READMES] + sorted((ROOT / "docs").rglob("*.md"))


@pytest.mark.parametrize("name", READMES)
def test_the_scenes_are_those_of_the_story(name: str) -> None:
    played = {scene.name: "、".join(scene.clauses) for scene in scenes()}
    shown = [(m["name"], m["clauses"]) for m in SCENE.finditer(text(name))]
    assert len(shown) >= 8
    assert [(scene, played.get(scene)) for scene, _ in shown] == shown


def test_the_number_of_scenes_is_told() -> None:
    count = len(scenes())
    assert f"\n{count} scenes, " in text("README.md")
    for name in READMES:
        assert f"\n共 {count} 幕，" in text(name)


def test_both_readmes_show_the_same_output() -> None:
    english, chinese = (re.findall(r"```text\n(.+?)```", text(name), re.S) for name in READMES)
    assert english == chinese


def test_both_readmes_have_the_same_parts() -> None:
    english, chinese = (re.findall(r"^## ", text(name), re.M) for name in READMES)
    assert len(english) == len(chinese)


def test_every_make_target_that_is_named_exists() -> None:
    makefile = text("Makefile")
    for page in pages():
        for pair in TARGET.findall(page.read_text(encoding="utf-8")):
            target = "".join(pair)
            assert re.search(rf"^{target}:", makefile, re.M), f"{page.name}: make {target}"


def test_every_command_that_is_named_exists() -> None:
    known = {*get_command(app).commands, "ledger"}  # type: ignore[attr-defined] # typer's group
    for page in pages():
        for command in COMMAND.findall(page.read_text(encoding="utf-8")):
            assert command in known, f"{page.name}: gongshu {command}"
