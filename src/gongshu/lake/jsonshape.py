"""Where in a JSON file the table is, and what makes one of its rows.

Departments send a list of objects, one object to a line, a list under some key (`data`, `result`,
`features` …), rows as lists with the names beside them, or one object keyed by name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from gongshu.lake.header import COLUMNS
from gongshu.lake.jsonstream import JsonStream

DEPTH: Final = 8
FEW: Final = 50  # values that still read as one record rather than as a list of pairs
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """How to read the file.

    `kind` is rows (elements of the array at `path`), sequence (values one after the other), mapping
    (members of the root) or record (the root itself). `names` are the columns of rows that are
    lists, when the file states them; `others` name the other tables and their rows.
    """

    kind: str
    path: Path = ()
    names: tuple[str, ...] | None = None
    others: tuple[tuple[str, int], ...] = ()


@dataclass(slots=True)
class _Survey:
    """What one walk through an object found."""

    tables: dict[Path, int] = field(default_factory=dict)
    widths: dict[Path, int] = field(default_factory=dict)
    lists: dict[Path, tuple[str, ...]] = field(default_factory=dict)
    kinds: list[str] = field(default_factory=list)

    def walk(self, stream: JsonStream, path: Path) -> None:
        """Look at the next value; objects are entered, elements of arrays are not."""
        first = stream.peek()
        if len(path) == 1:
            self.kinds.append(first if first in "{[" else "")
        if first == "{" and len(path) < DEPTH:
            for key in stream.members():
                self.walk(stream, (*path, key))
        elif first == "[":
            self._array(stream, path)
        else:
            stream.skip()

    def _array(self, stream: JsonStream, path: Path) -> None:
        objects = lists = 0
        scalars: list[str] = []
        for _ in stream.elements():
            element = stream.value()
            if isinstance(element, dict):
                objects += 1
            elif isinstance(element, list):
                lists += 1
                self.widths.setdefault(path, len(element))
            elif len(scalars) <= COLUMNS:
                scalars.append(str(element))
        if objects or lists:
            self.tables[path] = objects + lists
        if objects or not lists:
            self.widths.pop(path, None)
        if scalars:
            self.lists[path] = tuple(scalars)


def find(stream: JsonStream, wanted: str | None) -> Shape | None:
    """Return the shape of the file, or None when the wanted table is not in it; raises `Broken`."""
    if stream.peek() != "{":
        return Shape("sequence") if not wanted else None
    survey = _Survey()
    survey.walk(stream, ())
    if stream.peek():
        return Shape("sequence") if not wanted else None
    if wanted is not None:
        tables = [path for path in survey.tables if ".".join(path) == wanted]
    else:
        tables = sorted(survey.tables, key=lambda path: -survey.tables[path])
    if tables:
        return _rows(survey, tables[0])
    return None if wanted is not None else _without_table(survey)


def is_sequence(stream: JsonStream) -> bool:
    """Return whether another object begins below the first line, spoilt as that line may be."""
    stream.peek()
    stream.skip_line()
    return stream.peek() == "{"


def _rows(survey: _Survey, path: Path) -> Shape:
    width = survey.widths.get(path)
    beside = (
        names
        for place, names in survey.lists.items()
        if place[:-1] == path[:-1] and len(names) == width
    )
    others = tuple(
        (".".join(other), rows) for other, rows in survey.tables.items() if other != path
    )
    return Shape("rows", path, next(beside, None), others)


def _without_table(survey: _Survey) -> Shape:
    """Decide between one record and a list of pairs."""
    kinds = survey.kinds
    if kinds == ["["] and survey.lists:
        return Shape("rows", next(iter(survey.lists)))
    alike = len(set(kinds)) == 1 and len(kinds) > 1 and kinds[0] != ""
    return Shape("mapping" if alike or len(kinds) > FEW else "record")


def elements(stream: JsonStream, path: Path) -> Iterator[None]:
    """Stop before every element of the array at a path; the caller passes over each."""
    if not path:
        yield from stream.elements()
        return
    for key in stream.members():
        if key == path[0] and stream.peek() == ("[" if len(path) == 1 else "{"):
            yield from elements(stream, path[1:])
        else:
            stream.skip()


def sequence(stream: JsonStream) -> Iterator[bool]:
    """Stop before every value of a sequence; the elements of a list count one by one.

    Yields whether the value stands by itself, so that a broken one ends with its line.
    """
    while stream.peek():
        if stream.peek() != "[":
            yield True
            continue
        for _ in stream.elements():
            yield False


def pairs(stream: JsonStream) -> Iterator[tuple[str, Any]]:
    """Yield the members of the root with their values."""
    for key in stream.members():
        yield key, stream.value()
