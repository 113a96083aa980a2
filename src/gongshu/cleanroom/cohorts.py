"""Pass 7, cohorts: who is counted may only be said in lines that were drawn beforehand.

Property: every condition of a statistical query, at every level and in every FILTER, compares one
bare item with literals; an item that is not opened only with literals on its lattice; identifiers
stand in equi-joins and nowhere else. So no cohort can be cut around one chosen subject.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass

from sqlglot import exp

from gongshu.cleanroom.families import COMPARISONS, Value, is_literal, literal_value
from gongshu.cleanroom.lattices import LatticeKind
from gongshu.cleanroom.model import Family, Finding, ItemRule
from gongshu.cleanroom.parse import function_name, position
from gongshu.cleanroom.query import Base, Origin, Query, bare_origin, levels, origins
from gongshu.cleanroom.regimes import is_identifier, is_open
from gongshu.cleanroom.wordings import nearest
from gongshu.vocabulary.levels import IdentifierClass

CLAUSE = "dc-3"
_ORDERED = (exp.GTE, exp.LT)
_EQUAL = (exp.EQ, exp.NEQ)
_MIRROR: Mapping[type[exp.Expr], type[exp.Expr]] = {
    exp.GT: exp.LT,
    exp.GTE: exp.LTE,
    exp.LT: exp.GT,
    exp.LTE: exp.GTE,
}
Injected = Set[str]
"""Texts of the conditions that the rewrite itself put around sources."""


@dataclass(frozen=True, slots=True)
class _Test:
    """One condition on one column: `kind` is the sqlglot class of the comparison."""

    column: exp.Expr
    kind: type[exp.Expr]
    literals: tuple[exp.Expr, ...]


def judge(sql: str, query: Query, injected: Injected | None = None) -> tuple[Finding, ...]:
    """This function will refuse each condition of a statistical query that could isolate someone.

    `injected` is given for a text that the rewrite made: such a text may also ask in a FILTER
    whether a row has a subject at all. Source: disclosure-control §3.1 and §3.2.
    """
    found: list[Finding] = []
    for _, level in levels(query):
        if level.where is not None and not _is_injected(level, injected or frozenset()):
            found += _condition(sql, level, level.where)
    for projection in query.projections:
        for node in projection.expression.find_all(exp.Filter):
            condition = node.expression.this
            found += _condition(sql, query, condition, rewritten=injected is not None)
        for aggregate in projection.expression.find_all(exp.AggFunc):
            found += _inside_aggregate(sql, query, aggregate)
    return tuple(dict.fromkeys(found))


def join_keys(sql: str, query: Query) -> tuple[Finding, ...]:
    """This function will refuse joins on anything but keys and opened items (every shape)."""
    found = []
    for _, level in levels(query):
        for joining in level.joins:
            for pair in joining.pairs:
                ends = [bare_origin(level, side) for side in pair]
                if None in ends or not _joinable([end for end in ends if end is not None]):
                    names = "、".join(
                        dict.fromkeys(o.title for side in pair for o in origins(level, side))
                    )
                    sentence = (
                        f"不能用{names}连接：只能用同类的主体列、两边都是标识的项，"
                        "或两边都已开放的项。"
                    )
                    found.append(Finding("cohort.join", sentence, CLAUSE, position(sql, pair[1])))
    return tuple(found)


def _joinable(ends: list[Origin]) -> bool:
    if all(end.is_subject for end in ends):
        kinds = [{k for k, c in end.source.subjects.items() if c == end.column} for end in ends]
        return bool(kinds[0] & kinds[1])
    if (
        any(end.is_subject for end in ends)
        or len({end.rule and end.rule.family for end in ends}) > 1
    ):
        return False
    direct = all(end.rule and end.rule.identifier is IdentifierClass.direct for end in ends)
    return direct or all(is_open(end) for end in ends)


def _is_injected(level: Query, injected: Injected) -> bool:
    """Only a wrapper around one bare source may carry a condition of the rewrite, word for word."""
    relation = level.relations[0]
    if len(level.relations) != 1 or not isinstance(relation, Base) or level.where is None:
        return False
    return level.where.sql("duckdb") in injected


def _condition(
    sql: str, query: Query, condition: exp.Expr, *, rewritten: bool = False
) -> Iterator[Finding]:
    for node in _leaves(condition):
        if not (rewritten and _is_match(query, node)):
            sentence, code = _test_fault(query, node)
            if sentence:
                rewrite = _nearest(query, node) if code in ("operator", "off_lattice") else None
                where = position(sql, node)
                yield Finding(f"cohort.{code}", sentence, CLAUSE, where, rewrite=rewrite)


def _nearest(query: Query, node: exp.Expr) -> str | None:
    test = _test(node)
    origin = bare_origin(query, test.column) if test is not None else None
    rule = origin.rule if origin is not None else None
    if test is None or rule is None or rule.lattice is None:
        return None
    values = tuple(literal_value(literal, rule.family) for literal in test.literals)
    return nearest(test.column, test.kind, values, rule.lattice)


def _is_match(query: Query, node: exp.Expr) -> bool:
    """`subject IS NOT NULL` is how the rewrite says that a LEFT JOIN found a match; that an item
    `IS NOT NULL`, is `<> 0`, `> 0` or `< 0` is how it says who contributes to its sum."""
    if not isinstance(node, (exp.Is, exp.NEQ, exp.GT, exp.LT)):
        return False
    origin = bare_origin(query, node.this)
    if origin is None:
        return False
    amount = origin.rule is not None and origin.rule.family is Family.NUMBER
    amount = amount and not is_identifier(origin)
    if isinstance(node, exp.Is):
        return origin.is_subject or amount
    return amount and literal_value(node.expression, Family.NUMBER) == 0


def _leaves(condition: exp.Expr) -> Iterator[exp.Expr]:
    stack = [condition]
    while stack:
        node = stack.pop()
        if isinstance(node, (exp.And, exp.Or)):
            stack += [node.expression, node.this]
        elif isinstance(node, (exp.Not, exp.Paren)):
            stack.append(node.this)
        else:
            yield node


def _test_fault(query: Query, node: exp.Expr) -> tuple[str, str]:
    identified = [o for o in origins(query, node) if is_identifier(o)]
    if identified:
        return (
            f"{identified[0].title}能认出具体对象，只能用来连接，不能出现在条件、分组或计算里。",
            "identifier",
        )
    test = _test(node)
    if test is None:
        return "条件只能是“数据项 与 固定值”的比较（=、<>、<、>=、IN、IS NULL）。", "comparison"
    origin = bare_origin(query, test.column)
    if origin is None or origin.rule is None:
        computed = origins(query, test.column)
        if computed and all(is_open(o) for o in computed):
            return "", ""
        return "条件里不能对未开放的数据项做计算；请直接拿数据项与固定值比较。", "computed"
    if is_open(origin):
        return "", ""
    return _lattice_fault(origin, origin.rule, test)


def _test(node: exp.Expr) -> _Test | None:
    if isinstance(node, COMPARISONS):
        sides = (node.this, node.expression)
        if is_literal(sides[1]) and not is_literal(sides[0]):
            return _Test(sides[0], type(node), (sides[1],))
        if is_literal(sides[0]) and not is_literal(sides[1]):
            return _Test(sides[1], _MIRROR.get(type(node), type(node)), (sides[0],))
        return None
    if isinstance(node, exp.In) and all(is_literal(value) for value in node.expressions):
        return _Test(node.this, exp.In, tuple(node.expressions))
    if isinstance(node, exp.Is):
        return _Test(node.this, exp.Is, ())
    if isinstance(node, (exp.Between, exp.Like)):
        fixed = [v for k, v in node.args.items() if k != "this" and isinstance(v, exp.Expr)]
        return _Test(node.this, type(node), tuple(fixed)) if all(map(is_literal, fixed)) else None
    return None


def _lattice_fault(origin: Origin, rule: ItemRule, test: _Test) -> tuple[str, str]:
    lattice = rule.lattice
    if lattice is None:
        return (
            f"{origin.title}没有登记可用的取值范围（字典、月份或分段），不能写在条件里；"
            "请换用已登记的项，或请数据提供单位登记。",
            "no_lattice",
        )
    if test.kind is exp.Is:
        return "", ""
    permitted = _ORDERED if lattice.is_ordered else (*_EQUAL, exp.In)
    if test.kind not in permitted:
        signs = ">= 和 <" if lattice.is_ordered else "=、<> 和 IN"
        return f"{origin.title}按{lattice.kind.zh}划分，条件里只能用 {signs}。", "operator"
    for node in test.literals:
        value = literal_value(node, rule.family)
        if value is None or not lattice.holds(value):
            return _off_lattice(origin, rule, value), "off_lattice"
    return "", ""


def _off_lattice(origin: Origin, rule: ItemRule, value: Value | None) -> str:
    lattice = rule.lattice
    if lattice is not None and lattice.kind is LatticeKind.BANDS:
        edges = "、".join(str(edge) for edge in sorted(lattice.edges)[:8])
        return f"{origin.title}只能在登记的分段边界上比较（如 {edges}）。"
    if lattice is not None and lattice.kind is LatticeKind.VALUES:
        some = "、".join(sorted(lattice.values)[:8])
        return f"{origin.title}只能与登记的取值比较（如 {some}）。"
    return f"{origin.title}只能与某月的第一天比较，例如 DATE '2026-01-01'。"


def _inside_aggregate(sql: str, query: Query, node: exp.AggFunc) -> Iterable[Finding]:
    """A CASE, comparison or arithmetic inside an aggregate can give one subject its own weight."""
    inside = list(node.find_all(exp.Case, exp.Binary, exp.Not, exp.In, exp.Between, exp.Anonymous))
    if inside:
        sentence = (
            f"{function_name(node)} 里面写了 CASE、比较或计算，这样可以把某一个人或某一家"
            f"单独算出来，因此不允许。{_rewrite(query, node)}"
        )
        lawful = _filtered(query, node)
        where = position(sql, node)
        yield Finding("cohort.isolates", sentence, CLAUSE, where, rewrite=lawful)
    for origin in origins(query, node):
        if is_identifier(origin) and not isinstance(node, exp.Count):
            sentence = f"{origin.title}能认出具体对象，不能参与 {function_name(node)} 计算。"
            yield Finding("cohort.identifier", sentence, CLAUSE, position(sql, node))


def _rewrite(query: Query, node: exp.AggFunc) -> str:
    """Name the nearest lawful wording: the condition moves out of the aggregate into FILTER."""
    if any(is_identifier(origin) for origin in origins(query, node)):
        return "按标识挑出的对象不能单独统计；请按字典、月份或分段划出一群对象再计数。"
    lawful = _filtered(query, node) or "count(*) FILTER (WHERE 数据项 = 固定值)"
    return f"请改写成 {lawful}。"


def _filtered(query: Query, node: exp.AggFunc) -> str | None:
    """Return the count of the one condition inside an aggregate, where it is a lawful one."""
    case = node.find(exp.Case)
    branches = case.args["ifs"] if case is not None and case.this is None else []
    condition = branches[0].this if len(branches) == 1 else None
    if condition is None or isinstance(condition, exp.Column):
        return None
    if any(_test_fault(query, leaf)[0] for leaf in _leaves(condition)):
        return None
    plain = condition.copy()
    for column in list(plain.find_all(exp.Column)) if len(query.relations) == 1 else []:
        column.set("table", None)
    return f"count(*) FILTER (WHERE {plain.sql('duckdb')})"
