"""Contracts: every rule there and back, the standard's shape, and what other tools wrote."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pyarrow as pa
import pytest

from gongshu.quality import Check, Rule, RuleKind, from_odcs, to_odcs
from gongshu.vocabulary.errors import Invalid

K = RuleKind
SCHEMA = pa.schema([("a", pa.string()), ("b", pa.int64()), ("c", pa.date32()), ("d", pa.bool_())])
RULES = (
    Rule("非空", K.not_null, ("a",)),
    Rule("唯一", K.unique, ("a",)),
    Rule("一起唯一", K.unique, ("a", "b")),
    Rule("类型", K.type, ("a",), type="date"),
    Rule("长度", K.length, ("a",), low="1"),
    Rule("格式", K.pattern, ("a",), pattern="(a|b)c+|d"),
    Rule("代码", K.code_set, ("a",), values=("1", "甲", "")),
    Rule("值域", K.range, ("b",), low="0", high="10"),
    Rule("时段", K.period, ("c",), low="2026-01-01"),
    Rule("校验", K.checksum, ("a",), check=Check.uscc),
    Rule("相等", K.equal, ("a", "b")),
    Rule("大小", K.compare, ("a", "b"), operator="<"),
    Rule("先后", K.sequence, ("a", "c")),
    Rule("引用", K.referential, ("a",), table="t", key="k"),
    Rule("及时", K.timeliness, ("c",), days=30),
)
# The part of ODCS 3.1 that we write, in our own words: metrics of the library, custom blocks.
BLOCK = {
    "type": "object",
    "required": ["name", "type", "dimension"],
    "properties": {
        "dimension": {
            "enum": [
                "accuracy",
                "completeness",
                "conformity",
                "consistency",
                "coverage",
                "timeliness",
                "uniqueness",
            ]
        },
        "type": {"enum": ["library", "custom"]},
    },
    "oneOf": [
        {
            "properties": {
                "type": {"const": "library"},
                "metric": {"enum": ["missingValues", "invalidValues", "duplicateValues"]},
                "mustBe": {"const": 0},
                "unit": {"const": "rows"},
                "arguments": {"type": "object"},
            },
            "required": ["metric", "mustBe", "unit"],
        },
        {
            "properties": {"type": {"const": "custom"}, "engine": {"type": "string"}},
            "required": ["engine", "implementation"],
        },
    ],
}
LOGICAL = ["string", "integer", "number", "boolean", "date", "timestamp", "object", "array"]
PROPERTY = {
    "type": "object",
    "required": ["name", "logicalType"],
    "properties": {
        "logicalType": {"enum": LOGICAL},
        "quality": {"type": "array", "items": BLOCK},
    },
}
TABLE = {
    "type": "object",
    "required": ["name", "logicalType", "properties"],
    "properties": {
        "properties": {"type": "array", "items": PROPERTY},
        "quality": {"type": "array", "items": BLOCK},
    },
}
CONTRACT = {
    "type": "object",
    "required": ["apiVersion", "kind", "id", "version", "status", "schema"],
    "properties": {
        "apiVersion": {"const": "v3.1.0"},
        "kind": {"const": "DataContract"},
        "schema": {"type": "array", "minItems": 1, "items": TABLE},
    },
}


def contract(*blocks: dict[str, Any], **property_: Any) -> dict[str, Any]:
    """Return a contract as another tool may write it, of one property."""
    told = {"name": "a", **property_, "quality": list(blocks)}
    return {"schema": [{"name": "t", "properties": [told]}]}


def test_every_kind_of_rule_comes_back() -> None:
    """What we write we read again unchanged, whatever the order of the columns."""
    assert {rule.kind for rule in RULES} == set(K)
    read = from_odcs(to_odcs(RULES, SCHEMA, table="登记"))
    assert read.left == ()
    assert sorted(read.rules, key=lambda r: r.name) == sorted(RULES, key=lambda r: r.name)


def test_what_we_write_has_the_shape_of_the_standard() -> None:
    """Library metrics where the standard has one, custom blocks of our engine otherwise."""
    document = to_odcs(RULES, SCHEMA, table="登记")
    jsonschema_rs.validate(CONTRACT, document)
    (table,) = document["schema"]
    first = {block["name"]: block for block in table["properties"][0]["quality"]}
    assert first["代码"]["arguments"] == {"validValues": ["1", "甲", ""]}
    assert first["格式"]["arguments"] == {"pattern": "^(?:(a|b)c+|d)$"}
    assert first["校验"]["engine"] == "gongshu"
    assert [block["name"] for block in table["quality"]] == ["一起唯一", "相等", "大小", "先后"]
    assert [one["logicalType"] for one in table["properties"]] == [
        "string",
        "integer",
        "date",
        "boolean",
    ]


def test_a_wrong_shape_would_be_seen() -> None:
    """The schema of this test refuses a metric that the standard does not have."""
    document = to_odcs([RULES[0]], SCHEMA, table="登记")
    document["schema"][0]["properties"][0]["quality"][0]["metric"] = "niceValues"
    with pytest.raises(jsonschema_rs.ValidationError):
        jsonschema_rs.validate(CONTRACT, document)


@pytest.mark.parametrize(
    ("block", "kind"),
    [
        ({"metric": "nullValues", "mustBe": 0}, K.not_null),
        ({"type": "library", "rule": "duplicateCount", "mustBe": 0}, K.unique),
        ({"metric": "invalidValues", "mustBe": 0, "arguments": {"pattern": "^[0-9]+$"}}, K.pattern),
        ({"metric": "invalidValues", "mustBe": 0, "arguments": {"validValues": [1]}}, K.code_set),
    ],
)
def test_what_other_tools_wrote_is_read(block: dict[str, Any], kind: RuleKind) -> None:
    """The standard's metrics, as they are usually written."""
    (rule,) = from_odcs(contract(block)).rules
    assert (rule.kind, rule.columns) == (kind, ("a",))


def test_a_property_states_rules_too() -> None:
    """`required` and `unique` of a property are rules."""
    read = from_odcs(contract(required=True, unique=True))
    assert [rule.kind for rule in read.rules] == [K.not_null, K.unique]


@pytest.mark.parametrize(
    "block",
    [
        {"type": "sql", "query": "SELECT 1"},
        {"type": "text", "description": "好"},
        {"type": "custom", "engine": "soda", "implementation": "x"},
        {"type": "custom", "engine": "gongshu", "implementation": {"kind": "magic"}},
        {"metric": "nullValues", "mustBeLessThan": 5},
        {"metric": "rowCount", "mustBe": 0},
        {"metric": "missingValues", "mustBe": 0, "arguments": {"missingValues": ["N/A"]}},
    ],
)
def test_what_cannot_be_checked_is_named_and_not_run(block: dict[str, Any]) -> None:
    """A threshold, a query or another engine's rule is never taken for something it is not."""
    read = from_odcs(contract(block))
    assert read.rules == ()
    (sentence,) = read.left
    assert sentence.startswith("a：")


@pytest.mark.parametrize(
    "document", [None, [], {}, {"schema": {}}, {"schema": []}, {"schema": ["t"]}]
)
def test_what_is_no_contract_is_refused(document: Any) -> None:
    """Whatever stands in the file, the refusal is a sentence."""
    with pytest.raises(Invalid) as refusal:
        from_odcs(document)
    assert refusal.value.code in {"not_a_contract", "table_not_found"}


def test_one_table_of_several_is_named() -> None:
    """Among two tables the contract does not say which the file is."""
    two = {"schema": [{"name": "t", "properties": []}, {"name": "u", "properties": []}]}
    with pytest.raises(Invalid):
        from_odcs(two)
    assert from_odcs(two, table="u").rules == ()
