"""Tables as they are brought along: reading a file, and the columns of it as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from gongshu.sdc.rules import Amounts
from gongshu.vocabulary.errors import Invalid

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


def require(table: pa.Table, named: Sequence[str]) -> None:
    """This function will raise `Invalid` where a column is missing or named twice."""
    missing = [name for name in named if name not in table.column_names]
    if missing or len(set(named)) != len(named):
        raise Invalid(
            f"表里没有“{'、'.join(missing) or named[0]}”这一列，或同一列写了两次；"
            f"表里有：{'、'.join(table.column_names)}。",
            code="sdc.column",
        )


def number_column(table: pa.Table, name: str) -> Amounts:
    """This function will return a column as float64, NaN where a cell is empty.

    Raises `Invalid` where a cell holds no plain number.
    """
    try:
        cells = table.column(name).cast(pa.float64())
    except pa.ArrowException:
        cells = None
    if cells is None or pc.any(pc.invert(pc.is_finite(cells))).as_py():
        raise Invalid(f"“{name}”有不是数的格子，不能求和；请先清理这一列。", code="sdc.number")
    found: Amounts = cells.fill_null(np.nan).to_numpy()
    return found


def coded(column: pa.ChunkedArray) -> tuple[Codes, pa.Array]:
    """This function will return a number for each cell, and what the numbers stand for; null is
    one of them."""
    encoded = column.combine_chunks().dictionary_encode("encode")
    return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64), encoded.dictionary
