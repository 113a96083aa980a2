"""The clauses that steps, limits and denials rest on, and the duties that the clauses serve.

Both live in TOML files beside this module. A clause whose text was not read in a source is marked,
and is shown as unverified wherever it is named.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Clause:
    """One article of an instrument, in our own words.

    `in_force` and `until` are half-open; `until` is None where no end is stated. `duties` are the
    duties of the 2024 Opinions that it serves; a clause that serves none says why in `note`.
    `read` is false when the article itself was not read, only recalled or read about. `short` is
    how officials name it: 「809号 第十三条」.
    """

    code: str
    instrument: str
    article: str
    zh: str
    en: str
    read: bool
    in_force: date
    until: date | None
    duties: tuple[str, ...]
    note: str = ""
    short: str = ""

    def in_force_on(self, day: date) -> bool:
        """Tell whether the clause is in force on the day."""
        return self.in_force <= day and (self.until is None or day < self.until)


@dataclass(frozen=True, slots=True)
class Duty:
    """One duty of the 2024 Opinions: article.number, title, what must work, what proves it."""

    code: str
    zh: str
    duty: str
    proof: str


def clause(code: str) -> Clause:
    """Return the clause with the code; raises KeyError for an unknown one."""
    return _clauses()[code]


def all_clauses() -> tuple[Clause, ...]:
    """Return every clause, in the order of the file: by instrument, then by article."""
    return tuple(_clauses().values())


def duty(code: str) -> Duty:
    """Return the duty with the code ("4.1"); raises KeyError for an unknown one."""
    return _duties()[code]


def duties() -> tuple[Duty, ...]:
    """Return the duties in the order of the Opinions."""
    return tuple(_duties().values())


@cache
def _clauses() -> dict[str, Clause]:
    table = _load("clauses.toml")
    instruments = table["instruments"]
    return {code: _clause(code, row, instruments) for code, row in table["clauses"].items()}


def _clause(code: str, row: dict[str, Any], instruments: dict[str, Any]) -> Clause:
    instrument = instruments[row["instrument"]]
    return Clause(
        code=code,
        instrument=instrument["name"],
        article=row["article"],
        zh=row["zh"],
        en=row["en"],
        read=row.get("read", instrument["read"]),
        in_force=instrument["in_force"],
        until=instrument.get("until"),
        duties=tuple(row.get("duties", ())),
        note=row.get("note", instrument.get("note", "")),
        short=f"{instrument['short']} {row['article']}",
    )


@cache
def _duties() -> dict[str, Duty]:
    return {code: Duty(code=code, **row) for code, row in _load("duties.toml")["duties"].items()}


def _load(name: str) -> dict[str, Any]:
    return tomllib.loads(files("gongshu.procedures").joinpath(name).read_text(encoding="utf-8"))
