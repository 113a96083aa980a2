"""The story, run by the demo's own command; a module, since several folders have a conftest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Played:
    """The story as one run of the demo told it; `home` is the node that it left behind."""

    home: Path
    status: int
    scenes: list[dict[str, Any]]
    said: str


def play(folder: Path, *arguments: str) -> Played:
    """Run the story in a process of its own, in `folder`."""
    out = folder / "story.json"
    command = [sys.executable, "-m", "gongshu_server.commands", "demo", "--no-serve"]
    command += ["--home", str(folder / "demo"), "--json", str(out), *arguments]
    # A newcomer's environment: nothing of the test run's own settings.
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DJANGO_", "GONGSHU_"))}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=kept)
    scenes = json.loads(out.read_text(encoding="utf-8"))["scenes"] if out.is_file() else []
    return Played(folder / "demo", done.returncode, scenes, done.stdout + done.stderr)
