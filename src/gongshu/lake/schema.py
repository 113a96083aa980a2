"""The types a column can have, and a table's columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

import pyarrow as pa


class ColumnType(StrEnum):
    """The types of the lake; `zh` is the word shown to people."""

    text = "text"
    integer = "integer"
    decimal = "decimal"
    date = "date"
    datetime = "datetime"
    boolean = "boolean"

    @property
    def zh(self) -> str:
        """Return the Chinese word."""
        return {
            "text": "文本",
            "integer": "整数",
            "decimal": "小数",
            "date": "日期",
            "datetime": "日期时间",
            "boolean": "是否",
        }[self.value]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `source` is the header as received where the name had to be changed.

    `precision` and `scale` belong to decimals. `order` tells how a date or datetime is written:
    ymd, dmy, mdy, compact (20230701), numerals (二〇二三年七月一日) or serial (the day numbers of
    spreadsheets); and of a number, grouped (1,234). `missing` are texts that the owner declared to
    mean "no value", such as `--`.
    """

    name: str
    type: ColumnType = ColumnType.text
    precision: int | None = None
    scale: int | None = None
    order: str | None = None
    source: str | None = None
    missing: tuple[str, ...] = ()

    @property
    def arrow(self) -> pa.DataType:
        """Return the Arrow type; a datetime is local wall time without a zone."""
        match self.type:
            case ColumnType.integer:
                return pa.int64()
            case ColumnType.decimal:
                return pa.decimal128(self.precision or 38, self.scale or 0)
            case ColumnType.date:
                return pa.date32()
            case ColumnType.datetime:
                return pa.timestamp("us")
            case ColumnType.boolean:
                return pa.bool_()
        return pa.string()

    def to_json(self) -> dict[str, Any]:
        """Return the column as JSON values."""
        return {
            "name": self.name,
            "type": self.type.value,
            "precision": self.precision,
            "scale": self.scale,
            "order": self.order,
            "source": self.source,
            "missing": list(self.missing),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the column that `to_json` described; raises `KeyError`, `ValueError`."""
        return cls(
            name=str(value["name"]),
            type=ColumnType(value["type"]),
            precision=value.get("precision"),
            scale=value.get("scale"),
            order=value.get("order"),
            source=value.get("source"),
            missing=tuple(value.get("missing", ())),
        )


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns of a table, in order. Given as a pin, it fixes the columns that it names."""

    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the columns."""
        return tuple(column.name for column in self.columns)

    @property
    def arrow(self) -> pa.Schema:
        """Return the Arrow schema."""
        return pa.schema([(column.name, column.arrow) for column in self.columns])

    def column(self, name: str) -> Column:
        """Return the column of that name; raises `KeyError`."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def to_json(self) -> list[dict[str, Any]]:
        """Return the schema as JSON values."""
        return [column.to_json() for column in self.columns]

    @classmethod
    def from_json(cls, value: list[Mapping[str, Any]]) -> Self:
        """Return the schema that `to_json` described."""
        return cls(tuple(Column.from_json(column) for column in value))
