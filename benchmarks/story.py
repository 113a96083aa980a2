"""The story's time, the idle memory of a serving node, and its verdicts, as newcomers see them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import verdicts

IDLE_SECONDS = 8.0
PORT = 8697


def measure() -> dict[str, float]:
    """Return the story's seconds at full size, the idle node's megabytes and its verdicts' ms."""
    home = Path(tempfile.mkdtemp(prefix="gongshu-story-"))
    try:
        return _story(home) | _memory(home / "demo")
    finally:
        shutil.rmtree(home)


def _gongshu(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "gongshu_server.commands", *arguments]


def _story(home: Path) -> dict[str, float]:
    out = home / "story.json"
    started = time.perf_counter()
    subprocess.run(
        _gongshu("demo", "--no-serve", "--home", str(home / "demo"), "--json", str(out)),
        check=True,
        stdout=subprocess.DEVNULL,
    )
    seconds = time.perf_counter() - started
    scenes = json.loads(out.read_text(encoding="utf-8"))["scenes"]
    slowest = max(scenes, key=lambda scene: scene["seconds"])
    return {
        "story, whole process, s": seconds,
        "story, scenes": float(len(scenes)),
        f"slowest scene ({slowest['name']}), s": slowest["seconds"],
    }


def _memory(home: Path) -> dict[str, float]:
    node = subprocess.Popen(
        _gongshu("serve", "--home", str(home), "--port", str(PORT)), start_new_session=True
    )
    try:
        time.sleep(IDLE_SECONDS)
        processes = _family(node.pid)
        return {
            "serving node, idle, MB PSS": sum(_pss(pid) for pid in processes) / 1024,
            "serving node, processes": float(len(processes)),
        } | verdicts.measure_at(PORT)
    finally:
        os.kill(node.pid, signal.SIGTERM)
        node.wait(30)


def _family(root: int) -> list[int]:
    """Return the process and everything below it."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = status.read_text()
        except OSError:
            continue
        parents[int(status.parent.name)] = int(text.rpartition(")")[2].split()[1])
    family = [root]
    for pid in family:
        family += [child for child, parent in parents.items() if parent == pid]
    return family


def _pss(pid: int) -> int:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(next(line for line in text.splitlines() if line.startswith("Pss:")).split()[1])


if __name__ == "__main__":
    for name, figure in measure().items():
        print(f"{name:60} {figure:>12,.2f}")
