"""Tasks for the tests of the sandbox: honest ones, clumsy ones and hostile ones."""

import ctypes
import os
import sys
import threading
import time
from pathlib import Path

import pyarrow as pa

from gongshu.sandbox import wire
from gongshu.sandbox.faults import TaskRefused

WAKE = threading.Event()
SEEN = {}


def _early_thread():
    WAKE.wait()
    try:
        Path("/etc/hostname").read_bytes()
        SEEN["opened"] = True
    except OSError:
        SEEN["opened"] = False


def WARM_UP():  # noqa: N802 - the sandbox's name for it
    threading.Thread(target=_early_thread, daemon=True).start()


def echo(params, files, tables, emit):
    for number, file in enumerate(files):
        emit(f"file{number}", pa.table({"text": [file.read().decode()]}))
    for number, table in enumerate(tables):
        emit(f"table{number}", table.read_all())
    return params


def ignore_tables(params, files, tables, emit):
    return len(tables)


def who(params, files, tables, emit):
    held = []
    for number in range(64):
        try:
            os.fstat(number)
            held.append(number)
        except OSError:
            pass
    own = f"Pid:\t{os.getpid()}\n".encode()
    status = [number for number in held if own in _start_of(number)]
    found = {"pid": os.getpid(), "environment": sorted(os.environ), "argv": sys.argv}
    return found | {"held": held, "status": status[0] if status else None}


def _start_of(number):
    try:
        return os.pread(number, 1000, 0)
    except OSError:
        return b""


def early_thread_opens(params, files, tables, emit):
    WAKE.set()
    while "opened" not in SEEN:
        time.sleep(0.01)
    return SEEN["opened"]


def thread_answers(params, files, tables, emit):
    answer = []
    thread = threading.Thread(target=answer.append, args=(7,))
    thread.start()
    thread.join()
    return answer


def spin(params, files, tables, emit):
    while True:
        pass


def sleep(params, files, tables, emit):
    time.sleep(60)


def flood(params, files, tables, emit):
    rows = pa.table({"n": pa.array(range(100_000), pa.int64())})
    while True:
        emit("rows", rows)


def one_large_row(params, files, tables, emit):
    emit("rows", pa.table({"text": ["x" * (wire.FRAME_BYTES + 1)]}))


def abort(params, files, tables, emit):
    ctypes.CDLL(None).abort()


def segfault(params, files, tables, emit):
    ctypes.string_at(0)


def raise_secret(params, files, tables, emit):
    raise ValueError("secret cell 130203199001011234")


def hoard(params, files, tables, emit):
    kept = []
    while True:
        kept.append(bytearray(16 * 1024 * 1024))


def refuse(params, files, tables, emit):
    raise TaskRefused(params["code"])


def change_schema(params, files, tables, emit):
    emit("rows", pa.table({"a": [1]}))
    emit("rows", pa.table({"b": [1]}))


def empty_stream(params, files, tables, emit):
    emit("rows", pa.table({"a": pa.array([], pa.string())}))


def _say(kind, *parts):
    wire.send(int(sys.argv[1]), wire.frame(kind, *parts))


def hostile(params, files, tables, emit):
    """Answer with frames that no honest child sends."""
    HOSTILE[params["what"]]()
    _say(wire.DONE, wire.to_json({"value": 1, "cpu_seconds": 0, "peak_bytes": 0}))


def _begin(schema):
    _say(wire.SCHEMA, b"\x00\x04rows", schema.serialize().to_pybytes())


def _compressed():
    batch = pa.record_batch({"text": ["a" * 1_000_000]})
    _begin(batch.schema)
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=options) as stream:
        stream.write_batch(batch)
    reader = pa.ipc.MessageReader.open_stream(sink.getvalue())
    reader.read_next_message()
    _say(wire.BATCH, b"\x00", reader.read_next_message().serialize().to_pybytes())


def _wild_offsets():
    _begin(pa.schema({"text": pa.string()}))
    honest = pa.record_batch({"text": ["abc"]}).serialize().to_pybytes()
    before, found, after = honest.rpartition(b"\x00\x00\x00\x00\x03\x00\x00\x00")
    if not found or b"abc" not in after:
        raise AssertionError("the offsets were not found")
    _say(wire.BATCH, b"\x00", before + b"\x00\x00\x00\x00\xff\xff\xff\x7f" + after)


def _not_unicode():
    honest = pa.record_batch({"text": ["abc"]}).serialize().to_pybytes()
    _begin(pa.schema({"text": pa.string()}))
    _say(wire.BATCH, b"\x00", honest.replace(b"abc", b"\xff\xfe\xfd"))


HOSTILE = {
    "unknown_kind": lambda: _say(b"?", b"x"),
    "unknown_stream": lambda: _say(wire.BATCH, b"\x05", b"x"),
    "empty_batch": lambda: _say(wire.BATCH),
    "empty_schema": lambda: _say(wire.SCHEMA),
    "nonsense_schema": lambda: _say(wire.SCHEMA, b"\x00\x04rows", b"\xff" * 64),
    "nested_type": lambda: _begin(pa.schema({"a": pa.list_(pa.int64())})),
    "dictionary_type": lambda: _begin(pa.schema({"a": pa.dictionary(pa.int8(), pa.string())})),
    "compressed": _compressed,
    "wild_offsets": _wild_offsets,
    "not_unicode": _not_unicode,
    "nonsense_value": lambda: _say(wire.DONE, b"[" * 100_000),
    "value_without_fields": lambda: _say(wire.DONE, b"{}"),
    "fault_with_text": lambda: _say(wire.FAILED, "refused:身份证".encode()),
}


def huge_frame(params, files, tables, emit):
    os.write(int(sys.argv[1]), wire.HEADER.pack(wire.BATCH, 1 << 62))
    time.sleep(60)
