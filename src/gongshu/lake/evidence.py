"""What every value of a column says about its type, and the type that follows.

Without a pin a column is typed only when every value fits; anything else stays text, so that
nothing is lost and nobody has to guess. Identifiers stay text: leading zeros, codes by their
header, digits of constant length, and numbers too long to be amounts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gongshu.lake import moments, numbers
from gongshu.lake.batches import TextBatch
from gongshu.lake.numbers import DECIMAL, GROUPED, INTEGER
from gongshu.lake.schema import Column, ColumnType

DIGITS: Final = 38
AMOUNT_DIGITS: Final = 15
CODE_WIDTH: Final = 8
PAIRS: Final = (("是", "否"), ("true", "false"), ("yes", "no"), ("y", "n"))
SAMPLE: Final = 2000
GLANCED: Final = 20
HOPELESS: Final = 0.05
NEARLY: Final = 0.005

_CODE = re.compile(
    r"编码|编号|代码|号码|证号|账号|帐号|卡号|文号|电话|手机|传真|邮编|邮政|身份证|信用|标识|主键"
    r"|识别号|^id$|code|phone|(?<!序)号$|版本",
    re.IGNORECASE,
)
_DAY = re.compile(r"日期|时间|年月日|日$|date|time", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to read values: `fits` tests a column and says whether a time of day occurred.

    `glance` tests one text and is only used to drop what is out of the question.
    """

    fits: Callable[[pa.Array], tuple[pa.Array, bool]]
    glance: Callable[[str], object]


def _pattern(pattern: str) -> Candidate:
    return Candidate(
        lambda values: (pc.match_substring_regex(values, pattern), False),
        re.compile(pattern).match,
    )


def _pair(pair: tuple[str, str]) -> Candidate:
    words = pa.array(pair)
    return Candidate(
        lambda values: (pc.is_in(pc.utf8_lower(values), words), False),
        lambda text: text.lower() in pair,
    )


def _order(order: str) -> Candidate:
    def fits(values: pa.Array) -> tuple[pa.Array, bool]:
        found = moments.read(values, order)
        return pa.array(found.fits), bool((found.timed & found.fits).any())

    return Candidate(fits, re.compile(moments.GLANCES[order]).match)


def _grouped() -> Candidate:
    return Candidate(
        lambda values: (pc.is_valid(numbers.plain(values)), False), numbers.GLANCE.match
    )


# What a value can be read as. The order is the order of preference.
CANDIDATES: Final = MappingProxyType(
    {f"boolean:{pair[0]}": _pair(pair) for pair in PAIRS}
    | {"compact": _order("compact")}
    | {"integer": _pattern(INTEGER), "decimal": _pattern(DECIMAL), GROUPED: _grouped()}
    | {order: _order(order) for order in ("ymd", "dmy", "mdy", "numerals")}
)
SERIAL: Final = _order("serial")
PINNED: Final = MappingProxyType(
    {
        ColumnType.text: (),
        ColumnType.integer: ("integer", GROUPED),
        ColumnType.decimal: ("decimal", GROUPED),
        ColumnType.boolean: tuple(name for name in CANDIDATES if name.startswith("boolean")),
        ColumnType.date: moments.ORDERS,
        ColumnType.datetime: moments.ORDERS,
    }
)


class Evidence:
    """Collects what the values of one column fit; `decide` says the column's type."""

    def __init__(self, name: str, pin: Column | None = None) -> None:
        self._name = name
        self._of_day = bool(_DAY.search(name))
        self._pin = pin
        self._missing = pa.array(pin.missing, pa.string()) if pin and pin.missing else None
        self._alive = dict(CANDIDATES)
        if pin is not None:
            alive = (pin.order,) if pin.order else PINNED[pin.type]
            self._alive = {each: CANDIDATES.get(each, SERIAL) for each in alive if each is not None}
        elif not self._of_day:
            del self._alive["compact"]
        self._unfit: dict[str, int] = dict.fromkeys(self._alive, 0)
        self._first_unfit: dict[str, tuple[int, str]] = {}
        self._values = 0
        self._rows = 0
        self._partial = self._yearless = self._sampled = 0
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
        if self._pin is None:
            self._drop_hopeless(values)
        plain = False
        for name, candidate in list(self._alive.items()):
            # Plain numbers are numbers with separators, too: nothing is tested twice.
            if not (plain and name == GROUPED):
                fitted = self._test(name, candidate, column, batch)
                plain = plain or (fitted and name == "decimal")
        sample = values[:SAMPLE]
        self._partial += pc.sum(pc.match_substring_regex(sample, moments.PARTIAL)).as_py() or 0
        if self._of_day:
            yearless = pc.match_substring_regex(sample, moments.YEARLESS)
            self._yearless += pc.sum(yearless).as_py() or 0
        self._sampled += len(sample)

    def _drop_hopeless(self, values: pa.Array) -> None:
        """Drop what most of the first values are not; most columns are plain text."""
        sample = values[:GLANCED].to_pylist()
        for name, candidate in list(self._alive.items()):
            if sum(1 for text in sample if candidate.glance(text)) * 2 < len(sample):
                self._drop(name)

    def _drop(self, name: str) -> None:
        del self._alive[name], self._unfit[name]

    def _test(self, name: str, candidate: Candidate, column: pa.Array, batch: TextBatch) -> bool:
        """Try one candidate on a piece of the column; returns whether every value fits."""
        values = column.drop_null()
        fits, timed = candidate.fits(values)
        unfit = len(values) - (pc.sum(fits).as_py() or 0)
        self._unfit[name] += unfit
        if self._pin is None and self._unfit[name] > max(3, HOPELESS * self._values):
            self._drop(name)
            return False
        if unfit and name not in self._first_unfit:
            at = pc.index(fits, False).as_py()
            row = int(np.flatnonzero(pc.is_valid(column).to_numpy(zero_copy_only=False))[at])
            self._first_unfit[name] = (int(batch.lines[row]), column[row].as_py()[:40])
        self._timed = self._timed or timed
        if name in ("decimal", GROUPED) and unfit < len(values):
            numerals = values.filter(fits)
            self._measure(numerals if name == "decimal" else numbers.plain(numerals))
        return unfit == 0

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
        order = GROUPED if name == GROUPED else None
        if name == "integer" or (order and not self._scale):
            return Column(self._name, ColumnType.integer, order=order)
        if self._whole + self._scale > DIGITS:
            return None
        digits = self._whole + self._scale
        return Column(self._name, ColumnType.decimal, digits, self._scale, order=order)

    def _complete(self, pin: Column) -> Column:
        """Fill in the written order of a pinned date and the size of a pinned decimal."""
        if pin.type in (ColumnType.date, ColumnType.datetime) and pin.order is None:
            best = min(self._unfit, key=lambda order: self._unfit[order])
            return replace(pin, order=best)
        if GROUPED in self._unfit and self._unfit[GROUPED] < self._unfit[pin.type.value]:
            pin = replace(pin, order=GROUPED)
        if pin.type is ColumnType.decimal and pin.precision is None:
            scale = min(self._scale, 18)
            return replace(pin, precision=DIGITS, scale=scale)
        return pin

    def notes(self, column: Column) -> list[dict[str, Any]]:
        """Return what the owner should know about the column's type, as codes with their facts."""
        if self._pin is not None or not self._values:
            return []
        note: dict[str, Any] = {"column": self._name}
        if column.order == GROUPED:
            return [note | {"code": "grouped_numbers"}]
        if column.type is ColumnType.integer and self._width == (5, 5) and _DAY.search(self._name):
            return [note | {"code": "date_serial"}]
        if column.type is not ColumnType.text:
            return []
        if self._unfit.get("dmy") == 0 and self._unfit.get("mdy") == 0:
            return [note | {"code": "day_or_month"}]
        if self._partial * 2 > self._sampled:
            return [note | {"code": "partial_date"}]
        if self._yearless * 2 > self._sampled:
            return [note | {"code": "no_year"}]
        for name, unfit in self._unfit.items():
            if 0 < unfit <= max(1, NEARLY * self._values) < self._values / 2:
                line, value = self._first_unfit[name]
                facts = {"type": _type_of(name), "unfit": unfit, "line": line, "value": value}
                return [note | {"code": "nearly"} | facts]
        return []


def _type_of(candidate: str) -> str:
    if candidate.startswith("boolean"):
        return ColumnType.boolean.value
    if candidate == GROUPED:
        return ColumnType.decimal.value
    return ColumnType.date.value if candidate in moments.ORDERS else candidate


def without(column: pa.Array, missing: pa.Array) -> pa.Array:
    """Return the column with the texts that mean "no value" made null."""
    return pc.if_else(pc.is_in(column, missing), None, column)
