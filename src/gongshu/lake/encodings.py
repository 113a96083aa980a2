"""Which encoding a text is in, judged on the whole of it."""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Final

from gongshu.lake.refusals import Refused

CHUNK_BYTES: Final = 1024 * 1024
JUDGED_LINES: Final = 200_000
SAMPLED_LINES: Final = 2_000
CONVINCING: Final = 0.9  # of the lines beyond ASCII must decode
MIXED: Final = 0.05  # of the lines in either encoding are more than spoilt ones
FEWEST: Final = 0.005  # of the bytes are zero in any table in UTF-16: its separators and line ends
COMMON: Final = 0.9  # of the characters beyond ASCII are of GB 2312, where real text stays

BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class Encoding:
    """A codec, the length of the byte order mark before the text, and what ends a line."""

    codec: str
    mark: int = 0
    line_end: str = "\n"

    @property
    def unit(self) -> int:
        """Return how many bytes the smallest unit takes."""
        return {"utf-16": 2, "utf-32": 4}.get(self.codec[:6], 1)

    @property
    def line_end_bytes(self) -> bytes:
        """Return the line end as bytes."""
        return self.line_end.encode(self.codec)


def detect(open_: Callable[[], BinaryIO]) -> Encoding:
    """Find the encoding of a text; raises `Refused` when no candidate convinces."""
    head = open_().read(64 * 1024)
    for mark, codec in BOMS:
        if head.startswith(mark):
            return Encoding(codec, len(mark), _line_end(head, codec))
    codec = _wide(head) or _narrow(open_)
    return Encoding(codec, 0, _line_end(head, codec))


def _line_end(head: bytes, codec: str) -> str:
    """Return a bare carriage return for texts that know no other line end."""
    old = "\r".encode(codec) in head and "\n".encode(codec) not in head
    return "\r" if old else "\n"


def _wide(head: bytes) -> str | None:
    """Recognise UTF-32 and UTF-16 without a mark by where the zero bytes are.

    In UTF-32 the highest byte of every character is zero; in UTF-16 the higher one beside
    separators and digits is. Narrow texts have no zero bytes unless they are spoilt.
    """
    if not head.count(0):
        return None
    fours = len(head) // 4
    for codec, at in (("utf-32-le", 3), ("utf-32-be", 0)):
        high = min(head[at::4].count(0), head[at ^ 1 :: 4].count(0))
        if fours and high >= 0.9 * fours and _judged(head, codec):
            return codec
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) < FEWEST * len(head):
        return None
    codec = "utf-16-be" if even > odd else "utf-16-le"
    if min(even, odd) * 10 > max(even, odd):
        # Zero bytes everywhere: a text spoilt by padding, or no text at all.
        if even + odd > 0.3 * len(head):
            raise Refused("unknown_encoding")
        return None
    return _judged(head, codec)


def _judged(head: bytes, codec: str) -> str | None:
    """Return the codec when the head reads as text in it."""
    text = _decodable(head[: len(head) // 4 * 4 - 4], codec)
    return codec if text and "\0" not in text and _share_common(Counter(text)) >= COMMON else None


def _narrow(open_: Callable[[], BinaryIO]) -> str:
    if _decodes(open_(), "utf-8"):
        return "utf-8"
    # Where all of it decodes as GB18030, a sample can tell whether it was meant so.
    judged = SAMPLED_LINES if _decodes(open_(), "gb18030") else JUDGED_LINES
    beyond = utf8 = gb = only_gb = 0
    seen: Counter[str] = Counter()
    file = open_()
    while beyond < judged and (line := file.readline(CHUNK_BYTES)):
        if line.isascii():
            continue
        beyond += 1
        is_utf8 = _decodable(line, "utf-8") is not None
        text = _decodable(line, "gb18030")
        utf8 += is_utf8
        only_gb += text is not None and not is_utf8
        gb += text is not None
        if text is not None and beyond <= SAMPLED_LINES:
            seen.update(text)
    if utf8 >= CONVINCING * beyond:
        return "utf-8"
    if gb >= CONVINCING * beyond and _share_common(seen) >= COMMON:
        return "gb18030"
    if utf8 + only_gb >= CONVINCING * beyond and min(utf8, only_gb) >= MIXED * beyond:
        raise Refused("mixed_encodings")
    raise Refused("unknown_encoding")


def _decodes(file: BinaryIO, codec: str) -> bool:
    decoder = codecs.getincrementaldecoder(codec)("strict")
    try:
        while chunk := file.read(CHUNK_BYTES):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _decodable(line: bytes, codec: str) -> str | None:
    try:
        return line.decode(codec)
    except UnicodeDecodeError:
        return None


def _share_common(seen: Counter[str]) -> float:
    """Return the share of characters beyond ASCII that GB 2312 knows.

    Big5, Shift-JIS or Latin text also decodes as GB18030, but into characters nobody writes.
    """
    beyond = {char: count for char, count in seen.items() if not char.isascii()}
    common = sum(count for char, count in beyond.items() if _in_gb2312(char))
    return common / sum(beyond.values()) if beyond else 1.0


def _in_gb2312(char: str) -> bool:
    try:
        char.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True
