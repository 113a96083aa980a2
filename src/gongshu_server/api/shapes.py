"""What answers look like, made from models and dataclasses, so that neither can differ.

`shape(kind)` returns the schema of what `answers.present` makes of a value of that kind: a row by
its columns, a dataclass by its fields, whatever they hold in turn.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Annotated, Any, Literal

from django.db import models
from ninja import Schema
from pydantic import Field, create_model

from gongshu_server.api.answers import SHOWN_ONCE, columns

Money = Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$", description="十进制数")]
PLAIN = frozenset({str, int, float, bool, Any, type(None), datetime, date})
_COLUMNS: tuple[tuple[type[models.Field[Any, Any]], Any], ...] = (
    (models.DateTimeField, datetime),
    (models.DateField, date),
    (models.BooleanField, bool),
    (models.DecimalField, Money),
    (models.IntegerField, int),
    (models.JSONField, Any),
    (models.CharField, str),
    (models.TextField, str),
)


class Problem(Schema):
    """A refusal (RFC 9457): what, why, on which clause, every single reason, what to do next."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    clause: str | None = None
    reasons: list[Any] = Field(default_factory=list)


@cache
def shape(kind: Any) -> Any:
    """Return the schema of what an answer shows of a value annotated so."""
    if isinstance(kind, type) and issubclass(kind, Schema):
        return kind
    if isinstance(kind, type) and issubclass(kind, models.Model):
        return _of_model(kind)
    if isinstance(kind, type) and is_dataclass(kind):
        return _of_dataclass(kind)
    origin = typing.get_origin(kind)
    if origin is not None:
        return _of_generic(origin, typing.get_args(kind))
    if kind is Decimal:
        return Money
    if isinstance(kind, type) and issubclass(kind, Enum):
        return str
    if kind in PLAIN:
        return kind
    if kind is tuple or kind is list or kind is frozenset:
        return list[Any]
    return dict[str, Any] if kind in {dict, Mapping} else Any


def list_of(kind: Any) -> Any:
    """Return the schema of a list that has no pages."""
    return list[shape(kind)]  # type: ignore[misc] # a type made at run time


def page_of(kind: Any) -> type[Schema]:
    """Return the schema of one page of a list."""
    return _page(shape(kind))


@cache
def _page(item: Any) -> type[Schema]:
    return create_model(
        f"{item.__name__}Page",
        __base__=Schema,
        items=(list[item], ...),
        next=(str, Field(description="下一页的 after；为空即已到末页")),
    )


def with_fields(name: str, base: Any, **more: Any) -> Any:
    """Return the shape with further fields beside it, under a name of its own."""
    extra = {key: (shape(kind), ...) for key, kind in more.items()}
    return create_model(name, __base__=shape(base), **typing.cast(Any, extra))


def _of_generic(origin: Any, args: tuple[Any, ...]) -> Any:
    if origin in {types.UnionType, typing.Union}:
        return typing.Union[tuple(shape(one) for one in args)]  # noqa: UP007 - made at run time
    if origin is Literal:
        return typing.Literal[args]
    if origin is Annotated:
        return shape(args[0])
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return dict[str, shape(args[1])]  # type: ignore[misc] # a type made at run time
    if origin is tuple and args[-1:] != (...,):
        kinds = {shape(one) for one in args}
        return list[kinds.pop()] if len(kinds) == 1 else list[Any]  # type: ignore[misc] # as above
    if isinstance(origin, type) and args:
        return list[shape(args[0])]  # type: ignore[misc] # a type made at run time
    return Any


def _of_model(kind: type[models.Model]) -> type[Schema]:
    label = f"{kind._meta.app_label.title()}{kind.__name__}"
    shown = {f.attname: (_of_column(f), _described(f)) for f in columns(kind)}
    return create_model(label, __base__=Schema, __doc__=_purpose(kind), **typing.cast(Any, shown))


def _of_column(field: models.Field[Any, Any]) -> Any:
    column = field.target_field if isinstance(field, models.ForeignKey) else field
    kind = next((python for django, python in _COLUMNS if isinstance(column, django)), Any)
    if field.choices:
        kind = Literal[tuple(code for code, _ in field.flatchoices)]
    if isinstance(field, models.JSONField):
        kind = {list: list[Any], dict: dict[str, Any]}.get(typing.cast(Any, field.default), Any)
    return kind | None if field.null and kind is not Any else kind


def _described(field: models.Field[Any, Any]) -> Any:
    said = "；".join(f"{code} {zh}" for code, zh in field.flatchoices) or str(field.help_text)
    return Field(description=said) if said else Field()


def _of_dataclass(kind: type) -> type[Schema]:
    context = kind.__module__.split(".")[1].title()
    hints = typing.get_type_hints(kind)
    held: dict[str, Any] = {f.name: (shape(hints[f.name]), ...) for f in fields(kind)}
    if not SHOWN_ONCE.isdisjoint(held):
        held["note"] = (str, "")
    return create_model(
        f"{context}{kind.__name__}", __base__=Schema, __doc__=_purpose(kind), **held
    )


def _purpose(kind: type) -> str:
    return (kind.__doc__ or "").strip().partition("\n\n")[0].replace("\n    ", " ")


def answer_of(function: Callable[..., Any]) -> Any:
    """Return the shape of what an action answers, from its return annotation."""
    return shape(typing.get_type_hints(function)["return"])
