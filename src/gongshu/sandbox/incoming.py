"""What the parent accepts from a child that may have been taken over.

A frame is bounded before it is read; a schema may hold flat types only; a batch may not be
compressed (a small frame must not unfold into a large one) and is validated to the last offset.
"""

from __future__ import annotations

import struct

import pyarrow as pa

from gongshu.sandbox.faults import SandboxFault

STREAMS = 16
COLUMNS = 20_000


def _is_flat(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(
        types.is_primitive(kind)
        or types.is_decimal(kind)
        or types.is_null(kind)
        or types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_binary(kind)
        or types.is_large_binary(kind)
    )


def _offset(buffer: bytes, table: int, slot: int) -> int:
    """Return where a flatbuffer table keeps a field, or 0 when the field is absent."""
    (back,) = struct.unpack_from("<i", buffer, table)
    (size,) = struct.unpack_from("<H", buffer, table - back)
    if 4 + 2 * slot >= size:
        return 0
    (distance,) = struct.unpack_from("<H", buffer, table - back + 4 + 2 * slot)
    return table + distance if distance else 0


def _is_compressed(metadata: bytes) -> bool:
    """Return whether an Arrow message holds a compressed body (Message.fbs, RecordBatch)."""
    (root,) = struct.unpack_from("<I", metadata, 0)
    header = _offset(metadata, root, 2)
    (distance,) = struct.unpack_from("<I", metadata, header)
    return _offset(metadata, header + distance, 3) != 0


class Streams:
    """The streams that one child has begun, by their number."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[str, pa.Schema]] = {}

    @property
    def schemas(self) -> dict[str, pa.Schema]:
        """Return the schema of each stream by its name."""
        return dict(self._known.values())

    def begin(self, body: bytearray) -> None:
        """Take a schema frame; raises `SandboxFault` when it is not acceptable."""
        try:
            number, length = body[0], body[1]
            name = body[2 : 2 + length].decode()
            schema = pa.ipc.read_schema(pa.py_buffer(memoryview(body)[2 + length :]))
        except (pa.ArrowException, IndexError, UnicodeDecodeError, OSError) as broken:
            raise SandboxFault("crash") from broken
        flat = all(_is_flat(kind) for kind in schema.types)
        if not flat or len(schema) > COLUMNS or number in self._known or number >= STREAMS:
            raise SandboxFault("crash")
        self._known[number] = (name, schema)

    def batch(self, body: bytearray) -> tuple[str, pa.RecordBatch]:
        """Take a batch frame and return its stream's name and rows; raises `SandboxFault`."""
        try:
            name, schema = self._known[body[0]]
            message = pa.ipc.read_message(pa.py_buffer(memoryview(body)[1:]))
            if message.type != "record batch" or _is_compressed(message.metadata.to_pybytes()):
                raise SandboxFault("crash")
            batch = pa.ipc.read_record_batch(message, schema)
            batch.validate(full=True)
        except (pa.ArrowException, LookupError, struct.error, OSError) as broken:
            raise SandboxFault("crash") from broken
        return name, batch
