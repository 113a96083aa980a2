"""What a built city is: its files, what was planted in them, and the subjects the story follows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final


@dataclass(frozen=True, slots=True)
class Department:
    """A providing department 数据提供单位."""

    code: str
    zh: str


DEPARTMENTS: Final = (
    Department("market_regulation", "市场监管局"),
    Department("emergency", "应急管理局"),
    Department("taxation", "税务局"),
    Department("human_resources", "人社局"),
    Department("health", "卫健委"),
    Department("water", "水务局"),
    Department("medical_insurance", "医保局"),
    Department("housing", "住建局"),
)


@dataclass(frozen=True, slots=True)
class Planted:
    """How much dirt one file holds, by kind; each counts rows, and no row carries two kinds.

    `respelled_ids` are valid identifiers in another spelling. `wrong_check_digits` are of the
    right form but invalid. `duplicate_rows` are exact copies beyond the first. `ragged_rows` have
    one cell too few or too many.
    """

    title_rows: int = 0
    blank_cells: int = 0
    duplicate_rows: int = 0
    wrong_check_digits: int = 0
    respelled_ids: int = 0
    ragged_rows: int = 0
    month_dates: int = 0
    thousands: int = 0


@dataclass(frozen=True, slots=True)
class SentFile:
    """One file as a department sent it.

    `department` is a code of `DEPARTMENTS`; `items` are the header cells in order; `rows` counts
    the lines under the header, duplicates and ragged ones included. `subject` says whom a row is
    about: "person", "enterprise" or "thing"; `id_item` and `name_item` identify that subject.
    `container` is what the bytes are ("csv", "csv.gz", "xls", "xlsx"), whatever the name says.
    """

    key: str
    path: Path
    department: str
    title: str
    about: str
    items: tuple[str, ...]
    rows: int
    encoding: str | None
    container: str
    subject: str
    id_item: str | None
    name_item: str | None
    planted: Planted


@dataclass(frozen=True, slots=True)
class Subject:
    """An enterprise or person that the story names; `valid_until` is the licence's last day."""

    id: str
    name: str
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class Examples:
    """The subjects the story follows; their rows carry no planted dirt.

    `objector` stands in the licence file with a wrong last day; `objector_true_until` is the
    right one, which `City.corrected_licences` carries. `unknown` is a well-formed code that
    stands in no file. The ten spellings of `many_spellings` (an enterprise) stand in the
    inspections, those of `patient_of_many_spellings` in the outpatient visits.
    """

    licensed: Subject
    expired: Subject
    unlicensed: Subject
    unknown: Subject
    objector: Subject
    objector_true_until: date
    many_spellings: Subject
    patient_of_many_spellings: Subject


@dataclass(frozen=True, slots=True)
class City:
    """The built city. `uscc` and `resident_ids` are all identifiers in canonical spelling."""

    name: str
    seed: int
    scale: float
    as_of: date
    districts: tuple[tuple[str, str], ...]
    files: tuple[SentFile, ...]
    corrected_licences: SentFile
    examples: Examples
    uscc: tuple[str, ...]
    resident_ids: tuple[str, ...]

    def file(self, key: str) -> SentFile:
        """Find a file by its key; raises `KeyError` for an unknown one."""
        for sent in self.files:
            if sent.key == key:
                return sent
        raise KeyError(key)
