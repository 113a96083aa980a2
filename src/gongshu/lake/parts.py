"""Which part of a file is meant, written after its name as after an address.

`名录.xlsx#表二` is a sheet (or a table of a database, or a list in JSON), `全部.zip#甲.csv` a file
of an archive, `全部.zip#名录.xlsx#表二` a sheet of such a file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_ASKED = re.compile(r"(.+?\.([A-Za-z0-9]{1,8}))#(.+)", re.DOTALL)
ARCHIVE = "zip"


@dataclass(frozen=True, slots=True)
class Part:
    """A file's name without what was asked for, and that."""

    name: str
    member: str | None = None
    sheet: str | None = None


def asked(name: str) -> Part:
    """Return what a name asks for; one without an extension before its `#` is only a name."""
    found = _ASKED.fullmatch(name)
    if found is None:
        return Part(name)
    bare, suffix, rest = found.groups()
    if suffix.lower() != ARCHIVE:
        return Part(bare, sheet=rest)
    inner = asked(rest)
    return Part(bare, member=inner.name, sheet=inner.sheet)


def located(path: Path) -> tuple[Path, Part]:
    """Return the file that a path means and the part of it; a file of that very name is itself."""
    part = asked(str(path))
    if path.exists() or part == Part(part.name):
        return path, Part(path.name)
    return Path(part.name), part
