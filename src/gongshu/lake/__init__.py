"""The lake: what departments send becomes typed, versioned tables, and nothing is lost on the way.

A received file is read in the locked worker only (`reading.py` and what it imports runs there);
rows that do not fit go to a reject table with line, byte range and reason. The parent writes the
rows as a Delta table whose versions are the snapshots, and adds the canonical subjects.

The names below load on first use, because the worker imports this package, too, and should stay
small.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gongshu.lake.received import Received, Unreadable, read_received
    from gongshu.lake.rejects import Reject, read_rejects
    from gongshu.lake.schema import Column, ColumnType, Schema
    from gongshu.lake.snapshots import Snapshot, open_snapshot, write_snapshot
    from gongshu.lake.subjects import MatchReport, NameRegister, add_subjects, build_register

_HOMES = {
    "Received": "received",
    "Unreadable": "received",
    "read_received": "received",
    "Reject": "rejects",
    "read_rejects": "rejects",
    "Column": "schema",
    "ColumnType": "schema",
    "Schema": "schema",
    "Snapshot": "snapshots",
    "open_snapshot": "snapshots",
    "write_snapshot": "snapshots",
    "MatchReport": "subjects",
    "NameRegister": "subjects",
    "add_subjects": "subjects",
    "build_register": "subjects",
}

__all__ = [
    "Column",
    "ColumnType",
    "MatchReport",
    "NameRegister",
    "Received",
    "Reject",
    "Schema",
    "Snapshot",
    "Unreadable",
    "add_subjects",
    "build_register",
    "open_snapshot",
    "read_received",
    "read_rejects",
    "write_snapshot",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
