"""The risk report as one HTML file that needs nothing else: no script, no link, no font."""

from __future__ import annotations

from html import escape

from gongshu.risk import CLAUSE, SMALLEST_CLASS, Assessment
from gongshu_server.commands import pages

BARS = ((1, 1), (2, 2), (3, 4), (5, 9), (10, 19), (20, 49), (50, 99), (100, 10**18))


def render(found: Assessment, name: str) -> str:
    """Return the whole page; every name that came from the file is escaped."""
    return pages.page(
        f"重标识风险报告：{name}",
        [
            _figures(found),
            "<h2>能不能给</h2>",
            pages.law(CLAUSE),
            _verdicts(found),
            "<h2>等价类的大小</h2>",
            _chart(found),
            _sensitive(found),
            _combinations(found),
        ],
    )


def _figures(found: Assessment) -> str:
    sizes, risk = found.sizes, found.risk
    return pages.table(
        ("项目", "数值"),
        (
            ("准标识符", "、".join(found.quasi)),
            ("行", f"{sizes.rows:,}"),
            ("抑制的行", f"{sizes.suppressed:,}"),
            ("等价类", f"{sizes.count:,}"),
            ("最小等价类 k", f"{sizes.k:,}"),
            ("唯一的等价类", f"{sizes.uniques:,}"),
            ("最高风险（检察官）", f"{risk.highest:.2%}"),
            ("平均风险（营销者）", f"{risk.average:.2%}"),
            ("各等价类风险的均值", f"{risk.average_of_classes:.2%}"),
        ),
    )


def _verdicts(found: Assessment) -> str:
    parts = []
    for one in found.verdicts:
        word, style = ("可以", "yes") if one.acceptable else ("不可以", "no")
        parts.append(
            f'<h3>{escape(one.model.zh)}：<span class="{style}">{word}</span></h3>'
            f"<p>上限1/{SMALLEST_CLASS[one.model]}；超过上限的等价类{one.above:,}个，"
            f"占{one.share_above:.2%}；总体风险{one.overall:.2%}，上限5%。</p>"
            + pages.items(one.reasons)
        )
    return "".join(parts)


def _chart(found: Assessment) -> str:
    """Return the histogram as an inline drawing, with its numbers as text beside the bars."""
    sizes, counts = found.sizes.sizes, found.sizes.classes
    bars = []
    for low, high in BARS:
        many = int(counts[(sizes >= low) & (sizes <= high)].sum())
        bars.append((_span(low, high), many, f"{many:,}个"))
    return pages.bars("等价类大小的分布", bars)


def _span(low: int, high: int) -> str:
    if low == high:
        return f"{low}"
    return f"{low}及以上" if high > 10**9 else f"{low}–{high}"


def _sensitive(found: Assessment) -> str:
    if not found.diversity:
        return ""
    rows = (
        (
            name,
            f"{one.distinct_l}",
            f"{one.entropy_l:.2f}",
            "—" if one.recursive_c is None else f"{one.recursive_c}",
            f"{one.alpha:.3f}",
            f"{one.basic_beta:.2f}",
            f"{one.delta:.2f}",
            f"{one.t_categorical:.3f}",
            "—" if one.t_ordered is None else f"{one.t_ordered:.3f}",
        )
        for name, one in found.diversity.items()
    )
    heads = ("敏感项", "l", "熵 l", "递归 c", "α", "β", "δ", "t（分类）", "t（有序）")
    return "<h2>敏感项</h2>" + pages.table(heads, rows)


def _combinations(found: Assessment) -> str:
    if not found.combinations:
        return ""
    rows = (
        (
            "、".join(one.columns),
            f"{one.classes:,}",
            f"{one.uniques:,}",
            f"{one.average:.2%}",
            "有" if one.singles_out else "没有",
            "计数" if one.exact else "估计",
        )
        for one in found.combinations
    )
    heads = ("组合", "等价类", "唯一的行", "平均风险", "不足20个的类", "来源")
    return "<h2>准标识符的全部组合</h2>" + pages.table(heads, rows)
