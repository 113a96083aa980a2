"""The child: warm up, lock, and only then hear what the task is about. One task, then it ends.

Started as `python -I -m gongshu.sandbox.child DESCRIPTOR` with an empty environment. The order is
the security property: imports, then limits and filter, then parameters, descriptors and data.
"""

from __future__ import annotations

import array
import gc
import json
import os
import resource
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.abc import MetaPathFinder
from typing import TYPE_CHECKING, Any, BinaryIO

from gongshu.sandbox import wire
from gongshu.sandbox.faults import TaskRefused
from gongshu.sandbox.limits import MIB, Limits
from gongshu.sandbox.locks import enter_namespaces, lock_down, quieten_allocators, sufficient

if TYPE_CHECKING:
    import pyarrow as pa

SLICE_BYTES = 8 * MIB
SLICE_ROWS = 65_536
GRACE_SECONDS = 2.0
READ_BYTES = 256 * 1024


class Emitter:
    """Sends batches to the parent; a stream begins with its first batch and keeps its schema."""

    def __init__(self, channel: int) -> None:
        self._channel = channel
        self._streams: dict[str, tuple[int, pa.Schema]] = {}

    def __call__(self, stream: str, rows: pa.RecordBatch | pa.Table) -> None:
        """Send rows on a stream; raises `ValueError` when their schema is not the stream's."""
        number = self.begin(stream, rows.schema)
        batches = [rows] if hasattr(rows, "serialize") else rows.to_batches()
        for batch in batches:
            for piece in _slices(batch):
                body = memoryview(piece.serialize())
                self._send(wire.BATCH, bytes([number]), body)

    def begin(self, stream: str, schema: pa.Schema) -> int:
        """Announce a stream, so that one without any row still has its schema."""
        if stream in self._streams:
            number, known = self._streams[stream]
            if not known.equals(schema):
                raise ValueError("a stream keeps the schema of its first batch")
            return number
        number = len(self._streams)
        self._streams[stream] = (number, schema)
        name = stream.encode()
        body = memoryview(schema.remove_metadata().serialize())
        self._send(wire.SCHEMA, bytes([number, len(name)]), name, body)
        return number

    def _send(self, kind: bytes, *parts: bytes | memoryview) -> None:
        wire.send(self._channel, wire.frame(kind, *parts))


class Absent(MetaPathFinder):
    """Answers at once that pandas is not here.

    Arrow and DuckDB look for it with every conversion, in vain behind the locks, and where it is
    installed the warm child would load it.
    """

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        """Refuse pandas and leave every other module to the usual finders."""
        if fullname == "pandas":
            raise ModuleNotFoundError("not in the sandbox", name=fullname)


def _slices(batch: pa.RecordBatch) -> Iterable[pa.RecordBatch]:
    """Cut a batch so that no frame outgrows what the parent accepts."""
    rows = batch.num_rows
    if rows > 1 and (rows > SLICE_ROWS or batch.nbytes > SLICE_BYTES):
        half = rows // 2
        yield from _slices(batch.slice(0, half))
        yield from _slices(batch.slice(half))
    else:
        yield batch


def _receive(channel: int) -> tuple[dict[str, Any], bytes]:
    """Return the next JSON message of the parent and its kind."""

    def read_into(rest: memoryview) -> int:
        chunk = os.read(channel, len(rest))
        rest[: len(chunk)] = chunk
        return len(chunk)

    kind, size = wire.HEADER.unpack(wire.read_exactly(read_into, wire.HEADER.size))
    if size > wire.MESSAGE_BYTES:
        raise wire.Closed
    return json.loads(wire.read_exactly(read_into, size)), kind


def _receive_descriptors(parent: socket.socket) -> list[int]:
    """Wait for the one byte that carries the open files and tables of the task."""
    found = array.array("i")
    room = socket.CMSG_SPACE(wire.DESCRIPTORS * found.itemsize)
    data, ancillary, _, _ = parent.recvmsg(1, room)
    if not data:
        raise wire.Closed
    for level, kind, body in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            found.frombytes(body[: len(body) - len(body) % found.itemsize])
    return list(found)


def _load(prepare: dict[str, Any]) -> Callable[..., Any]:
    """Import the task's module and run its WARM_UP, the last chance to open any file."""
    sys.path[:0] = prepare["import_from"]
    sys.meta_path.insert(0, Absent())
    module_name, _, function = prepare["task"].partition(":")
    import_module("pyarrow")
    module = import_module(module_name)
    warm_up = getattr(module, "WARM_UP", None)
    if warm_up is not None:
        warm_up()
    task: Callable[..., Any] = getattr(module, function)
    gc.collect()
    gc.freeze()
    return task


def _peak_bytes(status: int) -> int:
    """Return the most memory that was resident; the usual counter starts with the parent's peak."""
    for line in os.pread(status, 65_536, 0).splitlines():
        if line.startswith(b"VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def _work(
    task: Callable[..., Any], parent: socket.socket, channel: int, status: int
) -> dict[str, Any]:
    """Receive what the task is about and do it; return its value with what it used."""
    import pyarrow as pa

    descriptors = _receive_descriptors(parent)
    message, _ = _receive(channel)
    signal.setitimer(signal.ITIMER_REAL, message["wall_seconds"] + GRACE_SECONDS)
    count = message["files"]
    opened: list[BinaryIO] = [os.fdopen(fd, "rb", buffering=READ_BYTES) for fd in descriptors]
    files, tables = opened[:count], [pa.ipc.open_stream(pipe) for pipe in opened[count:]]
    value = task(message["params"], files, tables, Emitter(channel))
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "value": value,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "peak_bytes": _peak_bytes(status),
    }


def _outcome(
    task: Callable[..., Any], parent: socket.socket, channel: int, status: int
) -> list[Any]:
    """Run the task and return the frame that ends the conversation."""
    try:
        return wire.frame(wire.DONE, wire.to_json(_work(task, parent, channel, status)))
    except TaskRefused as refusal:
        return wire.frame(wire.FAILED, b"refused:" + refusal.code.encode())
    except MemoryError:
        return wire.frame(wire.FAILED, b"memory")
    except wire.Closed:
        raise
    except Exception:  # noqa: BLE001 - whatever it was, the parent learns one code
        traceback.print_exc()
        return wire.frame(wire.FAILED, b"crash")


def main(channel: int) -> None:
    """Serve one task over the given descriptor."""
    quieten_allocators()
    network_gone = enter_namespaces()
    parent = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, channel)
    try:
        prepare, _ = _receive(channel)
        task = _load(prepare)
        status = os.open("/proc/self/status", os.O_RDONLY)
        locks = lock_down(Limits(**prepare["limits"]), network_gone=network_gone)
        wire.send(channel, wire.frame(wire.READY, wire.to_json(locks)))
        if sufficient(locks):
            wire.send(channel, _outcome(task, parent, channel, status))
    except wire.Closed:
        pass
    # Nothing is tidied up: destructors of a process that may be hostile only delay its end.
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
