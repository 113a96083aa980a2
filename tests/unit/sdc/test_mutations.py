"""One planted hole in each rule of the output check: the cell that it protects is then shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from gongshu.cleanroom.failures import RunFailed
from gongshu.sdc import Checked, judge_table, protection, rules

K = 10


def table(groups: dict[str, dict[str, int]]) -> pa.Table:
    rows = [
        {"组": group, "类": kind, "人": f"{group}{kind}{number}"}
        for group, kinds in groups.items()
        for kind, size in kinds.items()
        for number in range(size)
    ]
    return pa.Table.from_pylist(rows)


def judged(groups: dict[str, dict[str, int]], *, opened: bool = True) -> Checked:
    return judge_table(table(groups), subject="人", by="组", of="类", k=K, key_opened=opened)


def never(counts: Any, *_: Any, **__: Any) -> Any:
    return np.zeros(len(counts), dtype=bool)


def nor_nested(one: Any, *_: Any) -> Any:
    return never(one), never(one)


EVEN = {"x": 40, "y": 40}
HOLES = {
    "too few": ("too_few", never, {"甲": {"x": 4, "y": 40}, "乙": EVEN, "丙": EVEN}),
    "complement": ("complement_too_small", never, {"甲": {"x": 81, "y": 9}, "乙": EVEN}),
    "class disclosure": ("class_disclosure", never, {"甲": {"x": 150, "y": 12}, "乙": EVEN}),
}


@pytest.mark.parametrize(("rule", "hole", "groups"), HOLES.values(), ids=HOLES)
def test_a_hole_in_a_rule_shows_a_cell(
    rule: str, hole: Callable[..., Any], groups: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = judged(groups)
    assert before.protected > 0

    monkeypatch.setattr(rules, rule, hole)
    assert judged(groups).protected < before.protected


def test_a_hole_in_the_nested_rule_shows_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody of class x is of class y, too, and three are of y alone."""
    rows = [{"组": "甲", "类": kind, "人": f"{n}"} for n in range(40) for kind in ("x", "y")]
    rows += [{"组": "甲", "类": "y", "人": f"+{n}"} for n in range(3)]
    rows += [{"组": "甲", "类": "z", "人": f"-{n}"} for n in range(60)]
    known = pa.Table.from_pylist(rows)

    def protected() -> int:
        found = judge_table(known, subject="人", by="组", of="类", k=K, key_opened=True)
        return found.protected

    before = protected()
    monkeypatch.setattr(rules, "nested_difference", nor_nested)
    assert protected() < before


def test_a_hole_in_the_rounding_shows_the_count(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = {"甲": {"x": 41, "y": 43}, "乙": {"x": 42, "y": 44}}
    assert all(n % rules.BASE == 0 for n in judged(groups).table["类：x"].to_pylist())

    monkeypatch.setattr(rules, "rounded", lambda counts: counts)
    assert judged(groups).table["类：x"].to_pylist() == [42, 41]


def test_a_hole_in_dominance_names_almost_everybodys_group(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    groups = {"甲": {"x": 1000, "y": 1000}, "乙": EVEN}
    assert judged(groups, opened=False).protected == 6

    monkeypatch.setattr(protection._Result, "dominated", lambda self, counts: never(counts))
    assert judged(groups, opened=False).protected == 0


def test_a_hole_in_the_content_check_copies_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = {f"{n}": {"x": 1} for n in range(50)}
    with pytest.raises(RunFailed):
        judged(groups)

    monkeypatch.setattr(protection._Result, "refuse_copies", lambda self: None)
    assert judged(groups).table.num_rows == 50
