"""The frames between parent and child: one byte of kind, eight of length, then the body.

A stream of batches travels as one schema frame and then one frame for each batch, each an Arrow IPC
message after one byte that numbers the stream. The parent trusts none of it: see `incoming.py`.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable
from typing import Any, Final

HEADER: Final = struct.Struct("<cQ")

PREPARE: Final = b"P"  # parent: which task, which limits
GO: Final = b"G"  # parent: parameters; the descriptors came just before
READY: Final = b"R"  # child: warm and locked, and with which locks
SCHEMA: Final = b"S"  # child: a stream begins
BATCH: Final = b"B"  # child: a batch of a stream
DONE: Final = b"D"  # child: the JSON value
FAILED: Final = b"F"  # child: a fault code, or "refused:" and the declared code

MESSAGE_BYTES: Final = 16 * 1024 * 1024
FRAME_BYTES: Final = 64 * 1024 * 1024
DESCRIPTORS: Final = 40


class Closed(Exception):
    """The other side has gone."""


def frame(kind: bytes, *parts: bytes | memoryview) -> list[bytes | memoryview]:
    """Return the pieces of one frame, to be written one after the other."""
    return [HEADER.pack(kind, sum(len(part) for part in parts)), *parts]


def send(descriptor: int, pieces: list[bytes | memoryview]) -> None:
    """Write all pieces to the descriptor; raises `Closed` when the reader has gone."""
    for piece in pieces:
        rest = memoryview(piece)
        while rest:
            try:
                rest = rest[os.write(descriptor, rest) :]
            except (BrokenPipeError, ConnectionResetError) as gone:
                raise Closed from gone


def read_exactly(read_into: Callable[[memoryview], int], size: int) -> bytearray:
    """Return exactly `size` bytes; raises `Closed` when they do not come."""
    body = bytearray(size)
    rest = memoryview(body)
    while rest:
        try:
            count = read_into(rest)
        except ConnectionResetError as gone:
            raise Closed from gone
        if count == 0:
            raise Closed
        rest = rest[count:]
    return body


def to_json(value: Any) -> bytes:
    """Return the compact UTF-8 JSON of a value."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
