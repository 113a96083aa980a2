"""One planted hole in each rule of the output check: the cell that it protects is then shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from gongshu.cleanroom.failures import RunFailed
from gongshu.sdc import Checked, amounts, judge_table, regions, rules

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
    return np.zeros(np.shape(counts), dtype=bool)


def nobody(combinations: Any, *_: Any) -> Any:
    return np.zeros(len(combinations), dtype=bool)


def nor_nested(one: Any, *_: Any) -> Any:
    return never(one), never(one)


EVEN = {"x": 40, "y": 40}
HOLES = {
    "too few": ("too_few", never, {"甲": {"x": 4, "y": 40, "z": 40}, "乙": EVEN, "丙": EVEN}),
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


def test_a_hole_in_the_complement_shows_who_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one can be of two classes nothing adds up, and nine are not of class x."""
    rows = [{"组": "甲", "类": "x", "人": f"{n}"} for n in range(81)]
    rows += [{"组": "甲", "类": "y", "人": f"{n}"} for n in range(51, 90)]
    known = pa.Table.from_pylist(rows)

    def shown() -> Any:
        found = judge_table(known, subject="人", by="组", of="类", k=K, key_opened=True)
        return found.table["类：x"].to_pylist()

    assert shown() == [None]
    monkeypatch.setattr(regions, "cuts_out_a_few", nobody)
    assert shown() == [None], "the rule for one cohort finds it by itself"
    monkeypatch.setattr(rules, "complement_too_small", never)
    assert shown() == [80]


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
    monkeypatch.setattr(regions, "cuts_out_a_few", nobody)
    assert protected() == before, "the rule for two cohorts finds it by itself"
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

    monkeypatch.setattr(rules, "dominant_group", never)
    assert judged(groups, opened=False).protected == 0


def test_a_hole_in_the_content_check_copies_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = {f"{n}": {"x": 1} for n in range(50)}
    with pytest.raises(RunFailed):
        judged(groups)

    monkeypatch.setattr(rules, "copies_the_key", lambda *_: False)
    assert judged(groups).table.num_rows == 50


FINE = [40, 60, 80, 100, 120, 140, 160, 180, 200, 220, 240, 260]
AMOUNTS = {
    "too few contributors": ("too_few", [*FINE[:9], *[0] * 9]),
    "p %": ("estimates_too_near", [1000, 1000, 8, 10, *[9] * 9]),
    "largest share": ("largest_too_large", [*FINE, sum(FINE) + 1]),
    "equal cells": ("uniform", [7] * 20),
}


@pytest.mark.parametrize(("rule", "values"), AMOUNTS.values(), ids=AMOUNTS)
def test_a_hole_in_a_rule_for_amounts_shows_a_sum(
    rule: str, values: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"组": "甲", "人": f"{n}", "数": value} for n, value in enumerate(values)]
    known = pa.Table.from_pylist(rows)

    def shown() -> Any:
        found = judge_table(known, subject="人", by="组", amount="数", k=K, key_opened=True)
        return found.table["数：合计"].to_pylist()

    assert shown() == [None]
    monkeypatch.setattr(rules, rule, never)
    assert shown() != [None]


def test_a_hole_in_the_rounding_of_amounts_shows_the_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"组": "甲", "人": f"{n}", "数": value + 0.25} for n, value in enumerate(FINE)]
    known = pa.Table.from_pylist(rows)

    def shown() -> Any:
        found = judge_table(known, subject="人", by="组", amount="数", k=K, key_opened=True)
        return found.table["数：合计"].to_pylist()

    assert shown() == [1800.0]
    monkeypatch.setattr(rules, "significant", lambda values, **_: values)
    assert shown() == [1803.0]


def test_a_hole_in_the_share_of_nobody_shows_a_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows without a subject are added to the largest: forget them, and a sum of two is shown."""
    rows = [{"组": "甲", "人": f"{n}", "数": value} for n, value in enumerate(FINE)]
    rows += [{"组": "甲", "人": "大", "数": 900}, {"组": "甲", "人": None, "数": 920}]
    known = pa.Table.from_pylist(rows)

    def shown() -> Any:
        found = judge_table(known, subject="人", by="组", amount="数", k=K, key_opened=True)
        return found.table["数：合计"].to_pylist()

    assert shown() == [None]
    honest = amounts.numbers
    monkeypatch.setattr(
        amounts, "numbers", lambda table, name: honest(table, name) * (name != "gs_u0")
    )
    assert shown() != [None]
