"""Snapshots: the immutable versions of a resource, kept as a Delta Lake table."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import deltalake
import pyarrow as pa
import pyarrow.compute as pc

from gongshu.lake.schema import Column, ColumnType, Schema
from gongshu.vocabulary.errors import NotFound

READ_BYTES = 1024 * 1024
SALT_BYTES = 16
# The log of a table outlives the files that it names; so it keeps no smallest and largest cells.
CONFIGURATION = {"delta.dataSkippingNumIndexedCols": "0"}
TYPES = {
    pa.int64(): ColumnType.integer,
    pa.date32(): ColumnType.date,
    pa.timestamp("us"): ColumnType.datetime,
    pa.bool_(): ColumnType.boolean,
}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One version of a resource.

    `files` are the names of its Parquet files below the location, `bytes` their size together.
    `digest` is hexadecimal and salted: it says nothing to somebody who does not hold the salt.
    """

    resource: str
    version: int
    files: tuple[str, ...]
    rows: int
    bytes: int
    schema: Schema
    digest: str


def write_snapshot(
    location: Path | str,
    rows: pa.RecordBatchReader,
    *,
    resource: str,
    salt: bytes,
    schema: Schema | None = None,
) -> Snapshot:
    """Write the rows as the next version of the table and return its description.

    Earlier versions stay readable until they are disposed of. `salt` is at least 16 random bytes
    that the caller keeps. When it returns, the version is on disk; an exception of the reader
    leaves the table at its last version, and so does the OSError of a disk that refuses.
    """
    if len(salt) < SALT_BYTES:
        raise ValueError("the salt of a digest has at least 16 bytes")
    counted = _Counted(rows)
    _write(location, pa.RecordBatchReader.from_batches(rows.schema, counted.batches()), counted)
    table = deltalake.DeltaTable(str(location))
    files = tuple(sorted(_names(table)))
    folder = Path(location)
    _persist(folder, files)
    return Snapshot(
        resource=resource,
        version=table.version(),
        files=files,
        rows=counted.rows,
        bytes=sum((folder / name).stat().st_size for name in files),
        schema=schema or schema_of(rows.schema),
        digest=digest(folder, files, salt),
    )


def _write(location: Path | str, stream: pa.RecordBatchReader, counted: _Counted) -> None:
    try:
        deltalake.write_deltalake(
            str(location),
            stream,
            mode="overwrite",
            schema_mode="overwrite",
            configuration=CONFIGURATION,
        )
    except Exception as fault:
        if counted.fault is not None:
            raise counted.fault from None
        if isinstance(fault, deltalake.exceptions.DeltaError):
            raise OSError(errno.EIO, os.strerror(errno.EIO)) from fault
        raise


class _Counted:
    """Counts rows on their way and keeps the fault of their source."""

    def __init__(self, reader: pa.RecordBatchReader) -> None:
        self._reader = reader
        self.rows = 0
        self.fault: Exception | None = None

    def batches(self) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self._reader:
                self.rows += batch.num_rows
                yield batch
        except Exception as fault:
            self.fault = fault
            raise


def _names(table: deltalake.DeltaTable) -> list[str]:
    """Return the names of the version's files, relative to the table."""
    adds = pa.table(table.get_add_actions(flatten=True))
    return [unquote(name) for name in adds.column("path").to_pylist()]


def _persist(folder: Path, files: Sequence[str]) -> None:
    """Force the files of a version, its log and their folders to disk (S9)."""
    log = folder / "_delta_log"
    for path in (*(folder / name for name in files), *log.glob("*.json"), log, folder):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def digest(folder: Path, files: Sequence[str], salt: bytes) -> str:
    """Return SHA-256 over the sorted names, sizes and contents of the files, under the salt.

    Each file's content is hashed with the salt as well, so that no part is an unsalted digest of
    personal data.
    """
    whole = hashlib.sha256(b"gongshu snapshot\0" + salt)
    for name in sorted(files):
        content = hashlib.sha256(b"gongshu file\0" + salt)
        size = 0
        with (folder / name).open("rb") as file:
            while piece := file.read(READ_BYTES):
                content.update(piece)
                size += len(piece)
        encoded = name.encode()
        whole.update(len(encoded).to_bytes(4, "big") + encoded + size.to_bytes(8, "big"))
        whole.update(content.digest())
    return whole.hexdigest()


def schema_of(arrow: pa.Schema) -> Schema:
    """Return the lake's schema for an Arrow schema; what the lake does not know counts as text."""
    columns = []
    for field in arrow:
        if pa.types.is_decimal(field.type):
            kind = field.type
            columns.append(Column(field.name, ColumnType.decimal, kind.precision, kind.scale))
        else:
            columns.append(Column(field.name, TYPES.get(field.type, ColumnType.text)))
    return Schema(tuple(columns))


def open_snapshot(
    location: Path | str,
    version: int,
    *,
    columns: Sequence[str] | None = None,
    where: pc.Expression | None = None,
) -> pa.RecordBatchReader:
    """Return the rows of a version: the named columns only, and only rows for which `where` holds.

    The filter may use columns that are not returned. Raises `NotFound` when the table, the version
    or a column is not there.
    """
    try:
        table = deltalake.DeltaTable(str(location), version=version)
    except (
        deltalake.exceptions.TableNotFoundError,
        deltalake.exceptions.DeltaError,
        OSError,
    ) as gone:
        raise NotFound(
            "找不到这个数据版本，可能已按保存期限处置。请选择现有的版本。",
            code="snapshot_not_found",
        ) from gone
    dataset = table.to_pyarrow_dataset()
    unknown = [name for name in columns or () if name not in dataset.schema.names]
    if unknown:
        raise NotFound(
            f"这个数据版本里没有数据项：{'、'.join(unknown)}。请核对数据项名称。",
            code="item_not_found",
        )
    names = list(columns) if columns is not None else dataset.schema.names
    return dataset.scanner(columns=names, filter=where).to_reader()
