"""The quality of a file as one HTML report: metrics with their formulas, rules, the law."""

from __future__ import annotations

from collections.abc import Sequence

from gongshu.quality import CLAUSE, Dimension, Measure, Report, Scheme
from gongshu_server.commands import pages


def render(found: Report, name: str, left: Sequence[str]) -> str:
    """Return the whole page; every name that came from a file is escaped."""
    body = [
        f"<p>{found.rows:,}行；缺少必填值的{found.incomplete:,}行；"
        f"不合内容、格式或代码规则的{found.dirty:,}行。</p>",
        pages.law(CLAUSE),
        "<p>没有可评价的元素（B = 0）时写“无法评估”，既不是0，也不是100%。</p>",
    ]
    for dimension in Dimension:
        measures = [one for one in found.measures if one.metric.dimension is dimension]
        body.append(f"<h2>{dimension.zh}</h2>")
        body.append(_chart(dimension, measures))
        body.append(pages.table(HEADS, map(cells, measures)))
    body.append("<h2>规则</h2>")
    body.append(pages.items(result.sentence for result in found.results))
    if left:
        body.append("<h2>没有读入的规则</h2>" + pages.items(left))
    return pages.page(f"数据质量报告：{name}", body)


HEADS = ("代码", "指标", "标准", "公式", "A", "B", "结果")


def cells(one: Measure) -> tuple[str, ...]:
    """Return the cells of a metric: code, name, standard, formula, A, B, value."""
    lower = "（越低越好）" if one.metric.lower_is_better else ""
    return (
        one.metric.code,
        f"{one.metric.zh}{lower}",
        one.metric.scheme.zh,
        one.metric.formula.zh,
        "—" if one.a is None else f"{one.a:,}",
        "—" if one.b is None else f"{one.b:,}",
        one.said,
    )


def _chart(dimension: Dimension, measures: Sequence[Measure]) -> str:
    """Draw what GB/T 36344 defines and could be assessed."""
    pairs = [
        (one.metric.zh, float(one.value), one.said)
        for one in measures
        if one.value is not None and one.metric.scheme is Scheme.gbt36344
    ]
    if not pairs:
        return ""
    return pages.bars(f"{dimension.zh}（GB/T 36344）", pairs, margin=180)
