"""Nested records as flat ones: dotted names for what lies deeper, JSON text for lists."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from json.encoder import encode_basestring
from typing import Any, Final

from gongshu.lake.geometry import well_known_text
from gongshu.lake.jsonstream import Number

DEEP: Final = 8
EXPONENT: Final = 40  # beyond it a number written out would be longer than any column keeps
KEY, VALUE, GEOMETRY = "键", "值", "geometry"


def flatten(record: Mapping[str, Any], *, depth: int = DEEP) -> dict[str, str]:
    """Return the record's values as text under dotted names; an object below `depth` stays JSON."""
    flat: dict[str, str] = {}
    _flatten(record, "", depth, flat)
    return flat


def _flatten(record: Mapping[str, Any], prefix: str, depth: int, flat: dict[str, str]) -> None:
    for key, value in record.items():
        name = prefix + key
        if value.__class__ is str:
            text = value
        elif value.__class__ is dict and value and depth:
            _flatten(value, name + ".", depth - 1, flat)
            continue
        else:
            text = cell(value)
        while name in flat:
            name += "_2"
        flat[name] = text


def feature(found: Mapping[str, Any], *, depth: int = DEEP) -> dict[str, str]:
    """Return a GeoJSON feature as a flat record: its properties, then its geometry as WKT.

    A geometry that WKT cannot say stays as JSON text (RFC 7946 §3.2; OGC 06-103r4 §7).
    """
    flat: dict[str, str] = {}
    if found.get("id") is not None:
        flat["id"] = cell(found["id"])
    _flatten(found.get("properties") or {}, "", depth, flat)
    geometry = found.get("geometry")
    name = GEOMETRY
    while name in flat:
        name += "_2"
    flat[name] = well_known_text(geometry) or cell(geometry)
    return flat


def is_feature(found: Any) -> bool:
    """Return whether a JSON value is a GeoJSON feature."""
    return isinstance(found, dict) and found.get("type") == "Feature" and GEOMETRY in found


def cell(value: Any) -> str:
    """Return one JSON value as the text of a cell; null is nothing, and so is not-a-number."""
    if value is None or value == {}:
        return ""
    if value.__class__ is Number:
        return written_out(value)
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json_text(value)


def written_out(number: str) -> str:
    """Return a number without powers of ten, as long as that stays short."""
    if number.isdigit():
        return number
    if number.lower() == "nan":
        return ""
    mantissa, _, exponent = number.lower().partition("e")
    if not exponent or not mantissa:
        return number
    try:
        if abs(int(exponent)) > EXPONENT:
            return number
        return format(Decimal(number), "f")
    except (ValueError, InvalidOperation):
        return number


def json_text(value: Any) -> str:
    """Return a parsed value as JSON text again, numbers as they were written."""
    if value.__class__ is Number:
        return str(value)
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, list):
        return "[" + ",".join(map(json_text, value)) + "]"
    if isinstance(value, dict):
        pairs = (f"{encode_basestring(key)}:{json_text(each)}" for key, each in value.items())
        return "{" + ",".join(pairs) + "}"
    if value is None:
        return "null"
    return "true" if value else "false"


def plain(value: Any) -> Any:
    """Return a Python value as one that `json_text` can write; bytes are hexadecimal."""
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float):
        return Number(written_out(repr(value))) or None
    if isinstance(value, int) and not isinstance(value, bool):
        return Number(value)
    return value if value is None or isinstance(value, bool | str) else str(value)
