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
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Protocol

from gongshu.ledger.commitments import commit_many
from gongshu.ledger.segments import Segment
from gongshu.vocabulary.errors import DomainError
from gongshu_server.usage.records import USE_KIND, Record, encode, parse

FORMAT: Final = "gongshu.uses/1"
OPEN, CLOSED = ".open", ".closed"
_LONGEST_FOOTER: Final = 512
USES: Final = "uses"
"""The folder of segments, below the node's folder."""


class Digest(Protocol):
    """A running hash."""

    def copy(self) -> Digest:
        """Return a hash of the same bytes that goes its own way."""

    def update(self, data: bytes, /) -> None:
        """Add bytes."""

    def hexdigest(self) -> str:
        """Return the hash as hex."""


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


def first_use(path: Path) -> datetime | None:
    """Return when the first use in a segment, open or closed, was recorded; None without one.

    Reads two lines. Raises SegmentFault when they are not what was written.
    """
    with path.open("rb") as file:
        head, line = file.readline(), file.readline()
    if not line.endswith(b"\n") or b'"body"' not in line:
        return None
    try:
        return datetime.fromisoformat(parse(line[:-1]).body["at"])
    except (ValueError, KeyError, TypeError):
        raise _fault(path, len(head)) from None


def closed_at(path: Path) -> datetime:
    """Return when a closed segment was closed, from its last line. Raises SegmentFault."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _LONGEST_FOOTER))
        line = file.read().rstrip(b"\n").rpartition(b"\n")[2]
    try:
        return datetime.fromisoformat(json.loads(line)["closed"])
    except (ValueError, KeyError, TypeError):
        raise _fault(path, size - len(line)) from None


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
    first, last, position = None, None, 0
    for line in data.splitlines(keepends=True):
        try:
            value = _complete(line)
            if first is None:
                first = _header(value, path)
            elif "count" in value:
                last = _footer(value, data[:position], len(records))
                position += len(line)
                break
            else:
                records.append(parse(line[:-1]))
        except (ValueError, KeyError, TypeError):
            break
        position += len(line)
    _check_end(path, data[position:], position, closed=last is not None)
    if first is None:
        raise _fault(path, 0)
    return Contents(
        name=path.stem,
        owner=first["owner"],
        records=tuple(records),
        closed=last is not None,
        length=position,
        dropped=len(data) - position,
    )


def header(*, name: str, owner: str, at: datetime) -> bytes:
    """Return the first line of a segment."""
    value = {"format": FORMAT, "opened": at.isoformat(), "owner": owner, "segment": name}
    return encode(value)


def footer(digest: Digest, *, count: int, at: datetime) -> bytes:
    """Return the last line of a segment; `digest` is the SHA-256 of all lines before it."""
    closed = at.isoformat()
    whole = digest.copy()
    whole.update(closed.encode())  # So that no byte of the file can change unseen.
    return encode({"closed": closed, "count": count, "sha256": whole.hexdigest()})


def _complete(line: bytes) -> dict[str, Any]:
    value = json.loads(line)
    if not isinstance(value, dict) or encode(value) != line:
        raise ValueError("not a whole line in its one form")
    return value


def _header(value: dict[str, Any], path: Path) -> dict[str, Any]:
    if value["format"] != FORMAT or value["segment"] != path.stem:
        raise ValueError("not the header of this segment")
    return value


def _footer(value: dict[str, Any], before: bytes, count: int) -> dict[str, Any]:
    at = datetime.fromisoformat(value["closed"])
    if encode(value) != footer(sha256(before), count=count, at=at):
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
