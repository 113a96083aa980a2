"""JSON text through a bounded window: one value after the other, whatever the size of the file.

Numbers keep the digits that were written; nothing is rounded on the way. Bytes that do not decode
become lone surrogates, so that only the record that holds them is lost.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Final, NamedTuple

from gongshu.lake.encodings import Encoding
from gongshu.lake.refusals import Refused

CHUNK_BYTES: Final = 1024 * 1024
VALUE_CHARACTERS: Final = 32 * 1024 * 1024
TAIL: Final = 16  # an error nearer to the end of the window may only be a value cut in two
BLANK: Final = re.compile(r"[ \t\r\n]*")


class Number(str):
    """A number as it was written."""

    __slots__ = ()


class Broken(Exception):
    """Text that is not JSON, from `line` on."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


class Place(NamedTuple):
    """A line, counted from 1, and a byte offset."""

    line: int
    byte: int


_DECODER: Final = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=Number)


class JsonStream:
    """Walks through JSON text; raises `Broken`, and `Refused` for what no window can hold."""

    def __init__(self, open_: Callable[[], BinaryIO], encoding: Encoding) -> None:
        self._file = open_()
        self._codec = encoding.codec
        # The UTF-16 and UTF-32 codecs have no way to keep a spoilt byte.
        self._wide = encoding.unit > 1
        self._errors = "strict" if self._wide else "surrogateescape"
        self._decoder = codecs.getincrementaldecoder(self._codec)(self._errors)
        self._ended = False
        self._text = ""
        self._at = self._known = 0
        self._place = Place(1, len(self._file.read(encoding.mark)))

    def peek(self) -> str:
        """Return the next character that is not blank without taking it, or "" at the end."""
        while True:
            char = self._text[self._at : self._at + 1]
            if char > " ":
                return char
            found = BLANK.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._load():
                return ""

    def place(self) -> Place:
        """Return where the stream stands."""
        if self._known < self._at:
            passed = self._text[self._known : self._at]
            size = len(passed)
            if self._wide or not passed.isascii():
                size = len(passed.encode(self._codec, self._errors))
            line = self._place.line + passed.count("\n")
            self._place, self._known = Place(line, self._place.byte + size), self._at
        return self._place

    def value(self) -> Any:
        """Return the next value and pass over it."""
        first = self.peek()
        while True:
            try:
                found, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                cut = error.msg.startswith("Unterminated") or error.pos > len(self._text) - TAIL
                if not first or not cut or not self._load():
                    raise Broken(self.place().line) from error
            except RecursionError as deep:
                raise Refused("json_too_deep") from deep
            else:
                # A number at the edge of the window may go on.
                if end < len(self._text) or first in '{["' or not self._load():
                    self._at = end
                    return found

    def members(self) -> Iterator[str]:
        """Yield the keys of an object; the caller passes over each value before the next."""
        self._take("{")
        if self.peek() == "}":
            self._at += 1
            return
        while True:
            if self.peek() != '"':
                raise Broken(self.place().line)
            key = self.value()
            self._take(":")
            yield key
            if self._take(",}") == "}":
                return

    def elements(self) -> Iterator[None]:
        """Stop before every element of an array; the caller passes over each before the next."""
        self._take("[")
        if self.peek() == "]":
            self._at += 1
            return
        while True:
            yield
            if self._take(",]") == "]":
                return

    def skip(self) -> None:
        """Pass over the next value, however large, as long as its parts are not."""
        match self.peek():
            case "[":
                for _ in self.elements():
                    self.value()
            case "{":
                for _ in self.members():
                    self.skip()
            case _:
                self.value()

    def skip_line(self) -> str:
        """Pass over the rest of the line and return its beginning."""
        shown = self._text[self._at : self._at + 2000].partition("\n")[0]
        while (end := self._text.find("\n", self._at)) < 0:
            self._at = len(self._text)
            if not self._load():
                return shown
        self._at = end + 1
        return shown

    def _take(self, wanted: str) -> str:
        char = self.peek()
        if not char or char not in wanted:
            raise Broken(self.place().line)
        self._at += 1
        return char

    def _load(self) -> bool:
        """Read on, giving up what lies behind; False at the end. Doubles for a long value."""
        if self._ended:
            return False
        rest = len(self._text) - self._at
        if rest > VALUE_CHARACTERS:
            raise Refused("json_value_too_long", limit=VALUE_CHARACTERS // 2**20)
        piece = self._file.read(max(CHUNK_BYTES, rest))
        self._ended = not piece
        self.place()
        try:
            more = self._decoder.decode(piece, final=self._ended)
        except UnicodeDecodeError as broken:
            raise Refused("unknown_encoding") from broken
        self._text = self._text[self._at :] + more
        self._at = self._known = 0
        return bool(more) or not self._ended or self._load()
