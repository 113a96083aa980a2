"""Values and JSON: what is sent becomes plain JSON, what comes back the generated shapes.

Times stay times and amounts of money stay decimal numbers, on both ways. A member that this
version of the client does not know is passed over, so that a newer node can be asked.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer: its `etag` goes back as `if_match`; `replayed` says it was given before."""

    etag: str = ""
    replayed: bool = False


class Malformed(Exception):
    """The answer is not of the form that the node's description promises."""


def encode(value: Any) -> Any:
    """Return the value as JSON-able: shapes by their fields, decimals and times as text."""
    if is_dataclass(value) and not isinstance(value, type):
        names = (one.name for one in fields(value) if one.name not in Answer.__dataclass_fields__)
        return {name: encode(getattr(value, name)) for name in names}
    if isinstance(value, Mapping):
        return {str(key): encode(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [encode(one) for one in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def decode(kind: type[T], value: Any) -> T:
    """Return a value of the kind made of parsed JSON. Raises Malformed when it is no such value."""
    try:
        made: T = _decoded(kind, value)
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise Malformed(f"答复与接口文档不符：{type(error).__name__}: {error}") from error
    return made


def _decoded(kind: Any, value: Any) -> Any:
    if isinstance(kind, type) and is_dataclass(kind):
        return _shape(kind, value)
    if kind is datetime or kind is date:
        return kind.fromisoformat(value)
    if kind is Decimal:
        return Decimal(value)
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin is list:
        return [_decoded(args[0], one) for one in value]
    if origin is dict:
        return {key: _decoded(args[1], one) for key, one in value.items()}
    if origin in {types.UnionType, typing.Union}:
        return _one_of(args, value)
    return value


def _one_of(kinds: tuple[Any, ...], value: Any) -> Any:
    if value is None:
        return None
    shapes: list[Any] = [kind for kind in kinds if is_dataclass(kind)]
    if isinstance(value, dict) and len(shapes) > 1:
        # Of several shapes, the one whose fields are those of the value.
        near = max(shapes, key=lambda kind: len(set(_hints(kind)) & set(value)))
        return _decoded(near, value)
    others = [kind for kind in kinds if kind is not type(None)]
    return _decoded(others[0], value) if len(others) == 1 else value


def _shape(kind: Any, value: Any) -> Any:
    hints, made = _hints(kind), {}
    for one in fields(kind):
        if one.name in value:
            made[one.name] = _decoded(hints[one.name], value[one.name])
        elif not _optional(one):
            raise KeyError(f"{kind.__name__}.{one.name}")
    return kind(**made)


def _optional(one: Field[Any]) -> bool:
    return one.default is not MISSING or one.default_factory is not MISSING


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)
