"""Compiles the rules of one table into one query: per rule how many were evaluated, and failed.

Columns go by their place (`c0`, `c1`, …). What a rule compares with is a quoted literal, made here
and nowhere else. Check characters are judged on the way into the engine (`k0`, …), by the same
functions as everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import pyarrow as pa

from gongshu.quality.rules import TYPES, Rule, RuleKind
from gongshu.vocabulary.errors import Invalid

_BLANKS: Final = "' \t\n\r\u3000\u00a0'"
_K = RuleKind
DIRTY: Final = frozenset(
    {_K.type, _K.length, _K.pattern, _K.code_set, _K.range, _K.period, _K.checksum}
)
"""A record in which a rule of these kinds fails is dirty."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """The query of a table. It gives one row: the number of rows, of incomplete rows, of dirty
    rows, and for each rule how many elements were evaluated and how many failed.

    `columns` are the places that the query reads; `tables` the names of referenced tables, in the
    order in which the query calls them `r0`, `r1`, ….
    """

    sql: str
    rules: tuple[Rule, ...]
    columns: tuple[int, ...]
    tables: tuple[str, ...]


def compile_rules(rules: Sequence[Rule], schema: pa.Schema, *, as_of: date) -> Compiled:
    """Compile rules for a table of that schema; timeliness is judged on the day `as_of`.

    Raises `Invalid`, code item_not_found, when a rule names a column that is not there.
    """
    maker = _Maker(schema, as_of)
    tested, failed, aggregates = [], [], []
    for at, rule in enumerate(rules):
        asked, wrong = maker.conditions(at, rule)
        tested.append(f"{asked} AS t{at}")
        if rule.kind is _K.unique:
            failed.append(f"hash({maker.together(rule)}) AS f{at}")
            surplus = f"{_counted(f't{at}')} - count(DISTINCT f{at}) FILTER (t{at})"
            aggregates += [_counted(f"t{at}"), surplus]
        else:
            failed.append(f"{wrong} AS f{at}")
            aggregates += [_counted(f"t{at}"), _counted(f"f{at}")]
    heads = ["count(*)", _any(rules, frozenset({_K.not_null})), _any(rules, DIRTY)]
    inner = ", ".join(["1 AS one", *tested, *failed])
    outer = ", ".join(f"{one} AS a{at}" for at, one in enumerate(heads + aggregates))
    sql = f"SELECT {outer} FROM (SELECT {inner} FROM rows)"  # noqa: S608 - literals
    return Compiled(sql, tuple(rules), tuple(sorted(maker.used)), tuple(maker.tables))


def compile_failing(rule: Rule, schema: pa.Schema, *, as_of: date, limit: int) -> Compiled:
    """Compile the query for the rows that fail one rule: their numbers `n` and all columns.

    Of a unique rule every row is given whose values stand in another row as well.
    """
    maker = _Maker(schema, as_of)
    asked, wrong = maker.conditions(0, rule)
    names = ", ".join(["n", *(f"c{place}" for place in range(len(schema)))])
    source = "rows"
    if rule.kind is _K.unique:
        part = maker.together(rule)
        many = f"count(*) OVER (PARTITION BY {part}) AS many"
        source = f"(SELECT *, {many} FROM rows WHERE {asked})"  # noqa: S608 - literals
        wrong = "many > 1"
    sql = f"SELECT {names} FROM {source} WHERE {wrong} ORDER BY n LIMIT {int(limit)}"  # noqa: S608 - literals
    return Compiled(sql, (rule,), tuple(range(len(schema))), tuple(maker.tables))


def _any(rules: Sequence[Rule], kinds: frozenset[RuleKind]) -> str:
    parts = [f"f{at}" for at, rule in enumerate(rules) if rule.kind in kinds]
    return _counted(" OR ".join(parts)) if parts else "0"


def _counted(condition: str) -> str:
    """Count the rows of a condition; FILTER takes ten times as long where the rules are many."""
    return f"coalesce(count_if({condition}), 0)::BIGINT"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


class _Maker:
    """Makes the conditions of rules, and notes which columns and tables they use."""

    def __init__(self, schema: pa.Schema, as_of: date) -> None:
        self._schema, self._as_of = schema, as_of
        self.used: set[int] = set()
        self.tables: list[str] = []
        self._made: Mapping[RuleKind, Callable[[int, Rule], str]] = {
            _K.type: self._type,
            _K.length: self._length,
            _K.pattern: self._pattern,
            _K.code_set: self._code_set,
            _K.range: self._range,
            _K.period: self._period,
            _K.checksum: lambda at, _: f"k{at}",
            _K.equal: self._equal,
            _K.compare: self._compare,
            _K.sequence: self._sequence,
            _K.referential: self._referential,
            _K.timeliness: self._timeliness,
        }

    def conditions(self, at: int, rule: Rule) -> tuple[str, str]:
        """Return the conditions under which a row is evaluated, and under which it fails."""
        places = [self._place(rule, name) for name in rule.columns]
        self.used.update(places)
        filled = " AND ".join(self._filled(place) for place in places)
        if rule.kind is _K.not_null:
            return "true", f"NOT ({filled})"
        if rule.kind is _K.unique:
            return f"({filled})", "false"
        holds = self._made[rule.kind](at, rule)
        return f"({filled})", f"({filled} AND NOT coalesce({holds}, false))"

    def together(self, rule: Rule) -> str:
        """Return the columns of a rule as a list."""
        return ", ".join(f"c{self._place(rule, name)}" for name in rule.columns)

    def _place(self, rule: Rule, name: str) -> int:
        place: int = self._schema.get_field_index(name)
        if place < 0:
            raise Invalid(
                f"质量规则“{rule.name}”用到的数据项“{name}”不在表里，或者表头重名。",
                code="item_not_found",
            )
        return place

    def _kind(self, rule: Rule, at: int = 0) -> tuple[str, pa.DataType]:
        place = self._place(rule, rule.columns[at])
        return f"c{place}", self._schema.field(place).type

    def _filled(self, place: int) -> str:
        if not is_text(self._schema.field(place).type):
            return f"c{place} IS NOT NULL"
        # Trimming every text would cost more than all rules; only what begins so may be blank.
        name = f"c{place}"
        wide = f"starts_with({name}, '\u3000') OR starts_with({name}, '\u00a0')"
        trimmed = f"trim({name}, {_BLANKS}) <> ''"
        begins = f"{name} < '!' OR {wide}"
        return f"(CASE WHEN {begins} THEN {trimmed} ELSE {name} IS NOT NULL END)"

    def _type(self, _: int, rule: Rule) -> str:
        name, kind = self._kind(rule)
        if not is_text(kind):
            return f"try_cast({name} AS {TYPES[str(rule.type)]}) IS NOT NULL"
        if rule.type == "integer":  # A cast would round 1.5 and accept it.
            return rf"regexp_full_match({name}, '[-+]?[0-9]{{1,18}}')"
        if rule.type == "boolean":
            return f"lower({name}) IN ('true', 'false', '是', '否', '1', '0')"
        return f"try_cast({name} AS {TYPES[str(rule.type)]}) IS NOT NULL"

    def _length(self, _: int, rule: Rule) -> str:
        name, _kind = self._kind(rule)
        return _between(f"length({name}::VARCHAR)", rule.low, rule.high, str)

    def _pattern(self, _: int, rule: Rule) -> str:
        name, _kind = self._kind(rule)
        return f"regexp_full_match({name}::VARCHAR, {_literal(str(rule.pattern))})"

    def _code_set(self, _: int, rule: Rule) -> str:
        name, _kind = self._kind(rule)
        return f"{name}::VARCHAR IN ({', '.join(map(_literal, rule.values))})"

    def _range(self, _: int, rule: Rule) -> str:
        name, kind = self._kind(rule)
        return _between(_number(name, kind), rule.low, rule.high, str)

    def _period(self, _: int, rule: Rule) -> str:
        name, kind = self._kind(rule)
        moment = f"{_moment(name, kind)}::DATE"
        return _between(moment, rule.low, rule.high, lambda day: f"DATE {_literal(day)}")

    def _equal(self, _: int, rule: Rule) -> str:
        (one, kind), (other, second) = self._kind(rule), self._kind(rule, 1)
        if kind == second:
            return f"{one} = {other}"
        return f"{one}::VARCHAR = {other}::VARCHAR"

    def _compare(self, _: int, rule: Rule) -> str:
        (one, kind), (other, second) = self._kind(rule), self._kind(rule, 1)
        return f"{_number(one, kind)} {rule.operator} {_number(other, second)}"

    def _sequence(self, _: int, rule: Rule) -> str:
        (one, kind), (other, second) = self._kind(rule), self._kind(rule, 1)
        return f"{_moment(one, kind)} <= {_moment(other, second)}"

    def _referential(self, _: int, rule: Rule) -> str:
        name, _kind = self._kind(rule)
        told = f"{rule.table}\0{rule.key}"
        if told not in self.tables:
            self.tables.append(told)
        other = f"r{self.tables.index(told)}"
        return f"{name}::VARCHAR IN (SELECT k FROM {other} WHERE k IS NOT NULL)"  # noqa: S608 - literals

    def _timeliness(self, _: int, rule: Rule) -> str:
        name, kind = self._kind(rule)
        oldest = self._as_of - timedelta(days=rule.days or 0)
        return f"{_moment(name, kind)}::DATE >= DATE '{oldest.isoformat()}'"


def is_text(kind: pa.DataType) -> bool:
    """Tell whether a column holds text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _number(name: str, kind: pa.DataType) -> str:
    return f"try_cast({name} AS DECIMAL(38, 10))" if is_text(kind) else name


def _moment(name: str, kind: pa.DataType) -> str:
    return f"try_cast({name} AS TIMESTAMP)" if is_text(kind) else name


def _between(value: str, low: str | None, high: str | None, literal: Callable[[str], str]) -> str:
    """Return the condition of lying between the bounds; they were checked to be numbers or days."""
    parts = []
    if low is not None:
        parts.append(f"{value} >= {literal(low)}")
    if high is not None:
        parts.append(f"{value} <= {literal(high)}")
    return " AND ".join(parts)
