"""The subject of a verification: how its key is spelled, and which keys can be one at all.

The library's `identifiers` does the same and more, with Arrow columns that a serving process has no
room for; a test holds this module to it. Check characters are not looked at: a key with a wrong one
is in no register, and the answer 查无记录 is then true.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

from gongshu.vocabulary.errors import Invalid

# Invisible characters, blanks and hyphens: what gets into a number by copying it from a document.
_NOISE = re.compile(
    "[\\s\\-\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2010-\u2015"
    "\u202a-\u202e\u2043\u2060-\u206f\u2212\u3164\ufe00-\ufe0f\ufe58\ufe63\ufeff\uffa0"
    "\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
_SHAPES: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "enterprise": re.compile("[0-9A-Z]{18}"),
        "person": re.compile("[0-9]{17}[0-9X]"),
        "thing": re.compile(".{1,128}", re.DOTALL),
    }
)
_PLAIN = re.compile("[0-9A-Z]+")
_ASKED = MappingProxyType(
    {
        "enterprise": "请提供 18 位统一社会信用代码（参数 key）。",
        "person": "请提供 18 位公民身份号码（参数 key）。",
        "thing": "请提供要核验的编号（参数 key），不超过 128 个字符。",
    }
)


def spelling(text: str) -> str:
    """Return the one spelling of a subject's key: half width, capitals, no blanks, no hyphens."""
    if _PLAIN.fullmatch(text):
        return text
    return _NOISE.sub("", unicodedata.normalize("NFKC", text)).upper()


def check(kind: str, subject: str) -> None:
    """Raise Invalid when a key in its one spelling cannot belong to a subject of this kind."""
    if not _SHAPES[kind].fullmatch(subject):
        raise Invalid(_ASKED[kind], code="subject_invalid")
