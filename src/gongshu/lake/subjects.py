"""The subject map: whom each row is about, spelled the one way.

A threshold of k counts subjects, not spellings, and departments join on whom they know. So every
snapshot carries two columns: the enterprise by its unified social credit code — or, without a
valid one, by its name, looked up in a register of names whose code some snapshot knows — and the
person by the citizen number. What stays unknown is null and counts for nobody (disclosure-control
§3 rule 3).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from gongshu.vocabulary.identifiers import (
    CANONICAL_FORM,
    canonical_citizen_id,
    canonical_name,
    canonical_uscc,
    valid_citizen_id,
    valid_uscc,
)

ENTERPRISE: Final = "主体_企业"
PERSON: Final = "主体_个人"
NAMED_ONLY: Final = "N:"

Named = tuple[pa.RecordBatchReader, str, str]


@dataclass(frozen=True, slots=True)
class NameRegister:
    """Canonical enterprise names and the one code each belongs to.

    A name with several codes is ambiguous and matches nobody.
    """

    codes: Mapping[str, str]
    ambiguous: frozenset[str] = frozenset()

    def find(self, name: str) -> tuple[str | None, str]:
        """Return the subject for a canonical name and how it was found.

        The outcomes are by_name, unmatched (the subject is then the name itself, marked so) and
        ambiguous (no subject).
        """
        if (code := self.codes.get(name)) is not None:
            return code, "by_name"
        if name in self.ambiguous:
            return None, "ambiguous"
        return NAMED_ONLY + name, "unmatched"


@dataclass(frozen=True, slots=True)
class MatchReport:
    """How the rows of a snapshot found their enterprise; shown with every result that joins it.

    `method` is uscc, name, uscc+name or none. `missing` counts rows with neither a valid code nor a
    name. `form` is the version of the spelling by which names were compared; reports from before
    it was kept are of the first.
    """

    method: str
    rows: int
    by_code: int
    by_name: int
    unmatched: int
    ambiguous: int
    missing: int
    form: int = 1

    @property
    def matched(self) -> int:
        """Return how many rows have a code."""
        return self.by_code + self.by_name

    @property
    def rate(self) -> float:
        """Return the share of rows that have a code."""
        return self.matched / self.rows if self.rows else 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return asdict(self) | {"matched": self.matched, "rate": round(self.rate, 6)}


class Matching:
    """Counts while rows pass; its report is complete once the reader is exhausted."""

    def __init__(self, method: str) -> None:
        self._method = method
        self._counts: Counter[str] = Counter()
        self._rows = 0
        self._finished = False

    def count(self, outcomes: Mapping[str, int], rows: int) -> None:
        """Take in the outcomes of one batch."""
        self._counts.update(outcomes)
        self._rows += rows

    def finish(self) -> None:
        """Say that all rows have passed."""
        self._finished = True

    @property
    def report(self) -> MatchReport:
        """Return the report; raises `RuntimeError` while rows are still to come."""
        if not self._finished:
            raise RuntimeError("the match report is complete when all rows have been read")
        return MatchReport(
            method=self._method,
            rows=self._rows,
            by_code=self._counts["by_code"],
            by_name=self._counts["by_name"],
            unmatched=self._counts["unmatched"],
            ambiguous=self._counts["ambiguous"],
            missing=self._counts["missing"],
            form=CANONICAL_FORM,
        )


def build_register(tables: Iterable[Named]) -> NameRegister:
    """Collect which name belongs to which code from tables that have both.

    Each table comes as (reader, column of codes, column of names); rows without a valid code or
    without a name say nothing.
    """
    found: dict[str, str] = {}
    ambiguous: set[str] = set()
    for reader, code_column, name_column in tables:
        for batch in reader:
            codes = _codes(batch.column(code_column))
            names = _spelled(_text(batch.column(name_column)), canonical_name)
            known = pc.and_(pc.is_valid(codes), pc.is_valid(names))
            pairs = zip(
                names.filter(known).to_pylist(), codes.filter(known).to_pylist(), strict=True
            )
            for name, code in pairs:
                if name and found.setdefault(name, code) != code:
                    ambiguous.add(name)
    codes_by_name = {name: code for name, code in found.items() if name not in ambiguous}
    return NameRegister(MappingProxyType(codes_by_name), frozenset(ambiguous))


def add_subjects(
    reader: pa.RecordBatchReader,
    *,
    uscc_column: str | None,
    name_column: str | None,
    citizen_column: str | None,
    register: NameRegister,
) -> tuple[pa.RecordBatchReader, Matching]:
    """Add the two subject columns to rows on their way; the report is ready when they have passed.

    Subject columns that the rows have already are replaced, so that a snapshot can be matched anew
    against a larger register. Raises `KeyError` for a column that is not there.
    """
    for column in (uscc_column, name_column, citizen_column):
        if column is not None and column not in reader.schema.names:
            raise KeyError(column)
    parts = [part for part, column in (("uscc", uscc_column), ("name", name_column)) if column]
    matching = Matching("+".join(parts) or "none")
    kept = [name for name in reader.schema.names if name not in (ENTERPRISE, PERSON)]
    schema = pa.schema([reader.schema.field(name) for name in kept])
    for name in (ENTERPRISE, PERSON):
        schema = schema.append(pa.field(name, pa.string()))

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in reader:
            codes = None if uscc_column is None else batch.column(uscc_column)
            names = None if name_column is None else batch.column(name_column)
            enterprises, outcomes = _enterprises(codes, names, batch.num_rows, register)
            matching.count(outcomes, batch.num_rows)
            persons = pa.nulls(batch.num_rows, pa.string())
            if citizen_column is not None:
                persons = _persons(batch.column(citizen_column))
            columns = [batch.column(name) for name in kept]
            yield pa.RecordBatch.from_arrays([*columns, enterprises, persons], schema=schema)
        matching.finish()

    return pa.RecordBatchReader.from_batches(schema, batches()), matching


def _enterprises(
    codes: pa.Array | None, names: pa.Array | None, rows: int, register: NameRegister
) -> tuple[pa.Array, dict[str, int]]:
    """Return the enterprise of each row and how many were found in which way."""
    by_code = pa.nulls(rows, pa.string()) if codes is None else _codes(codes)
    outcomes = {"by_code": rows - by_code.null_count}
    if names is None or not by_code.null_count:
        outcomes["missing"] = by_code.null_count
        return by_code, outcomes
    rest = pc.if_else(pc.is_valid(by_code), None, _text(names)).dictionary_encode()
    subjects: list[str | None] = []
    ways: list[str] = []
    for name in rest.dictionary.to_pylist():
        canonical = canonical_name(name)
        subject, way = register.find(canonical) if canonical else (None, "missing")
        subjects.append(subject)
        ways.append(way)
    by_name = pa.array(subjects, pa.string()).take(rest.indices)
    for each in pc.value_counts(pa.array(ways, pa.string()).take(rest.indices)).to_pylist():
        if each["values"] is not None:
            outcomes[each["values"]] = each["counts"]
    nameless = rows - outcomes["by_code"] - (rows - rest.null_count)
    outcomes["missing"] = outcomes.get("missing", 0) + nameless
    return pc.coalesce(by_code, by_name), outcomes


def _text(column: pa.Array) -> pa.Array:
    return column if pa.types.is_string(column.type) else column.cast(pa.string())


def _codes(column: pa.Array) -> pa.Array:
    return _canonical(_text(column), valid_uscc, canonical_uscc)


def _persons(column: pa.Array) -> pa.Array:
    return _canonical(_text(column), valid_citizen_id, canonical_citizen_id)


def _canonical(
    column: pa.Array, valid: Callable[[Any], Any], spell: Callable[[str], str | None]
) -> pa.Array:
    """Return canonical identifiers, null for invalid ones; only odd spellings go one by one."""
    right = valid(column).fill_null(False)
    odd = pc.if_else(right, None, column)
    if odd.null_count == len(odd):
        return column
    return pc.if_else(right, column, _spelled(odd, spell))


def _spelled(column: pa.Array, spell: Callable[[str], str | None]) -> pa.Array:
    """Return the column with each distinct text spelled once."""
    encoded = column.dictionary_encode()
    spelled = [spell(text) for text in encoded.dictionary.to_pylist()]
    return pa.array(spelled, pa.string()).take(encoded.indices)
