"""After the story every page that anybody reaches by links opens, within its budget of queries."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from playing import ROOT, Played

MOST_QUERIES = 12
MANY = 300


def test_every_page_opens_for_everybody_who_is_led_to_it(played: Played, tmp_path: Path) -> None:
    home = shutil.copytree(played.home, tmp_path / "demo")
    command = [sys.executable, "-m", "benchmarks.pages", str(home), "--once"]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DJANGO_", "GONGSHU_"))}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=ROOT, env=kept)
    assert done.returncode == 0, done.stderr[-4000:]
    pages = json.loads(done.stdout)
    assert len(pages) > MANY
    assert [(p["who"], p["from"], p["url"], p["status"]) for p in pages if p["status"] != 200] == []
    over = {(p["url"], p["queries"]) for p in pages if p["queries"] > MOST_QUERIES}
    assert over == set()
