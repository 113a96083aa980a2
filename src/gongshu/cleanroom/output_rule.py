"""Pass 8, output rule: what the outermost SELECT may be, for each of the three shapes.

Property: a statistical result has one group key and counts, sums, means and quantiles of a bare
item, and nothing else — no row, no total of groups, no order or cut that depends on an unreleased
value; a serving table has one subject key and answers; below the outermost SELECT there are only
projections, joins and filters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp

from gongshu.cleanroom.lattices import LatticeKind
from gongshu.cleanroom.model import Family, Finding, Statistic
from gongshu.cleanroom.parse import position
from gongshu.cleanroom.query import Origin, Projection, Query, bare_origin, levels, origins
from gongshu.cleanroom.regimes import Shape, is_identifier, is_open
from gongshu.cleanroom.resolve import HIDDEN_PREFIX
from gongshu.cleanroom.usage import Usage

CLAUSE = "dc-3"
MAX_MEASURES = 6
MAX_MOMENTS = 2
ONLY = (
    "目前只支持按一个维度计数、求和、求平均和求分位数：count(*)、count(DISTINCT 主体列)、"
    "sum(数据项)、avg(数据项)、median(数据项)、quantile_cont(数据项, 0.25)，可加 FILTER (WHERE …)。"
)
_AMOUNTS: Mapping[type[exp.Expr], Statistic] = {
    exp.Sum: "sum",
    exp.Avg: "mean",
    exp.Median: "quantile",
    exp.PercentileCont: "quantile",
}


@dataclass(frozen=True, slots=True)
class Counted:
    """One measure: `subject` is the counted subject column (None counts rows); with `item` it is
    a sum, a mean or a quantile of that item instead: `call` is the aggregate as it is written."""

    name: str
    subject: exp.Column | None
    condition: exp.Expr | None
    item: exp.Column | None = None
    statistic: Statistic | None = None
    call: exp.Expr | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """What the output rule read off the outermost SELECT."""

    key: Projection | None
    key_origin: Origin | None
    measures: tuple[Counted, ...]


def judge(sql: str, query: Query, shape: Shape, usage: Usage) -> tuple[Output, tuple[Finding, ...]]:
    """This function will say what a query outputs and why it may not, if it may not.

    Sources: disclosure-control §1, §3.4, §3.6, §7.
    """
    found = list(_inner_levels(sql, query))
    if shape == "service":
        return Output(None, None, ()), (*found, *_service(sql, query, usage))
    if shape == "open":
        return Output(None, None, ()), tuple(found)
    output, faults = _statistics(sql, query)
    return output, (*found, *faults)


def _is_unlisted(expression: exp.Expr) -> bool:
    """An aggregate that the parse has refused already is not refused twice."""
    inner = expression.this if isinstance(expression, exp.Filter) else expression
    if isinstance(inner, (exp.Sum, exp.Avg, exp.Median, exp.PercentileCont)):
        return not isinstance(inner.this, exp.Column)
    return not isinstance(inner, exp.Count)


def is_aggregate(expression: exp.Expr) -> bool:
    """This function will say whether an output expression is an aggregate, lawful or not."""
    return isinstance(expression, (exp.AggFunc, exp.Filter))


def _inner_levels(sql: str, query: Query) -> Iterator[Finding]:
    for path, level in levels(query):
        if path and (level.aggregates or level.order or level.distinct or _cut(level)):
            sentence = "子查询里只能做投影、连接和筛选；计数、去重、排序和 LIMIT 只能写在最外层。"
            where = position(sql, level.projections[0].expression)
            yield Finding("output.inner", sentence, CLAUSE, where)


def _cut(query: Query) -> bool:
    return query.limit is not None or query.offset is not None


# -- statistics --------------------------------------------------------------------------------


def _statistics(sql: str, query: Query) -> tuple[Output, tuple[Finding, ...]]:
    found: list[Finding] = []
    if _cut(query) or query.distinct:
        sentence = "统计结果不支持 DISTINCT、LIMIT 和 OFFSET：取舍哪些行会透露未公布的数。"
        found.append(Finding("output.cut", sentence, CLAUSE))
    key = _key(query)
    if key is None:
        sentence = (
            "请恰好按一个数据项分组（GROUP BY），并把它写在输出列里；目前不支持总计和多维交叉。"
        )
        found.append(Finding("output.one_key", sentence, CLAUSE))
    measures = [p for p in query.projections if p is not key]
    counted = [_counted(query, p) for p in measures]
    for projection, measure in zip(measures, counted, strict=True):
        unsupported = is_aggregate(projection.expression) and _is_unlisted(projection.expression)
        if measure is None and not unsupported:
            found.append(_unlawful(sql, query, projection))
    visible = [p for p in measures if not p.name.startswith(HIDDEN_PREFIX)]
    if not 1 <= len(visible) <= MAX_MEASURES:
        sentence = f"每次统计要有 1 到 {MAX_MEASURES} 个统计列。"
        found.append(Finding("output.measures", sentence, CLAUSE))
    if key is not None and any(o.expression != key.expression for o in query.order):
        sentence = "统计结果一律按分组项排序；按计数排序会透露未公布的数。"
        found.append(Finding("output.order", sentence, CLAUSE))
    origin = bare_origin(query, _untruncated(key.expression)) if key is not None else None
    if key is not None:
        found += _key_faults(sql, query, key, origin)
    complete = tuple(measure for measure in counted if measure is not None)
    found += _row_counts(query, complete)
    found += _moments(query, complete)
    return Output(key, origin, complete), tuple(found)


def _key(query: Query) -> Projection | None:
    if len(query.group) != 1:
        return None
    return next((p for p in query.projections if p.expression == query.group[0]), None)


def _untruncated(expression: exp.Expr) -> exp.Expr:
    return expression.this if isinstance(expression, exp.TimestampTrunc) else expression


def _counted(query: Query, projection: Projection) -> Counted | None:
    expression, condition = projection.expression, None
    if isinstance(expression, exp.Filter):
        expression, condition = expression.this, expression.expression.this
    if isinstance(expression, tuple(_AMOUNTS)):
        fine = _is_amount(query, expression.this)
        statistic = _AMOUNTS[type(expression)]
        counted = Counted(projection.name, None, condition, expression.this, statistic, expression)
        return counted if fine else None
    if not isinstance(expression, exp.Count):
        return None
    counted = expression.this
    if isinstance(counted, exp.Star):
        return Counted(projection.name, None, condition)
    if not isinstance(counted, exp.Distinct) or len(counted.expressions) != 1:
        return None
    column = counted.expressions[0]
    origin = bare_origin(query, column)
    # How many different values an amount has is counted by the rewrite only.
    values = projection.name.startswith(HIDDEN_PREFIX) and _is_amount(query, column)
    if origin is None or not (origin.is_subject or values):
        return None
    return Counted(projection.name, column, condition)


def _is_amount(query: Query, node: exp.Expr) -> bool:
    """Only a bare number can be added up; numbers from a code list are names, not amounts."""
    origin = bare_origin(query, node)
    rule = origin.rule if origin is not None else None
    if origin is None or rule is None or rule.family is not Family.NUMBER or is_identifier(origin):
        return False
    return rule.lattice is None or rule.lattice.kind is not LatticeKind.VALUES


def _unlawful(sql: str, query: Query, projection: Projection) -> Finding:
    where = position(sql, projection.expression)
    if not any(isinstance(n, tuple(_AMOUNTS)) for n in projection.expression.walk()):
        return Finding("output.measure", ONLY, CLAUSE, where)
    sentence = (
        "sum、avg 和分位数里只能直接写一个数值型数据项；代码、标识和计算出来的数不能这样统计。"
    )
    return Finding("output.amount", sentence, CLAUSE, where)


def _moments(query: Query, measures: tuple[Counted, ...]) -> Iterator[Finding]:
    """Several power sums of one item give its cells back; and the sums of two cohorts give that of
    their difference, which nobody has judged. Quantiles are no moments; `MAX_MEASURES` keeps them
    under nine."""
    asked: dict[Origin, list[Counted]] = {}
    for measure in measures:
        origin = bare_origin(query, measure.item) if measure.item is not None else None
        if origin is not None and not measure.name.startswith(HIDDEN_PREFIX):
            asked.setdefault(origin, []).append(measure)
    for origin, found in asked.items():
        moments = [measure for measure in found if measure.statistic != "quantile"]
        if any(measure.condition != found[0].condition for measure in found):
            sentence = (
                f"{origin.title}在一次统计里只能对一个人群求和、求平均或求分位数；"
                "两个人群的数相减，会得出没有核对过的数。要比较几个人群，请按它分组。"
            )
            yield Finding("output.amount_cohorts", sentence, CLAUSE)
        elif len(moments) > MAX_MOMENTS:
            sentence = (
                f"{origin.title}的合计和平均最多写 {MAX_MOMENTS} 个，这里写了 {len(moments)} 个。"
            )
            yield Finding("output.moments", sentence, CLAUSE)


def _row_counts(query: Query, measures: tuple[Counted, ...]) -> Iterator[Finding]:
    """A join repeats rows, and chosen repetition is a weight: it would undo rounding and could
    write one subject's answer into the digits of a count."""
    joined = any(len(level.relations) > 1 for _, level in levels(query))
    if joined and any(m.subject is None and m.item is None for m in measures):
        sentence = (
            "有连接时不能用 count(*)（连接会使同一行重复计数）；请改用 count(DISTINCT 主体列)。"
        )
        yield Finding("output.joined_rows", sentence, CLAUSE)
    if joined and any(measure.item is not None for measure in measures):
        sentence = (
            "有连接时不能求和、求平均或求分位数（连接会使同一个数重复计入）；请只从一张表统计。"
        )
        yield Finding("output.joined_amounts", sentence, CLAUSE)


def _key_faults(
    sql: str, query: Query, key: Projection, origin: Origin | None
) -> Iterator[Finding]:
    where = position(sql, key.expression)
    used = origins(query, key.expression)
    identified = next((o for o in used if is_identifier(o)), None)
    if identified is not None:
        sentence = f"{identified.title}能认出具体对象，不能用来分组。"
        yield Finding("cohort.identifier", sentence, CLAUSE, where)
    elif not used:
        yield Finding("output.one_key", "分组项必须是一个数据项。", CLAUSE, where)
    elif not all(is_open(o) for o in used):
        sentence = _closed_key(key.expression, origin)
        if sentence:
            yield Finding("output.key", sentence, CLAUSE, where, rewrite=_by_month(key, origin))


def _by_month(key: Projection, origin: Origin | None) -> str | None:
    lattice = origin.rule.lattice if origin is not None and origin.rule is not None else None
    monthly = lattice is not None and lattice.kind is LatticeKind.MONTHS
    return f"date_trunc('month', {key.expression.sql('duckdb')})" if monthly else None


def _closed_key(expression: exp.Expr, origin: Origin | None) -> str:
    lattice = origin.rule.lattice if origin is not None and origin.rule is not None else None
    if origin is None:
        return "分组项是由未开放的数据项计算出来的；请直接用登记了取值范围的数据项分组。"
    if lattice is None:
        return f"{origin.title}没有登记可用的取值范围，不能用来分组。"
    truncated = isinstance(expression, exp.TimestampTrunc)
    if lattice.kind is LatticeKind.MONTHS:
        hint = f"{origin.title}只能按月分组，请写成 date_trunc('month', {origin.column})。"
        return "" if truncated else hint
    if lattice.kind is LatticeKind.BANDS:
        return f"{origin.title}是数值分段，目前只能写在条件里，不能用来分组。"
    return f"{origin.title}不是日期，不能用 date_trunc。" if truncated else ""


# -- service -----------------------------------------------------------------------------------


def _service(sql: str, query: Query, usage: Usage) -> Iterator[Finding]:
    if query.aggregates or _cut(query):
        sentence = "服务表逐个主体给出答案，不做计数和 LIMIT。"
        yield Finding("output.service", sentence, "dc-7")
    keys = [p for p in query.projections if is_subject_key(query, p)]
    if len(keys) != 1:
        sentence = "服务表要恰好输出一个主体列（如 主体_企业）作为查询用的键。"
        yield Finding("output.service_key", sentence, "dc-7")
    if len(query.projections) <= len(keys):
        sentence = "服务表除主体列外，还要至少有一个答案列。"
        yield Finding("output.service_answer", sentence, "dc-7")
    for projection in query.projections:
        used = [o for o in origins(query, projection.expression) if is_identifier(o)]
        if used and projection not in keys:
            sentence = (
                f"答案列“{projection.name}”含有{used[0].title}，它能认出具体对象，不能作为答案。"
            )
            where = position(sql, projection.expression)
            yield Finding("output.service_identifier", sentence, "dc-7", where)
    for column in usage.columns:
        if not column.values:
            sentence = f"答案列“{column.name}”没有用到任何数据项。"
            yield Finding("output.service_answer", sentence, "dc-7")


def is_subject_key(query: Query, projection: Projection) -> bool:
    """This function will say whether an output column is a subject column as it is."""
    origin = bare_origin(query, projection.expression)
    return origin is not None and origin.is_subject
