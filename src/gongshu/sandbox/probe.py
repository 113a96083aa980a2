"""What a taken-over child would try first; run inside a locked child to see that each is refused.

`check-host` shows the outcome on the host at hand, and the tests of the sandbox judge by it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, cast

_PTRACE_TRACEME: Final = 0


def _open_for_reading() -> None:
    Path("/etc/hostname").read_bytes()


def _open_for_writing() -> None:
    with tempfile.NamedTemporaryFile():
        pass


def _list_folder() -> None:
    os.listdir("/")  # noqa: PTH208 - the plain call is what is tried


def _make_socket() -> None:
    socket.socket(socket.AF_INET, socket.SOCK_STREAM).close()


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _start_program() -> None:
    subprocess.run([sys.executable, "-c", "pass"], check=True)


def _replace_program() -> None:
    os.execv(sys.executable, [sys.executable, "-c", "pass"])  # noqa: S606 - it must fail


def _signal_parent() -> None:
    os.kill(os.getppid(), 0)
    os.kill(os.getpid(), signal.SIGCONT)


def _trace() -> None:
    if ctypes.CDLL(None).ptrace(_PTRACE_TRACEME, 0, None, None) != 0:
        raise PermissionError


def _raise_limit() -> None:
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (soft, soft))


def _memory_file() -> None:
    os.close(os.memfd_create("probe"))


ACTS: Final[dict[str, Callable[[], None]]] = {
    "open_for_reading": _open_for_reading,
    "open_for_writing": _open_for_writing,
    "list_folder": _list_folder,
    "socket": _make_socket,
    "fork": _fork,
    "start_program": _start_program,
    "replace_program": _replace_program,
    "signal": _signal_parent,
    "trace": _trace,
    "raise_limit": _raise_limit,
    "memory_file": _memory_file,
}


def WARM_UP() -> None:  # noqa: N802 - the sandbox's name for it
    """This function will load what the acts need, so that they fail for the right reason."""
    import resource  # noqa: F401


def attempt(
    params: dict[str, Any], files: Sequence[Any], tables: Sequence[Any], emit: Any
) -> dict[str, bool]:
    """This function will try each act and return whether it succeeded."""
    outcome = {}
    for name in cast("list[str]", params.get("acts", list(ACTS))):
        try:
            ACTS[name]()
        except (OSError, ValueError):
            outcome[name] = False
        else:
            outcome[name] = True
    return outcome


def hoard(
    params: dict[str, Any], files: Sequence[Any], tables: Sequence[Any], emit: Any
) -> dict[str, int]:
    """This function will take as much memory as `params["bytes"]` says."""
    return {"taken": len(bytearray(int(params["bytes"])))}
