"""Whether a node is in use: who serves it holds a lock on a file for as long as they live.

The kernel lets go of the lock when the last process that holds it ends, however it ends.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from gongshu.vocabulary.errors import Conflict

FILE: Final = "serving.lock"


def occupy(home: Path) -> int:
    """Hold the node as one of those who serve it, until the handle that is returned is closed.

    Children that are given the handle hold it, too. Raises Conflict during an upgrade.
    """
    return _held(home, fcntl.LOCK_SH, "节点正在升级，请等它结束再启动。", "upgrade_runs")


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Hold the node alone. Raises Conflict while it is served."""
    handle = _held(
        home, fcntl.LOCK_EX, "节点正在运行。请先停下 gongshu serve 和 worker，再升级。", "serving"
    )
    try:
        yield
    finally:
        os.close(handle)


def _held(home: Path, how: int, sentence: str, code: str) -> int:
    handle = os.open(home / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, how | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise Conflict(sentence, code=code) from None
    return handle
