"""Text forms that have exactly one spelling: base64 of RFC 4648 §4 and decimal numbers.

A reader that accepts two spellings of one value lets a byte change unseen; so every decoder here
refuses whatever it would not itself have written.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode

from gongshu.ledger.faults import LedgerFault

_LARGEST = 2**63 - 1


def to_base64(data: bytes) -> str:
    """Return the standard base64 text of `data`, padded, on one line."""
    return b64encode(data).decode("ascii")


def from_base64(text: str, *, length: int | None = None) -> bytes:
    """Return the bytes of a canonical base64 text.

    `length` is the number of bytes that must come out. Raises LedgerFault for foreign characters,
    wrong padding, non-zero trailing bits or another length.
    """
    try:
        data = b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise _wrong_base64() from None
    if to_base64(data) != text or (length is not None and len(data) != length):
        raise _wrong_base64()
    return data


def from_decimal(text: str) -> int:
    """Return the number of an ASCII decimal text without sign or leading zeros, below 2^63.

    Raises LedgerFault for every other spelling.
    """
    canonical = text.isascii() and text.isdigit() and len(text) <= 19
    if not canonical or (text != "0" and text.startswith("0")) or int(text) > _LARGEST:
        raise LedgerFault("数字的写法不规范，内容已被改动；请重新取得原件。", code="ledger_decimal")
    return int(text)


def _wrong_base64() -> LedgerFault:
    return LedgerFault("编码（base64）不规范，内容已被改动；请重新取得原件。", code="ledger_base64")
