"""How the demo ends follows from how its scenes end: planted scenes, played in a small city.

A status of 0 says that every scene ended as it should, so one that did not must show in the
status, in the file and on the screen. The whole story's own tests show the status 0.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

# The command as it is, with other scenes: they can be planted once it has set Django up.
PLAY = """
from gongshu.vocabulary.errors import Invalid
from gongshu_server.commands import main
set_up = main.set_up
def with_planted_scenes(home):
    set_up(home)
    from gongshu_server.demo import run
    from gongshu_server.demo.stage import Scene, assure, refused
    def ends(stage):
        return "办成"
    def differs(stage):
        assure(False, "结果不对")
    def denied(stage):
        raise Invalid("没有办成。", code="planted")
    def allowed(stage):
        refused(lambda: None, "planted")
    plays = (differs, denied, allowed, ends)
    planted = [Scene(play.__name__, ("27-21",), "", play) for play in plays]
    planted.append(Scene("early", ("disclosure-2026",), "", ends))
    run.scenes = lambda: tuple(planted)
main.set_up = with_planted_scenes
main.app()
"""


def test_a_scene_that_ends_otherwise_ends_the_demo_with_1(tmp_path: Path) -> None:
    out = tmp_path / "story.json"
    options = ["demo", "--no-serve", "--scale", "0.01", "--as-of", "2026-12-31"]
    options += ["--home", str(tmp_path / "demo"), "--json", str(out)]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DJANGO_", "GONGSHU_"))}
    command = [sys.executable, "-c", PLAY, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=kept)
    assert done.returncode == 1, done.stderr
    assert "有的幕没有如期结束" in done.stdout
    scenes = json.loads(out.read_text(encoding="utf-8"))["scenes"]
    assert {scene["name"]: scene["ok"] for scene in scenes} == {
        "differs": False,
        "denied": False,
        "allowed": False,
        "ends": True,
        "early": False,
    }
    said = {scene["name"]: scene["outcome"] for scene in scenes}
    assert said["differs"] == "结果不对"
    assert said["denied"].endswith("没有办成。")
    assert said["allowed"] == "本应拒绝，却办成了"
    assert "disclosure-2026" in said["early"]
