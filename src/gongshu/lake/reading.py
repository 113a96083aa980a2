"""The worker's task: read one received file, type it on the whole of it, send rows and rejects.

The file is read twice unless it is small enough to be held as text in between: once to see what
every value fits, once to cast. Rejects are sent as they are found; rows only after the types stand.
"""

from __future__ import annotations

import codecs
import contextlib
import gc
import gzip
import io
import sqlite3
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from gongshu.lake import database, jsontable, parquet, workbook
from gongshu.lake.batches import OnReject, TextBatch, TextTable
from gongshu.lake.casting import typed_batch
from gongshu.lake.containers import MIB, Container, recognise
from gongshu.lake.delimited import DelimitedText
from gongshu.lake.evidence import Evidence
from gongshu.lake.footnotes import without_footnotes
from gongshu.lake.header import Header
from gongshu.lake.refusals import Refused
from gongshu.lake.rejects import Reject, to_batch
from gongshu.lake.schema import Column, Schema

REHEARSAL: Final = "\n".join(
    (
        "名称,日期,时间,金额,是否,数",
        "甲,2023年7月1日,2023-07-01 08:00,1.50,是,1",
        "乙,,,,,",
        "丙,多,多,多,多,多,多",
    )
)
REHEARSED_JSON: Final = '[{"名称": "甲", "点": {"经度": 1.5, "是否": true}}, {"名称": "乙"}]'
WIDE: Final = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
CODECS: Final = ("cp437", "utf-8", "gb18030", "gb2312", "ascii", *WIDE)
HELD_BYTES: Final = 128 * MIB
REJECTS_AT_ONCE: Final = 1000


def WARM_UP() -> None:  # noqa: N802 - the sandbox's name for it
    """This function will read a small table of its own in every packing.

    Libraries import some of their parts on first use, and no file can be opened afterwards.
    """
    plain = REHEARSAL.encode("gb18030")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("表.csv", REHEARSAL.encode("utf-16"))
    contents = (plain, REHEARSED_JSON.encode(), gzip.compress(plain), packed.getvalue())
    for content in (*contents, _small_database()):
        read({}, [io.BytesIO(content)], [], RejectStream.Nowhere())
    # Only opened: the thread that would read on comes with 64 MiB of address space of its own.
    parquet.ParquetTable(lambda: io.BytesIO(_small_parquet()))
    for codec in CODECS:
        codecs.lookup(codec)


def _small_parquet() -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"a": ["x"], "b": [{"c": 1.5}]}), file)
    return file.getvalue()


def _small_database() -> bytes:
    with contextlib.closing(sqlite3.connect(":memory:")) as engine:
        engine.execute("CREATE TABLE t (a TEXT, b REAL)")
        engine.execute("INSERT INTO t VALUES ('x', 1.5)")
        engine.commit()
        return engine.serialize()


class RejectStream:
    """Counts rejects and sends them in batches."""

    class Nowhere:
        """Takes what a rehearsal emits."""

        def begin(self, stream: str, schema: Any) -> None:
            """Take the beginning of a stream."""

        def __call__(self, stream: str, rows: Any) -> None:
            """Take rows."""

    def __init__(self, emit: Any) -> None:
        self._emit = emit
        self._waiting: list[Reject] = []
        self.codes: Counter[str] = Counter()
        self.first_line: dict[str, int] = {}

    def __call__(self, reject: Reject) -> None:
        """Take one reject."""
        self.codes[reject.code] += 1
        self.first_line.setdefault(reject.code, reject.line)
        self._waiting.append(reject)
        if len(self._waiting) >= REJECTS_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Send what waits."""
        if self._waiting:
            self._emit("rejects", to_batch(self._waiting))
            self._waiting.clear()


class HeldTable:
    """A table that remembers its first reading as long as that is small."""

    def __init__(self, table: TextTable) -> None:
        self._table = table
        self._held: list[TextBatch] | None = []
        self.footnotes: list[str] = []

    def first(self, on_reject: OnReject) -> Iterator[TextBatch]:
        """Yield the batches for the first time."""
        size = 0
        for batch in without_footnotes(self._table.batches(on_reject), self.footnotes):
            size += batch.nbytes
            if self._held is not None and size <= HELD_BYTES:
                self._held.append(batch)
            else:
                self._held = None
            yield batch

    def again(self) -> Iterator[TextBatch]:
        """Yield the same batches once more, giving up what was held."""
        if self._held is None:
            yield from without_footnotes(self._table.batches(_known_already), [])
        else:
            self._held.reverse()
            while self._held:
                yield self._held.pop()


def _known_already(reject: Reject) -> None:
    """The first reading has handed it over."""


def read(
    params: Mapping[str, Any], files: Sequence[BinaryIO], tables: Sequence[Any], emit: Any
) -> dict[str, Any]:
    """Read the one file: streams `rows` and `rejects`, and returns what was understood.

    `params` holds `pinned` (columns as JSON), `sheet` (or table, or list) and `member` (of an
    archive). A file that cannot be read at all gives {"refused": code, "facts": {…}} and no rows.
    """
    # Rows are lists of strings in their thousands and never form cycles.
    gc.disable()
    pinned = Schema.from_json(list(params.get("pinned") or []))
    try:
        container = recognise(files[0], params.get("member"))
        table = _open(container, params.get("sheet"))
        return _typed(table, container, pinned, emit)
    except Refused as refusal:
        return {"refused": refusal.code, "facts": refusal.facts}


def _open(container: Container, sheet: str | None) -> TextTable:
    match container.kind:
        case "workbook":
            return workbook.Workbook(container.open, sheet)
        case "json":
            return jsontable.JsonTable(container.open, sheet)
        case "sqlite":
            return database.DatabaseTable(container.open, sheet)
        case "parquet":
            return parquet.ParquetTable(container.open)
        case _:
            return DelimitedText(container.open)


def _typed(table: TextTable, container: Container, pinned: Schema, emit: Any) -> dict[str, Any]:
    held = HeldTable(table)
    rejects = RejectStream(emit)
    header = table.header
    pins = {column.name: column for column in pinned.columns}
    columns = [Evidence(name, pins.get(name)) for name in header.names]
    filled = [False] * len(columns)
    records = 0
    for batch in held.first(rejects):
        records += batch.rows
        for at, (evidence, column) in enumerate(zip(columns, batch.columns, strict=True)):
            evidence.add(column, batch)
            filled[at] = filled[at] or column.null_count < len(column)
    records += rejects.codes.total()
    blank_rows = table.blank_rows
    kept = [at for at, name in enumerate(header.names) if filled[at] or name not in header.unnamed]
    decided = [columns[at].decide() for at in kept]
    schema = Schema(tuple(_with_source(column, header) for column in decided))
    rows = _send(held, schema, kept, rejects, emit)
    notes = [
        note for at, each in zip(kept, decided, strict=True) for note in columns[at].notes(each)
    ]
    return {
        "schema": schema.to_json(),
        "rows": rows,
        "rejects": rejects.codes.total(),
        "records": records,
        "blank_rows": blank_rows,
        "understood": table.understood()
        | _about(header, container)
        | {"footnotes": held.footnotes},
        "notes": [
            *_header_notes(header, kept, pins),
            *_other_notes(table, held),
            *notes,
            *_reject_notes(rejects),
            *([] if rows else [{"code": "no_rows"}]),
        ],
    }


def _send(
    held: HeldTable, schema: Schema, kept: list[int], rejects: RejectStream, emit: Any
) -> int:
    """Cast and send the rows; returns how many fitted."""
    rows = 0
    emit.begin("rows", schema.arrow)
    for batch in held.again():
        chosen = replace(batch, columns=tuple(batch.columns[at] for at in kept))
        typed = typed_batch(chosen, schema, rejects)
        rows += typed.num_rows
        emit("rows", typed)
    rejects.flush()
    return rows


def _with_source(column: Column, header: Header) -> Column:
    return replace(column, source=header.changed.get(column.name))


def _about(header: Header, container: Container) -> dict[str, Any]:
    return {
        "packing": container.packing,
        "member": container.member,
        "other_members": list(container.others),
        "titles": [title[:200] for title in header.titles[:20]],
        "unit": header.unit,
        "has_header": header.row is not None,
    }


def _header_notes(
    header: Header, kept: list[int], pins: Mapping[str, Column]
) -> list[dict[str, Any]]:
    notes: list[dict[str, Any]] = []
    if header.row is None:
        notes.append({"code": "headerless"})
    if header.titles:
        notes.append(
            {"code": "titles", "count": header.first if header.row is None else header.row}
        )
    if header.levels > 1:
        notes.append({"code": "header_levels", "count": header.levels})
    if header.duplicates:
        notes.append({"code": "duplicates", "names": list(header.duplicates[:20])})
    broken = [name for name, source in header.changed.items() if "\n" in source or "\r" in source]
    if broken:
        notes.append({"code": "header_line_breaks", "names": broken[:20]})
    left_out = len(header.names) - len(kept)
    if left_out:
        notes.append({"code": "empty_columns", "count": left_out})
    absent = [name for name in pins if name not in header.names]
    if absent:
        notes.append({"code": "pinned_absent", "names": absent[:20]})
    return notes


def _other_notes(table: TextTable, held: HeldTable) -> list[dict[str, Any]]:
    notes: list[dict[str, Any]] = []
    if held.footnotes:
        notes.append({"code": "footnotes", "count": len(held.footnotes)})
    if nested := getattr(table, "nested", None):
        notes.append({"code": "nested_lists", "names": sorted(nested)[:20]})
    if merged := getattr(table, "merged", 0):
        notes.append({"code": "merged_cells", "count": merged})
    return notes


def _reject_notes(rejects: RejectStream) -> list[dict[str, Any]]:
    return [
        {"code": "rejects", "kind": code, "count": count, "line": rejects.first_line[code]}
        for code, count in rejects.codes.most_common()
    ]
