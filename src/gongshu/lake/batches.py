"""A piece of a table as text, with the place of every row; the common ground of all readers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gongshu.lake.header import Header
from gongshu.lake.rejects import Reject

CELL_CHARACTERS: Final = 8 * 1024 * 1024
FLAWS: Final = {
    "nul": "这一行含有空字符（NUL）",
    "undecodable": "这一行有无法解码的字节",
    "cell_too_long": f"单元格超过 {CELL_CHARACTERS // 2**20} MB",
}
OnReject = Callable[[Reject], None]


@dataclass(frozen=True, slots=True)
class TextBatch:
    """Some rows as text columns; blanks at the ends are gone and an empty cell is null.

    `lines` holds the line of each row, `starts` and `ends` its byte range or None.
    """

    columns: tuple[pa.Array, ...]
    lines: NDArray[np.int64]
    starts: NDArray[np.int64] | None
    ends: NDArray[np.int64] | None

    @property
    def rows(self) -> int:
        """Return the number of rows."""
        return len(self.lines)

    @property
    def nbytes(self) -> int:
        """Return about how much memory the batch takes."""
        return sum(int(column.nbytes) for column in self.columns) + 24 * self.rows

    def take(self, keep: NDArray[np.bool_]) -> TextBatch:
        """Return the rows where the mask is true."""
        if keep.all():
            return self
        mask = pa.array(keep)
        return TextBatch(
            tuple(column.filter(mask) for column in self.columns),
            self.lines[keep],
            None if self.starts is None else self.starts[keep],
            None if self.ends is None else self.ends[keep],
        )

    def reject(self, row: int, code: str, reason: str) -> Reject:
        """Return the reject of one of these rows, with its cells as they were read."""
        cells = [column[row].as_py() or "" for column in self.columns]
        return Reject(
            int(self.lines[row]),
            None if self.starts is None else int(self.starts[row]),
            None if self.ends is None else int(self.ends[row]),
            code,
            reason,
            ",".join(cells),
        )


class TextTable(Protocol):
    """A received table that can be read from the start as often as needed."""

    header: Header

    def batches(self, on_reject: OnReject) -> Iterator[TextBatch]:
        """Yield the rows and hand over the rejected ones."""
        ...

    @property
    def blank_rows(self) -> int:
        """Return how many rows of the last complete reading held nothing."""
        ...

    def understood(self) -> dict[str, Any]:
        """Return how the file was understood, as JSON values."""
        ...


def text_column(cells: tuple[str, ...]) -> pa.Array:
    """Return cells as an array without blanks at the ends, and null where nothing is left."""
    return trimmed(pa.array(cells, pa.string()))


def trimmed(texts: pa.Array) -> pa.Array:
    """Return texts without blanks at the ends, and null where nothing is left."""
    array = pc.utf8_trim_whitespace(texts)
    return pc.if_else(pc.equal(array, ""), None, array)


def blank(columns: tuple[pa.Array, ...], rows: int) -> NDArray[np.bool_]:
    """Return which rows hold nothing in any column."""
    nothing = np.ones(rows, dtype=bool)
    for column in columns:
        if column.null_count == 0:
            return np.zeros(rows, dtype=bool)
        nothing &= pc.is_null(column).to_numpy(zero_copy_only=False)
    return nothing


def numbered_batch(rows: list[list[str]], line: int, on_reject: OnReject) -> tuple[TextBatch, int]:
    """Return rows that stand one after the other as a batch, and how many of them were blank.

    Those that no table can hold are rejected.
    """
    flaws = flawed(rows)
    for at, code in sorted(flaws.items()):
        raw = ",".join(cell[:200] for cell in rows[at]).encode(errors="replace").decode()
        on_reject(Reject(line + at, None, None, code, FLAWS[code], raw))
        rows[at] = [""] * len(rows[at])
    columns = tuple(map(text_column, zip(*rows, strict=True)))
    lines = np.arange(line, line + len(rows), dtype=np.int64)
    keep = np.ones(len(rows), dtype=bool)
    keep[list(flaws)] = False
    empty = blank(columns, len(rows)) & keep
    return TextBatch(columns, lines, None, None).take(keep & ~empty), int(empty.sum())


def unsound(columns: tuple[pa.Array, ...]) -> dict[int, str]:
    """Return which rows of text columns hold a cell that no table can hold, with the reason."""
    found: dict[int, str] = {}
    for column in columns:
        for code, bad in (
            ("nul", pc.match_substring(column, "\0")),
            ("cell_too_long", pc.greater(pc.binary_length(column), CELL_CHARACTERS)),
        ):
            if pc.any(bad).as_py():
                found |= dict.fromkeys(pc.indices_nonzero(bad.fill_null(False)).to_pylist(), code)
    return found


def flawed(rows: list[list[str]]) -> dict[int, str]:
    """Return which rows hold a cell that no table can hold, with the code of the reason."""
    found: dict[int, str] = {}
    for at, row in enumerate(rows):
        joined = "".join(row)
        if "\0" in joined:
            found[at] = "nul"
        elif len(joined) > CELL_CHARACTERS and max(map(len, row)) > CELL_CHARACTERS:
            found[at] = "cell_too_long"
        elif not joined.isascii() and not _encodable(joined):
            found[at] = "undecodable"
    return found


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
