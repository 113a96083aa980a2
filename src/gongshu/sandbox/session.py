"""The parent's side of one task: feed the tables, read the batches, kill what takes too long."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from gongshu.sandbox import wire
from gongshu.sandbox.faults import SandboxFault
from gongshu.sandbox.incoming import Streams
from gongshu.sandbox.limits import Limits

OUT_OF_TIME = frozenset({-signal.SIGALRM, -signal.SIGXCPU})
FAULTS = frozenset({"memory", "crash"})
FEED_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Result:
    """What a finished task gave back: its JSON value and each stream as one table.

    `cpu_seconds` and `peak_bytes` are the child's own statement of what it used, start included.
    """

    value: Any
    tables: Mapping[str, pa.Table]
    cpu_seconds: float
    peak_bytes: int


class Session:
    """One child at work. Iterate over `batches()`; afterwards `value` holds the task's answer.

    Use it as a context manager: leaving it ends the child, whatever state it is in.
    """

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        channel: socket.socket,
        limits: Limits,
        *,
        codes: frozenset[str],
    ) -> None:
        self._process = process
        self._channel = channel
        self._limits = limits
        self._codes = codes
        self._streams = Streams()
        self._late = False
        self._feed_fault: BaseException | None = None
        self._feeders: list[threading.Thread] = []
        self._watch = threading.Timer(limits.wall_seconds, self._stop_late)
        self._watch.daemon = True
        self.value: Any = None
        self.cpu_seconds = 0.0
        self.peak_bytes = 0

    @property
    def schemas(self) -> dict[str, pa.Schema]:
        """Return the schemas of the streams begun so far."""
        return self._streams.schemas

    def start(
        self, params: Any, files: Sequence[int], tables: Sequence[pa.RecordBatchReader | pa.Table]
    ) -> None:
        """Hand the task over: descriptors first, then parameters; the clock runs from here."""
        pipes = [os.pipe() for _ in tables]
        try:
            message = {
                "params": params,
                "files": len(files),
                "wall_seconds": self._limits.wall_seconds,
            }
            body = wire.to_json(message)
            if len(body) > wire.MESSAGE_BYTES:
                raise ValueError("the parameters of a task are at most 16 MiB of JSON")
            self._watch.start()
            # A child that is gone already shows itself when its answer is read.
            with suppress(wire.Closed, BrokenPipeError, ConnectionResetError):
                readers = [reader for reader, _ in pipes]
                socket.send_fds(self._channel, [b"\0"], [*files, *readers])
                wire.send(self._channel.fileno(), wire.frame(wire.GO, body))
        except BaseException:
            for _, writer in pipes:
                os.close(writer)
            raise
        finally:
            for reader, _ in pipes:
                os.close(reader)
        for table, (_, writer) in zip(tables, pipes, strict=True):
            feeder = threading.Thread(target=self._feed, args=(table, writer), daemon=True)
            self._feeders.append(feeder)
            feeder.start()

    def batches(self) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Yield (stream, batch) as the child sends them; raises `SandboxFault`."""
        room = self._limits.output_bytes
        while True:
            kind, body = self._frame(room)
            room -= len(body)
            if kind == wire.SCHEMA:
                self._streams.begin(body)
            elif kind == wire.BATCH:
                yield self._streams.batch(body)
            elif kind == wire.DONE:
                self._finish(body)
                return
            else:
                raise self._failure(body if kind == wire.FAILED else bytearray())

    def collect(self) -> Result:
        """Read everything and return it at once."""
        found: dict[str, list[pa.RecordBatch]] = {}
        for stream, batch in self.batches():
            found.setdefault(stream, []).append(batch)
        tables = {
            name: pa.Table.from_batches(found.get(name, []), schema=schema)
            for name, schema in self.schemas.items()
        }
        return Result(self.value, tables, self.cpu_seconds, self.peak_bytes)

    def close(self) -> None:
        """End the child and everything that served it."""
        self._watch.cancel()
        self._process.kill()
        self._channel.close()
        self._process.wait()
        for feeder in self._feeders:
            feeder.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _stop_late(self) -> None:
        self._late = True
        self._process.kill()

    def _feed(self, table: pa.RecordBatchReader | pa.Table, descriptor: int) -> None:
        """Write one table into its pipe; a fault of the table's own source ends the child."""
        reader = table.to_reader() if isinstance(table, pa.Table) else table
        with suppress(OSError), os.fdopen(descriptor, "wb", buffering=FEED_BYTES) as pipe:
            batches: Iterator[pa.RecordBatch] = iter(reader)
            with pa.ipc.new_stream(pipe, reader.schema) as stream:
                while (batch := self._next(batches)) is not None:
                    stream.write_batch(batch)

    def _next(self, batches: Iterator[pa.RecordBatch]) -> pa.RecordBatch | None:
        try:
            return next(batches, None)
        except BaseException as fault:
            # The child must not take a table that broke off for a complete one.
            self._feed_fault = fault
            self._process.kill()
            self._process.wait()
            raise OSError from fault

    def _frame(self, room: int) -> tuple[bytes, bytearray]:
        read_into: Callable[[memoryview], int] = self._channel.recv_into
        try:
            header = wire.read_exactly(read_into, wire.HEADER.size)
            kind, size = wire.HEADER.unpack(header)
            if size > min(room, wire.FRAME_BYTES):
                raise SandboxFault("output")
            return kind, wire.read_exactly(read_into, size)
        except wire.Closed:
            raise self._death() from self._feed_fault

    def _finish(self, body: bytearray) -> None:
        try:
            answer = json.loads(body)
            self.value = answer["value"]
            self.cpu_seconds = float(answer["cpu_seconds"])
            self.peak_bytes = int(answer["peak_bytes"])
        except (ValueError, TypeError, KeyError, RecursionError) as broken:
            raise SandboxFault("crash") from broken

    def _failure(self, body: bytearray) -> SandboxFault:
        text = bytes(body[:200]).decode("ascii", errors="replace")
        code, _, declared = text.partition(":")
        if code == "refused" and declared in self._codes:
            return SandboxFault("refused", declared=declared)
        return SandboxFault(code if code in FAULTS else "crash")

    def _death(self) -> BaseException:
        """Say why a child that ended without an answer is gone."""
        self._process.kill()
        status = self._process.wait()
        if self._feed_fault is not None:
            return self._feed_fault
        if self._late or status in OUT_OF_TIME:
            return SandboxFault("time")
        return SandboxFault("crash")
