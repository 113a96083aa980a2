"""Any file on the command line, read in the locked worker and gone afterwards: without a node."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gongshu.lake import open_snapshot, read_received
from gongshu.lake.parts import located
from gongshu.lake.received import Received


@dataclass(frozen=True, slots=True)
class Taken:
    """A received file and the folder in which its rows are for now."""

    received: Received
    folder: Path

    def open(self, columns: Sequence[str] | None = None) -> Any:
        """Return a fresh reader of the named columns, or of all."""
        version = self.received.snapshot.version
        return open_snapshot(self.folder / "rows", version, columns=columns)


@contextmanager
def taken(file: Path) -> Iterator[Taken]:
    """Read the file in the locked worker into a folder that is gone at the end.

    `库.db#表` names a table of a file that has several.
    """
    path, part = located(file)
    with tempfile.TemporaryDirectory(prefix="gongshu-file-") as folder:
        received = read_received(
            path,
            folder=Path(folder),
            resource="file",
            salt=os.urandom(16),
            sheet=part.sheet,
            member=part.member,
        )
        yield Taken(received, Path(folder))
