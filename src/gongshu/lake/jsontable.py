"""JSON as a table: lists of objects, lines, GeoJSON, and lists wrapped in an answer of some API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Final, NamedTuple

import numpy as np

from gongshu.lake import header as headers
from gongshu.lake import jsonshape, records
from gongshu.lake.batches import FLAWS, OnReject, TextBatch, blank, flawed, text_column
from gongshu.lake.encodings import Encoding, detect
from gongshu.lake.header import Header
from gongshu.lake.jsonshape import Shape
from gongshu.lake.jsonstream import Broken, JsonStream, Place
from gongshu.lake.refusals import Refused
from gongshu.lake.rejects import Reject

BATCH_ROWS: Final = 8192
BATCH_BYTES: Final = 16 * 1024 * 1024
HELD_BYTES: Final = 8 * 1024 * 1024

REASONS: Final = {
    "json_line": "这一行不是完整的 JSON",
    "json_element": "这一项不是对象（或列表），放不进表",
    "width": "这一项的列数比表头多",
    **FLAWS,
}


class Element(NamedTuple):
    """One element of the file: its cells by name or in order, a lone value, or why it has none."""

    start: Place
    end: Place
    cells: dict[str, str] | list[str] | str | None
    flaw: str = ""
    raw: str = ""


class JsonTable:
    """A JSON file as a `TextTable`; every row is an object (or list) of the chosen array."""

    def __init__(self, open_: Callable[[], BinaryIO], wanted: str | None = None) -> None:
        self._open = open_
        self.encoding: Encoding = detect(open_)
        self._features = self._lines = False
        self._depth = records.DEEP
        self.nested: set[str] = set()
        self._held: list[Element] | None = None
        self._blank = 0
        try:
            self.shape: Shape = self._find(wanted)
            self.header: Header = self._named()
        except Broken as broken:
            raise Refused("broken_json", line=broken.line) from broken
        except RecursionError as deep:
            raise Refused("json_too_deep") from deep

    @property
    def blank_rows(self) -> int:
        """Return how many rows of the last complete reading held nothing."""
        return self._blank

    def understood(self) -> dict[str, Any]:
        """Return encoding, the path of the table and the other tables of the file."""
        shape = self.shape
        plain = "jsonl" if shape.kind == "sequence" and self._lines else "json"
        return {
            "format": "geojson" if self._features else plain,
            "encoding": self.encoding.codec,
            "byte_order_mark": bool(self.encoding.mark),
            "sheet": ".".join(shape.path) or None,
            "other_sheets": [{"name": name[:60], "rows": rows} for name, rows in shape.others[:50]],
            "header_line": None,
        }

    def _stream(self) -> JsonStream:
        return JsonStream(self._open, self.encoding)

    def _find(self, wanted: str | None) -> Shape:
        stream = self._stream()
        self._lines = stream.peek() == "{"
        try:
            shape = jsonshape.find(stream, wanted)
        except Broken:
            if not self._lines or not jsonshape.is_sequence(self._stream()):
                raise
            return Shape("sequence")
        if shape is None:
            raise Refused("no_such_sheet", sheet=wanted or "")
        return shape

    def _named(self) -> Header:
        """Read all elements once for the names of the columns, holding them while they are few."""
        try:
            return self._collect()
        except Refused as refusal:
            if refusal.code != "too_many_columns" or not self._depth:
                raise
        self._depth = 0  # Objects keyed by a date or a person would make a column each.
        return self._collect()

    def _collect(self) -> Header:
        names: dict[str, None] = {}
        held: list[Element] | None = []
        sample: list[list[str]] = []
        values = False
        for element in self._elements():
            if isinstance(element.cells, dict):
                names.update(dict.fromkeys(element.cells))
                headers.check_width(len(names))
            elif isinstance(element.cells, list) and len(sample) < headers.SAMPLE_ROWS:
                sample.append(element.cells)
            values = values or isinstance(element.cells, str)
            if held is not None:
                held.append(element)
                held = held if element.end.byte <= HELD_BYTES else None
        self._held = held
        if values and not names and not sample:
            names = {records.VALUE: None}
        self._keys, self._skip = list(names), 0
        if names or not sample:
            return headers.named(self._keys)
        if self.shape.names is not None:
            return headers.named(list(self.shape.names))
        found = headers.find(sample)
        self._skip = found.first
        return found

    def _elements(self) -> Iterator[Element]:
        stream = self._stream()
        match self.shape.kind:
            case "sequence":
                for alone in jsonshape.sequence(stream):
                    yield self._element(stream, alone=alone)
            case "rows":
                for _ in jsonshape.elements(stream, self.shape.path):
                    yield self._element(stream)
            case "mapping":
                start = stream.place()
                for key, value in jsonshape.pairs(stream):
                    flat = self._flat(value) if isinstance(value, dict) else None
                    cells = {records.KEY: key} | (flat or {records.VALUE: records.cell(value)})
                    yield Element(start, stream.place(), cells)
                    stream.peek()
                    start = stream.place()
            case _:
                yield self._element(stream)

    def _element(self, stream: JsonStream, *, alone: bool = False) -> Element:
        stream.peek()
        start = stream.place()
        try:
            value = stream.value()
        except Broken:
            if not alone:
                raise
            raw = stream.skip_line()
            return Element(start, stream.place(), None, "json_line", raw)
        end = stream.place()
        if isinstance(value, dict):
            return Element(start, end, self._flat(value))
        if isinstance(value, list):
            return Element(start, end, [records.cell(each) for each in value])
        return Element(start, end, records.cell(value))

    def _flat(self, value: dict[str, Any]) -> dict[str, str]:
        if records.is_feature(value):
            self._features = True
            return records.feature(value, depth=self._depth)
        for key, each in value.items():
            if each.__class__ is list and each and each[0].__class__ is dict:
                self.nested.add(key)
        return records.flatten(value, depth=self._depth)

    def batches(self, on_reject: OnReject) -> Iterator[TextBatch]:
        """Yield the rows, and hand over elements that are no rows."""
        self._blank = 0
        waiting = _Waiting(self, on_reject)
        elements = self._held if self._held is not None else self._elements()
        for at, element in enumerate(elements):
            if at < self._skip:
                continue
            waiting.add(element)
            if waiting.full:
                yield self._counted(waiting.batch())
        if waiting.rows:
            yield self._counted(waiting.batch())

    def _counted(self, batch: TextBatch) -> TextBatch:
        empty = blank(batch.columns, batch.rows)
        self._blank += int(empty.sum())
        return batch.take(~empty)

    def row(self, element: Element) -> list[str] | str:
        """Return the cells of an element under the header, or the code of why it has none."""
        cells, width = element.cells, len(self.header.names)
        if isinstance(cells, dict):
            return [cells.get(key, "") for key in self._keys] if self._keys else "json_element"
        if isinstance(cells, str) and self._keys == [records.VALUE]:
            return [cells]
        if not isinstance(cells, list) or self._keys:
            return element.flaw or "json_element"
        if len(cells) > width and any(cell.strip() for cell in cells[width:]):
            return "width"
        return cells[:width] + [""] * (width - len(cells))


class _Waiting:
    """The rows of the next batch."""

    def __init__(self, table: JsonTable, on_reject: OnReject) -> None:
        self._table = table
        self._on_reject = on_reject
        self.rows: list[list[str]] = []
        self._places: list[Element] = []
        self._size = 0

    @property
    def full(self) -> bool:
        """Return whether it is time for a batch."""
        return len(self.rows) >= BATCH_ROWS or self._size >= BATCH_BYTES

    def add(self, element: Element) -> None:
        """Take one element, or reject it."""
        row = self._table.row(element)
        if isinstance(row, str):
            self._reject(element, row)
            return
        self._size += element.end.byte - element.start.byte
        self.rows.append(row)
        self._places.append(element)

    def _reject(self, element: Element, code: str) -> None:
        raw = element.raw or records.json_text(element.cells)
        raw = raw.encode(errors="replace").decode()
        start, end = element.start, element.end
        self._on_reject(Reject(start.line, start.byte, end.byte, code, REASONS[code], raw))

    def batch(self) -> TextBatch:
        """Return the rows so far without those that no table can hold, and forget them."""
        for row, code in sorted(flawed(self.rows).items()):
            self._reject(self._places[row], code)
            self.rows[row] = []
        kept = [at for at, row in enumerate(self.rows) if row]
        places = [self._places[at] for at in kept]
        columns = tuple(map(text_column, zip(*(self.rows[at] for at in kept), strict=True)))
        self.rows, self._places, self._size = [], [], 0
        return TextBatch(
            columns or tuple(text_column(()) for _ in self._table.header.names),
            np.array([place.start.line for place in places], dtype=np.int64),
            np.array([place.start.byte for place in places], dtype=np.int64),
            np.array([place.end.byte for place in places], dtype=np.int64),
        )
