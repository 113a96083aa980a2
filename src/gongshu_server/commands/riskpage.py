"""The risk report as one HTML file that needs nothing else: no script, no link, no font."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from gongshu.procedures import clause
from gongshu.risk import CLAUSE, SMALLEST_CLASS, Assessment

BARS = ((1, 1), (2, 2), (3, 4), (5, 9), (10, 19), (20, 49), (50, 99), (100, 10**18))
STYLE = (
    "body{font:16px/1.6 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#182433}"
    "table{border-collapse:collapse;margin:1rem 0}td,th{padding:.3rem .8rem;text-align:left;"
    "border-bottom:1px solid #c8ced6}td.n{text-align:right}"
    "blockquote{border-left:4px solid #206bc4;"
    "margin:1rem 0;padding:.2rem 1rem;background:#f3f6fb}.no{color:#a61e1e}.yes{color:#1e6b2e}"
)


def render(found: Assessment, name: str) -> str:
    """Return the whole page; every name that came from the file is escaped."""
    body = [
        f"<h1>重标识风险报告：{escape(name)}</h1>",
        _figures(found),
        "<h2>能不能给</h2>",
        _law(),
        _verdicts(found),
        "<h2>等价类的大小</h2>",
        _chart(found),
        _sensitive(found),
        _combinations(found),
    ]
    return (
        '<!doctype html><html lang="zh-Hans"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">"
        f"<title>重标识风险报告：{escape(name)}</title><style>{STYLE}</style></head>"
        f"<body><main>{''.join(body)}</main></body></html>\n"
    )


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; the cells after the first are figures."""
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    lines = (
        "<tr>"
        + f'<th scope="row">{escape(first)}</th>'
        + "".join(f'<td class="n">{escape(cell)}</td>' for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def _figures(found: Assessment) -> str:
    sizes, risk = found.sizes, found.risk
    return _table(
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


def _law() -> str:
    rule = clause(CLAUSE)
    seen = "" if rule.read else "（未对照标准原文，引用前请核对）"
    said = f"{rule.instrument} {rule.article}：{rule.zh}"
    return f"<blockquote>{escape(said)}{seen}</blockquote>"


def _verdicts(found: Assessment) -> str:
    parts = []
    for one in found.verdicts:
        word, style = ("可以", "yes") if one.acceptable else ("不可以", "no")
        reasons = "".join(f"<li>{escape(reason)}</li>" for reason in one.reasons)
        parts.append(
            f'<h3>{escape(one.model.zh)}：<span class="{style}">{word}</span></h3>'
            f"<p>上限1/{SMALLEST_CLASS[one.model]}；超过上限的等价类{one.above:,}个，"
            f"占{one.share_above:.2%}；总体风险{one.overall:.2%}，上限5%。</p>"
            + (f"<ul>{reasons}</ul>" if reasons else "")
        )
    return "".join(parts)


def _chart(found: Assessment) -> str:
    """Return the histogram as an inline drawing, with its numbers as text beside the bars."""
    sizes, counts = found.sizes.sizes, found.sizes.classes
    bars = [
        (_span(low, high), int(counts[(sizes >= low) & (sizes <= high)].sum()))
        for low, high in BARS
    ]
    most = max((many for _, many in bars), default=0) or 1
    drawn = "".join(
        f'<text x="90" y="{at * 28 + 20}" text-anchor="end">{span}</text>'
        f'<rect x="100" y="{at * 28 + 5}" width="{420 * many / most:.1f}" height="20" '
        'fill="#206bc4"/>'
        f'<text x="{110 + 420 * many / most:.1f}" y="{at * 28 + 20}">{many:,}</text>'
        for at, (span, many) in enumerate(bars)
    )
    said = "；".join(f"{span}：{many:,}个" for span, many in bars)
    return (
        f'<svg viewBox="0 0 680 {len(bars) * 28}" width="680" role="img" '
        f'aria-label="等价类大小的分布：{said}" font-size="14">{drawn}</svg>'
    )


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
    return "<h2>敏感项</h2>" + _table(heads, rows)


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
    return "<h2>准标识符的全部组合</h2>" + _table(heads, rows)
