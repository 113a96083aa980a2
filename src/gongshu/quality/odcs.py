"""Rules as quality blocks of the Open Data Contract Standard (ODCS 3.1), there and back.

Four kinds are metrics of the standard's own library; the others are custom blocks of the engine
`gongshu`, which carry the whole rule. What another tool wrote and we cannot check is named.
Documents are mappings here; the doors turn them into YAML.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from gongshu.quality.rules import Rule, RuleKind
from gongshu.vocabulary.errors import DomainError, Invalid

API_VERSION: Final = "v3.1.0"
ENGINE: Final = "gongshu"
_K = RuleKind
_DIMENSIONS: Final = {
    _K.not_null: "completeness",
    _K.unique: "uniqueness",
    _K.type: "conformity",
    _K.length: "conformity",
    _K.pattern: "conformity",
    _K.code_set: "conformity",
    _K.range: "accuracy",
    _K.period: "timeliness",
    _K.checksum: "accuracy",
    _K.equal: "consistency",
    _K.compare: "consistency",
    _K.sequence: "consistency",
    _K.referential: "consistency",
    _K.timeliness: "timeliness",
}
_MISSING: Final = (None, "")


@dataclass(frozen=True, slots=True)
class Imported:
    """What was read of a contract: the rules, and a sentence for each block that was left out."""

    rules: tuple[Rule, ...]
    left: tuple[str, ...]


def to_odcs(rules: Sequence[Rule], schema: pa.Schema, *, table: str) -> dict[str, Any]:
    """Return a contract of one table with the rules as its quality blocks.

    Rules of one column stand at their property, the others at the table.
    """
    own = {name: [r for r in rules if r.columns == (name,)] for name in schema.names}
    properties = []
    for field in schema:
        told: dict[str, Any] = {"name": field.name, "logicalType": _logical(field.type)}
        told["physicalType"] = str(field.type)
        if own[field.name]:
            told["quality"] = [_block(rule) for rule in own[field.name]]
        properties.append(told)
    described: dict[str, Any] = {"name": table, "logicalType": "object", "properties": properties}
    wide = [_block(rule) for rule in rules if len(rule.columns) > 1]
    if wide:
        described["quality"] = wide
    return {
        "apiVersion": API_VERSION,
        "kind": "DataContract",
        "id": f"gongshu-{table}",
        "name": table,
        "version": "1.0.0",
        "status": "draft",
        "schema": [described],
    }


def from_odcs(document: Any, *, table: str | None = None) -> Imported:
    """Read the rules of a contract's only table, or of the named one.

    Raises `Invalid` when the document is no contract or has no such table. A block that we cannot
    check is left out and named.
    """
    described = _table(document, table)
    rules: list[Rule] = []
    left: list[str] = []
    for column, block in _blocks(described):
        try:
            rules.append(_rule(column, block))
        except DomainError as refusal:
            where = column or described.get("name", "")
            left.append(f"{where}：{refusal.sentence}")
    return Imported(tuple(rules), tuple(left))


def _block(rule: Rule) -> dict[str, Any]:
    head: dict[str, Any] = {"name": rule.name, "dimension": _DIMENSIONS[rule.kind]}
    library: Mapping[RuleKind, Callable[[], tuple[str, dict[str, Any] | None]]] = {
        _K.not_null: lambda: ("missingValues", {"missingValues": list(_MISSING)}),
        _K.unique: lambda: ("duplicateValues", _properties(rule)),
        _K.code_set: lambda: ("invalidValues", {"validValues": list(rule.values)}),
        _K.pattern: lambda: ("invalidValues", {"pattern": f"^(?:{rule.pattern})$"}),
    }
    if rule.kind not in library:
        return head | {"type": "custom", "engine": ENGINE, "implementation": rule.to_json()}
    metric, arguments = library[rule.kind]()
    told = head | {"type": "library", "metric": metric, "mustBe": 0, "unit": "rows"}
    return told | {"arguments": arguments} if arguments else told


def _properties(rule: Rule) -> dict[str, Any] | None:
    return {"properties": list(rule.columns)} if len(rule.columns) > 1 else None


def _logical(kind: pa.DataType) -> str:
    for test, word in (
        (pa.types.is_boolean, "boolean"),
        (pa.types.is_integer, "integer"),
        (pa.types.is_floating, "number"),
        (pa.types.is_decimal, "number"),
        (pa.types.is_date, "date"),
        (pa.types.is_timestamp, "timestamp"),
        (pa.types.is_nested, "object"),
    ):
        if test(kind):
            return word
    return "string"


def _table(document: Any, table: str | None) -> Mapping[str, Any]:
    tables = document.get("schema") if isinstance(document, Mapping) else None
    if not isinstance(tables, list) or not all(isinstance(one, Mapping) for one in tables):
        raise Invalid("这个文件不是数据合约：没有 schema 一节。", code="not_a_contract")
    named = [one for one in tables if table is None or one.get("name") == table]
    if len(named) != 1:
        names = "、".join(str(one.get("name", "")) for one in tables[:20])
        raise Invalid(
            f"数据合约里有{len(tables)}张表，要指明其中一张：{names}。", code="table_not_found"
        )
    found: Mapping[str, Any] = named[0]
    return found


def _blocks(described: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield (column or "", block), those that a property states as required or unique too."""
    for one in _list(described, "properties"):
        name = str(one.get("name", ""))
        if one.get("required") is True:
            yield name, {"metric": "nullValues", "mustBe": 0}
        if one.get("unique") is True:
            yield name, {"metric": "duplicateValues", "mustBe": 0}
        for block in _list(one, "quality"):
            yield name, block
    for block in _list(described, "quality"):
        yield "", block


def _list(holder: Mapping[str, Any], field: str) -> list[Mapping[str, Any]]:
    held = holder.get(field)
    return [one for one in held if isinstance(one, Mapping)] if isinstance(held, list) else []


def _rule(column: str, block: Mapping[str, Any]) -> Rule:
    if block.get("type") == "custom":
        if block.get("engine") == ENGINE and isinstance(block.get("implementation"), Mapping):
            return Rule.from_json(block["implementation"])
        raise _unknown(f"引擎 {block.get('engine')} 的规则")
    metric = str(block.get("metric") or block.get("rule") or "")
    if not metric:
        raise _unknown(f"{block.get('type', 'text')} 类型的规则")
    bounds = {key: value for key, value in block.items() if key.startswith("mustBe")}
    if bounds != {"mustBe": 0}:
        raise _unknown(f"{metric} 规则允许有不合格的值，这样的界限")
    arguments = block.get("arguments")
    return _library(column, metric, arguments if isinstance(arguments, Mapping) else {}, block)


def _library(
    column: str, metric: str, arguments: Mapping[str, Any], block: Mapping[str, Any]
) -> Rule:
    name = str(block.get("name") or f"{column}{metric}")
    columns = tuple(map(str, arguments.get("properties") or ([column] if column else [])))
    if metric in ("nullValues", "missingValues"):
        if not set(map(str, arguments.get("missingValues", ()))) <= {"None", ""}:
            raise _unknown("把别的写法也算作缺失的 missingValues 规则")
        return Rule(name, _K.not_null, columns)
    if metric in ("duplicateValues", "duplicateCount"):
        return Rule(name, _K.unique, columns)
    if metric == "invalidValues" and arguments.get("validValues"):
        return Rule(name, _K.code_set, columns, values=tuple(map(str, arguments["validValues"])))
    if metric == "invalidValues" and arguments.get("pattern"):
        pattern = _unwrapped(str(arguments["pattern"]))
        return Rule(name, _K.pattern, columns, pattern=pattern)
    raise _unknown(f"{metric} 规则")


def _unwrapped(pattern: str) -> str:
    """Take off the anchors, and the group around all; a rule means the whole value anyway."""
    inner = pattern.removeprefix("^(?:").removesuffix(")$")
    if len(inner) == len(pattern) - 6:
        with suppress(re.error):
            re.compile(inner)  # "(?:a)|(?:b)" has no group around all.
            return inner
    return pattern


def _unknown(what: str) -> Invalid:
    return Invalid(f"{what}不能检查，没有读入", code="rule_unknown")
