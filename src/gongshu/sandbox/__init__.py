"""The one locked worker: everything that touches received bytes or runs a query happens in it.

A task runs in a spawned process with an empty environment, hard limits on memory, time and
output, no network, no way to open a file and no way to start a program (SECURITY.md, S7). It gets
what the caller hands over — open read-only files, Arrow tables, JSON — and answers with Arrow
batches and one JSON value. It dies after one task.

The names below load on first use: the child imports this package, too, and may only enter its own
user and network namespace while it has a single thread, that is before pyarrow is loaded.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gongshu.sandbox.faults import SandboxFault, TaskRefused
    from gongshu.sandbox.host import HostCheck, check_host
    from gongshu.sandbox.limits import Limits
    from gongshu.sandbox.pool import Pool
    from gongshu.sandbox.session import Result, Session
    from gongshu.sandbox.worker import run, stream

__all__ = [
    "HostCheck",
    "Limits",
    "Pool",
    "Result",
    "SandboxFault",
    "Session",
    "TaskRefused",
    "check_host",
    "run",
    "stream",
]


def __getattr__(name: str) -> Any:
    module = {
        "HostCheck": "host",
        "Limits": "limits",
        "Pool": "pool",
        "Result": "session",
        "SandboxFault": "faults",
        "Session": "session",
        "TaskRefused": "faults",
        "check_host": "host",
        "run": "worker",
        "stream": "worker",
    }.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{module}"), name)
