"""From a received file to a version: read in the locked worker, profiled, recorded in one action.

The node does this under its own standing grant, outside any transaction; the record at the end is
the only write to the database. Running it again for the same file makes no second version.
"""

from __future__ import annotations

import fcntl
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from django.conf import settings

from gongshu.lake import (
    MatchReport,
    NameRegister,
    Received,
    Unreadable,
    add_subjects,
    build_register,
    open_snapshot,
    read_received,
)
from gongshu.lake.changes import compare
from gongshu.lake.parts import asked
from gongshu.lake.received import Enrich
from gongshu.lake.subjects import ENTERPRISE, PERSON, Matching
from gongshu.policy import Use
from gongshu.profile import profile
from gongshu.vocabulary.actions import Action
from gongshu.vocabulary.purposes import Purpose
from gongshu_server.accounts.actors import NODE, Actor
from gongshu_server.catalogue import actions, intake, queries
from gongshu_server.catalogue.models import Item, ReceivedFile, Snapshot
from gongshu_server.usage import actions as usage

# Which column tells whom a row is about; the first header that fits counts.
_USCC = re.compile("社会信用代码|信用代码|行政相对人代码|纳税人识别号")
_NAME = re.compile("^(企业(或单位)?名称|(被检查)?单位名称|法人单位名称|供应商名称|企业全称)")
_CITIZEN = re.compile("身份证|公民身份号码|证件号码")
WHOLE = "*"


def ingest(file_id: str, *, by: Actor, at: datetime) -> Snapshot:
    """Read a received file into the next version of its resource and return it.

    Two workers never read the same file: the second waits for the first and finds its version.
    Raises Unreadable, after recording it, when nothing of the file can be read.
    """
    with _alone(file_id):
        return _ingested(file_id, by=by, at=at)


@contextmanager
def _alone(file_id: str) -> Iterator[None]:
    """Hold the received file for this reader; the system lets go of it when the process dies."""
    with intake.kept_path(file_id).open("rb") as kept:
        fcntl.flock(kept, fcntl.LOCK_EX)
        yield


def _ingested(file_id: str, *, by: Actor, at: datetime) -> Snapshot:
    received = ReceivedFile.objects.select_related("resource", "resource__provider").get(pk=file_id)
    done = Snapshot.objects.filter(received=received).first()
    if done is not None:
        return done
    if received.outcome == "unreadable":
        raise Unreadable(received.sentence)
    resource = received.resource
    usage.use(uses=(_processing(resource.pk, at),), by=by, at=at)
    subjects = _Subjects(resource.pk)
    part = asked(received.name)
    try:
        arrived = read_received(
            intake.kept_path(received.pk),
            folder=Path(settings.HOME) / "lake" / resource.pk,
            resource=resource.pk,
            salt=secrets.token_bytes(32),
            sheet=part.sheet,
            member=part.member,
            enrich=_reviewed(resource.pk, subjects),
        )
    except Unreadable as error:
        actions.record_unreadable(file_id=file_id, sentence=error.sentence, by=by, at=at)
        raise
    return actions.record_snapshot(
        file_id=file_id, version=_version(arrived, subjects, resource), by=by, at=at
    )


def _reviewed(resource_id: str, subjects: _Subjects) -> Enrich:
    """Return how rows are enriched once their columns are what was filed.

    It is asked before the first row is written: a file without them leaves no version behind.
    """

    def enrich(reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
        filed = Item.objects.filter(resource_id=resource_id).order_by("position")
        arrived = set(reader.schema.names)
        missing = [name for name in filed.values_list("name", flat=True) if name not in arrived]
        if missing:
            raise Unreadable(
                f"文件里没有目录所列的数据项：{'、'.join(missing)}，没有形成新的版本。"
                "请核对表头，或先更新目录，再重新报送。",
                code="items_missing",
                clause="809-13",
            )
        return subjects.enrich(reader)

    return enrich


def _processing(resource_id: str, at: datetime) -> Use:
    return Use(
        party=NODE,
        object=f"resource:{resource_id}",
        action=Action.process,
        items=frozenset({WHOLE}),
        purpose=Purpose.filing,
        business=None,
        region=None,
        at=at,
        rows=0,
    )


class _Subjects:
    """Adds the canonical subject columns while the rows pass, and keeps the match report."""

    def __init__(self, resource_id: str) -> None:
        self._resource_id = resource_id
        self._matching: Matching | None = None
        self.columns: frozenset[str] = frozenset()

    @property
    def report(self) -> MatchReport | None:
        """The report, once all rows have passed; None for a table about no subject."""
        return self._matching.report if self._matching else None

    def enrich(self, reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
        """Return the reader with subject columns, where the headers name a subject at all."""
        names = reader.schema.names
        uscc, name = _first(_USCC, names), _first(_NAME, names)
        citizen = _first(_CITIZEN, names)
        if not (uscc or name or citizen):
            return reader
        register = self._register() if name else NameRegister({})
        self.columns = frozenset(
            ({ENTERPRISE} if uscc or name else set()) | ({PERSON} if citizen else set())
        )
        reader, self._matching = add_subjects(
            reader, uscc_column=uscc, name_column=name, citizen_column=citizen, register=register
        )
        return reader

    def _register(self) -> NameRegister:
        """Return name → code as the other resources' newest versions know it."""
        return build_register(_pairs(self._resource_id))


def _pairs(but: str) -> list[tuple[pa.RecordBatchReader, str, str]]:
    """Return (rows, code column, name column) of every other version that has both."""
    found: dict[str, Snapshot] = {}
    for snapshot in Snapshot.objects.exclude(resource_id=but).order_by("version"):
        found[snapshot.resource_id] = snapshot
    pairs = []
    for snapshot in found.values():
        uscc, name = _first(_USCC, snapshot.schema), _first(_NAME, snapshot.schema)
        if uscc and name:
            rows = queries.open_rows(snapshot, columns=(uscc, name))
            pairs.append((rows, uscc, name))
    return pairs


def _first(pattern: re.Pattern[str], names: Sequence[str] | Mapping[str, Any]) -> str | None:
    return next((name for name in names if pattern.search(name.replace("\n", ""))), None)


def _version(arrived: Received, subjects: _Subjects, resource: Any) -> actions.Version:
    location = Path(settings.HOME) / "lake" / resource.pk / "rows"
    schema = {
        column.name: _type_name(column)
        for column in arrived.snapshot.schema.columns
        if column.name not in {ENTERPRISE, PERSON} - subjects.columns
    }
    rows = open_snapshot(location, arrived.snapshot.version)
    found = profile(
        rows, rows=arrived.rows, title=resource.title, department=resource.provider.short_name
    )
    return actions.Version(
        number=arrived.snapshot.version,
        location=f"{resource.pk}/rows",
        rows=arrived.rows,
        rejects=arrived.rejected,
        bytes=arrived.snapshot.bytes,
        schema=schema,
        digest=arrived.snapshot.digest,
        understood={
            **asdict(arrived.understood),
            "records": arrived.records,
            "blank_rows": arrived.blank_rows,
            "sentences": [*_changes(resource, schema), *(note.sentence for note in arrived.notes)],
        },
        match=asdict(subjects.report) if subjects.report else None,
        profile=found.as_json(),
    )


def _changes(resource: Any, schema: Mapping[str, str]) -> tuple[str, ...]:
    """Return how the columns differ from those of the version before, if there is one."""
    before = Snapshot.objects.filter(resource=resource).order_by("-version").first()
    if before is None:
        return ()
    added = {ENTERPRISE, PERSON}
    old, new = (
        {name: kind for name, kind in each.items() if name not in added}
        for each in (before.schema, schema)
    )
    return compare(old, new).sentences


def _type_name(column: Any) -> str:
    if column.type.value == "decimal":
        return f"decimal({column.precision or 38},{column.scale or 0})"
    return str(column.type.value)
