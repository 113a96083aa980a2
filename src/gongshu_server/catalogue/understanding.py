"""What a data file says of itself before anything is filed: header, types, remarks.

The file is read in the locked worker from a passing copy and forgotten: before the secrecy review
nothing of it is kept (《意见》十二). What is returned helps its sender to fill in the entry.
"""

from __future__ import annotations

import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

from gongshu.lake import read_received

SALT_BYTES = 32


@dataclass(frozen=True, slots=True)
class Understood:
    """How a file was understood: its format, where its header is, columns with types, remarks."""

    format: str
    encoding: str
    header_line: int | None
    titles: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    sentences: tuple[str, ...]


def understand(path: Path) -> Understood:
    """Return how the file at `path` is understood; raises Unreadable with a sentence if it is not.

    Whatever reading it writes is removed before the answer.
    """
    with tempfile.TemporaryDirectory(prefix="gongshu-header-") as passing:
        arrived = read_received(
            path, folder=Path(passing), resource="", salt=secrets.token_bytes(SALT_BYTES)
        )
    how = arrived.understood
    return Understood(
        format=how.format,
        encoding=how.encoding or "",
        header_line=how.header_line,
        titles=how.titles,
        columns=tuple((column.name, column.type.zh) for column in arrived.schema.columns),
        # What it says of rejects rests on a file that is kept.
        sentences=tuple(note.sentence for note in arrived.notes if note.code != "rejects"),
    )
