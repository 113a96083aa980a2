"""Starting a child and giving it one task."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from gongshu.sandbox import wire
from gongshu.sandbox.faults import SandboxFault
from gongshu.sandbox.limits import Limits
from gongshu.sandbox.locks import sufficient
from gongshu.sandbox.session import Result, Session

READY_SECONDS = 30.0
NOT_STARTED = "加工进程没能启动，没有执行。请稍后再试；仍然失败时请运行 gongshu check-host。"
DEFAULT = Limits()
Tables = Sequence["pa.RecordBatchReader | pa.Table"]


class Worker:
    """A spawned child that warms itself up, locks itself and waits; it serves one task."""

    def __init__(
        self,
        task: str,
        limits: Limits = DEFAULT,
        *,
        import_from: Path | None = None,
        diagnostics: int | None = None,
    ) -> None:
        if not sys.platform.startswith("linux"):
            raise SandboxFault(
                "refused", sentence="加工沙箱只能在 Linux 上运行，请换到 Linux 主机。"
            )
        self._limits = limits
        self._channel, theirs = socket.socketpair()
        command = [sys.executable, "-I", "-m", "gongshu.sandbox.child", str(theirs.fileno())]
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL if diagnostics is None else diagnostics,
                env={},
                pass_fds=[theirs.fileno()],
            )
        prepare = {
            "task": task,
            "limits": asdict(limits),
            "import_from": [str(import_from)] if import_from else [],
        }
        with suppress(wire.Closed):
            wire.send(self._channel.fileno(), wire.frame(wire.PREPARE, wire.to_json(prepare)))

    @property
    def pid(self) -> int:
        """Return the process id of the child."""
        return self._process.pid

    def wait_ready(self) -> dict[str, bool]:
        """Wait until the child is warm and locked and return its locks; raises `SandboxFault`."""
        self._channel.settimeout(READY_SECONDS)
        try:
            header = wire.read_exactly(self._channel.recv_into, wire.HEADER.size)
            kind, size = wire.HEADER.unpack(header)
            if kind != wire.READY or size > wire.MESSAGE_BYTES:
                raise wire.Closed
            locks: dict[str, bool] = json.loads(wire.read_exactly(self._channel.recv_into, size))
        except (wire.Closed, TimeoutError) as gone:
            self.kill()
            raise SandboxFault("refused", sentence=NOT_STARTED) from gone
        self._channel.settimeout(None)
        if not sufficient(locks):
            self.kill()
            raise SandboxFault(
                "refused",
                sentence="本机不允许锁定加工进程，已拒绝执行。请运行 gongshu check-host 查看原因。",
            )
        return locks

    def begin(
        self,
        params: Any,
        *,
        files: Sequence[int] = (),
        tables: Tables = (),
        codes: frozenset[str] = frozenset(),
    ) -> Session:
        """Give the waiting child its task; the session owns the child from here on."""
        session = Session(self._process, self._channel, self._limits, codes=codes)
        try:
            _check_handed_over(files, tables)
            session.start(params, files, tables)
        except BaseException:
            session.close()
            raise
        return session

    def kill(self) -> None:
        """End the child without having used it."""
        self._process.kill()
        self._channel.close()
        self._process.wait()


def _check_handed_over(files: Sequence[int], tables: Tables) -> None:
    for descriptor in files:
        if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY:
            raise ValueError("a task gets files that are open for reading only")
    if len(files) + len(tables) > wire.DESCRIPTORS:
        raise ValueError("a task gets at most 40 files and tables")


@contextmanager
def stream(
    task: str,
    params: Any,
    *,
    files: Sequence[int] = (),
    tables: Tables = (),
    limits: Limits = DEFAULT,
    codes: frozenset[str] = frozenset(),
    import_from: Path | None = None,
    diagnostics: int | None = None,
) -> Iterator[Session]:
    """Run a task in a fresh child and yield its `Session`, whose batches are read as they come.

    `task` is "module:function"; the function is called in the child as
    `task(params, files, tables, emit)` with binary files, Arrow record-batch readers and
    `emit(stream_name, batch_or_table)`, and returns a JSON-able value. Its module's optional
    `WARM_UP()` runs before the locks close and must import everything, for no file can be opened
    afterwards. `codes` are the refusals (`TaskRefused`) the caller expects; `import_from` is an
    extra folder for the import of the task; `diagnostics` is a pipe or terminal for the child's
    stderr, only ever given where the data are generated. Raises `SandboxFault`, with the
    code `refused` and nothing declared when no task ran; a fault of a table's own source is raised
    as it is.
    """
    worker = Worker(task, limits, import_from=import_from, diagnostics=diagnostics)
    worker.wait_ready()
    with worker.begin(params, files=files, tables=tables, codes=codes) as session:
        yield session


def run(
    task: str,
    params: Any,
    *,
    files: Sequence[int] = (),
    tables: Tables = (),
    limits: Limits = DEFAULT,
    codes: frozenset[str] = frozenset(),
    import_from: Path | None = None,
    diagnostics: int | None = None,
) -> Result:
    """Run a task in a fresh child and return its `Result`; everything else is as in `stream`."""
    with stream(
        task,
        params,
        files=files,
        tables=tables,
        limits=limits,
        codes=codes,
        import_from=import_from,
        diagnostics=diagnostics,
    ) as session:
        return session.collect()
