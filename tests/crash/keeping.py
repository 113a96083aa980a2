"""Backup and restoring as an operator does them: the command line, against a node's folder."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PASSPHRASE = "一个足够长的备份口令 2026"
CUT = Path(__file__).parent / "cut.py"


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended: status (negative when it was killed) and all that it printed."""

    status: int
    text: str


def gongshu(
    home: Path, *arguments: str | Path, cut: int | None = None, most: int = 0, **more: str
) -> Said:
    """Run a command; `cut` kills it before that call to the disk, `most` bounds every file."""
    start = ["-m", "gongshu_server.commands"] if cut is None else [str(CUT), str(cut)]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DJANGO_", "GONGSHU_"))}
    chosen = {"GONGSHU_HOME": str(home), "GONGSHU_PASSPHRASE": PASSPHRASE, **more}

    def limited() -> None:
        if most:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    done = subprocess.run(
        [sys.executable, *start, *map(str, arguments)],
        env={**kept, **chosen},
        capture_output=True,
        text=True,
        timeout=180,
        preexec_fn=limited,
    )
    return Said(done.returncode, done.stdout + done.stderr)


def restored(backup: Path, home: Path, *how: str | Path, **more: object) -> Said:
    """Restore a backup into a new folder, in somebody's name."""
    who = ("--person", "王芳", "--reason", "演练")
    return gongshu(home, "restore", backup, "--home", home, *who, *how, **more)  # type: ignore[arg-type]


def complete(target: Path) -> list[Path]:
    """Return what looks like a complete backup."""
    return sorted(p for p in target.glob("*") if not p.name.startswith("."))
