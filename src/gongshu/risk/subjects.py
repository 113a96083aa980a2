"""Whom each row is about: k counts people and enterprises, never spellings or rows.

An identifier that is missing, one that is not valid and one that stands for several names are
three different faults of a table with three different repairs, and so they are counted apart. All
three count for nobody: the classes they are in become smaller, which never understates the risk.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from gongshu.vocabulary.identifiers import (
    canonical_citizen_id,
    canonical_name,
    canonical_text,
    canonical_uscc,
)
from gongshu.vocabulary.terms import Term


class SubjectId(Term):
    """What kind of identifier names the subject of a row."""

    citizen_id = "citizen_id", "公民身份号码"
    uscc = "uscc", "统一社会信用代码"
    text = "text", "其他编号"


@dataclass(frozen=True, slots=True, eq=False)
class SubjectMap:
    """The canonical subject of each row, null where none is known, and how many of each outcome.

    `known + missing + invalid + ambiguous` is the number of rows.
    """

    subjects: pa.Array
    known: int
    missing: int
    invalid: int
    ambiguous: int


def _plain(text: str) -> str | None:
    return canonical_text(text).strip() or None


SPELL: MappingProxyType[SubjectId, Callable[[str], str | None]] = MappingProxyType(
    {
        SubjectId.citizen_id: canonical_citizen_id,
        SubjectId.uscc: canonical_uscc,
        SubjectId.text: _plain,
    }
)


def map_subjects(
    table: Any, column: str, kind: SubjectId, *, names: str | None = None
) -> SubjectMap:
    """Map the identifiers of a `pyarrow.Table` to canonical subjects.

    With `names`, the column of names, an identifier that stands with two different canonical names
    is ambiguous. Raises `KeyError` for a column that is not there.
    """
    encoded = _text(table, column).dictionary_encode()
    spelled = [SPELL[kind](text) for text in encoded.dictionary.to_pylist()]
    blank = [not canonical_text(text).strip() for text in encoded.dictionary.to_pylist()]
    subjects = pa.array(spelled, pa.string()).take(encoded.indices)
    empty = pc.or_kleene(
        pc.is_null(encoded), pa.array(blank, pa.bool_()).take(encoded.indices).fill_null(True)
    )
    missing = pc.sum(empty).as_py() or 0
    invalid = subjects.null_count - missing
    ambiguous = 0
    if names is not None:
        doubtful = pc.is_in(subjects, value_set=_ambiguous(subjects, _text(table, names)))
        ambiguous = pc.sum(doubtful).as_py() or 0
        subjects = pc.if_else(doubtful, pa.scalar(None, pa.string()), subjects)
    known = len(subjects) - subjects.null_count
    return SubjectMap(subjects, known, missing, invalid, ambiguous)


def _text(table: Any, column: str) -> Any:
    """Return the column as one array of strings."""
    whole = table.column(column).cast(pa.string()).combine_chunks()
    return pa.array(whole.to_pylist(), pa.string()) if isinstance(whole, pa.ChunkedArray) else whole


def _ambiguous(subjects: Any, names: Any) -> Any:
    """Return the subjects that stand with more than one canonical name; no name says nothing."""
    encoded = names.dictionary_encode()
    spelled = [canonical_name(text) or None for text in encoded.dictionary.to_pylist()]
    pairs = pa.table(
        {"subject": subjects, "name": pa.array(spelled, pa.string()).take(encoded.indices)}
    )
    pairs = pairs.filter(pc.and_(pc.is_valid(pairs["subject"]), pc.is_valid(pairs["name"])))
    counted = pairs.group_by("subject").aggregate([("name", "count_distinct")])
    return counted.filter(pc.greater(counted["name_count_distinct"], 1))["subject"].combine_chunks()
