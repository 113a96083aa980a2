"""Rules as data: what a rule needs, what is refused, and there and back through JSON."""

from __future__ import annotations

from typing import Any

import pytest

from gongshu.quality import Check, Rule, RuleKind
from gongshu.vocabulary.errors import Invalid

K = RuleKind
WHOLE = (
    Rule("a", K.not_null, ("a",)),
    Rule("b", K.unique, ("a", "b")),
    Rule("c", K.type, ("a",), type="date"),
    Rule("d", K.length, ("a",), low="1"),
    Rule("e", K.pattern, ("a",), pattern="[0-9]+"),
    Rule("f", K.code_set, ("a",), values=("1", "2")),
    Rule("g", K.range, ("a",), low="-1.5", high="2"),
    Rule("h", K.period, ("a",), high="2026-01-01"),
    Rule("i", K.checksum, ("a",), check=Check.uscc),
    Rule("j", K.equal, ("a", "b")),
    Rule("k", K.compare, ("a", "b"), operator="<>"),
    Rule("l", K.sequence, ("a", "b")),
    Rule("m", K.referential, ("a",), table="t", key="k"),
    Rule("n", K.timeliness, ("a",), days=0),
)


def test_every_kind_comes_back_from_json() -> None:
    """What is written is read again unchanged, for every kind there is."""
    assert {rule.kind for rule in WHOLE} == set(K)
    assert tuple(Rule.from_json(rule.to_json()) for rule in WHOLE) == WHOLE


@pytest.mark.parametrize(
    ("kind", "columns", "more"),
    [
        (K.not_null, (), {}),
        (K.not_null, ("a", "b"), {}),
        (K.unique, (), {}),
        (K.equal, ("a",), {}),
        (K.sequence, ("a", "b", "c"), {}),
        (K.code_set, ("a",), {}),
        (K.code_set, ("a",), {"values": tuple(map(str, range(10_001)))}),
        (K.pattern, ("a",), {"pattern": ""}),
        (K.pattern, ("a",), {"pattern": "a" * 1_001}),
        (K.range, ("a",), {}),
        (K.range, ("a",), {"low": "1 OR 1=1"}),
        (K.range, ("a",), {"low": "nan"}),
        (K.length, ("a",), {"high": "-1"}),
        (K.period, ("a",), {"low": "1.1.2026"}),
        (K.checksum, ("a",), {}),
        (K.type, ("a",), {"type": "colour"}),
        (K.compare, ("a", "b"), {"operator": "; --"}),
        (K.referential, ("a",), {"table": "t"}),
        (K.timeliness, ("a",), {"days": -1}),
    ],
)
def test_a_rule_that_lacks_something_is_refused(
    kind: RuleKind, columns: tuple[str, ...], more: dict[str, Any]
) -> None:
    """One sentence names the rule; nothing half-made ever runs."""
    with pytest.raises(Invalid) as refusal:
        Rule("我的规则", kind, columns, **more)
    assert refusal.value.code == "rule_incomplete"
    assert "我的规则" in refusal.value.sentence


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"name": "a", "kind": "magic", "columns": ["a"]},
        {"name": "a", "kind": "type", "columns": 1},
    ],
)
def test_what_is_no_rule_is_refused(value: dict[str, Any]) -> None:
    """Reading refuses in a sentence, never with a trace."""
    with pytest.raises(Invalid):
        Rule.from_json(value)
