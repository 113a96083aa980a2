"""`gongshu serve`: the server, the worker with its clean-room pool, and nothing else.

The parent holds no application code; it starts the processes, restarts one that dies, and stops
all of them together.
"""

from __future__ import annotations

import ctypes
import ipaddress
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from types import FrameType

from gongshu.vocabulary.errors import Conflict
from gongshu_server import configuration
from gongshu_server.commands import transport
from gongshu_server.log_lines import report_discreetly
from gongshu_server.upkeep import occupancy

RESTART_SECONDS = 1.0
STOP_SECONDS = 10.0
PR_SET_PDEATHSIG = 1  # From linux/prctl.h.
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def serve(*, host: str, port: int, workers: int = 1) -> int:
    """Serve until SIGINT or SIGTERM; return the exit status.

    Raises Conflict when the port is taken, Invalid when TLS cannot be done as the settings say.
    """
    tls = transport.options()
    refuse_taken(host, port)
    if said := transport.warning(local=is_local(host)):
        sys.stderr.write(f"{said}\n")
    held = occupancy.occupy(configuration.home())
    server = [
        *(sys.executable, "-m", "granian", "gongshu_server.delivery.asgi:application"),
        *("--interface", "asgi", "--host", host, "--port", str(port)),
        *("--workers", str(workers), "--no-ws", "--log-level", "warning"),
        *tls,
    ]
    worker = [sys.executable, "-m", "gongshu_server.commands", "worker"]
    return _Household((server, worker), held=held).run()


def refuse_unfit(host: str) -> None:
    """End with the refusal of a process of its own when the node may not be served there.

    It loads the program; the parent of the servers lives long and does not.
    """
    asked = [sys.executable, "-m", "gongshu_server.commands", "fit", "--host", host]
    status = subprocess.run(asked, check=False).returncode  # noqa: S603 - our own interpreter
    if status != 0:
        raise SystemExit(status)


def is_local(host: str) -> bool:
    """Tell whether an address is this machine's own and nobody else can reach it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _Household:
    """The child processes of one node."""

    def __init__(self, commands: Sequence[Sequence[str]], *, held: int) -> None:
        self.commands, self._held = commands, held
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
                    _end_group(child)
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
            _end_group(child)
        return 0

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.stop.set()

    def _start(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        # A session of its own: Ctrl-C reaches the parent, which stops the children in order.
        return subprocess.Popen(  # noqa: S603 - our own interpreter
            command,
            env=dict(os.environ),
            start_new_session=True,
            pass_fds=(self._held,),  # The node is in use while any of them lives.
            preexec_fn=partial(_end_with_parent, os.getpid()),
        )


def _end_group(child: subprocess.Popen[bytes]) -> None:
    """End what a child that is gone has left running: it would serve on without anybody's care."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def _end_with_parent(parent: int) -> None:
    """Ask the kernel to end this child when its parent is killed (Linux; elsewhere it stays)."""
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # It was killed before we asked.
            os._exit(1)


def refuse_taken(host: str, port: int) -> None:
    """Raise Conflict when the address cannot be had: its server would be restarted for ever."""
    try:
        family, kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as fault:
        raise Conflict(
            f"不能在 {host} 的端口 {port} 监听（{fault.strerror}），可能已被占用。"
            "请用 --port 换一个，或先停掉占用它的程序。",
            code="port_taken",
        ) from None


def work() -> None:
    """Run the worker process until it is told to stop."""
    from gongshu_server.commands import periodic
    from gongshu_server.jobs import worker
    from gongshu_server.upkeep import upgrading

    upgrading.refuse_other_version()
    report_discreetly()
    held = occupancy.occupy(configuration.home())
    periodic.clean_room()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    worker.serve(stop)
    os.close(held)
