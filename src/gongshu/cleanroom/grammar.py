"""The allow-list: node types, and for each of them every argument with its permitted values.

A node type alone says too little: `Join.method` holds ASOF, `Limit.expression` a subquery,
`Star.replace` an expression. An argument that is not named here must be empty; whatever sqlglot
learns to parse tomorrow is therefore refused until somebody adds it (disclosure-control §3.5).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

Permitted = Callable[[Any], bool]

_NUMBER = re.compile(r"[0-9]{1,30}(\.[0-9]{1,18})?")
_MONTH_UNITS = frozenset({"MONTH", "QUARTER", "YEAR"})
MAX_TEXT = 1_000


def _one(*kinds: type[exp.Expr]) -> Permitted:
    return lambda value: isinstance(value, kinds)


def _list(*kinds: type[exp.Expr]) -> Permitted:
    return lambda value: isinstance(value, list) and all(isinstance(v, kinds) for v in value)


def _is(*values: object) -> Permitted:
    return lambda value: value in values


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _whole_number(value: Any) -> bool:
    return isinstance(value, exp.Literal) and not value.is_string and value.name.isdigit()


def _hundredths(value: Any) -> bool:
    """A part of all in whole hundredths, so that no two quantiles lie arbitrarily close."""
    plain = isinstance(value, exp.Literal) and not value.is_string
    return plain and re.fullmatch(r"0\.(0[1-9]|[1-9][0-9]?)", value.name) is not None


_EXPRESSION = _one(exp.Condition)
_EXPRESSIONS = _list(exp.Condition)
_BINARY: Mapping[str, Permitted] = {"this": _EXPRESSION, "expression": _EXPRESSION}
_UNARY: Mapping[str, Permitted] = {"this": _EXPRESSION}

QUERY_NODES: Mapping[type[exp.Expr], Mapping[str, Permitted]] = {
    exp.Select: {
        "expressions": _list(exp.Condition, exp.Alias, exp.Star, exp.Filter),
        "from_": _one(exp.From),
        "joins": _list(exp.Join),
        "where": _one(exp.Where),
        "group": _one(exp.Group),
        "order": _one(exp.Order),
        "limit": _one(exp.Limit),
        "offset": _one(exp.Offset),
        "distinct": _one(exp.Distinct),
        "with_": _one(exp.With),
    },
    exp.With: {"expressions": _list(exp.CTE)},
    exp.CTE: {"this": _one(exp.Select), "alias": _one(exp.TableAlias)},
    exp.From: {"this": _one(exp.Table, exp.Subquery)},
    exp.Table: {"this": _one(exp.Identifier), "alias": _one(exp.TableAlias)},
    exp.TableAlias: {"this": _one(exp.Identifier)},
    exp.Subquery: {"this": _one(exp.Select), "alias": _one(exp.TableAlias)},
    exp.Join: {
        "this": _one(exp.Table, exp.Subquery),
        "on": _one(exp.EQ, exp.And, exp.Paren),
        "side": _is("LEFT"),
        "kind": _is("INNER", "OUTER"),
    },
    exp.Where: {"this": _EXPRESSION},
    exp.Group: {"expressions": _EXPRESSIONS},
    exp.Order: {"expressions": _list(exp.Ordered)},
    exp.Ordered: {"this": _EXPRESSION, "desc": _is(True, False), "nulls_first": _is(True, False)},
    exp.Limit: {"expression": _whole_number},
    exp.Offset: {"expression": _whole_number},
    exp.Distinct: {"expressions": _list(exp.Column)},
    exp.Alias: {
        "this": _one(exp.Condition, exp.Filter),
        "alias": _one(exp.Identifier),
    },
    exp.Star: {},
    exp.Identifier: {"this": _text, "quoted": _is(True, False)},
}

SCALAR_NODES: Mapping[type[exp.Expr], Mapping[str, Permitted]] = {
    exp.Column: {"this": _one(exp.Identifier, exp.Star), "table": _one(exp.Identifier)},
    exp.Literal: {
        "this": lambda value: isinstance(value, str) and len(value) <= MAX_TEXT,
        "is_string": _is(True, False),
    },
    exp.Boolean: {"this": _is(True, False)},
    exp.Null: {},
    exp.Paren: _UNARY,
    exp.And: _BINARY,
    exp.Or: _BINARY,
    exp.Not: _UNARY,
    exp.EQ: _BINARY,
    exp.NEQ: _BINARY,
    exp.GT: _BINARY,
    exp.GTE: _BINARY,
    exp.LT: _BINARY,
    exp.LTE: _BINARY,
    exp.Is: {"this": _EXPRESSION, "expression": _one(exp.Null), "negate": _is(True)},
    exp.In: {"this": _EXPRESSION, "expressions": _EXPRESSIONS},
    exp.Between: {"this": _EXPRESSION, "low": _EXPRESSION, "high": _EXPRESSION},
    exp.Like: {**_BINARY, "negate": _is(True)},
    exp.Neg: {"this": _one(exp.Literal)},
    exp.Add: _BINARY,
    exp.Sub: _BINARY,
    exp.Mul: _BINARY,
    exp.DPipe: {**_BINARY, "safe": _is(True)},
    exp.Concat: {"expressions": _EXPRESSIONS, "safe": _is(True), "coalesce": _is(True)},
    exp.Case: {"this": _EXPRESSION, "ifs": _list(exp.If), "default": _EXPRESSION},
    exp.If: {"this": _EXPRESSION, "true": _EXPRESSION},
    exp.Cast: {"this": _EXPRESSION, "to": _one(exp.DataType)},
    exp.DataType: {"this": _is(exp.DType.DATE, exp.DType.TEXT), "nested": _is(False)},
    exp.Upper: _UNARY,
    exp.Lower: _UNARY,
    exp.Trim: _UNARY,
    exp.Length: _UNARY,
    exp.Substring: {"this": _EXPRESSION, "start": _whole_number, "length": _whole_number},
    exp.Coalesce: {"this": _EXPRESSION, "expressions": _EXPRESSIONS},
    exp.StartsWith: {"this": _EXPRESSION, "expression": _one(exp.Literal)},
    exp.Year: _UNARY,
    exp.Month: _UNARY,
    exp.TimestampTrunc: {
        "this": _EXPRESSION,
        "unit": lambda unit: isinstance(unit, exp.Var) and unit.name in _MONTH_UNITS,
    },
    exp.Var: {"this": _text},
}

AGGREGATE_NODES: Mapping[type[exp.Expr], Mapping[str, Permitted]] = {
    exp.Count: {"this": _one(exp.Star, exp.Distinct), "big_int": _is(True)},
    exp.Sum: {"this": _one(exp.Column)},
    exp.Avg: {"this": _one(exp.Column)},
    exp.Median: {"this": _one(exp.Column)},
    exp.PercentileCont: {"this": _one(exp.Column), "expression": _hundredths},
    exp.Filter: {"this": _one(exp.AggFunc), "expression": _one(exp.Where)},
}

ALLOWED: Mapping[type[exp.Expr], Mapping[str, Permitted]] = {
    **QUERY_NODES,
    **SCALAR_NODES,
    **AGGREGATE_NODES,
}


@dataclass(frozen=True, slots=True)
class Breach:
    """One node that the allow-list does not hold.

    `argument` is set when the type is listed but an argument is not. `readable` says that the
    node is an ordinary function over expressions: later passes may still name the items inside,
    though the query is refused in any case.
    """

    node: exp.Expr
    argument: str | None
    readable: bool


def breaches(tree: exp.Expr) -> Iterator[Breach]:
    """This function will yield every node and argument of `tree` that is not on the allow-list."""
    stack: list[exp.Expr] = [tree]
    while stack:
        node = stack.pop()
        rules = ALLOWED.get(type(node))
        if rules is None:
            yield Breach(node, None, isinstance(node, exp.Func) and _plain_arguments(node))
        else:
            for name, value in node.args.items():
                if not _empty(value) and not _permitted(rules.get(name), value):
                    yield Breach(node, name, _readable_argument(node, name))
        stack.extend(reversed(list(node.iter_expressions())))


def _permitted(rule: Permitted | None, value: Any) -> bool:
    return rule is not None and rule(value)


def _empty(value: Any) -> bool:
    """`False` is empty only where no rule speaks of it: flags that are off carry no meaning."""
    return value is None or value is False or value in ("", [])


def _readable_argument(node: exp.Expr, name: str) -> bool:
    kinds = (exp.Func, exp.Distinct, exp.DataType)
    return isinstance(node, kinds) and name in ("this", "expressions", "length")


def _plain_arguments(node: exp.Expr) -> bool:
    plain = (exp.Condition, exp.Var, exp.DataType, exp.Distinct, exp.Star)
    return all(isinstance(child, plain) for child in node.iter_expressions())


def is_plain_number(text: str) -> bool:
    """This function will say whether a number literal is written in digits with at most one dot."""
    return _NUMBER.fullmatch(text) is not None
