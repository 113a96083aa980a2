"""Names in SQL text: the one way in which a name gets into a statement."""

from __future__ import annotations


def quoted(name: str) -> str:
    """This function will quote a name of a table or column, for DuckDB and SQLite alike."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
