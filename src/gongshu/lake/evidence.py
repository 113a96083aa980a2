"""What every value of a column says about its type, and the type that follows.

Without a pin a column is typed only when every value fits; anything else stays text, so that
nothing is lost and nobody has to guess. Identifiers stay text: leading zeros, codes by their
header, digits of constant length, and numbers too long to be amounts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gongshu.lake import moments
from gongshu.lake.batches import TextBatch
from gongshu.lake.schema import Column, ColumnType

INTEGER: Final = r"^(0|-?[1-9][0-9]{0,17})$"
DECIMAL: Final = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$"
DIGITS: Final = 38
AMOUNT_DIGITS: Final = 15
CODE_WIDTH: Final = 8
PAIRS: Final = (("是", "否"), ("true", "false"), ("yes", "no"), ("y", "n"))
SAMPLE: Final = 2000
HOPELESS: Final = 0.05
NEARLY: Final = 0.005

_CODE = re.compile(
    r"编码|编号|代码|号码|证号|账号|帐号|卡号|文号|电话|手机|传真|邮编|邮政|身份证|信用|标识|主键"
    r"|识别号|^id$|code|phone|(?<!序)号$|版本",
    re.IGNORECASE,
)
_DAY = re.compile(r"日期|时间|年月日|日$|date|time", re.IGNORECASE)

Fits = Callable[[pa.Array], pa.Array]


def _matches(pattern: str) -> Fits:
    return lambda values: pc.match_substring_regex(values, pattern)


def _in_pair(pair: tuple[str, str]) -> Fits:
    words = pa.array(pair)
    return lambda values: pc.is_in(pc.utf8_lower(values), words)


def _in_order(order: str) -> Fits:
    return lambda values: pa.array(moments.read(values, order).fits)


# What a value can be tested for. The order is the order of preference.
CANDIDATES: Final = MappingProxyType(
    {f"boolean:{pair[0]}": _in_pair(pair) for pair in PAIRS}
    | {"compact": _in_order("compact")}
    | {"integer": _matches(INTEGER), "decimal": _matches(DECIMAL)}
    | {order: _in_order(order) for order in ("ymd", "dmy", "mdy")}
)
PINNED: Final = MappingProxyType(
    {
        ColumnType.text: (),
        ColumnType.integer: ("integer",),
        ColumnType.decimal: ("decimal",),
        ColumnType.boolean: tuple(name for name in CANDIDATES if name.startswith("boolean")),
        ColumnType.date: moments.ORDERS,
        ColumnType.datetime: moments.ORDERS,
    }
)


class Evidence:
    """Collects what the values of one column fit; `decide` says the column's type."""

    def __init__(self, name: str, pin: Column | None = None) -> None:
        self._name = name
        self._pin = pin
        self._missing = pa.array(pin.missing, pa.string()) if pin and pin.missing else None
        self._alive = dict(CANDIDATES)
        if pin is not None:
            alive = (pin.order,) if pin.order else PINNED[pin.type]
            self._alive = {
                each: CANDIDATES.get(each) or _in_order(each) for each in alive if each is not None
            }
        elif not _DAY.search(name):
            del self._alive["compact"]
        self._unfit: dict[str, int] = dict.fromkeys(self._alive, 0)
        self._first_unfit: dict[str, tuple[int, str]] = {}
        self._values = 0
        self._rows = 0
        self._partial = self._sampled = 0
        self._timed = False
        self._whole = self._scale = 0
        self._width = (10**9, 0)

    def add(self, column: pa.Array, batch: TextBatch) -> None:
        """Take in one more piece of the column."""
        self._rows += len(column)
        if self._missing is not None:
            column = without(column, self._missing)
        values = column.drop_null()
        if not len(values):
            return
        self._values += len(values)
        for name in list(self._alive):
            if self._is_hopeless(name, values):
                del self._alive[name], self._unfit[name]
        for name, fits in self._alive.items():
            self._test(name, fits(values), column, batch)
        partial = pc.match_substring_regex(values[:SAMPLE], moments.PARTIAL)
        self._partial += pc.sum(partial).as_py() or 0
        self._sampled += len(partial)

    def _is_hopeless(self, name: str, values: pa.Array) -> bool:
        """Return whether a sample shows that the type is out of the question."""
        if self._pin is not None:
            return False
        sample = values[:SAMPLE]
        fitting = pc.sum(self._alive[name](sample)).as_py() or 0
        return bool(len(sample) - fitting > max(3, HOPELESS * len(sample)))

    def _test(self, name: str, fits: pa.Array, column: pa.Array, batch: TextBatch) -> None:
        values = column.drop_null()
        unfit = len(values) - (pc.sum(fits).as_py() or 0)
        self._unfit[name] += unfit
        if unfit and name not in self._first_unfit:
            at = pc.index(fits, False).as_py()
            row = int(np.flatnonzero(pc.is_valid(column).to_numpy(zero_copy_only=False))[at])
            self._first_unfit[name] = (int(batch.lines[row]), column[row].as_py()[:40])
        good = values.filter(fits)
        if not len(good):
            return
        if name in moments.ORDERS and not self._timed:
            self._timed = bool(moments.read(good, name).timed.any())
        if name == "decimal":
            self._measure(good)

    def _measure(self, numbers: pa.Array) -> None:
        """Keep the greatest number of digits on both sides of the point."""
        lengths = pc.binary_length(numbers).to_numpy(zero_copy_only=False)
        point = pc.find_substring(numbers, ".").to_numpy(zero_copy_only=False)
        negative = pc.starts_with(numbers, "-").to_numpy(zero_copy_only=False)
        whole = np.where(point >= 0, point, lengths) - negative
        scale = np.where(point >= 0, lengths - point - 1, 0)
        self._whole = max(self._whole, int(whole.max()))
        self._scale = max(self._scale, int(scale.max()))
        self._width = (
            min(self._width[0], int(lengths.min())),
            max(self._width[1], int(lengths.max())),
        )

    def decide(self) -> Column:
        """Return the column with its type; a pinned type stays, its details are filled in."""
        if self._pin is not None:
            return self._complete(replace(self._pin, name=self._name))
        fitting = [name for name in CANDIDATES if self._unfit.get(name, 1) == 0 and self._values]
        if {"dmy", "mdy"} <= set(fitting):
            fitting = []
        for name in fitting:
            column = self._typed(name)
            if column is not None:
                return column
        return Column(self._name)

    def _typed(self, name: str) -> Column | None:
        """Return the column of a type that every value fits, or None when it must stay text."""
        if name.startswith("boolean"):
            return Column(self._name, ColumnType.boolean)
        if name in moments.ORDERS:
            kind = ColumnType.datetime if self._timed else ColumnType.date
            return Column(self._name, kind, order=name)
        least, most = self._width
        constant = least == most >= CODE_WIDTH and self._values > 2 and not self._scale
        if constant or _CODE.search(self._name) or self._whole > AMOUNT_DIGITS:
            return None
        if name == "integer":
            return Column(self._name, ColumnType.integer)
        if self._whole + self._scale > DIGITS:
            return None
        return Column(self._name, ColumnType.decimal, self._whole + self._scale, self._scale)

    def _complete(self, pin: Column) -> Column:
        """Fill in the written order of a pinned date and the size of a pinned decimal."""
        if pin.type in (ColumnType.date, ColumnType.datetime) and pin.order is None:
            best = min(self._unfit, key=lambda order: self._unfit[order])
            return replace(pin, order=best)
        if pin.type is ColumnType.decimal and pin.precision is None:
            scale = min(self._scale, 18)
            return replace(pin, precision=DIGITS, scale=scale)
        return pin

    def notes(self, column: Column) -> list[dict[str, Any]]:
        """Return what the owner should know about the column's type, as codes with their facts."""
        if self._pin is not None or not self._values:
            return []
        note: dict[str, Any] = {"column": self._name}
        if column.type is ColumnType.integer and self._width == (5, 5) and _DAY.search(self._name):
            return [note | {"code": "date_serial"}]
        if column.type is not ColumnType.text:
            return []
        if self._unfit.get("dmy") == 0 and self._unfit.get("mdy") == 0:
            return [note | {"code": "day_or_month"}]
        if self._partial * 2 > self._sampled:
            return [note | {"code": "partial_date"}]
        for name, unfit in self._unfit.items():
            if 0 < unfit <= max(1, NEARLY * self._values) < self._values / 2:
                line, value = self._first_unfit[name]
                facts = {"type": _type_of(name), "unfit": unfit, "line": line, "value": value}
                return [note | {"code": "nearly"} | facts]
        return []


def _type_of(candidate: str) -> str:
    if candidate.startswith("boolean"):
        return ColumnType.boolean.value
    return ColumnType.date.value if candidate in moments.ORDERS else candidate


def without(column: pa.Array, missing: pa.Array) -> pa.Array:
    """Return the column with the texts that mean "no value" made null."""
    return pc.if_else(pc.is_in(column, missing), None, column)
