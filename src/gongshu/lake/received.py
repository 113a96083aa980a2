"""A received file becomes a snapshot: read in the locked worker, written by the parent."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from gongshu import sandbox
from gongshu.lake import refusals, rejects
from gongshu.lake.notes import Note, compose
from gongshu.lake.rejects import Reject
from gongshu.lake.schema import Schema
from gongshu.lake.snapshots import Snapshot, write_snapshot
from gongshu.sandbox.limits import MIB
from gongshu.vocabulary.errors import Invalid, Unavailable

TASK: Final = "gongshu.lake.reading:read"
LIMITS: Final = sandbox.Limits(
    memory_bytes=1024 * MIB, wall_seconds=600, cpu_seconds=300, output_bytes=16 * 1024 * MIB
)
SHOWN: Final = 100

Enrich = Callable[[pa.RecordBatchReader], pa.RecordBatchReader]


class Unreadable(Invalid):
    """A received file of which nothing could be read; the sentence says why and what to do."""

    default_code = "unreadable"


@dataclass(frozen=True, slots=True)
class Understanding:
    """How a file was read.

    `format` is csv, workbook, json, jsonl, geojson, sqlite or parquet, `packing` gzip, zip or None;
    `member` is the file of an archive, `sheet` the sheet, the table of a database or, in JSON, the
    path of the list; `titles` are the cells above the header, `footnotes` the remarks below.
    """

    format: str
    encoding: str | None = None
    packing: str | None = None
    member: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    header_line: int | None = None
    titles: tuple[str, ...] = ()
    footnotes: tuple[str, ...] = ()
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """A file taken in: `records == rows + rejected`, blank rows counted beside them.

    `rejects` shows the first of them, `rejects_file` is the whole reject table (Parquet) or None
    when there is nothing in it.
    """

    snapshot: Snapshot
    schema: Schema
    rows: int
    rejected: int
    records: int
    blank_rows: int
    rejects: tuple[Reject, ...]
    rejects_file: Path | None
    understood: Understanding
    notes: tuple[Note, ...] = field(default=())


def read_received(
    path: Path,
    *,
    folder: Path,
    resource: str,
    salt: bytes,
    pinned: Schema | None = None,
    sheet: str | None = None,
    member: str | None = None,
    limits: sandbox.Limits = LIMITS,
    pool: sandbox.Pool | None = None,
    enrich: Enrich | None = None,
) -> Received:
    """Read a received file and write it as the next version of the table in `folder`.

    The Delta table is `folder/rows`, the reject table of version n `folder/rejects/n.parquet`. The
    received file itself is not touched. `pinned` fixes the types of the columns it names: rows
    whose values do not fit are rejected. `sheet` chooses a sheet, table or list, `member` a file of
    an archive. `enrich` may add columns (see `subjects.py`); `pool` is one for `TASK`, whose limits
    stand. Raises `Unreadable`, or Unavailable when the disk refuses; the table stays as it was.
    """
    params = {"pinned": pinned.to_json() if pinned else None, "sheet": sheet, "member": member}
    descriptor = os.open(path, os.O_RDONLY)
    try:
        opened: AbstractContextManager[sandbox.Session] = (
            sandbox.stream(TASK, params, files=[descriptor], limits=limits)
            if pool is None
            else pool.stream(params, files=[descriptor])
        )
        with opened as session, _Arrival(session, folder) as arrival:
            return arrival.take(resource=resource, salt=salt, enrich=enrich)
    except sandbox.SandboxFault as fault:
        raise Unreadable(refusals.sentence(fault.code, {}), code=fault.code) from fault
    except OSError as fault:
        raise Unavailable(
            "数据版本写不进磁盘，收到的文件仍在；请检查磁盘空间和权限后重新读取。",
            code="version_not_written",
        ) from fault
    finally:
        os.close(descriptor)


class _Arrival:
    """One session of the worker, its rows on the way to the table and its rejects to their file."""

    def __init__(self, session: sandbox.Session, folder: Path) -> None:
        self._session = session
        self._batches = session.batches()
        self._folder = folder
        self._waiting = folder / "rejects" / f"arriving-{os.getpid()}-{id(self)}.parquet"
        self._writer: pq.ParquetWriter | None = None
        self._shown: list[Reject] = []
        self._count = 0
        self._fault: Exception | None = None

    def __enter__(self) -> _Arrival:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()
        self._waiting.unlink(missing_ok=True)

    def take(self, *, resource: str, salt: bytes, enrich: Enrich | None) -> Received:
        """Write everything and return what arrived; raises `Unreadable`, `SandboxFault`."""
        first = self._next_rows()
        if "rows" not in self._session.schemas:
            raise _unreadable(self._session.value)
        reader = pa.RecordBatchReader.from_batches(self._session.schemas["rows"], self._rows(first))
        if enrich is not None:
            reader = enrich(reader)
        try:
            snapshot = write_snapshot(self._folder / "rows", reader, resource=resource, salt=salt)
        except Exception:
            if self._fault is not None:
                raise self._fault from None
            raise
        return self._received(snapshot)

    def _next_rows(self) -> pa.RecordBatch | None:
        """Return the next batch of rows, storing the rejects that come before it."""
        for stream, batch in self._batches:
            if stream == "rows":
                return batch
            self._store(batch)
        return None

    def _rows(self, first: pa.RecordBatch | None) -> Iterator[pa.RecordBatch]:
        batch = first
        try:
            while batch is not None:
                yield batch
                batch = self._next_rows()
        except Exception as fault:
            self._fault = fault
            raise

    def _store(self, batch: pa.RecordBatch) -> None:
        if not batch.schema.equals(rejects.ARROW):
            raise sandbox.SandboxFault("crash")
        if self._writer is None:
            self._waiting.parent.mkdir(parents=True, exist_ok=True)
            self._writer = pq.ParquetWriter(self._waiting, rejects.ARROW)
        self._writer.write_batch(batch)
        self._count += batch.num_rows
        if len(self._shown) < SHOWN:
            self._shown += rejects.from_batch(batch.slice(0, SHOWN - len(self._shown)))

    def _received(self, snapshot: Snapshot) -> Received:
        value = _checked(self._session.value)
        if snapshot.rows != value["rows"] or self._count != value["rejects"]:
            raise sandbox.SandboxFault("crash")
        rejects_file = None
        if self._writer is not None:
            self._writer.close()
            rejects_file = self._waiting.with_name(f"{snapshot.version}.parquet")
            self._waiting.replace(rejects_file)
        understood = value["understood"]
        return Received(
            snapshot=snapshot,
            schema=Schema.from_json(value["schema"]),
            rows=snapshot.rows,
            rejected=self._count,
            records=int(value["records"]),
            blank_rows=int(value["blank_rows"]),
            rejects=tuple(self._shown),
            rejects_file=rejects_file,
            understood=_understanding(understood),
            notes=_notes(value["notes"], understood),
        )


def _unreadable(value: Any) -> Unreadable:
    """Return why the worker sent no rows, in a sentence; its own words are not repeated."""
    answer = value if isinstance(value, dict) else {}
    code, facts = str(answer.get("refused")), answer.get("facts")
    if code not in refusals.SENTENCES or not isinstance(facts, dict):
        code, facts = "crash", {}
    return Unreadable(refusals.sentence(code, facts), code=code)


def _checked(value: Any) -> dict[str, Any]:
    """Return the worker's answer when it has the parts it should have."""
    parts = {"schema", "rows", "rejects", "records", "blank_rows", "understood", "notes"}
    if not isinstance(value, dict) or not parts <= set(value):
        raise sandbox.SandboxFault("crash")
    return value


def _understanding(raw: dict[str, Any]) -> Understanding:
    def text(name: str) -> str | None:
        value = raw.get(name)
        return None if value is None else str(value)[:200]

    line = raw.get("header_line")
    return Understanding(
        format=str(raw.get("format")),
        encoding=text("encoding"),
        packing=text("packing"),
        member=text("member"),
        delimiter=text("delimiter"),
        sheet=text("sheet"),
        header_line=None if line is None else int(line),
        titles=tuple(str(title)[:200] for title in raw.get("titles", ())),
        footnotes=tuple(str(each)[:200] for each in raw.get("footnotes", ())),
        unit=text("unit"),
    )


def _notes(raw: list[dict[str, Any]], understood: dict[str, Any]) -> tuple[Note, ...]:
    others = [
        f"{sheet['name']}（{sheet['rows']} 行）" for sheet in understood.get("other_sheets", ())
    ]
    if others:
        raw = [*raw, {"code": "other_sheets", "names": others}]
    if understood.get("other_members"):
        raw = [*raw, {"code": "other_members", "names": understood["other_members"]}]
    return tuple(note for each in raw if (note := compose(each)) is not None)
