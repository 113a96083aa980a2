"""One JSON value, one sequence of bytes: the JSON Canonicalization Scheme (RFC 8785).

Commitments and receipts hash these bytes, so a value must never have two serialisations. Numbers
follow ECMAScript (RFC 8785 §3.2.2.3), names are sorted by UTF-16 code units (§3.2.3).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from json.encoder import encode_basestring
from typing import Any, Never

from gongshu.ledger.faults import LedgerFault
from gongshu.vocabulary.errors import Invalid

_SAFE_INTEGER = 2**53 - 1
_DEEPEST = 64


def canonical(value: object) -> bytes:
    """Return the RFC 8785 bytes of a value made of dict, list, tuple, str, int, float, bool, None.

    Raises Invalid for anything that has no single JSON form: Decimal, datetime and bytes (write
    them as text), integers beyond ±(2^53 − 1), NaN, infinities, lone surrogates, names that are
    not text, and nesting deeper than 64.
    """
    try:
        return _text(value, 0).encode("utf-8")
    except UnicodeEncodeError:
        raise _refused("文字中有不成对的代理字符") from None


def parse_canonical(data: bytes) -> Any:
    """Return the value whose canonical form is exactly `data`.

    Raises LedgerFault, with the byte offset of the first deviation, for everything else: other
    spacing or order, duplicate names, other spellings of numbers or characters, trailing bytes.
    """
    try:
        text = data.decode("utf-8")
        value = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_constant, parse_int=_integer
        )
        expected = canonical(value)
    except UnicodeDecodeError as error:
        raise _deviation(error.start) from None
    except json.JSONDecodeError as error:
        raise _deviation(len(text[: error.pos].encode("utf-8", "surrogatepass"))) from None
    except (Invalid, RecursionError):
        raise _deviation(None) from None
    if expected != data:
        raise _deviation(first_difference(expected, data))
    return value


def first_difference(left: bytes, right: bytes) -> int:
    """Return the offset of the first differing byte, the shorter length when there is none."""
    for offset, (a, b) in enumerate(zip(left, right, strict=False)):
        if a != b:
            return offset
    return min(len(left), len(right))


def _text(value: object, depth: int) -> str:
    if isinstance(value, str):
        return encode_basestring(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return _whole(value)
    if isinstance(value, float):
        return _number(value)
    if depth >= _DEEPEST:
        raise _refused(f"嵌套超过 {_DEEPEST} 层")
    if isinstance(value, Mapping):
        return _object(value, depth + 1)
    if isinstance(value, list | tuple):
        return "[" + ",".join([_text(item, depth + 1) for item in value]) + "]"
    raise _refused(f"类型 {type(value).__name__} 没有唯一的写法，请先写成文字")


def _object(value: Mapping[Any, object], depth: int) -> str:
    if not all(isinstance(name, str) for name in value):
        raise _refused("字段名必须是文字")
    plain = all(name.isascii() for name in value)
    # For ASCII names the order of code points is the order of UTF-16 code units.
    names = sorted(value) if plain else sorted(value, key=_utf16)
    members = [f"{encode_basestring(name)}:{_text(value[name], depth)}" for name in names]
    return "{" + ",".join(members) + "}"


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-be")


def _whole(value: int) -> str:
    if not -_SAFE_INTEGER <= value <= _SAFE_INTEGER:
        raise _refused("整数超出 ±(2^53−1)，请写成文字")
    return int.__repr__(value)


def _number(value: float) -> str:
    if not math.isfinite(value):
        raise _refused("数值不是有限数")
    if value == 0:
        return "0"  # ECMAScript writes the negative zero without its sign.
    sign = "-" if value < 0 else ""
    digits, point = _shortest_digits(abs(value))
    return sign + _ecmascript(digits, point)


def _shortest_digits(value: float) -> tuple[str, int]:
    """Return the shortest digits that read back as `value`, and where the decimal point stands."""
    mantissa, _, exponent = float.__repr__(value).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    zeros = len(whole + fraction) - len(digits)
    return digits.rstrip("0"), len(whole) - zeros + int(exponent or 0)


def _ecmascript(digits: str, point: int) -> str:
    """Place the point as ECMAScript's Number::toString does (ECMA-262 §6.1.6.1.20)."""
    if len(digits) <= point <= 21:
        return digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}e{point - 1:+d}"


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _refused("字段名重复")
    return members


def _constant(text: str) -> Never:
    raise _refused(f"{text} 不是有限数")


def _integer(text: str) -> int | float:
    # A large double is written without exponent; as an int it would lie outside the safe range.
    value = int(text) if len(text) <= 400 else math.inf
    return value if -_SAFE_INTEGER <= value <= _SAFE_INTEGER else float(value)


def _refused(reason: str) -> Invalid:
    return Invalid(f"内容不能存证：{reason}。", code="ledger_value")


def _deviation(offset: int | None) -> LedgerFault:
    where = "" if offset is None else f"（第 {offset} 字节起）"
    return LedgerFault(
        f"内容不是规范写法{where}，已被改动；请重新取得原件。",
        code="ledger_canonical",
        offset=offset,
    )
