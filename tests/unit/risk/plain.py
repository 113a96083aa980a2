"""The slow obvious reference: every measure by its formula, over dictionaries of rows."""

from __future__ import annotations

import math
from collections import Counter, defaultdict

import pytest


def near(values):
    """Return what equals the values within rounding; None equals None alone."""
    return {
        name: value if value is None else pytest.approx(value, rel=1e-9, abs=1e-12)
        for name, value in values.items()
    }


def classes(rows, quasi):
    """Return the rows of each class."""
    found = defaultdict(list)
    for row in rows:
        found[tuple(row[name] for name in quasi)].append(row)
    return found


def sizes(rows, quasi):
    """Return how many classes have each size."""
    return Counter(len(group) for group in classes(rows, quasi).values())


def diversity(rows, quasi, sensitive):
    """Return the worst class of each measure, absent values spelled out."""
    groups = [[row[sensitive] for row in group] for group in classes(rows, quasi).values()]
    whole = Counter(row[sensitive] for row in rows)
    values = sorted(whole)
    p = {value: whole[value] / len(rows) for value in values}
    shares = [{v: group.count(v) / len(group) for v in values} for group in groups]
    distinct = min(len(set(group)) for group in groups)
    result = {
        "distinct_l": distinct,
        "entropy_l": min(
            math.exp(-sum(q * math.log(q) for q in share.values() if q)) for share in shares
        ),
        "alpha": max(max(share.values()) for share in shares),
        "basic_beta": max((share[v] - p[v]) / p[v] for share in shares for v in values),
        "enhanced_beta": max(
            min((share[v] - p[v]) / p[v], -math.log(p[v]))
            for share in shares
            for v in values
            if share[v]
        ),
        "delta": max(
            abs(math.log(share[v] / p[v])) for share in shares for v in values if share[v]
        ),
        "t_categorical": max(sum(abs(s[v] - p[v]) for v in values) / 2 for s in shares),
        "t_ordered": max(_ordered(share, p, values) for share in shares),
        "recursive_c": None,
    }
    if distinct > 1:
        falling = [sorted(Counter(group).values(), reverse=True) for group in groups]
        result["recursive_c"] = (
            max(math.floor(rs[0] / sum(rs[distinct - 1 :])) for rs in falling) + 1
        )
    return result


def _ordered(share, p, values):
    if len(values) < 2:
        return 0.0
    moved, carried = 0.0, 0.0
    for value in values:
        carried += share[value] - p[value]
        moved += abs(carried)
    return moved / (len(values) - 1)


def frequencies(rows, quasi, weights):
    """Return fk and Fk of each row, None fitting everything."""

    def fits(one, other):
        return all(one[q] is None or other[q] is None or one[q] == other[q] for q in quasi)

    sample = [sum(fits(row, other) for other in rows) for row in rows]
    population = [
        sum(w for other, w in zip(rows, weights, strict=True) if fits(row, other)) for row in rows
    ]
    return sample, population
