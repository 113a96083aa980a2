"""What a rule asks of the values of a table, as data; `queries` compiles them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from gongshu.vocabulary.errors import Invalid
from gongshu.vocabulary.terms import Term


class RuleKind(Term):
    """The kinds of rules; `metrics.toml` says which metric each feeds."""

    not_null = "not_null", "非空"
    unique = "unique", "唯一"
    type = "type", "类型"
    length = "length", "长度"
    pattern = "pattern", "格式"
    code_set = "code_set", "代码集"
    range = "range", "值域"
    period = "period", "时间段"
    checksum = "checksum", "校验位"
    equal = "equal", "等值"
    compare = "compare", "大小关系"
    sequence = "sequence", "时间先后"
    referential = "referential", "引用"
    timeliness = "timeliness", "及时"


class Check(Term):
    """Which check character a checksum rule computes."""

    citizen_id = "citizen_id", "公民身份号码（GB 11643）"
    uscc = "uscc", "统一社会信用代码（GB 32100）"
    bank_card = "bank_card", "银行卡号（Luhn）"


TYPES: Final = {
    "integer": "BIGINT",
    "decimal": "DECIMAL(38, 10)",
    "date": "DATE",
    "datetime": "TIMESTAMP",
    "boolean": "BOOLEAN",
}
OPERATORS: Final = ("<", "<=", ">", ">=", "<>")
_K = RuleKind
_TWO_COLUMNS: Final = frozenset({_K.equal, _K.compare, _K.sequence})
_MANY_COLUMNS: Final = frozenset({_K.unique})
_MOST_VALUES: Final = 10_000
_LONGEST_PATTERN: Final = 1_000


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. Which fields are needed depends on `kind`; construction refuses the others' lack.

    `values` belong to code_set, `pattern` (RE2, for the whole value) to pattern, `low` and `high`
    (texts, both included) to range, period and length, `check` to checksum, `type` to type,
    `operator` to compare, `table` and `key` to referential, `days` to timeliness: the date is no
    more than so many days before the day of the assessment. A value that is null is evaluated by
    not_null alone. Raises `Invalid`, code rule_incomplete.
    """

    name: str
    kind: RuleKind
    columns: tuple[str, ...]
    values: tuple[str, ...] = ()
    pattern: str | None = None
    low: str | None = None
    high: str | None = None
    check: Check | None = None
    type: str | None = None
    operator: str | None = None
    table: str | None = None
    key: str | None = None
    days: int | None = None

    def __post_init__(self) -> None:
        fault = _fault(self)
        if fault:
            raise Invalid(f"质量规则“{self.name}”{fault}。", code="rule_incomplete")

    def to_json(self) -> dict[str, Any]:
        """Return the rule as JSON-able values; what is not set is left out."""
        told: dict[str, Any] = {"name": self.name, "kind": self.kind.value}
        told["columns"] = list(self.columns)
        if self.values:
            told["values"] = list(self.values)
        for field in ("pattern", "low", "high", "type", "operator", "table", "key", "days"):
            if (value := getattr(self, field)) is not None:
                told[field] = value
        if self.check is not None:
            told["check"] = self.check.value
        return told

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Rebuild a rule from what `to_json` gave; raises `Invalid` for what is no rule."""
        try:
            kind = RuleKind(value["kind"])
            check = Check(value["check"]) if "check" in value else None
            return cls(
                name=str(value["name"]),
                kind=kind,
                columns=tuple(map(str, value["columns"])),
                values=tuple(map(str, value.get("values", ()))),
                pattern=_text(value, "pattern"),
                low=_text(value, "low"),
                high=_text(value, "high"),
                check=check,
                type=_text(value, "type"),
                operator=_text(value, "operator"),
                table=_text(value, "table"),
                key=_text(value, "key"),
                days=int(value["days"]) if "days" in value else None,
            )
        except (KeyError, TypeError, ValueError) as fault:
            raise Invalid(
                "这条质量规则缺少名称、种类或数据项，或者写法不对，请对照参考文档填写。",
                code="rule_incomplete",
            ) from fault


def _text(value: Mapping[str, Any], field: str) -> str | None:
    return str(value[field]) if value.get(field) is not None else None


def _fault(rule: Rule) -> str | None:
    """Say what the rule lacks."""
    wanted = 2 if rule.kind in _TWO_COLUMNS else 1
    if len(rule.columns) != wanted and not (rule.columns and rule.kind in _MANY_COLUMNS):
        return f"要写{wanted}个数据项，写了{len(rule.columns)}个"
    return _FAULTS[rule.kind](rule) if rule.kind in _FAULTS else None


def _values(rule: Rule) -> str | None:
    if not rule.values:
        return "没有列出允许的取值"
    if len(rule.values) > _MOST_VALUES:
        return f"列出了{len(rule.values):,}个取值，最多{_MOST_VALUES:,}个，请改用引用规则"
    return None


def _pattern(rule: Rule) -> str | None:
    if not rule.pattern or len(rule.pattern) > _LONGEST_PATTERN:
        return f"要写1至{_LONGEST_PATTERN:,}个字符的正则表达式"
    return None


def _bounds(rule: Rule) -> str | None:
    if rule.low is None and rule.high is None:
        return "没有写下限或上限"
    number = re.compile(r"[-+]?\d+(\.\d+)?" if rule.kind is _K.range else r"\d{1,9}")
    shape = re.compile(r"\d{4}-\d\d-\d\d") if rule.kind is _K.period else number
    wrong = [bound for bound in (rule.low, rule.high) if bound and not shape.fullmatch(bound)]
    return f"的界限“{wrong[0]}”写法不对" if wrong else None


def _check(rule: Rule) -> str | None:
    return None if rule.check else "没有写明哪一种校验位"


def _type(rule: Rule) -> str | None:
    return None if rule.type in TYPES else f"的类型要写{'、'.join(TYPES)}之一"


def _operator(rule: Rule) -> str | None:
    return None if rule.operator in OPERATORS else f"的运算符要写{' '.join(OPERATORS)}之一"


def _reference(rule: Rule) -> str | None:
    return None if rule.table and rule.key else "没有写明引用哪张表的哪个数据项"


def _days(rule: Rule) -> str | None:
    return None if rule.days is not None and rule.days >= 0 else "没有写明最多晚多少天"


_FAULTS: Final = {
    _K.code_set: _values,
    _K.pattern: _pattern,
    _K.range: _bounds,
    _K.period: _bounds,
    _K.length: _bounds,
    _K.checksum: _check,
    _K.type: _type,
    _K.compare: _operator,
    _K.referential: _reference,
    _K.timeliness: _days,
}
