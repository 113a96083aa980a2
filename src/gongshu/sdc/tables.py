"""Any table with a subject column, judged as the count table that somebody would make of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from gongshu.cleanroom.model import Measure, Plan, Population
from gongshu.sdc.protection import Checked, protect
from gongshu.vocabulary.errors import Invalid
from gongshu.vocabulary.levels import SubjectKind

MOST_VALUES = 20
Codes = npt.NDArray[np.int64]


def read_table(path: Path) -> pa.Table:
    """This function will read a Parquet or CSV file (UTF-8 or GB18030), CSV cells as text.

    Raises `Invalid` when it is neither.
    """
    try:
        if path.suffix.lower() == ".parquet":
            return pq.read_table(path)
        return _csv(path, "utf-8-sig")
    except (OSError, pa.ArrowException, UnicodeDecodeError):
        pass
    try:
        return _csv(path, "gb18030")
    except (OSError, pa.ArrowException, UnicodeDecodeError, LookupError):
        raise Invalid(
            f"读不懂“{path.name}”；请给 Parquet 文件，或 UTF-8、GB18030 编码的 CSV 文件。",
            code="sdc.table",
        ) from None


def _csv(path: Path, encoding: str) -> pa.Table:
    read = pa_csv.ReadOptions(encoding=encoding)
    with pa_csv.open_csv(path, read_options=read) as reader:
        names = reader.schema.names
    convert = pa_csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
    )
    return pa_csv.read_csv(path, read_options=read, convert_options=convert)


def judge_table(
    table: pa.Table, *, subject: str, by: str, of: str | None, k: int, key_opened: bool
) -> Checked:
    """This function will count the subjects of each group and judge every count (§4).

    `by` is the group; with `of`, each of its values is a count within the group, so complement and
    class disclosure are judged, too. Rows without a subject count nobody. Raises `Invalid` for a
    column that is missing, `RunFailed` for a table with about one group per subject.
    """
    columns = [subject, by, *([of] if of is not None else [])]
    missing = [name for name in columns if name not in table.column_names]
    if missing or len(set(columns)) != len(columns):
        raise Invalid(
            f"表里没有“{'、'.join(missing) or by}”这一列，或同一列写了两次；"
            f"表里有：{'、'.join(table.column_names)}。",
            code="sdc.column",
        )
    held = table.column(subject).is_valid()
    people, _ = _coded(table.column(subject))
    groups, keys = _coded(table.column(by))
    present = held.to_numpy().astype(bool)
    pieces = [np.ones(table.num_rows, dtype=bool)]
    names = [f"{by}：全部"]
    if of is not None:
        classes, values = _coded(table.column(of))
        if len(values) > MOST_VALUES:
            raise Invalid(f"“{of}”有超过 {MOST_VALUES} 种取值，请先合并。", code="sdc.values")
        pieces += [classes == code for code in range(len(values))]
        names += [f"{of}：{'空' if v is None else v}" for v in values.to_pylist()]
    counts = [_subjects(groups[m], people[m], len(keys)) for m in (p & present for p in pieces)]
    result: dict[str, pa.Array | Codes] = {by: keys, **dict(zip(names, counts, strict=True))}
    result |= {f"gs_n{number}": count for number, count in enumerate(counts)}
    for number in range(2, len(pieces)):
        for first in range(1, number):
            either = (pieces[first] | pieces[number]) & present
            result[_union(first, number)] = _subjects(groups[either], people[either], len(keys))
    return protect(pa.table(result), _plan(by, names, k, key_opened), k)


def _coded(column: pa.ChunkedArray) -> tuple[Codes, pa.Array]:
    """Return a number for each cell and the cells that the numbers stand for; null is one."""
    encoded = column.combine_chunks().dictionary_encode("encode")
    return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64), encoded.dictionary


def _subjects(groups: Codes, people: Codes, size: int) -> Codes:
    pairs = np.unique(np.stack([groups, people]), axis=1)
    return np.bincount(pairs[0], minlength=size).astype(np.int64)


def _union(first: int, second: int) -> str:
    return f"gs_u{first}_{second}"


def _population(column: str) -> Population:
    return Population(column, 0, SubjectKind.person, False)


def _plan(by: str, names: list[str], k: int, key_opened: bool) -> Plan:
    """Each class is a part of its group, and any two classes may differ by a few subjects."""
    measures = tuple(
        Measure(
            name,
            (_population(f"gs_n{number}"),),
            number > 0,
            tuple((one, (_population(_union(one, number)),)) for one in range(1, number)),
        )
        for number, name in enumerate(names)
    )
    return Plan(
        sql="",
        shape="statistics",
        sources={},
        types={},
        resources={},
        columns=(by, *names),
        key=by,
        key_opened=key_opened,
        groups=(_population("gs_n0"),),
        measures=measures,
        k=k,
    )
