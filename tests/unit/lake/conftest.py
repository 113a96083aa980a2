"""Reading in this process, for the many tests that ask what is understood, not who is locked in."""

import io
from dataclasses import dataclass, field

import pyarrow as pa
import pytest

from gongshu.lake import reading
from gongshu.lake.rejects import from_batch
from gongshu.lake.schema import Schema


@dataclass
class Outcome:
    value: dict
    schemas: dict = field(default_factory=dict)
    batches: dict = field(default_factory=dict)

    @property
    def refused(self):
        return self.value.get("refused")

    @property
    def table(self):
        return pa.Table.from_batches(self.batches.get("rows", []), schema=self.schemas["rows"])

    @property
    def rows(self):
        return self.table.to_pylist()

    @property
    def rejects(self):
        return [each for batch in self.batches.get("rejects", []) for each in from_batch(batch)]

    @property
    def schema(self):
        return Schema.from_json(self.value["schema"])

    @property
    def types(self):
        return {column.name: column.type.value for column in self.schema.columns}

    @property
    def notes(self):
        return [note["code"] for note in self.value["notes"]]

    @property
    def understood(self):
        return self.value["understood"]


class _Emit:
    def __init__(self):
        self.schemas = {}
        self.batches = {}

    def begin(self, stream, schema):
        assert self.schemas.setdefault(stream, schema).equals(schema)

    def __call__(self, stream, rows):
        self.begin(stream, rows.schema)
        self.batches.setdefault(stream, []).append(rows)


@pytest.fixture
def read():
    def read(content, *, pinned=None, sheet=None, member=None):
        if isinstance(content, str):
            content = content.encode()
        emit = _Emit()
        params = {"pinned": pinned.to_json() if pinned else None, "sheet": sheet}
        params["member"] = member
        value = reading.read(params, [io.BytesIO(content)], [], emit)
        outcome = Outcome(value, emit.schemas, emit.batches)
        if not outcome.refused:
            assert value["records"] == value["rows"] + value["rejects"]
            assert value["rows"] == outcome.table.num_rows
            assert value["rejects"] == len(outcome.rejects)
        return outcome

    return read
