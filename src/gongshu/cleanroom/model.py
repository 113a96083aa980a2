"""What the clean room is told and what it answers: sources, findings, lineage, plan, verdict.

All values here are known before any data is read, so a verdict cannot depend on data (S13).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal

from gongshu.cleanroom.lattices import Lattice
from gongshu.vocabulary.errors import Invalid
from gongshu.vocabulary.levels import IdentifierClass, Regime, SubjectKind

ItemRef = tuple[str, str]
"""(resource, item name)."""

Exit = Literal["export", "service"]
EXITS: tuple[Exit, ...] = ("export", "service")


class Family(StrEnum):
    """The five kinds of value that a comparison can be about."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    TIMESTAMP = "timestamp"
    BOOLEAN = "boolean"

    @property
    def zh(self) -> str:
        names = {
            "text": "文本",
            "number": "数值",
            "date": "日期",
            "timestamp": "时间",
            "boolean": "是否",
        }
        return names[self.value]


_TYPES: Mapping[str, tuple[Family, str]] = MappingProxyType(
    {
        **dict.fromkeys(
            ("text", "string", "varchar", "large_string", "utf8"), (Family.TEXT, "VARCHAR")
        ),
        **dict.fromkeys(("integer", "int", "bigint", "int64", "int32"), (Family.NUMBER, "BIGINT")),
        **dict.fromkeys(("number", "double", "float", "float64"), (Family.NUMBER, "DOUBLE")),
        **dict.fromkeys(("date", "date32", "date32[day]"), (Family.DATE, "DATE")),
        **dict.fromkeys(("timestamp", "datetime"), (Family.TIMESTAMP, "TIMESTAMP")),
        **dict.fromkeys(("boolean", "bool"), (Family.BOOLEAN, "BOOLEAN")),
    }
)


def physical_type(type_name: str) -> tuple[Family, str]:
    """This function will return the family and the SQL type of an item's declared type.

    Decimals keep precision and scale (`decimal(18,2)`). Raises `Invalid` for a type that the
    clean room does not hold: a source it cannot describe exactly cannot be checked.
    """
    name = type_name.strip().lower()
    if name in _TYPES:
        return _TYPES[name]
    if name.startswith(("decimal", "numeric")):
        digits = [part.strip() for part in name.partition("(")[2].rstrip(")").split(",") if part]
        if all(d.isdigit() for d in digits) and len(digits) in (0, 2):
            precision, scale = digits or ("38", "10")
            return Family.NUMBER, f"DECIMAL({precision},{scale})"
    if name.startswith("timestamp["):
        return Family.TIMESTAMP, "TIMESTAMP"
    raise Invalid(
        f"数据项类型“{type_name}”不能进入加工区，请在编目时改为文本、数值、日期、时间或是否。",
        code="cleanroom.type",
    )


@dataclass(frozen=True, slots=True)
class ItemRule:
    """One item of a source and the rules that its catalogue entry puts on it."""

    name: str
    type: str
    regime: Regime
    identifier: IdentifierClass
    opened: bool
    grade: int
    subject: SubjectKind
    lattice: Lattice | None = None
    clause: str | None = None

    @property
    def family(self) -> Family:
        return physical_type(self.type)[0]

    @property
    def sql_type(self) -> str:
        return physical_type(self.type)[1]


@dataclass(frozen=True, slots=True)
class Source:
    """One snapshot that a query may name: its SQL table, its items, its subject columns.

    `subjects` names for each kind the column with canonical subjects; the column may, but need
    not, be an item. `region_item` holds division codes as text; without it a region-limited
    grant cannot be evaluated on this source.
    """

    resource: str
    table: str
    title: str
    items: tuple[ItemRule, ...]
    subjects: Mapping[SubjectKind, str] = field(hash=False)
    snapshot: str
    match: Any = field(default=None, hash=False)
    region_item: str | None = None

    def item(self, name: str) -> ItemRule | None:
        return next((item for item in self.items if item.name == name), None)

    def columns(self) -> tuple[tuple[str, str], ...]:
        """This function will list every column (name, SQL type), subject columns last."""
        named = {item.name: item.sql_type for item in self.items}
        for column in self.subjects.values():
            named.setdefault(column, "VARCHAR")
        return tuple(named.items())


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason why a query is refused. `where` is (line, column), counted from 1.

    `rewrite` is the nearest lawful wording of what stands there, where one exists.
    """

    code: str
    sentence: str
    clause: str | None = None
    where: tuple[int, int] | None = None
    reasons: tuple[Any, ...] = ()
    rewrite: str | None = None


ColumnKind = Literal["key", "count", "amount", "copy", "answer"]


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """One released column: what it is and every item that influences it.

    `values` are the items whose values flow into the column; `influences` adds those that decide
    which rows are there (filters, joins, groups).
    """

    name: str
    kind: ColumnKind
    influences: tuple[ItemRef, ...]
    values: tuple[ItemRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Population:
    """A hidden column that counts canonical subjects of one relation in one cohort.

    `lane` tells relations apart: populations of the same lane count the same subject column.
    `optional` relations were joined with LEFT JOIN: no subject at all is lawful for them.
    """

    column: str
    lane: int
    kind: SubjectKind
    optional: bool


@dataclass(frozen=True, slots=True)
class Dominance:
    """Names of the columns that say how much of an amount each subject of one lane contributes.

    `total` is the sum of all contributions without their signs, `largest` and `second` are those
    of the two largest subjects (null where there are not as many), `unknown` is what comes from
    rows without a subject.
    """

    lane: int
    total: str
    largest: str
    second: str
    unknown: str


HALF = 50
"""The part of the rows, in hundredths, on each side of a median."""

Statistic = Literal["sum", "mean", "quantile"]


@dataclass(frozen=True, slots=True)
class Amount:
    """What decides about a sum, a mean or a quantile: primitives, contributors and their shares.

    `total`, `rows` and `values` name the columns with the sum, the number of rows that have a
    value, and the number of different values. `group` counts the contributors of the whole group,
    of which a selective amount takes a part. A quantile stands in `total`; `tail` is the smaller
    part of the rows, in hundredths, on one side of it; nobody dominates it.
    """

    statistic: Statistic
    total: str
    rows: str
    values: str
    whole_numbers: bool
    group: tuple[Population, ...]
    dominances: tuple[Dominance, ...]
    tail: int = 0


@dataclass(frozen=True, slots=True)
class Measure:
    """One released number with the populations that decide whether it may be shown.

    `selective` measures count a part of their group, so class disclosure and the complement are
    judged; `unions` pairs the index of an earlier measure with the populations of both cohorts
    together. With `amount` the number is a sum or a mean, else a count.
    """

    name: str
    populations: tuple[Population, ...]
    selective: bool
    unions: tuple[tuple[int, tuple[Population, ...]], ...] = ()
    amount: Amount | None = None


@dataclass(frozen=True, slots=True)
class Regions:
    """How many subjects of one lane are in each combination of the cohorts that are counted.

    `cohorts` lists for each cohort the indices of the measures that count it; column number c
    counts the subjects that are in exactly those cohorts whose bit c has, number 0 those in none.
    `flags` are the columns that tell of a subject whether it is in each cohort.
    """

    lane: int
    cohorts: tuple[tuple[int, ...], ...]
    columns: tuple[str, ...]
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Contributions:
    """A text whose rows are one group key, one subject of a lane, and what it contributes.

    `columns` pairs for each of `dominances` the columns with its gains and its losses. `members`
    pairs each population of the lane with the column that has the number of the subject's rows in
    it, None where all rows count; `regions` combines such columns.
    """

    sql: str
    columns: tuple[tuple[str, str], ...]
    dominances: tuple[Dominance, ...]
    members: tuple[tuple[str, str | None], ...] = ()
    regions: Regions | None = None


@dataclass(frozen=True, slots=True)
class RowCondition:
    """Rows of a source enter the worker only if `item` starts with one of `prefixes`."""

    item: str
    prefixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a worker needs; `sql` is the exact text that was checked and that runs.

    Where amounts or several cohorts are asked for, `sql` puts together the text `counting` and
    `contributions`.

    `sources`: table -> columns in load order; `types`: table -> SQL types in the same order;
    `key`: name of the group key column; `groups`: populations of the whole group; `k` is 0 when
    nothing in the result needs protection.
    """

    sql: str
    shape: Literal["statistics", "open", "service"]
    sources: Mapping[str, tuple[str, ...]]
    types: Mapping[str, tuple[str, ...]]
    resources: Mapping[str, str]
    columns: tuple[str, ...]
    key: str | None = None
    key_opened: bool = False
    groups: tuple[Population, ...] = ()
    measures: tuple[Measure, ...] = ()
    subjects: tuple[SubjectKind, ...] = ()
    rows: Mapping[str, RowCondition] = field(default_factory=dict)
    k: int = 0
    max_rows: int | None = None
    counting: str = ""
    contributions: tuple[Contributions, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The clean room's answer before any data is read.

    `grants`: resource -> the grant that the yes rests on; `opened_copies` say why a column may
    leave as it is; `notes` say what else an author should know.
    """

    allowed: bool
    findings: tuple[Finding, ...]
    lineage: tuple[OutputColumn, ...] = ()
    plan: Plan | None = None
    opened_copies: tuple[str, ...] = ()
    grants: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
