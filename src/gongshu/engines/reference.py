"""The reference: slow, plain and obviously right; it judges what the fast engine says.

It walks the resolved query row by row with Python values and SQL's three truth values (None is
unknown). It covers exactly what the clean room lets through and is used in tests only.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
from sqlglot import exp

from gongshu.cleanroom.contributors import KEY, SUBJECT
from gongshu.cleanroom.model import Contributions, ItemRule, Plan, Source
from gongshu.cleanroom.parse import FINAL_CAPS, parse
from gongshu.cleanroom.query import Base, Query, Relation
from gongshu.cleanroom.resolve import resolve
from gongshu.vocabulary.levels import IdentifierClass, Regime, SubjectKind

Row = Mapping[str, Mapping[str, Any]]
"""alias -> column -> value; an absent side of a LEFT JOIN has None for every column."""
Rows = Mapping[str, list[dict[str, Any]]]


def run(plan: Plan, tables: Mapping[str, pa.Table]) -> pa.Table:
    """This function will return what the text of `plan` means on `tables`.

    Raises `ValueError` for a text that the clean room would not have written.
    """
    rows = {
        table: tables[table].select(list(columns)).to_pylist()
        for table, columns in plan.sources.items()
    }
    if not plan.contributions:
        return pa.table(_columns(plan, plan.sql, rows))
    found = _columns(plan, plan.counting, rows)
    keys = found[plan.key or ""]
    for listed in plan.contributions:
        listing = _columns(plan, listed.sql, rows)
        for one, (gains, losses) in zip(listed.dominances, listed.columns, strict=True):
            sizes = [
                float(g or 0) - float(m or 0)
                for g, m in zip(listing[gains], listing[losses], strict=True)
            ]
            entries = list(zip(listing[KEY], listing[SUBJECT], sizes, strict=True))
            shares = [_shares([(s, v) for k, s, v in entries if k == key]) for key in keys]
            names = (one.total, one.largest, one.second, one.unknown)
            found |= {name: [share[i] for share in shares] for i, name in enumerate(names)}
        found |= {name: _members(listing, keys, chosen) for name, chosen in _populations(listed)}
    return pa.table(found)


def _populations(listed: Contributions) -> Iterator[tuple[str, dict[str, bool]]]:
    """Yield each column of subjects with the flags that one of them must have and must not."""
    for name, flag in listed.members:
        yield name, {} if flag is None else {flag: True}
    if listed.regions is not None:
        for bits, name in enumerate(listed.regions.columns):
            flags = enumerate(listed.regions.flags)
            yield name, {flag: bool(bits >> number & 1) for number, flag in flags}


def _members(listing: dict[str, list[Any]], keys: list[Any], chosen: dict[str, bool]) -> list[int]:
    groups = [
        key
        for row, key in enumerate(listing[KEY])
        if listing[SUBJECT][row] is not None
        and all((listing[flag][row] > 0) is wanted for flag, wanted in chosen.items())
    ]
    return [groups.count(key) for key in keys]


def _shares(contributors: list[tuple[Any, float]]) -> tuple[float | None, ...]:
    """Return the total, the two largest subjects, and what has no subject."""
    known = sorted((size for subject, size in contributors if subject is not None), reverse=True)
    unknown = [size for subject, size in contributors if subject is None]
    first, second = (*known, None, None)[:2]
    return sum(known) + sum(unknown), first, second, sum(unknown) if unknown else None


def _columns(plan: Plan, text: str, rows: Rows) -> dict[str, list[Any]]:
    parsed = parse(text, FINAL_CAPS)
    if parsed.tree is None or parsed.findings:
        raise ValueError("not a plan's text")
    sources = [_source(plan, table) for table in plan.sources]
    query = resolve(text, parsed.tree, sources, allow_hidden=True).query
    if query is None:
        raise ValueError("not a plan's text")
    found = _select(query, rows)
    return {p.name: [row[i] for row in found] for i, p in enumerate(query.projections)}


def _source(plan: Plan, table: str) -> Source:
    columns = zip(plan.sources[table], plan.types[table], strict=True)
    items = tuple(
        ItemRule(name, kind, Regime.sealed, IdentifierClass.direct, False, 4, SubjectKind.thing)
        for name, kind in columns
    )
    return Source(plan.resources[table], table, table, items, {}, "")


def _select(query: Query, tables: Rows) -> list[tuple[Any, ...]]:
    rows = [r for r in _joined(query, tables) if query.where is None or _true(query.where, r)]
    groups = _grouped(query, rows) if query.aggregates else [[row] for row in rows]
    found = [
        (tuple(_value(p.expression, group) for p in query.projections), group) for group in groups
    ]
    for ordering in reversed(query.order):
        found.sort(key=_order_key(ordering.expression), reverse=ordering.descending)
        absent = [f for f in found if _value(ordering.expression, f[1]) is None]
        present = [f for f in found if _value(ordering.expression, f[1]) is not None]
        found = absent + present if ordering.nulls_first else present + absent
    values = [row for row, _ in found]
    if query.distinct:
        values = list(dict.fromkeys(values))
    start = query.offset or 0
    return values[start:] if query.limit is None else values[start : start + query.limit]


def _order_key(expression: exp.Expr) -> Callable[[tuple[Any, list[Row]]], Any]:
    def key(found: tuple[Any, list[Row]]) -> tuple[bool, Any]:
        value = _value(expression, found[1])
        return (value is not None, 0 if value is None else value)

    return key


def _grouped(query: Query, rows: list[Row]) -> list[list[Row]]:
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        key = tuple(_value(expression, [row]) for expression in query.group)
        groups.setdefault(key, []).append(row)
    return list(groups.values()) if query.group else [rows]


# -- FROM --------------------------------------------------------------------------------------


def _joined(query: Query, tables: Rows) -> list[Row]:
    first = query.relations[0]
    rows: list[Row] = [{first.alias: row} for row in _relation(first, tables)]
    for relation, joining in zip(query.relations[1:], query.joins, strict=True):
        candidates = _relation(relation, tables)
        absent = dict.fromkeys(_names(relation))
        widened: list[Row] = []
        for row in rows:
            both = [{**row, relation.alias: candidate} for candidate in candidates]
            matches = [
                wide
                for wide in both
                if all(_equal(_value(a, [wide]), _value(b, [wide])) for a, b in joining.pairs)
            ]
            widened += matches
            if joining.left and not matches:
                widened.append({**row, relation.alias: absent})
        rows = widened
    return rows


def _equal(one: Any, other: Any) -> bool:
    return _compare(operator.eq, one, other) is True


def _relation(relation: Relation, tables: Rows) -> list[dict[str, Any]]:
    if isinstance(relation, Base):
        return tables[relation.source.table]
    return [
        dict(zip(_names(relation), row, strict=True)) for row in _select(relation.query, tables)
    ]


def _names(relation: Relation) -> list[str]:
    if isinstance(relation, Base):
        return [name for name, _ in relation.source.columns()]
    return [projection.name for projection in relation.query.projections]


# -- expressions -------------------------------------------------------------------------------


def _true(expression: exp.Expr, row: Row) -> bool:
    return _value(expression, [row]) is True


def _value(node: exp.Expr, group: list[Row]) -> Any:
    """Aggregates see the whole group; everything else sees its first row."""
    if isinstance(node, exp.Filter):
        condition = node.expression.this
        return _value(node.this, [row for row in group if _true(condition, row)])
    if isinstance(node, exp.AggFunc):
        return _aggregate(node, group)
    if isinstance(node, exp.Column):
        return group[0][node.table][node.name]
    if isinstance(node, exp.Literal):
        return node.name if node.is_string else _number(node.name)
    if isinstance(node, exp.Case):
        return _case(node, group)
    if isinstance(node, (exp.And, exp.Or)):
        return _connected(node, group)
    operation = _OPERATIONS.get(type(node))
    if operation is None:
        raise ValueError(f"outside the supported subset: {type(node).__name__}")
    return operation(node, [_value(child, group) for child in _operands(node)])


def _aggregate(node: exp.AggFunc, group: list[Row]) -> Any:
    if isinstance(node.this, exp.Star):
        return len(group)
    distinct = isinstance(node.this, exp.Distinct)
    column = node.this.expressions[0] if distinct else node.this
    present = [v for v in (_value(column, [row]) for row in group) if v is not None]
    if isinstance(node, exp.Count) and distinct:
        return len(set(present))
    if not present:
        return None
    if isinstance(node, (exp.Median, exp.PercentileCont)):
        place = node.args.get("expression")
        return _quantile(sorted(present), Decimal("0.5") if place is None else Decimal(place.name))
    return sum(present) if isinstance(node, exp.Sum) else float(sum(present)) / len(present)


def _quantile(values: list[Any], place: Decimal) -> Any:
    """Between two neighbours in proportion; decimals are cut off at their last digit."""
    rank = (len(values) - 1) * float(place)
    low, high = values[math.floor(rank)], values[math.ceil(rank)]
    if not isinstance(low, Decimal):
        return float(low) + (float(high) - float(low)) * (rank - math.floor(rank))
    digits = -int(low.as_tuple().exponent)
    first, last = (int(value.scaleb(digits)) for value in (low, high))
    return Decimal(int(first + (last - first) * (rank - math.floor(rank)))).scaleb(-digits)


def _operands(node: exp.Expr) -> Iterator[exp.Expr]:
    skipped = (exp.DataType, exp.Var)
    yield from (child for child in node.iter_expressions() if not isinstance(child, skipped))


def _number(text: str) -> int | Decimal:
    return Decimal(text) if "." in text else int(text)


def _case(node: exp.Case, group: list[Row]) -> Any:
    subject = _value(node.this, group) if node.this is not None else None
    for branch in node.args["ifs"]:
        condition = _value(branch.this, group)
        hit = condition is True if node.this is None else _equal(subject, condition)
        if hit:
            return _value(branch.args["true"], group)
    default = node.args.get("default")
    return None if default is None else _value(default, group)


def _connected(node: exp.Expr, group: list[Row]) -> bool | None:
    sides = [_value(node.this, group), _value(node.expression, group)]
    decisive = isinstance(node, exp.Or)
    if decisive in sides:
        return decisive
    return None if None in sides else not decisive


def _between(_: exp.Expr, values: list[Any]) -> bool | None:
    tested, low, high = values
    sides = [_compare(operator.le, low, tested), _compare(operator.le, tested, high)]
    return False if False in sides else None if None in sides else True


def _compare(function: Callable[[Any, Any], bool], one: Any, other: Any) -> bool | None:
    """Literals take the type of what they stand beside; unknown makes unknown."""
    if one is None or other is None:
        return None
    for mine, theirs in ((one, other), (other, one)):
        if isinstance(mine, float):
            one, other = float(one), float(other)
        if isinstance(mine, datetime) and not isinstance(theirs, datetime):
            one, other = _instant(one), _instant(other)
        elif isinstance(mine, date) and isinstance(theirs, str):
            one, other = (date.fromisoformat(v) if v is theirs else v for v in (one, other))
    return function(one, other)


def _instant(value: date) -> datetime:
    if isinstance(value, datetime):
        return value
    return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - SQL wall time


def _compared(function: Callable[[Any, Any], bool]) -> Callable[[exp.Expr, list[Any]], Any]:
    return lambda _, values: _compare(function, values[0], values[1])


def _strict(function: Callable[..., Any]) -> Callable[[exp.Expr, list[Any]], Any]:
    """Any unknown operand makes the result unknown."""
    return lambda _, values: None if None in values else function(*values)


def _in(_: exp.Expr, values: list[Any]) -> bool | None:
    tested, listed = values[0], values[1:]
    if tested is None:
        return None
    if any(_equal(tested, value) for value in listed):
        return True
    return None if None in listed else False


def _like(node: exp.Expr, values: list[Any]) -> bool | None:
    if None in values:
        return None
    parts = {"%": ".*", "_": "."}
    pattern = "".join(parts.get(character) or re.escape(character) for character in values[1])
    found = re.fullmatch(pattern, values[0], re.DOTALL) is not None
    return found is not bool(node.args.get("negate"))


def _is_null(node: exp.Expr, values: list[Any]) -> bool:
    return (values[0] is None) is not bool(node.args.get("negate"))


def _cast(node: exp.Expr, values: list[Any]) -> Any:
    if values[0] is None:
        return None
    if node.args["to"].this is exp.DType.DATE:
        return date.fromisoformat(values[0])
    return str(values[0])


def _substring(text: str, start: int, length: int | None = None) -> str:
    end = None if length is None else max(start + length - 1, 0)
    return text[max(start - 1, 0) : end]


def _truncated(node: exp.Expr, values: list[Any]) -> datetime | None:
    day = values[0]
    if day is None:
        return None
    month = {"MONTH": day.month, "QUARTER": (day.month - 1) // 3 * 3 + 1, "YEAR": 1}
    return datetime(day.year, month[node.args["unit"].name], 1)  # noqa: DTZ001 - SQL wall time


_OPERATIONS: Mapping[type[exp.Expr], Callable[[exp.Expr, list[Any]], Any]] = {
    exp.Boolean: lambda node, _: bool(node.this),
    exp.Null: lambda _, __: None,
    exp.Paren: lambda _, values: values[0],
    exp.Not: _strict(lambda value: not value),
    exp.Neg: _strict(lambda value: -value),
    exp.EQ: _compared(operator.eq),
    exp.NEQ: _compared(operator.ne),
    exp.LT: _compared(operator.lt),
    exp.LTE: _compared(operator.le),
    exp.GT: _compared(operator.gt),
    exp.GTE: _compared(operator.ge),
    exp.Between: _between,
    exp.In: _in,
    exp.Like: _like,
    exp.Is: _is_null,
    exp.Add: _strict(lambda a, b: a + b),
    exp.Sub: _strict(lambda a, b: a - b),
    exp.Mul: _strict(lambda a, b: a * b),
    exp.DPipe: _strict(lambda a, b: a + b),
    exp.Concat: lambda _, values: "".join(value for value in values if value is not None),
    exp.Coalesce: lambda _, values: next((v for v in values if v is not None), None),
    exp.Upper: _strict(str.upper),
    exp.Lower: _strict(str.lower),
    exp.Trim: _strict(lambda text: text.strip(" ")),
    exp.Length: _strict(len),
    exp.Substring: _strict(_substring),
    exp.StartsWith: _strict(lambda text, prefix: text.startswith(prefix)),
    exp.Year: _strict(lambda day: day.year),
    exp.Month: _strict(lambda day: day.month),
    exp.TimestampTrunc: _truncated,
    exp.Cast: _cast,
}
