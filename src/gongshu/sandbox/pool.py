"""Children kept warm, so that a run does not wait for imports."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gongshu.sandbox.faults import SandboxFault
from gongshu.sandbox.limits import Limits
from gongshu.sandbox.session import Result, Session
from gongshu.sandbox.worker import DEFAULT, Tables, Worker


class Pool:
    """Keeps `size` locked children for one task; each has loaded no data and dies after one use.

    A taken child is replaced at once: spawning returns within milliseconds and the new child warms
    itself. Safe for use from several threads; close it (or leave its context) to end the children.
    """

    def __init__(
        self,
        task: str,
        size: int = 1,
        *,
        limits: Limits = DEFAULT,
        codes: frozenset[str] = frozenset(),
        import_from: Path | None = None,
    ) -> None:
        self._task = task
        self._limits = limits
        self._codes = codes
        self._import_from = import_from
        self._lock = threading.Lock()
        self._closed = False
        self._size = size
        self._waiting = [self._spawn() for _ in range(size)]

    def _spawn(self) -> Worker:
        return Worker(self._task, self._limits, import_from=self._import_from)

    @property
    def pids(self) -> list[int]:
        """Return the process ids of the waiting children (for measuring them)."""
        with self._lock:
            return [worker.pid for worker in self._waiting]

    def _take(self) -> Worker:
        """Return a child that is warm; one that died while waiting is replaced."""
        failure = SandboxFault("refused")
        for _ in range(2):
            with self._lock:
                if self._closed:
                    raise SandboxFault("refused", sentence="加工沙箱已经关闭，请稍后再试。")
                worker = self._waiting.pop(0) if self._waiting else self._spawn()
                while len(self._waiting) < self._size:
                    self._waiting.append(self._spawn())
            try:
                worker.wait_ready()
            except SandboxFault as fault:
                failure = fault
            else:
                return worker
        raise failure

    @contextmanager
    def stream(
        self, params: Any, *, files: Sequence[int] = (), tables: Tables = ()
    ) -> Iterator[Session]:
        """Give a warm child the task and yield its `Session`; raises as `sandbox.stream` does."""
        worker = self._take()
        with worker.begin(params, files=files, tables=tables, codes=self._codes) as session:
            yield session

    def run(self, params: Any, *, files: Sequence[int] = (), tables: Tables = ()) -> Result:
        """Run the task in a warm child and return its `Result`."""
        with self.stream(params, files=files, tables=tables) as session:
            return session.collect()

    def close(self) -> None:
        """End all waiting children; a session that runs is not touched."""
        with self._lock:
            self._closed = True
            waiting, self._waiting = self._waiting, []
        for worker in waiting:
            worker.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
