"""The remarks below a table: 注：……, 数据来源：……, 填表人：……. They are no rows of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from gongshu.lake.batches import TextBatch

ROWS: Final = 30  # more remarks than any table has
CHARACTERS: Final = 200
NARROWEST: Final = 3  # in a narrower table a remark looks like any other row
_REMARK = re.compile(
    r"(备?\s*注|附\s*注|注\s*释|说\s*明|(数据|资料)?\s*来\s*源|填\s*[报表]\s*(人|单位|日期)?|制\s*表\s*(人|单位|日期)?"
    r"|审\s*核\s*人?|联\s*系\s*(人|电话)|统计口径)\s*[0-9①-⑨一二三四五]?\s*[:：]"
)


def is_footnote(cells: Sequence[str | None], width: int) -> bool:
    """Return whether the cells of a row are remarks and not values."""
    filled = [cell.strip() for cell in cells if cell and cell.strip()]
    some = 0 < len(filled) < width and width >= NARROWEST
    return some and all(_REMARK.match(cell) for cell in filled)


def without_footnotes(batches: Iterator[TextBatch], found: list[str]) -> Iterator[TextBatch]:
    """Yield the batches without the remarks at their very end, which go to `found`."""
    waiting: TextBatch | None = None
    for batch in batches:
        if waiting is not None and batch.rows:
            yield waiting
        waiting = batch if batch.rows or waiting is None else waiting
    if waiting is not None:
        yield _trimmed(waiting, found)


def _trimmed(batch: TextBatch, found: list[str]) -> TextBatch:
    last = batch.rows
    remarks: list[str] = []
    while last > 0 and batch.rows - last < ROWS:
        cells = [column[last - 1].as_py() for column in batch.columns]
        if not is_footnote(cells, len(cells)):
            break
        remarks += [" ".join(cell[:CHARACTERS] for cell in cells if cell)]
        last -= 1
    found += reversed(remarks)
    return batch.take(np.arange(batch.rows) < last)
