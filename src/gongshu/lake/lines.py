"""The lines of a text with their places, read in bounded pieces.

Everything later speaks of lines by their position in this feed; the feed knows the line's number
and its byte range, and which lines are flawed. Lines that no longer matter are forgotten.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import accumulate
from typing import BinaryIO, Final

from gongshu.lake.encodings import Encoding
from gongshu.lake.refusals import Refused

CHUNK_BYTES: Final = 1024 * 1024
LINE_BYTES: Final = 16 * 1024 * 1024
HOLE: Final = "\ufffd"  # stands for a line that is too long to be held


class LineFeed:
    """Hands out lines one by one; `at` is the position of the next, relative to the first held.

    `flaws` maps positions to codes: undecodable, nul, line_too_long.
    """

    def __init__(self, file: BinaryIO, encoding: Encoding) -> None:
        self._file = file
        self._encoding = encoding
        self._carry = b""
        self._ended = False
        self.at = 0
        self.lines: list[str] = []
        self.flaws: dict[int, str] = {}
        self._sizes: list[int] = []
        self._offsets: list[int] = []
        self._number = 1
        self._offset = len(file.read(encoding.mark))

    def feed(self) -> Iterator[str]:
        """Yield lines from the current position on, each with its line end."""
        while True:
            while self.at < len(self.lines):
                self.at += 1
                yield self.lines[self.at - 1]
            if not self._load():
                return

    def number(self, position: int) -> int:
        """Return the number of the line at a position, counted from 1."""
        return self._number + position

    def offsets(self) -> list[int]:
        """Return the byte offset of every line held, and at the end of the last one."""
        if len(self._offsets) <= len(self._sizes):
            self._offsets = list(accumulate(self._sizes, initial=self._offset))
        return self._offsets

    def forget(self) -> None:
        """Drop the lines before the current position."""
        self._offset = self.offsets()[self.at]
        self._offsets = []
        self._number += self.at
        self.flaws = {at - self.at: code for at, code in self.flaws.items() if at >= self.at}
        del self.lines[: self.at]
        del self._sizes[: self.at]
        self.at = 0

    def _load(self) -> bool:
        """Append the lines of the next piece; False at the end of the text."""
        if self._ended:
            return False
        end = self._encoding.line_end_bytes
        while True:
            piece = self._file.read(CHUNK_BYTES)
            if not piece:
                self._ended = True
                self._append(self._carry)
                self._carry = b""
                return True
            # Only the new bytes are searched, or a long line would be searched again and again.
            seam = max(len(self._carry) - len(self._carry) % self._encoding.unit - 2, 0)
            self._carry += piece
            cut = self._last_line_end(end, seam)
            if cut:
                body, self._carry = self._carry[:cut], self._carry[cut:]
                self._append(body)
                return True
            if len(self._carry) > LINE_BYTES:
                self._skip_line(end)
                return True

    def _last_line_end(self, end: bytes, seam: int) -> int:
        """Return where the text after the last line end begins, or 0 when there is none."""
        found = self._carry.rfind(end, seam)
        while found >= 0 and found % self._encoding.unit:
            found = self._carry.rfind(end, seam, found + len(end) - 1)
        return found + len(end) if found >= 0 else 0

    def _skip_line(self, end: bytes) -> None:
        """Pass over a line too long to be held, keeping its place."""
        size = len(self._carry)
        tail = self._carry[size - size % self._encoding.unit :]
        self._carry = b""
        while piece := self._file.read(CHUNK_BYTES):
            piece = tail + piece
            size -= len(tail)
            cut = self._first_line_end(piece, end)
            if cut:
                size += cut
                self._carry = piece[cut:]
                break
            size += len(piece)
            tail = piece[len(piece) - len(piece) % self._encoding.unit :]
        self.flaws[len(self.lines)] = "line_too_long"
        self.lines.append(HOLE)
        self._sizes.append(size)

    def _first_line_end(self, piece: bytes, end: bytes) -> int:
        found = piece.find(end)
        while found >= 0 and found % self._encoding.unit:
            found = piece.find(end, found + 1)
        return found + len(end) if found >= 0 else 0

    def _append(self, body: bytes) -> None:
        if not body:
            return
        first = len(self.lines)
        codec, end = self._encoding.codec, self._encoding.line_end
        try:
            text = body.decode(codec)
        except UnicodeDecodeError as broken:
            if self._encoding.unit > 1:
                raise Refused("unknown_encoding") from broken
            self._append_one_by_one(body)
        else:
            lines = list(io.StringIO(text, newline=end))
            self.lines += lines
            if self._encoding.unit > 1:
                self._sizes += [len(line.encode(codec)) for line in lines]
            elif text.isascii():
                self._sizes += map(len, lines)
            else:
                self._sizes += map(len, _split(body, end))
            if "\0" in text:
                for position, line in enumerate(lines, first):
                    if "\0" in line:
                        self.flaws[position] = "nul"

    def _append_one_by_one(self, body: bytes) -> None:
        """Decode line by line, so that one spoilt line does not spoil its neighbours."""
        for raw in _split(body, self._encoding.line_end):
            try:
                line = raw.decode(self._encoding.codec)
            except UnicodeDecodeError:
                line = raw.decode(self._encoding.codec, errors="replace")
                self.flaws[len(self.lines)] = "undecodable"
            if "\0" in line:
                self.flaws.setdefault(len(self.lines), "nul")
            self.lines.append(line)
            self._sizes.append(len(raw))


def _split(body: bytes, end: str) -> list[bytes]:
    """Split bytes at line ends and keep these; safe where no character holds a line-end byte."""
    if end == "\n":
        return list(io.BytesIO(body))
    parts = body.split(end.encode())
    lines = [part + end.encode() for part in parts[:-1]]
    return [*lines, parts[-1]] if parts[-1] else lines
