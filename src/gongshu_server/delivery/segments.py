"""Segments: the files in which a host keeps its use records until the ledger has taken them in.

A segment `OWNER-NUMBER.open` has one writer, the process with that owner id. It begins with a
header line and ends with a footer line that counts and hashes what is before it; then it is renamed
to `OWNER-NUMBER.closed`, and its records never change again. This module reads, `use_log` writes.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from gongshu.ledger.commitments import commit_many
from gongshu.ledger.segments import Segment
from gongshu.vocabulary.errors import DomainError
from gongshu_server.delivery.records import USE_KIND, Record, parse

FORMAT: Final = "gongshu.uses/1"
OPEN, CLOSED = ".open", ".closed"


class SegmentFault(DomainError):
    """A segment is not what was written; `details` holds the file's name and the byte offset."""

    default_code = "segment_fault"


@dataclass(frozen=True, slots=True)
class Contents:
    """What a segment file holds; `length` is the number of bytes that count.

    `dropped` counts the bytes of a torn end: lines that were never acknowledged.
    """

    name: str
    owner: str
    records: tuple[Record, ...]
    closed: bool
    length: int
    dropped: int

    def charged(self) -> Counter[str]:
        """Return the amount that the records charge to each quota counter."""
        amounts: Counter[str] = Counter()
        for record in self.records:
            for counter in record.charges:
                amounts[counter] += record.body["amount"]
        return amounts


def closed(folder: Path) -> list[Path]:
    """Return the closed segments in `folder`, by owner and number."""
    return sorted(folder.glob(f"*{CLOSED}"))


def tree(name: str, records: Sequence[Record]) -> Segment:
    """Return the ledger's Merkle tree over the records' commitments, in order.

    Raises Invalid when there are no records.
    """
    openings = [record.opening() for record in records]
    salts, bodies = [one.salt for one in openings], [one.body for one in openings]
    return Segment(name, commit_many(USE_KIND, salts, bodies))


def read(path: Path) -> Contents:
    """Return the verified contents of a segment, open or closed.

    An incomplete end of an open segment is left out: its records were never acknowledged. Raises
    SegmentFault for every other deviation, with the byte at which it begins.
    """
    data = path.read_bytes()
    records: list[Record] = []
    header, footer, position = None, None, 0
    for line in data.splitlines(keepends=True):
        try:
            value = _complete(line)
            if header is None:
                header = _header(value, path)
            elif "count" in value:
                footer = _footer(value, data[:position], len(records))
                position += len(line)
                break
            else:
                records.append(parse(line[:-1]))
        except (ValueError, KeyError, TypeError):
            break
        position += len(line)
    _check_end(path, data[position:], position, closed=footer is not None)
    if header is None:
        raise _fault(path, 0)
    return Contents(
        name=path.stem,
        owner=header["owner"],
        records=tuple(records),
        closed=footer is not None,
        length=position,
        dropped=len(data) - position,
    )


def _complete(line: bytes) -> dict[str, Any]:
    value = json.loads(line)
    if not line.endswith(b"\n") or not isinstance(value, dict):
        raise ValueError("not a whole line")
    return value


def _header(value: dict[str, Any], path: Path) -> dict[str, Any]:
    if value["format"] != FORMAT or value["segment"] != path.stem:
        raise ValueError("not the header of this segment")
    return value


def _footer(value: dict[str, Any], before: bytes, count: int) -> dict[str, Any]:
    if value["count"] != count or value["sha256"] != sha256(before).hexdigest():
        raise ValueError("not the footer of these records")
    return value


def _check_end(path: Path, rest: bytes, position: int, *, closed: bool) -> None:
    """Raise SegmentFault unless what is after the last good line is the torn end of a write.

    A line without its end was acknowledged to nobody; a whole line that is bad is damage.
    """
    torn = not closed and path.suffix == OPEN and b"\n" not in rest
    if (rest and not torn) or (path.suffix == CLOSED and not closed):
        raise _fault(path, position)


def _fault(path: Path, offset: int) -> SegmentFault:
    return SegmentFault(
        f"用数记录文件 {path.name} 自第 {offset} 字节起已损坏，请停止使用并从备份核对。",
        details=(path.name, offset),
    )
