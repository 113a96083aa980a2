"""Which file of an archive is the table."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Final

from gongshu.lake.refusals import Refused

MEMBERS: Final = 10_000
SHOWN: Final = 10
TABULAR: Final = frozenset(
    {
        ".csv",
        ".tsv",
        ".xls",
        ".xlsx",
        ".xlsm",
        ".xlsb",
        ".ods",
        ".et",
        ".json",
        ".jsonl",
        ".ndjson",
        ".geojson",
        ".parquet",
        ".sqlite",
        ".db",
        ".gz",
        ".zip",
    }
)
ASIDE: Final = frozenset(
    {
        ".txt",
        ".md",
        ".pdf",
        ".ofd",
        ".doc",
        ".docx",
        ".wps",
        ".xml",
        ".htm",
        ".html",
        ".png",
        ".jpg",
        ".jpeg",
        ".gif",
        ".log",
        ".sql",
    }
)
LITTER: Final = frozenset({"thumbs.db", "desktop.ini"})
UTF8: Final = 0x800


def name_of(entry: zipfile.ZipInfo) -> str:
    """Return a member's name; archives made on Chinese Windows write it in GB18030."""
    if entry.flag_bits & UTF8:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return entry.filename


def choose(
    entries: Sequence[zipfile.ZipInfo], wanted: str | None
) -> tuple[zipfile.ZipInfo, tuple[str, ...]]:
    """Return the member to read and the names of the others; raises `Refused`.

    Without a wish there must be exactly one that is a table by its name, or exactly one that is
    neither text, document nor picture.
    """
    if len(entries) > MEMBERS:
        raise Refused("too_many_members", members=len(entries), limit=MEMBERS)
    named = {name_of(entry): entry for entry in entries if not _is_litter(name_of(entry))}
    if wanted is not None:
        wanted = _meant(wanted, named)
        if wanted not in named:
            raise Refused("no_such_member", member=wanted, names=_listed(list(named)))
        return named[wanted], _others(named, wanted)
    if not named:
        raise Refused("empty")
    if any(_suffix(name) == ".shp" for name in named):
        raise Refused("not_a_table", kind="Shapefile 空间数据")
    tables = [name for name in named if _suffix(name) in TABULAR]
    tables = tables or [name for name in named if _suffix(name) not in ASIDE] or list(named)
    if len(tables) > 1:
        raise Refused("several_members", members=len(tables), names=_listed(tables))
    return named[tables[0]], _others(named, tables[0])


def _meant(wanted: str, named: dict[str, zipfile.ZipInfo]) -> str:
    """Return the only member of that name in any folder, or what was asked for."""
    within = [name for name in named if PurePosixPath(name).name == wanted]
    return within[0] if wanted not in named and len(within) == 1 else wanted


def _is_litter(name: str) -> bool:
    """Return whether an operating system left it there."""
    path = PurePosixPath(name)
    hidden = path.name.startswith(".") or path.name.lower() in LITTER
    return hidden or "__MACOSX" in path.parts


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _others(named: dict[str, zipfile.ZipInfo], chosen: str) -> tuple[str, ...]:
    return tuple(name[:60] for name in named if name != chosen)[:50]


def _listed(names: list[str]) -> str:
    more = f" 等 {len(names)} 个" if len(names) > SHOWN else ""
    return "、".join(name[:60] for name in names[:SHOWN]) + more
