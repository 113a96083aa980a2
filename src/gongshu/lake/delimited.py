"""Delimited text: which delimiter, and one record after the other with its place.

A record that cannot be taken becomes a reject. A quotation mark that is opened and never closed
would swallow everything after it; then only the line where it stands is rejected, and reading goes
on with the next.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Final

import numpy as np

from gongshu.lake import header as headers
from gongshu.lake.batches import CELL_CHARACTERS, OnReject, TextBatch, blank, text_column
from gongshu.lake.encodings import Encoding, detect
from gongshu.lake.footnotes import is_footnote
from gongshu.lake.header import Header
from gongshu.lake.lines import LINE_BYTES, LineFeed
from gongshu.lake.rejects import RAW_CHARACTERS, Reject

DELIMITERS: Final = (",", "\t", ";", "|")
SAMPLE_CHARACTERS: Final = 4 * 1024 * 1024
BATCH_ROWS: Final = 16_384
BATCH_LINES: Final = 65_536
RUNAWAY: Final = "unexpected end of data"  # as the parser says it of an open quotation mark
RUNAWAY_LINES: Final = 50  # more than any cell of a real table spans

REASONS: Final = {
    "undecodable": "这一行有无法解码的字节",
    "nul": "这一行含有空字符（NUL）",
    "line_too_long": f"这一行超过 {LINE_BYTES // 2**20} MB",
    "cell_too_long": f"单元格超过 {CELL_CHARACTERS // 2**20} MB，或引号没有成对",
    "open_quote": "引号没有成对",
    "after_quote": "引号之后还有多余的字符",
    "stray_return": "行中间有孤立的回车符",
    "malformed": "这一行不符合 CSV 格式",
}


def _fault(error: csv.Error) -> str:
    text = str(error)
    if "field larger" in text:
        return "cell_too_long"
    if text == RUNAWAY:
        return "open_quote"
    if "expected after" in text:
        return "after_quote"
    return "stray_return" if "new-line" in text else "malformed"


def _records(lines: list[str], delimiter: str) -> Iterator[tuple[list[str], int]]:
    """Yield records of a sample with the number of lines read so far; broken ones as one cell."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        try:
            for record in reader:
                yield record, reader.line_num
            return
        except csv.Error:
            yield [""], reader.line_num


def choose_delimiter(lines: list[str]) -> str:
    """Return the delimiter that gives most sampled rows the same width of more than one."""

    def score(delimiter: str) -> tuple[float, int]:
        widths = Counter(len(record) for record, _ in _records(lines, delimiter) if any(record))
        if not widths:
            return 0.0, 0
        width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
        return (count / widths.total() if width > 1 else 0.0), width

    best = max(DELIMITERS, key=score)
    return best if score(best)[0] > 0.5 else ","


def _sample(feed: LineFeed) -> list[str]:
    """Return the first lines; of very long ones a few are enough and cost less to cut up."""
    sample: list[str] = []
    size = 0
    for line in feed.feed():
        sample.append(line)
        size += len(line)
        if len(sample) >= headers.SAMPLE_ROWS or size > SAMPLE_CHARACTERS:
            break
    return sample


class DelimitedText:
    """A delimited text as a `TextTable`."""

    def __init__(self, open_: Callable[[], BinaryIO]) -> None:
        csv.field_size_limit(CELL_CHARACTERS)
        self._open = open_
        self.encoding: Encoding = detect(open_)
        feed = LineFeed(open_(), self.encoding)
        sample = _sample(feed)
        self.delimiter = choose_delimiter(sample)
        records = list(_records(sample, self.delimiter))
        self.header: Header = headers.find([record for record, _ in records])
        first = self.header.first
        self._skip = records[first - 1][1] if first else 0
        row = self.header.row
        self._header_line = (records[row - 1][1] if row else 0) + 1 if row is not None else None
        self._blank = 0

    @property
    def blank_rows(self) -> int:
        """Return how many rows of the last complete reading held nothing."""
        return self._blank

    def understood(self) -> dict[str, Any]:
        """Return encoding, delimiter and the line of the header."""
        return {
            "format": "csv",
            "encoding": self.encoding.codec,
            "byte_order_mark": bool(self.encoding.mark),
            "delimiter": self.delimiter,
            "header_line": self._header_line,
        }

    def batches(self, on_reject: OnReject) -> Iterator[TextBatch]:
        """Yield the rows under the header and hand over the rejected ones."""
        reading = _Reading(self, LineFeed(self._open(), self.encoding), on_reject)
        yield from reading.batches(self._skip)
        self._blank = reading.blank


class _Reading:
    """One pass over the records."""

    def __init__(self, table: DelimitedText, feed: LineFeed, on_reject: OnReject) -> None:
        self._delimiter = table.delimiter
        self._width = len(table.header.names)
        self._least = table.header.least
        self._feed = feed
        self._on_reject = on_reject
        self._rows: list[list[str]] = []
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._begun = 0  # where the record being read begins
        self.blank = 0

    def batches(self, skip: int) -> Iterator[TextBatch]:
        feed = self._feed
        for _ in zip(range(skip), feed.feed(), strict=False):
            pass
        feed.forget()
        while True:
            # A reader that has met a fault or the end is not used again.
            reader = csv.reader(feed.feed(), delimiter=self._delimiter, strict=True)
            try:
                yield from self._regular(reader)
                break
            except csv.Error as error:
                self._malformed(_fault(error))
        yield from self._flush()

    def _regular(self, reader: Iterator[list[str]]) -> Iterator[TextBatch]:
        feed, width = self._feed, self._width
        for row in reader:
            if len(row) == width:
                self._keep(row)
            else:
                self._odd(row)
            if len(self._rows) >= BATCH_ROWS or feed.at >= BATCH_LINES:
                yield from self._flush()

    def _keep(self, row: list[str]) -> None:
        self._rows.append(row)
        self._starts.append(self._begun)
        self._begun = self._feed.at
        self._ends.append(self._begun)

    def _odd(self, row: list[str]) -> None:
        """Deal with a row of another width; raises `csv.Error` for one that ran away."""
        feed = self._feed
        if not any(cell.strip() for cell in row) and not self._flaw(self._begun, feed.at):
            self.blank += 1
            self._begun = feed.at
        elif len(row) > self._width and not any(cell.strip() for cell in row[self._width :]):
            self._keep(row[: self._width])
        elif self._least <= len(row) < self._width or is_footnote(row, self._width):
            self._keep(row + [""] * (self._width - len(row)))
        elif feed.at - self._begun > RUNAWAY_LINES:
            raise csv.Error(RUNAWAY)
        else:
            reason = f"这一行有 {len(row)} 列，表头有 {self._width} 列"
            self._reject(self._begun, feed.at, "width", reason)
            self._begun = feed.at

    def _malformed(self, code: str) -> None:
        """Reject a record that broke the format; of a runaway one only its first line."""
        feed = self._feed
        runaway = code in ("open_quote", "cell_too_long")
        if runaway or feed.at - self._begun > RUNAWAY_LINES:
            feed.at = self._begun + 1
        self._reject(self._begun, feed.at, code, REASONS[code])
        self._begun = feed.at

    def _flaw(self, start: int, end: int) -> str | None:
        flaws = self._feed.flaws
        if not flaws:
            return None
        return next((flaws[at] for at in range(start, end) if at in flaws), None)

    def _reject(self, start: int, end: int, code: str, reason: str) -> None:
        """Hand over a rejected record; a flaw of its lines is the better reason."""
        feed = self._feed
        if flaw := self._flaw(start, end):
            code, reason = flaw, REASONS[flaw]
        offsets = feed.offsets()
        raw = ""
        for line in feed.lines[start:end]:
            raw += line[:RAW_CHARACTERS]
            if len(raw) >= RAW_CHARACTERS:
                break
        self._on_reject(
            Reject(feed.number(start), offsets[start], offsets[end], code, reason, raw.rstrip())
        )

    def _flush(self) -> Iterator[TextBatch]:
        """Turn the collected records into a batch and forget their lines."""
        feed = self._feed
        if self._rows:
            offsets = np.array(feed.offsets(), dtype=np.int64)
            starts = np.array(self._starts, dtype=np.int64)
            ends = np.array(self._ends, dtype=np.int64)
            columns = tuple(map(text_column, zip(*self._rows, strict=True)))
            batch = TextBatch(columns, starts + feed.number(0), offsets[starts], offsets[ends])
            keep = self._without_flaws(starts, ends)
            empty = blank(columns, batch.rows) & keep
            self.blank += int(empty.sum())
            yield batch.take(keep & ~empty)
        self._rows.clear()
        self._starts.clear()
        self._ends.clear()
        feed.forget()
        self._begun = 0

    def _without_flaws(self, starts: Any, ends: Any) -> Any:
        """Reject the records that reach over a flawed line and return which remain."""
        keep = np.ones(len(starts), dtype=bool)
        for at, code in sorted(self._feed.flaws.items()):
            row = int(np.searchsorted(starts, at, side="right")) - 1
            if row >= 0 and at < ends[row] and keep[row]:
                keep[row] = False
                self._reject(int(starts[row]), int(ends[row]), code, REASONS[code])
        return keep
