"""What became of the files that a department handed in: read, or why not, and which rows are out.

Only the provider learns of it: counts and reasons depend on the data (S13).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyarrow.parquet as pq
from django.conf import settings

from gongshu.lake.rejects import Reject, from_batch
from gongshu.vocabulary.errors import NotFound
from gongshu_server.accounts.actors import Actor
from gongshu_server.catalogue.models import ReceivedFile, Resource, Snapshot

BATCH = 1000
HEADER = ("line", "byte_start", "byte_end", "reason", "raw")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One received file, the version that reading it has made, and the first rejects asked for."""

    file: ReceivedFile
    snapshot: Snapshot | None
    rejects: tuple[Reject, ...]


def files(row: Resource, *, by: Actor, most: int = 30) -> list[ReceivedFile]:
    """Return what was handed in for a resource, newest first, to its provider alone."""
    if row.provider_id != by.organisation:
        return []
    return list(ReceivedFile.objects.filter(resource=row).order_by("-pk")[:most])


def file(file_id: str, *, by: Actor) -> ReceivedFile:
    """Return one received file of the actor's own resource; NotFound for any other."""
    own = ReceivedFile.objects.filter(resource__provider_id=by.organisation)
    found = own.select_related("resource").filter(pk=file_id).first()
    if found is None:
        raise NotFound("没有这个接收文件，或不是贵单位报送的。", code="file_not_found")
    return found


def outcome(file_id: str, *, by: Actor, start: int = 0, most: int = 50) -> Outcome:
    """Return what became of a file, with the rejects from number `start` on."""
    received = file(file_id, by=by)
    snapshot = Snapshot.objects.filter(received=received).defer("profile").first()
    rejects = islice(_rejects(snapshot, start), most) if snapshot and snapshot.rejects else ()
    return Outcome(received, snapshot, tuple(rejects))


def _rejects(snapshot: Snapshot, start: int) -> Iterator[Reject]:
    path = Path(settings.HOME) / "lake" / snapshot.location
    path = path.parent / "rejects" / f"{snapshot.version}.parquet"
    if not path.is_file():
        return
    with pq.ParquetFile(path) as table:
        for batch in table.iter_batches(batch_size=BATCH):
            if start >= batch.num_rows:
                start -= batch.num_rows
                continue
            yield from from_batch(batch.slice(start))
            start = 0


def rejects_csv(snapshot: Snapshot) -> Iterator[str]:
    """Yield the whole list of rejects as the lines of a CSV file that spreadsheets open.

    A cell that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    yield "\ufeff" + _line(HEADER)
    for one in _rejects(snapshot, 0):
        places = ("" if n is None else str(n) for n in (one.line, one.byte_start, one.byte_end))
        yield _line((*places, one.reason, _inert(one.raw)))


def _inert(text: str) -> str:
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _line(cells: tuple[str, ...]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()
