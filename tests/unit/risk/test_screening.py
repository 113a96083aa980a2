"""All combinations: estimates against exact counts, special uniques against their definition."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest

from gongshu import risk
from gongshu.vocabulary.errors import Invalid
from unit.risk import plain

TABLES = 200


def drawn(seed):
    """Return a table of four to five columns, from coarse to nearly unique."""
    chance = np.random.default_rng(seed)
    rows = int(chance.integers(8_000, 25_000))
    most = chance.integers(2, [4, 12, 60, 200, 900])
    return pa.table({f"q{at}": _skewed(chance, n, rows) for at, n in enumerate(most)})


def _skewed(chance, many, rows):
    weight = 1 / np.arange(1, many + 1)
    return chance.choice(many, rows, p=weight / weight.sum())


def exact(table, columns):
    """Return classes, unique rows and rows in classes below 20."""
    key = np.zeros(table.num_rows, np.int64)
    for name in columns:
        key = key * 1_000 + table[name].to_numpy()
    _, counts = np.unique(key, return_counts=True)
    return len(counts), int((counts == 1).sum()), int(counts[counts < 20].sum())


def test_estimates_are_close_and_no_verdict_is_an_estimate():
    relative, absolute, estimated, signed = [], [], 0, []
    for seed in range(TABLES):
        table = drawn(seed)
        for one in risk.screen(table, table.column_names[: 3 + seed % 3], sample=1_500):
            classes, uniques, small = exact(table, one.columns)
            assert one.singles_out == (small > 0)
            assert (one.average > 0.05) == (classes / one.rows > 0.05)
            if one.exact:
                assert (one.classes, one.uniques, one.small) == (classes, uniques, small)
                continue
            estimated += 1
            absolute.append(abs(one.uniques - uniques) / one.rows)
            signed.append((one.uniques - uniques) / one.rows)
            if uniques > 0.001 * one.rows:
                relative.append(abs(one.uniques - uniques) / uniques)
    assert estimated > 200
    assert np.percentile(absolute, 95) <= 0.03
    assert np.percentile(relative, 95) <= 0.03
    assert abs(np.mean(signed)) < 0.002


def test_a_set_near_the_overall_threshold_is_counted():
    chance = np.random.default_rng(1)
    table = pa.table({"a": chance.integers(0, 2_000, 40_000), "b": chance.integers(0, 3, 40_000)})
    near, far = (
        {one.columns: one.exact for one in risk.screen(table, ["a", "b"], least=1_000, **limits)}
        for limits in ({"sample": 500}, {"sample": 500, "overall": 0.9})
    )
    assert near[("a",)]
    assert not far[("a",)]


def test_small_tables_and_empty_ones_are_counted():
    table = pa.table({"a": ["甲", "甲", None], "b": [1, 2, 3]})
    found = {one.columns: one for one in risk.screen(table, ["a", "b"], least=2)}
    assert all(one.exact for one in found.values())
    assert (found[("a",)].classes, found[("a",)].uniques, found[("a", "b")].uniques) == (2, 1, 3)
    assert [one.classes for one in risk.screen(table.slice(0, 0), ["a", "b"])] == [0, 0, 0]


def test_minimal_risky_sets_have_no_risky_part():
    table = drawn(4)
    sets = risk.screen(table, table.column_names)
    minimal = {frozenset(one.columns) for one in risk.minimal_risky(sets)}
    risky = {frozenset(one.columns) for one in sets if one.singles_out}
    assert minimal == {one for one in risky if not any(part < one for part in risky)}
    assert minimal


@pytest.mark.parametrize("work", [risk.screen, risk.find_special_uniques])
def test_more_than_eight_columns_are_refused(work):
    table = pa.table({f"q{at}": [1] for at in range(9)})
    with pytest.raises(Invalid) as refused:
        work(table, table.column_names)
    assert refused.value.code == "too_many_quasi_identifiers"


@pytest.mark.parametrize("seed", range(8))
def test_special_uniques_by_their_definition(seed):
    chance = np.random.default_rng(seed)
    names = ["a", "b", "c", "d"]
    table = pa.table({name: chance.integers(0, 3 + at, 40) for at, name in enumerate(names)})
    rows = table.to_pylist()
    found = risk.find_special_uniques(table, names)
    scores, sizes = _plain_scores(rows, names)
    assert found.scores.tolist() == scores
    assert found.smallest.tolist() == sizes
    assert found.uniques == plain.sizes(rows, names)[1]
    assert sum(found.columns.values()) == pytest.approx(1.0)


def _plain_scores(rows, names):
    scores, sizes = [], []
    for row in rows:
        alone = []
        for size in range(1, len(names) + 1):
            for part in combinations(names, size):
                same = sum(all(row[q] == other[q] for q in part) for other in rows)
                if same == 1 and not any(set(held) < set(part) for held in alone):
                    alone.append(part)
        scores.append(float(sum(math.factorial(len(names) - len(part)) for part in alone)))
        sizes.append(min((len(part) for part in alone), default=0))
    return scores, sizes
