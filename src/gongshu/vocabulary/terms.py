"""A term of the law as a value: a stable English code for machines, the Chinese word for people."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Term(StrEnum):
    """A closed list of terms; a member equals its code and shows its legal word as `zh`.

    The code is what is stored and sent; it never changes. `str(member)` is the code.
    """

    zh: str

    def __new__(cls, code: str, zh: str = "") -> Self:
        # The default is for `Purpose("industry")`, a look-up, which never gets here.
        member = str.__new__(cls, code)
        member._value_ = code
        member.zh = zh
        return member
