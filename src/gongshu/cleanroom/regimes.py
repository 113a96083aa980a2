"""Pass 6, regimes: in which shape a result leaves, and whether anything raw would leave with it.

Property: an output column of an export that is influenced by an item which is not opened is
either the group key or a count of a statistical result; whatever it is called, however it is
cast, cut, joined or encoded, a copy is found by lineage. Sealed items are never used.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from gongshu.cleanroom.model import Exit, Finding
from gongshu.cleanroom.parse import position
from gongshu.cleanroom.query import Origin, Query, bases
from gongshu.cleanroom.usage import ColumnUsage, Usage
from gongshu.vocabulary.levels import IdentifierClass, Regime

CLAUSE_RAW = "27-21"
CLAUSE_REGIME = "dc-2"
Shape = Literal["statistics", "open", "service"]


def is_open(origin: Origin) -> bool:
    """This function will say whether a column was lawfully opened: both its entries must say so."""
    rule = origin.rule
    return rule is not None and rule.opened and rule.regime is Regime.open


def is_identifier(origin: Origin) -> bool:
    """This function will say whether a column tells by itself whom a row is about."""
    rule = origin.rule
    return origin.is_subject or (rule is not None and rule.identifier is IdentifierClass.direct)


def shape_of(query: Query, usage: Usage, exit: Exit) -> Shape | None:
    """This function will name the shape of a result; None is an export of closed rows.

    A source of which only the number of rows is used is not open by that: its rows are counted.
    """
    if exit == "service":
        return "service"
    touched = {origin.path for origin in usage.origins}
    every_source = len(touched) == sum(1 for _ in bases(query))
    if every_source and all(is_open(origin) for origin in usage.origins):
        return "open"
    return "statistics" if query.aggregates else None


def sealed(usage: Usage) -> tuple[Finding, ...]:
    """This function will refuse every use of a sealed item (disclosure-control §2)."""
    found = {}
    for origin in usage.origins:
        rule = origin.rule
        if rule is not None and rule.regime is Regime.sealed:
            sentence = f"{origin.title}属于封存级，目前不能进入加工；请删去这一项。"
            found[origin.ref] = Finding("regime.sealed", sentence, rule.clause or CLAUSE_REGIME)
    return tuple(found.values())


def raw_copies(sql: str, query: Query, columns: Iterable[ColumnUsage]) -> tuple[Finding, ...]:
    """This function will refuse each of `columns` that closed items flow into or select.

    Source: 27号 Art. 21, Opinions 12.7: public data that was not lawfully opened does not go raw
    to the market.
    """
    found = tuple(finding for column in columns for finding in _raw_copy(sql, query, column))
    if found:
        return found
    sentence = "这个查询会逐行输出，却没有用到每张表的已开放数据项；请改为按一个维度计数。"
    return (Finding("regime.raw_rows", sentence, CLAUSE_RAW),)


def _raw_copy(sql: str, query: Query, column: ColumnUsage) -> list[Finding]:
    where = position(sql, query.projection(column.name).expression)
    closed = [origin for origin in column.values if not is_open(origin)]
    if closed:
        sentence = (
            f"输出列“{column.name}”含有{_titles(closed)}的原始内容，该项未依法开放，"
            "改名、转换、拼接或编码后也不能原样输出；请改为按一个维度计数，或只输出已开放的数据项。"
        )
        return [Finding("regime.raw_copy", sentence, CLAUSE_RAW, where)]
    deciding = [origin for origin in column.rows if not is_open(origin)]
    if deciding:
        sentence = (
            f"输出列“{column.name}”的行由未开放的{_titles(deciding)}筛选或连接得出，逐行输出会"
            "泄露它；请改为按一个维度计数。"
        )
        return [Finding("regime.raw_selection", sentence, CLAUSE_RAW, where)]
    return []


def opened_copies(usage: Usage) -> tuple[str, ...]:
    """This function will say for each copied column why it may leave as it is."""
    return tuple(
        f"输出列“{column.name}”可以原样输出：{_titles(column.values)}已依法开放"
        f"（依据：{_clauses(column.values)}），且筛选和连接也只用到已开放的数据项。"
        for column in usage.columns
        if column.values
    )


def _titles(origins: Iterable[Origin]) -> str:
    return "、".join(dict.fromkeys(origin.title for origin in origins))


def _clauses(origins: Iterable[Origin]) -> str:
    named = dict.fromkeys(o.rule.clause for o in origins if o.rule is not None and o.rule.clause)
    return "、".join(named) or "开放目录"
