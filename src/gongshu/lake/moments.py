"""Dates and times of day as departments write them, checked against the calendar, column-wise."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_TIME = (
    r"(?:[ T]+(?P<H>[0-9]{1,2}):(?P<M>[0-9]{1,2})"
    r"(?::(?P<S>[0-9]{1,2})(?:\.(?P<f>[0-9]{1,6})[0-9]*)?)?)?"
)
# 2023-7-1, 2023年7月1日8时30分, 2023-07-01T08:30:00.5+08:00: all of them in one pass.
_YEAR_FIRST = (
    r"^(?P<y>[0-9]{4})[-/.年] ?(?P<m>[0-9]{1,2})[-/.月] ?(?P<d>[0-9]{1,2})"
    r"(?:[日号]?|[日号T ]+(?P<H>[0-9]{1,2})(?:[时点]|[:：时点](?P<M>[0-9]{1,2})"
    r"(?:分|[:：分](?P<S>[0-9]{1,2})秒?(?:\.(?P<f>[0-9]{1,6})[0-9]*)?)?)(?:\+08:?00)?)$"
)
_DAY_FIRST = r"^(?P<d>[0-9]{1,2})[-/.](?P<m>[0-9]{1,2})[-/.](?P<y>[0-9]{4})" + _TIME + "$"
PATTERNS: Final = MappingProxyType(
    {
        "ymd": _YEAR_FIRST,
        "dmy": _DAY_FIRST,
        "mdy": _DAY_FIRST.replace("<d>", "<x>").replace("<m>", "<d>").replace("<x>", "<m>"),
        "compact": r"^(?P<y>(?:19|20)[0-9]{2})(?P<m>[0-9]{2})(?P<d>[0-9]{2})$",
    }
)
SERIAL: Final = r"^[0-9]{4,5}(\.0+)?$"
_SERIAL_EPOCH: Final = -25_569  # 1899-12-30, from which spreadsheets count days
_MONTH_DAYS = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=np.int64)
_FIRST_YEAR, _LAST_YEAR = 1, 9999
DAY_MICROSECONDS: Final = 86_400_000_000
PARTIAL: Final = r"^(19|20)[0-9]{2}(年((0?[1-9]|1[0-2])月)?|[-/](0?[1-9]|1[0-2]))$"

YEARLESS: Final = (
    r"^(0?[1-9]|1[0-2])[-/月](0?[1-9]|[12][0-9]|3[01])日?([ T]*[0-9]{1,2}[:时][0-9]{0,2}.{0,6})?$"
)
_NUMERALS = "〇一二三四五六七八九"
NUMERALS: Final = (
    rf"^[零○{_NUMERALS}]{{4}}年[{_NUMERALS[1:]}十]{{1,2}}月[{_NUMERALS[1:]}十]{{1,3}}[日号]$"
)

GLANCES: Final = MappingProxyType({**PATTERNS, "numerals": NUMERALS, "serial": SERIAL})
ORDERS: Final = tuple(GLANCES)


@dataclass(frozen=True, slots=True)
class Moments:
    """One entry for each value: whether it is a moment, its day since 1970, its microseconds of
    the day, and whether a time of day was written."""

    fits: NDArray[np.bool_]
    days: NDArray[np.int64]
    microseconds: NDArray[np.int64]
    timed: NDArray[np.bool_]

    def dates(self) -> pa.Array:
        """Return the days as dates, null where the value does not fit."""
        return pa.array(self.days.astype(np.int32), pa.int32(), mask=~self.fits).cast(pa.date32())

    def datetimes(self) -> pa.Array:
        """Return the moments as datetimes without a zone, null where the value does not fit."""
        total = self.days * DAY_MICROSECONDS + self.microseconds
        return pa.array(total, pa.int64(), mask=~self.fits).cast(pa.timestamp("us"))


def read(values: pa.Array, order: str) -> Moments:
    """Return what the texts say when they are written in the given order; null does not fit."""
    if order == "serial":
        return _serials(values)
    if order == "numerals":
        return read(_in_figures(values), "ymd")
    parts = pc.extract_regex(values, PATTERNS[order])
    fits = pc.is_valid(parts).to_numpy(zero_copy_only=False)
    names = {field.name for field in parts.type}

    def number(name: str) -> NDArray[np.int64]:
        if name not in names:
            return np.zeros(len(values), dtype=np.int64)
        text = pc.struct_field(parts, name)
        filled = pc.if_else(pc.equal(text, ""), "0", text).fill_null("0")
        if name == "f":
            filled = pc.utf8_rpad(filled, 6, padding="0")
        found: NDArray[np.int64] = filled.cast(pa.int64()).to_numpy(zero_copy_only=False)
        return found

    year, month, day = number("y"), number("m"), number("d")
    hour, minute, second = number("H"), number("M"), number("S")
    fits = fits & _is_day(year, month, day) & (hour < 24) & (minute < 60) & (second < 60)
    timed = np.zeros(len(values), dtype=bool)
    if "H" in names:
        written = pc.not_equal(pc.struct_field(parts, "H"), "").fill_null(False)
        timed = written.to_numpy(zero_copy_only=False)
    seconds = (hour * 60 + minute) * 60 + second
    return Moments(fits, _days(year, month, day), seconds * 1_000_000 + number("f"), timed)


def _serials(values: pa.Array) -> Moments:
    fits = pc.match_substring_regex(values, SERIAL).fill_null(False)
    whole = pc.replace_substring_regex(values, r"\.0+$", "")
    days = pc.if_else(fits, whole, "0").fill_null("0").cast(pa.int64())
    zeros = np.zeros(len(values), dtype=np.int64)
    return Moments(
        fits.to_numpy(zero_copy_only=False),
        days.to_numpy(zero_copy_only=False) + _SERIAL_EPOCH,
        zeros,
        zeros.astype(bool),
    )


def _in_figures(values: pa.Array) -> pa.Array:
    """Return dates in Chinese numerals as dates in figures, and null for what is none."""
    encoded = pc.if_else(pc.match_substring_regex(values, NUMERALS), values, None)
    encoded = encoded.dictionary_encode()
    found = [_figures(text) for text in encoded.dictionary.to_pylist()]
    return pa.array(found, pa.string()).take(encoded.indices)


def _figures(date: str) -> str:
    year, _, rest = date[:-1].translate(str.maketrans("零○", "〇〇")).partition("年")
    month, _, day = rest.partition("月")
    digits = "".join(str(_NUMERALS.index(char)) for char in year)
    return f"{digits}-{_below_hundred(month)}-{_below_hundred(day)}"


def _below_hundred(numeral: str) -> int:
    """Return 三十一 as 31; numerals that are none give 0, which is no day and no month."""
    tens, ten, ones = numeral.rpartition("十")
    if len(tens) > 1 or len(ones) > 1:
        return 0
    tenfold = (_NUMERALS.index(tens) if tens else 1) if ten else 0
    return tenfold * 10 + (_NUMERALS.index(ones) if ones else 0)


def _is_day(
    year: NDArray[np.int64], month: NDArray[np.int64], day: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return whether each triple is a day of the Gregorian calendar."""
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    known = (month >= 1) & (month <= 12)
    length = _MONTH_DAYS[np.where(known, month, 0)] - ((month == 2) & ~leap)
    valid: NDArray[np.bool_] = (year >= _FIRST_YEAR) & known & (day >= 1) & (day <= length)
    return valid


def _days(
    year: NDArray[np.int64], month: NDArray[np.int64], day: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return days since 1970-01-01, counting years from March so that leap days come last."""
    shifted = year - (month <= 2)
    era = shifted // 400
    of_era = shifted - era * 400
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    days: NDArray[np.int64] = (
        era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468
    )
    return days
