"""`gongshu serve`: the server, the worker with its clean-room pool, and nothing else.

The parent holds no application code; it starts the processes, restarts one that dies, and stops
all of them together.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from types import FrameType

RESTART_SECONDS = 1.0
STOP_SECONDS = 10.0


def serve(*, host: str, port: int, workers: int = 1) -> int:
    """Serve until SIGINT or SIGTERM; return the exit status."""
    server = [
        *(sys.executable, "-m", "granian", "gongshu_server.delivery.asgi:application"),
        *("--interface", "asgi", "--host", host, "--port", str(port)),
        *("--workers", str(workers), "--no-ws", "--log-level", "warning"),
    ]
    worker = [sys.executable, "-m", "gongshu_server.commands", "worker"]
    return _Household((server, worker)).run()


class _Household:
    """The child processes of one node."""

    def __init__(self, commands: Sequence[Sequence[str]]) -> None:
        self.commands = commands
        self.stop = threading.Event()

    def run(self) -> int:
        """Start every command, restart what dies, stop all on a signal."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        children = [self._start(command) for command in self.commands]
        while not self.stop.wait(0.3):
            for place, child in enumerate(children):
                if child.poll() is not None and not self.stop.is_set():
                    sys.stderr.write(f"进程意外结束（{child.returncode}），正在重启。\n")
                    time.sleep(RESTART_SECONDS)
                    children[place] = self._start(self.commands[place])
        for child in children:
            child.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for child in children:
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
        return 0

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.stop.set()

    @staticmethod
    def _start(command: Sequence[str]) -> subprocess.Popen[bytes]:
        # A session of its own: Ctrl-C reaches the parent, which stops the children in order.
        return subprocess.Popen(command, env=dict(os.environ), start_new_session=True)  # noqa: S603 - our own interpreter


def work() -> None:
    """Run the worker process until it is told to stop."""
    from gongshu_server.commands import periodic
    from gongshu_server.jobs import worker

    periodic.clean_room()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    worker.serve(stop)
