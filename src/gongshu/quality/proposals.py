"""Proposes rules from what a study saw: what holds today should still hold tomorrow.

A proposal is a start for the department, who knows what is meant and strikes what is chance.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from gongshu.profile import ColumnProfile, FindingKind, Study
from gongshu.profile.statistics import ColumnValues
from gongshu.quality.rules import Check, Rule, RuleKind
from gongshu.vocabulary.identifiers import MOBILE_PATTERN

_ENOUGH: Final = 20  # Below so many rows everything holds by chance.
_ROWS_A_CODE: Final = 20
_KEYS: Final = 10  # Of many columns that tell rows apart most do so by chance.
_MOST: Final = 0.5  # Of the values must pass before a check is proposed: the others are the faults.
_CHECKS: Final = {
    FindingKind.citizen_id: Check.citizen_id,
    FindingKind.uscc: Check.uscc,
    FindingKind.bank_card: Check.bank_card,
}
_FROM: Final = re.compile("开始|起始|起日|生效|成立|发证|入院|受理")
_TO: Final = re.compile("结束|终止|截止|止日|失效|到期|注销|出院|办结")
_K = RuleKind


def propose_rules(found: Study) -> tuple[Rule, ...]:
    """Propose rules for the table of a study made for its owner, in the order of its columns.

    Nothing is proposed from fewer than 20 rows. A code set is proposed only where all values are
    known and each stands for 20 rows on average.
    """
    if found.profile.rows < _ENOUGH:
        return ()
    rules: list[Rule] = []
    names = [column.name for column in found.profile.columns]
    pairs = zip(found.profile.columns, found.values, strict=True)
    for column, held in pairs:
        if names.count(column.name) == 1:  # A rule names its column; of two it would mean neither.
            rules += _of_column(column, held)
    for key in (found.keys or ())[:_KEYS]:
        if all(names.count(name) == 1 for name in key.names):
            rules.append(Rule(f"{'、'.join(key.names)}唯一", _K.unique, key.names))
    return (*rules, *_sequences(found.profile.columns))


def _of_column(column: ColumnProfile, held: ColumnValues) -> Iterator[Rule]:
    name, only = column.name, (column.name,)
    if not column.nulls and not column.blanks:
        yield Rule(f"{name}非空", _K.not_null, only)
    checked = _checked(column)
    if checked is not None:
        yield Rule(f"{name}校验位", _K.checksum, only, check=checked)
        return
    if _is_mobile(column):
        yield Rule(f"{name}格式", _K.pattern, only, pattern=MOBILE_PATTERN)
        return
    values = [one.value for one in held.frequent]
    if _is_code(column, held):
        yield Rule(f"{name}代码集", _K.code_set, only, values=tuple(sorted(values)))
    elif _is_fixed(column):
        length = str(column.maximum_length)
        yield Rule(f"{name}长度", _K.length, only, low=length, high=length)
    elif held.spread is not None and held.spread.mean is not None and _is_amount(held):
        yield Rule(f"{name}不为负", _K.range, only, low="0")


def _checked(column: ColumnProfile) -> Check | None:
    for finding in column.findings:
        passed = finding.checksum_passed or 0
        if finding.kind in _CHECKS and not finding.embedded and passed > _MOST * finding.tested:
            return _CHECKS[finding.kind]
    return None


def _is_mobile(column: ColumnProfile) -> bool:
    return any(
        finding.kind is FindingKind.mobile
        and not finding.embedded
        and finding.hits > _MOST * finding.tested
        for finding in column.findings
    )


def _is_code(column: ColumnProfile, held: ColumnValues) -> bool:
    """Tell whether the few values of a text are all known and stand for many rows each."""
    return (
        column.type in ("string", "large_string")
        and 0 < column.distinct == len(held.frequent)
        and not column.blanks
        and column.rows - column.nulls >= _ROWS_A_CODE * column.distinct
    )


def _is_fixed(column: ColumnProfile) -> bool:
    return (
        column.maximum_length is not None
        and column.minimum_length == column.maximum_length >= 4
        and column.distinct > 1
    )


def _is_amount(held: ColumnValues) -> bool:
    return held.spread is not None and not held.spread.minimum.startswith("-")


def _sequences(columns: Sequence[ColumnProfile]) -> Iterator[Rule]:
    """Propose that what begins does so before it ends, where each is the only such date."""
    dates = [column.name for column in columns if column.type.startswith(("date", "timestamp"))]
    begins = [name for name in dates if _FROM.search(name)]
    ends = [name for name in dates if _TO.search(name)]
    if len(begins) == len(ends) == 1 and begins != ends:
        yield Rule(f"{begins[0]}不晚于{ends[0]}", _K.sequence, (begins[0], ends[0]))
