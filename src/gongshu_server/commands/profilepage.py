"""The profile of files as one HTML report: figures, evidence, proposals, the law beside them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from gongshu.profile import ColumnProfile, Study
from gongshu.profile.distinct import STANDARD_ERROR
from gongshu.profile.statistics import QUANTILES, ColumnValues, Spread
from gongshu_server.commands import pages

if TYPE_CHECKING:
    from gongshu_server.commands.profiles import Studied

TITLE = "数据探查报告"
SHOWN = 8
TYPES = {
    "bool": "是否",
    "date32": "日期",
    "decimal128": "小数",
    "double": "小数",
    "int64": "整数",
    "string": "文本",
    "timestamp": "日期时间",
}


def render(files: Sequence[Studied], law: Sequence[str]) -> str:
    """Return the whole page; every name and value that came from a file is escaped."""
    owner = any(one.study is not None and not one.study.protected for one in files)
    said = (
        "本报告含有数据的取值，只供数据提供单位自己使用，不得转给他人。"
        if owner
        else "本报告不含证件号码等敏感取值，不足10行的取值不列出。"
    )
    body = [f"<p><strong>{said}</strong></p>"]
    for one in files:
        body.append(f"<h2>{escape(one.name)}</h2>")
        if one.study is None:
            body.append(f'<p class="no">{escape(one.refusal or "")}</p>')
        else:
            body += _file(one, one.study, law)
    return pages.page(TITLE, body)


def share(part: int, whole: int) -> str:
    """Return the share of nulls and blanks; a share that is not nothing never reads 0 %."""
    if not whole:
        return "—"
    if not part:
        return "0"
    return "<0.1%" if part < whole / 1_000 else f"{part / whole:.1%}"


def distinct(column: ColumnProfile) -> str:
    """Return the number of different values, with its error where it is an estimate."""
    if column.distinct_exact:
        return f"{column.distinct:,}"
    return f"约{column.distinct:,}（±{3 * STANDARD_ERROR:.1%}）"


def keys(found: Study) -> str:
    """Return the keys as a sentence."""
    if found.keys is None:
        return "内存不足，没有判断"
    names = [" + ".join(key.names) for key in found.keys]
    more = f"，另有{len(names) - SHOWN}个" if len(names) > SHOWN else ""
    return "；".join(names[:SHOWN]) + more if names else "没有（单独或两两组合）"


def kind(column: ColumnProfile) -> str:
    """Return the type of a column as a word."""
    word = column.type.split("[")[0].split("(")[0]
    return TYPES.get(word, column.type)


def _file(one: Studied, found: Study, law: Sequence[str]) -> list[str]:
    profile = found.profile
    said = profile.proposal
    pairs = list(zip(profile.columns, found.values, strict=True))
    return [
        f"<p>{profile.rows:,}行，{len(profile.columns):,}个数据项，没有读进来的{one.rejected:,}行。</p>",
        pages.items(one.notes),
        "<h3>建议</h3>",
        f"<p>类别 {escape(said.category)}，级别 {said.level.zh}，一般数据分级 {said.grade}级，"
        f"对象 {said.subject.zh}。建议由人确认后生效。</p>",
        pages.items(said.reasons),
        "".join(pages.law(code) for code in law),
        "<h3>数据项</h3>",
        _overview(profile.columns),
        f"<p>能区分每一行的数据项：{escape(keys(found))}。</p>",
        "<h3>空值</h3>",
        _nulls(profile.columns),
        *(_column(column, held) for column, held in pairs),
    ]


def _overview(columns: Sequence[ColumnProfile]) -> str:
    heads = ("数据项", "类型", "空值", "不同值", "长度", "发现", "级别", "分级", "标识")
    rows = (
        (
            column.name,
            kind(column),
            share(column.nulls + column.blanks, column.rows),
            distinct(column),
            _lengths(column),
            "、".join(dict.fromkeys(finding.kind.zh for finding in column.findings)) or "—",
            column.proposal.level.zh,
            f"{column.proposal.grade}级",
            column.proposal.identifier.zh,
        )
        for column in columns
    )
    return pages.table(heads, rows)


def _lengths(column: ColumnProfile) -> str:
    if column.maximum_length is None:
        return "—"
    return f"{column.minimum_length}–{column.maximum_length}"


def _nulls(columns: Sequence[ColumnProfile]) -> str:
    pairs = [
        (_brief(column.name), empty / column.rows, share(empty, column.rows))
        for column in columns
        if (empty := column.nulls + column.blanks)
    ]
    if not pairs:
        return "<p>没有空值。</p>"
    return pages.bars("各数据项空值的占比", pairs, margin=180)


def _column(column: ColumnProfile, held: ColumnValues) -> str:
    parts = [f"<h3>{escape(column.name)}</h3>"]
    parts.append(pages.items(finding.sentence for finding in column.findings))
    if held.spread is not None:
        parts.append(_spread(column, held.spread))
    if held.frequent:
        pairs = [(_brief(one.value), one.rows, f"{one.rows:,}行") for one in held.frequent]
        parts.append(pages.bars(f"{column.name}的常见值", pairs, margin=180))
        if held.frequent_short:
            parts.append(f"<p>行数至多少计{held.frequent_short:,}行。</p>")
    if held.withheld:
        parts.append(f"<p>{escape(held.withheld)}。</p>")
    parts.append("<details><summary>建议的理由</summary>")
    parts.append(pages.items(column.proposal.reasons) + "</details>")
    return "".join(parts)


def _spread(column: ColumnProfile, spread: Spread) -> str:
    mean = "—" if spread.mean is None else f"{spread.mean:,.6g}"
    figures = pages.table(
        ("最小", "最大", "平均", *(f"{at:.0%}分位（约）" for at in QUANTILES)),
        ((spread.minimum, spread.maximum, mean, *spread.quantiles),),
    )
    return figures + _box(column.name, spread)


def _box(name: str, spread: Spread) -> str:
    """Draw a box plot: the whole range, the middle nine tenths, the middle half, the median."""
    try:
        low, high = float(spread.minimum), float(spread.maximum)
        at = [(float(one) - low) / (high - low) * 600 + 10 for one in spread.quantiles]
    except (ValueError, ZeroDivisionError):
        return ""  # Dates, and a column that is all one value: the figures say it.
    said = f"{name}：最小{spread.minimum}，中位{spread.quantiles[2]}，最大{spread.maximum}"
    return (
        f'<svg viewBox="0 0 620 40" width="620" role="img" aria-label="{escape(said)}">'
        '<line x1="10" y1="20" x2="610" y2="20" stroke="#8a94a6"/>'
        f'<rect x="{at[0]:.1f}" y="16" width="{at[4] - at[0]:.1f}" height="8" fill="#a9c5ea"/>'
        f'<rect x="{at[1]:.1f}" y="10" width="{at[3] - at[1]:.1f}" height="20" fill="#206bc4"/>'
        f'<line x1="{at[2]:.1f}" y1="6" x2="{at[2]:.1f}" y2="34" stroke="#182433" '
        'stroke-width="2"/></svg>'
    )


def _brief(text: str) -> str:
    return text if len(text) <= 12 else f"{text[:11]}…"
