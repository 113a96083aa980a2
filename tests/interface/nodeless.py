"""Commands that need no node, run where there is none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Run the command line in a folder, see that it makes no node, and return what it said."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DJANGO_", "GONGSHU_"))}
    done = subprocess.run(
        [sys.executable, "-m", "gongshu_server.commands", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=folder,
        env={**kept, "TMPDIR": str(folder), "GONGSHU_HOME": str(folder / "home"), "COLUMNS": "200"},
    )
    assert not (folder / "home").exists()
    return done.returncode, done.stdout, done.stderr
