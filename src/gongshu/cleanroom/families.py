"""Pass 3b, families: no comparison or function may convert a cell, for a conversion can fail.

Property: in what passes, both sides of every comparison are of one family, and the only values
that are converted are literals. A failing cast would tell by its failure what a cell holds (S13).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from sqlglot import exp

from gongshu.cleanroom.model import Family, Finding
from gongshu.cleanroom.parse import function_name, position
from gongshu.cleanroom.query import Base, Query, levels

CLAUSE = "dc-6"
COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
_TEXT_ONLY = (exp.Upper, exp.Lower, exp.Trim, exp.Length, exp.Substring, exp.StartsWith, exp.Like)
_TIME_ONLY = (exp.Year, exp.Month, exp.TimestampTrunc)
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul)
_ADDED = (exp.Sum, exp.Avg, exp.Median, exp.PercentileCont)
_TRUTH = (*COMPARISONS, exp.And, exp.Or, exp.Not, exp.In, exp.Between, exp.Like, exp.Is)
_RESULTS: tuple[tuple[tuple[type[exp.Expr], ...], Family], ...] = (
    ((exp.Boolean, exp.StartsWith, *_TRUTH), Family.BOOLEAN),
    ((exp.Year, exp.Month, exp.Length, exp.Count, *_ADDED, *_ARITHMETIC), Family.NUMBER),
    ((exp.TimestampTrunc,), Family.TIMESTAMP),
    ((exp.Upper, exp.Lower, exp.Trim, exp.Substring, exp.DPipe, exp.Concat), Family.TEXT),
)

Value = str | Decimal | date | bool


def literal_value(node: exp.Expr, family: Family) -> Value | None:
    """This function will return the value of a literal as one of `family`, None if it is none."""
    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, exp.Boolean):
        return bool(node.this) if family is Family.BOOLEAN else None
    if family in (Family.DATE, Family.TIMESTAMP):
        dated = isinstance(node, exp.Cast) and node.to.this is exp.DType.DATE
        text = node.this if dated else node if family is Family.DATE else None
        return _date(text.name) if isinstance(text, exp.Literal) and text.is_string else None
    if family is Family.NUMBER:
        sign = -1 if isinstance(node, exp.Neg) else 1
        digits = node.this if isinstance(node, exp.Neg) else node
        plain = isinstance(digits, exp.Literal) and not digits.is_string
        return sign * Decimal(digits.name) if plain else None
    text_literal = isinstance(node, exp.Literal) and node.is_string
    return node.name if text_literal and family is Family.TEXT else None


def is_literal(node: exp.Expr) -> bool:
    """This function will say whether a value is fixed in the text of the query."""
    while isinstance(node, (exp.Paren, exp.Neg, exp.Cast)):
        node = node.this
    return isinstance(node, (exp.Literal, exp.Boolean, exp.Null))


def _date(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if text == found.isoformat() else None


def check(sql: str, query: Query) -> tuple[Finding, ...]:
    """This function will refuse every expression in which a cell would have to be converted."""
    found: list[Finding] = []
    for _, level in levels(query):
        if level.where is not None and family_of(level, level.where) is not Family.BOOLEAN:
            where = position(sql, level.where)
            found.append(Finding("types.conversion", "WHERE 后面要写条件。", CLAUSE, where))
        for expression in _expressions(level):
            for node in expression.walk():
                sentence = _fault(level, node)
                if sentence is not None:
                    where = position(sql, node)
                    found.append(Finding("types.conversion", sentence, CLAUSE, where))
    return tuple(dict.fromkeys(found))


def _expressions(query: Query) -> Iterator[exp.Expr]:
    yield from (p.expression for p in query.projections)
    yield from (column for joining in query.joins for pair in joining.pairs for column in pair)
    yield from query.group
    if query.where is not None:
        yield query.where
    for joining in query.joins:
        yield from (
            exp.EQ(this=one.copy(), expression=other.copy()) for one, other in joining.pairs
        )


def _fault(query: Query, node: exp.Expr) -> str | None:
    if isinstance(node, (*COMPARISONS, exp.In, exp.Between)):
        return _mixed(query, node.this, _others(node))
    if isinstance(node, exp.Coalesce):
        return _mixed(query, node.this, node.expressions)
    if isinstance(node, exp.Case):
        branches = [branch.args["true"] for branch in node.args["ifs"]]
        default = node.args.get("default")
        return _mixed(query, branches[0], [*branches[1:], *([default] if default else [])])
    if isinstance(node, (exp.Concat, exp.DPipe)):
        parts = node.expressions if isinstance(node, exp.Concat) else [node.this, node.expression]
        fine = all(family_of(query, part) is Family.TEXT for part in parts)
        return None if fine else "只能拼接文本；其他类型请先写成 CAST(数据项 AS VARCHAR)。"
    wanted = _wanted(node)
    if wanted and family_of(query, node.this) not in wanted:
        kinds = "或".join(family.zh for family in wanted)
        return f"{function_name(node)} 只能用于{kinds}类型的数据项。"
    if isinstance(node, exp.Cast) and node.to.this is exp.DType.DATE:
        fine = literal_value(node, Family.DATE) is not None
        return None if fine else "日期请写成 DATE '2026-01-01' 的形式，不能把别的数据项转换成日期。"
    if isinstance(node, (*_ARITHMETIC, exp.And, exp.Or)):
        family = Family.NUMBER if isinstance(node, _ARITHMETIC) else Family.BOOLEAN
        both = (family_of(query, node.this), family_of(query, node.expression))
        return None if both == (family, family) else f"这里的两边都必须是{family.zh}类型。"
    return None


def _wanted(node: exp.Expr) -> tuple[Family, ...]:
    if isinstance(node, _TEXT_ONLY):
        return (Family.TEXT,)
    if isinstance(node, _TIME_ONLY):
        return (Family.DATE, Family.TIMESTAMP)
    if isinstance(node, _ADDED):
        return (Family.NUMBER,)
    return (Family.BOOLEAN,) if isinstance(node, (exp.Not, exp.Where)) else ()


def _others(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, exp.In):
        return list(node.expressions)
    if isinstance(node, exp.Between):
        return [node.args["low"], node.args["high"]]
    return [node.expression]


def _mixed(query: Query, first: exp.Expr, others: list[exp.Expr]) -> str | None:
    """Compare all values with the first that is not a literal: literals adapt, cells do not."""
    values = [first, *others]
    cells = [value for value in values if not is_literal(value)]
    family = family_of(query, cells[0] if cells else first)
    if family is None:
        return "看不出这里的值是什么类型；请直接写数据项和固定值。"
    for value in values:
        fixed = is_literal(value)
        if fixed and not isinstance(value, exp.Null) and literal_value(value, family) is None:
            return (
                f"固定值 {value.sql('duckdb')[:40]} 不是{family.zh}类型，请写成{_example(family)}。"
            )
        if not fixed and family_of(query, value) is not family:
            return "比较的两边类型不同；请用同一类型的数据项和固定值。"
    return None


def _example(family: Family) -> str:
    examples = {
        Family.TEXT: "'文字'",
        Family.NUMBER: "100",
        Family.DATE: "DATE '2026-01-01'",
        Family.TIMESTAMP: "DATE '2026-01-01'",
        Family.BOOLEAN: "TRUE",
    }
    return examples[family]


def family_of(query: Query, node: exp.Expr) -> Family | None:
    """This function will return the family of a bound expression, None when it cannot tell."""
    while isinstance(node, (exp.Paren, exp.Neg)):
        node = node.this
    if isinstance(node, exp.Column):
        return _column_family(query, node)
    if isinstance(node, exp.Literal):
        return Family.TEXT if node.is_string else Family.NUMBER
    if isinstance(node, exp.Cast):
        return Family.DATE if node.to.this is exp.DType.DATE else Family.TEXT
    if isinstance(node, exp.Coalesce):
        return family_of(query, node.this)
    if isinstance(node, exp.Case):
        return family_of(query, node.args["ifs"][0].args["true"])
    return next((family for kinds, family in _RESULTS if isinstance(node, kinds)), None)


def _column_family(query: Query, column: exp.Column) -> Family | None:
    relation = query.relation(column.table)
    if not isinstance(relation, Base):
        inner = relation.query
        return family_of(inner, inner.projection(column.name).expression)
    rule = relation.source.item(column.name)
    return rule.family if rule is not None else Family.TEXT
