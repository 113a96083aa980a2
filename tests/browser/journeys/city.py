"""The demo city, played once and served with its worker: the node that the journeys walk on."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

GONGSHU = (sys.executable, "-m", "gongshu_server.commands")
ROOT = Path(__file__).resolve().parents[3]


def play(home: Path) -> None:
    """Play the whole story on a small city in that folder."""
    command = [*GONGSHU, "demo", "--no-serve", "--scale", "0.02", "--home", str(home)]
    done = subprocess.run(
        command, env=_environment(), capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def copied(home: Path, folder: Path) -> Path:
    """Copy a played node, which nobody serves, into a folder and return its home there."""
    return Path(shutil.copytree(home, folder / "demo"))


@contextmanager
def serving(home: Path) -> Iterator[str]:
    """Serve that node on a free port, its worker running, and give its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [*GONGSHU, "serve", "--port", str(port), "--home", str(home)]
    with (home / "serve.log").open("w") as said:
        running = subprocess.Popen(command, env=_environment(), stdout=said, stderr=said)
        try:
            origin = f"http://127.0.0.1:{port}"
            _wait(origin, running)
            yield origin
        finally:
            running.terminate()
            running.wait(timeout=30)


def _environment() -> dict[str, str]:
    """Return this process's environment without what the tests set for themselves."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DJANGO_", "GONGSHU_"))}
    return {**kept, "PYTHONPATH": str(ROOT / "src")}


def _wait(origin: str, running: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            urllib.request.urlopen(f"{origin}/sign-in/", timeout=30).close()
        except OSError:
            assert running.poll() is None, "the node ended before it served"
            assert time.monotonic() < deadline, "the node does not answer"
            time.sleep(0.2)
        else:
            return
