"""The numbers by which the state knows persons, enterprises and cards; one spelling of each.

Three kinds of function, all pure. *Check characters* compute what the standards prescribe. *is_…*
and *valid_…* judge a value exactly as it is written; the second form works on whole Arrow columns
and agrees with the first value by value. *canonical_…* turn what departments really type —
full-width digits, inner blanks, hyphens, invisible characters — into the one spelling by which
subjects are joined and counted, because a threshold of k persons that counts spellings counts
nobody (disclosure-control §3 rule 3).

Sources: GB 32100-2015 (unified social credit code), GB 11714 (organisation code), GB 11643-1999
(citizen identification number), ISO/IEC 7812-1 annex B (Luhn). No table of divisions is consulted:
abolished counties live on in old numbers, so an unknown division is no proof of a wrong number.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gongshu.vocabulary.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

USCC_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS: Final = tuple(pow(3, i, 31) for i in range(17))
_ORGANISATION_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)
_CITIZEN_WEIGHTS: Final = tuple(pow(2, 17 - i, 11) for i in range(17))
_CITIZEN_CHECKS: Final = "10X98765432"

# Registration department (1–9, A armed forces, N agriculture, Y others), category, division.
USCC_PATTERN: Final = "[1-9ANY][1-9][0-9]{6}[0-9A-HJ-NP-RTUWXY]{10}"
CITIZEN_ID_PATTERN: Final = (
    "[1-9][0-9]{5}(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9X]"
)
MOBILE_PATTERN: Final = "1[3-9][0-9]{9}"
# 3–6 are the card schemes' industry digits; 9 is the first digit of older domestic debit cards.
BANK_CARD_PATTERN: Final = "[34569][0-9]{15,18}"
_USCC_SHAPE: Final = re.compile(USCC_PATTERN)
_CITIZEN_SHAPE: Final = re.compile(CITIZEN_ID_PATTERN)
_OLD_CITIZEN_SHAPE: Final = re.compile(r"[1-9][0-9]{14}")
_MOBILE_SHAPE: Final = re.compile(MOBILE_PATTERN)
_BANK_CARD_SHAPE: Final = re.compile(BANK_CARD_PATTERN)

# Unicode's Default_Ignorable_Code_Point: nothing is drawn, so nobody sees that two ids differ.
_IGNORABLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_HALF_WIDTH: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
# Eighteen characters that GB 18030-2022 gave a place of their own, and one that GB 18030-2005 did
# (A8BC, ḿ). Decoders of the table of 2000 still put them into the private use area.
_GB18030: Final = {
    0xE78D: 0xFE10,
    0xE78E: 0xFE12,
    0xE78F: 0xFE11,
    0xE790: 0xFE13,
    0xE791: 0xFE14,
    0xE792: 0xFE15,
    0xE793: 0xFE16,
    0xE794: 0xFE17,
    0xE795: 0xFE18,
    0xE796: 0xFE19,
    0xE81E: 0x9FB4,
    0xE826: 0x9FB5,
    0xE82B: 0x9FB6,
    0xE82C: 0x9FB7,
    0xE832: 0x9FB8,
    0xE843: 0x9FB9,
    0xE854: 0x9FBA,
    0xE864: 0x9FBB,
    0xE7C7: 0x1E3F,
}
_ONE_PLACE: Final = _HALF_WIDTH | _GB18030
# The version of the spelling, kept with whatever was matched by it: 2 added GB 18030-2022.
CANONICAL_FORM: Final = 2
# Every dot that input methods produce inside a name, written as U+00B7.
_DOTS: Final = dict.fromkeys(map(ord, "\u2022\u2027\u2219\u22c5\u30fb\uff65\u2e31"), "\u00b7")
_BLANKS: Final = re.compile(r"\s+")
_BLANKS_AND_HYPHENS: Final = re.compile("[\\s\\-\u2010-\u2015\u2212\u2043\ufe58\ufe63]+")

_EARLIEST_YEAR, _LATEST_YEAR = 1850, 2099
_ROWS_AT_ONCE: Final = 65_536  # Keeps the working set of a column loop inside the cache.


# --- check characters -------------------------------------------------------------------------


def uscc_check_character(first17: str) -> str:
    """Compute the 18th character of a unified social credit code (GB 32100-2015, mod 31).

    Raises `Invalid` when `first17` is not 17 characters of the code's alphabet.
    """
    values = [USCC_ALPHABET.find(character) for character in first17]
    if len(values) != 17 or min(values) < 0:
        raise Invalid(
            "统一社会信用代码的前17位只能由规定的数字和大写字母组成，请核对后重新填写。",
            code="identifier_format",
        )
    total = sum(value * weight for value, weight in zip(values, _USCC_WEIGHTS, strict=True))
    return USCC_ALPHABET[-total % 31]


def organisation_code_check_character(first8: str) -> str:
    """Compute the 9th character of an organisation code (GB 11714, mod 11; X stands for 10).

    Raises `Invalid` when `first8` is not eight ASCII digits or capital letters.
    """
    if not re.fullmatch("[0-9A-Z]{8}", first8):
        raise Invalid(
            "组织机构代码的前8位只能是数字或大写字母，请核对后重新填写。",
            code="identifier_format",
        )
    values = (int(character, 36) for character in first8)
    total = sum(v * weight for v, weight in zip(values, _ORGANISATION_WEIGHTS, strict=True))
    return "0123456789X"[-total % 11]


def citizen_id_check_character(first17: str) -> str:
    """Compute the 18th character of a citizen identification number (GB 11643-1999, mod 11-2).

    Raises `Invalid` when `first17` is not 17 ASCII digits.
    """
    if not re.fullmatch("[0-9]{17}", first17):
        raise Invalid("公民身份号码的前17位应为数字，请核对后重新填写。", code="identifier_format")
    total = sum(int(d) * weight for d, weight in zip(first17, _CITIZEN_WEIGHTS, strict=True))
    return _CITIZEN_CHECKS[total % 11]


def luhn_check_digit(digits: str) -> str:
    """Compute the digit that makes `digits` plus itself pass the Luhn test (ISO/IEC 7812-1).

    Raises `Invalid` when `digits` is empty or holds anything but ASCII digits.
    """
    if not re.fullmatch("[0-9]+", digits):
        raise Invalid("卡号只能由数字组成，请核对后重新填写。", code="identifier_format")
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in reversed(digits[-1::-2]))
    plain = sum(int(digit) for digit in digits[-2::-2])
    return str(-(doubled + plain) % 10)


# --- one value, exactly as written ------------------------------------------------------------


def is_uscc(s: str) -> bool:
    """Tell whether `s` is a well-formed unified social credit code with a right check character."""
    return bool(_USCC_SHAPE.fullmatch(s)) and uscc_check_character(s[:17]) == s[17]


def is_citizen_id(s: str) -> bool:
    """Tell whether `s` is an 18-character citizen number with a real birth date and right check."""
    if not _CITIZEN_SHAPE.fullmatch(s) or not _is_day(s[6:14]):
        return False
    return citizen_id_check_character(s[:17]) == s[17]


def is_bank_card(s: str) -> bool:
    """Tell whether `s` is a card number of 16–19 digits that passes the Luhn test.

    One number in ten passes by chance; the rate over a column is the evidence, not one value.
    """
    return bool(_BANK_CARD_SHAPE.fullmatch(s)) and luhn_check_digit(s[:-1]) == s[-1]


def is_mobile(s: str) -> bool:
    """Tell whether `s` has the form of a mainland mobile number (11 digits, no check exists)."""
    return bool(_MOBILE_SHAPE.fullmatch(s))


def _is_day(digits: str) -> bool:
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:])
    if not _EARLIEST_YEAR <= year <= _LATEST_YEAR:
        return False
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


# --- the one spelling -------------------------------------------------------------------------


def canonical_text(s: str) -> str:
    """Spell a text the one way: composed (NFC), half-width ASCII, nothing invisible, no end blanks.

    Characters of GB 18030-2022 stand at their public places (version `CANONICAL_FORM`).
    Compatibility folding (NFKC) is not used: it would merge characters that differ in names.
    """
    folded = unicodedata.normalize("NFC", _IGNORABLE.sub("", s).translate(_ONE_PLACE))
    return folded.translate(_DOTS).strip()


def compact_identifier(s: str) -> str:
    """Spell what may be an identifier the one way, without judging it.

    Canonical text in capitals, with neither blanks nor hyphens inside.
    """
    return _BLANKS_AND_HYPHENS.sub("", canonical_text(s)).upper()


def canonical_uscc(s: str) -> str | None:
    """Find the unified social credit code that `s` spells, or None when it spells no valid one."""
    code = compact_identifier(s)
    return code if is_uscc(code) else None


def canonical_citizen_id(s: str) -> str | None:
    """Find the 18-character citizen number that `s` spells, or None when it spells no valid one.

    Old numbers of 15 digits carry two digits of the year and no check. They are read as born in
    19xx; the sequence numbers 996–999 were kept for people older than a hundred years, so their
    century is ambiguous and they give None.
    """
    number = compact_identifier(s)
    if _OLD_CITIZEN_SHAPE.fullmatch(number):
        if number[12:] >= "996":
            return None
        first17 = number[:6] + "19" + number[6:]
        number = first17 + citizen_id_check_character(first17)
    return number if is_citizen_id(number) else None


def canonical_name(s: str) -> str:
    """Spell an enterprise name the one way: canonical text, half-width brackets, no blanks.

    Look-alike characters are never merged: two firms may differ by exactly one of them.
    """
    return _BLANKS.sub("", canonical_text(s))


# --- whole columns ----------------------------------------------------------------------------


def valid_uscc(arr: Any) -> Any:
    """Judge every value of a pyarrow string array or chunked array by `is_uscc`.

    Returns a `pyarrow.BooleanArray` of the same length; null stays null. Dictionary and view
    layouts are accepted; any other type raises `TypeError`.
    """
    return _judge(arr, (18,), _uscc_rows)


def valid_citizen_id(arr: Any) -> Any:
    """Judge every value of a string array by `is_citizen_id`; shapes and errors as `valid_uscc`."""
    return _judge(arr, (18,), _citizen_rows)


def valid_bank_card(arr: Any) -> Any:
    """Judge every value of a string array by `is_bank_card`; shapes and errors as `valid_uscc`."""
    return _judge(arr, (16, 17, 18, 19), _bank_card_rows)


def valid_mobile(arr: Any) -> Any:
    """Judge every value of a string array by `is_mobile`; shapes and errors as `valid_uscc`."""
    return _judge(arr, (11,), _mobile_rows)


def _judge(
    arr: Any, lengths: tuple[int, ...], rows: Callable[[NDArray[np.uint8]], NDArray[np.bool_]]
) -> Any:
    """Run `rows` over byte matrices of all values that have one of `lengths` bytes."""
    chunks = arr.chunks if isinstance(arr, pa.ChunkedArray) else [arr]
    judged = [_judge_chunk(chunk, lengths, rows) for chunk in chunks]
    return pa.concat_arrays(judged) if judged else pa.array([], pa.bool_())


def _judge_chunk(
    arr: Any, lengths: tuple[int, ...], rows: Callable[[NDArray[np.uint8]], NDArray[np.bool_]]
) -> Any:
    if pa.types.is_dictionary(arr.type):
        return _judge_chunk(arr.dictionary, lengths, rows).take(arr.indices)
    if pa.types.is_string_view(arr.type):
        arr = arr.cast(pa.large_string())
    if not (pa.types.is_string(arr.type) or pa.types.is_large_string(arr.type)):
        raise TypeError(f"identifiers are judged on string columns, not on {arr.type}")
    passed = np.zeros(len(arr), dtype=bool)
    for length in lengths:
        for places, matrix in _bytes_of_length(arr, length):
            passed[places] = rows(matrix)
    result = pa.array(passed)
    return pc.if_else(arr.is_valid(), result, None) if arr.null_count else result


def _bytes_of_length(arr: Any, length: int) -> Iterator[tuple[Any, NDArray[np.uint8]]]:
    """Yield (row positions, bytes of shape (rows, length)) for the values of exactly `length`."""
    _, offsets_buffer, data_buffer = arr.buffers()
    if len(arr) == 0 or data_buffer is None:
        return
    width = np.int32 if pa.types.is_string(arr.type) else np.int64
    offsets = np.frombuffer(offsets_buffer, dtype=width)[arr.offset : arr.offset + len(arr) + 1]
    data = np.frombuffer(data_buffer, dtype=np.uint8)
    for first in range(0, len(arr), _ROWS_AT_ONCE):
        part = offsets[first : first + _ROWS_AT_ONCE + 1]
        places = np.flatnonzero(np.diff(part) == length)
        if len(places) == len(part) - 1:
            matrix = data[part[0] : part[-1]].reshape(-1, length)
        else:
            starts = part[:-1][places].astype(np.int64)
            matrix = data[starts[:, None] + np.arange(length)]
        if len(places):
            yield places + first, matrix


def _weighted(values: NDArray[np.uint8], weights: tuple[int, ...]) -> NDArray[np.uint16]:
    """Sum the columns times their weights; 17 * 30 * 30 still fits 16 bits."""
    total = np.zeros(len(values), dtype=np.uint16)
    for column, weight in enumerate(weights):
        total += values[:, column] * np.uint16(weight)
    return total


def _table(alphabet: str) -> NDArray[np.uint8]:
    table = np.full(256, 255, dtype=np.uint8)
    for value, character in enumerate(alphabet):
        table[ord(character)] = value
    return table


def _uscc_rows(matrix: NDArray[np.uint8]) -> NDArray[np.bool_]:
    values = _table(USCC_ALPHABET)[matrix]
    shape = values.max(axis=1) < 31
    shape &= np.isin(matrix[:, 0], np.frombuffer(b"123456789ANY", dtype=np.uint8))
    shape &= (values[:, 1] >= 1) & (values[:, 1:8].max(axis=1) <= 9)
    # The sum over all 18 characters is a multiple of 31 exactly when the check character is right.
    whole = _weighted(values, _USCC_WEIGHTS) + values[:, 17]
    checked: NDArray[np.bool_] = shape & (whole % np.uint16(31) == 0)
    return checked


def _citizen_rows(matrix: NDArray[np.uint8]) -> NDArray[np.bool_]:
    values = matrix - np.uint8(48)  # Wraps round for bytes below "0", so one comparison is enough.
    shape = (values[:, :17].max(axis=1) <= 9) & (values[:, 0] >= 1)
    checks = np.frombuffer(_CITIZEN_CHECKS.encode(), dtype=np.uint8)
    shape &= checks[_weighted(values, _CITIZEN_WEIGHTS) % np.uint16(11)] == matrix[:, 17]
    checked: NDArray[np.bool_] = shape & _day_rows(values[:, 6:14].astype(np.int16))
    return checked


def _day_rows(digits: NDArray[np.int16]) -> NDArray[np.bool_]:
    year = digits[:, 0] * 1000 + digits[:, 1] * 100 + digits[:, 2] * 10 + digits[:, 3]
    month = digits[:, 4] * 10 + digits[:, 5]
    day = digits[:, 6] * 10 + digits[:, 7]
    days = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=np.int16)
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    last = days[np.where(month <= 12, month, 0)] + (leap & (month == 2))
    known = (year >= _EARLIEST_YEAR) & (year <= _LATEST_YEAR)
    checked: NDArray[np.bool_] = known & (day >= 1) & (day <= last)
    return checked


def _bank_card_rows(matrix: NDArray[np.uint8]) -> NDArray[np.bool_]:
    values = matrix - np.uint8(48)
    shape = (values.max(axis=1) <= 9) & np.isin(values[:, 0], (3, 4, 5, 6, 9))
    digits = np.where(values <= 9, values, 0).astype(np.uint16)
    doubled = digits[:, -2::-2] * np.uint16(2)
    total = (doubled - np.uint16(9) * (doubled > 9)).sum(axis=1) + digits[:, -1::-2].sum(axis=1)
    checked: NDArray[np.bool_] = shape & (total % 10 == 0)
    return checked


def _mobile_rows(matrix: NDArray[np.uint8]) -> NDArray[np.bool_]:
    values = matrix - np.uint8(48)
    shape: NDArray[np.bool_] = (values.max(axis=1) <= 9) & (values[:, 0] == 1)
    return shape & (values[:, 1] >= 3)
