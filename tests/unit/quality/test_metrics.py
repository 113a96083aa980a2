"""The metrics: every formula at its best, with faults, and not assessable; no fault reads 100 %."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest

from gongshu.procedures import clause
from gongshu.quality import (
    CLAUSE,
    NOT_ASSESSABLE,
    Count,
    Formula,
    Metric,
    RuleKind,
    Scheme,
    all_metrics,
    evaluate,
    metric,
    percent,
)
from gongshu.vocabulary.errors import Invalid

METRICS = all_metrics()
EACH = pytest.mark.parametrize("one", METRICS, ids=[one.key for one in METRICS])
FACTS = {"model", "metadata", "security", "access", "use", "cross_logic", "authorised_use"}


def fed(one: Metric, count: Count | None) -> str:
    """Evaluate one metric with a count at each of its feeds (of a mean: at its parts' feeds)."""
    parts = [one]
    if one.formula is Formula.mean:
        parts = [metric(f"{one.scheme.value}:{code}") for code in one.feeds]
    counts = {} if count is None else {feed: count for part in parts for feed in part.feeds}
    return next(m.said for m in evaluate(counts) if m.metric is one)


@EACH
@pytest.mark.clause("gbt36344")
def test_where_all_is_well_the_metric_is_at_its_best(one: Metric) -> None:
    """Ten of ten: 100 %, and 0 where the metric counts what is wrong."""
    assert fed(one, Count(10, 10)) == ("0%" if one.lower_is_better else "100%")


@EACH
@pytest.mark.clause("gbt36344")
def test_faults_lower_the_metric_by_their_share(one: Metric) -> None:
    """Seven of ten: 70 %, and 30 % where the metric counts what is wrong."""
    assert fed(one, Count(7, 10)) == ("30.00%" if one.lower_is_better else "70.00%")


@EACH
@pytest.mark.clause("gbt36344")
def test_where_nothing_was_evaluated_it_cannot_be_assessed(one: Metric) -> None:
    """B = 0 is neither 0 nor 100 %, whether nothing was fed or nothing was there."""
    assert fed(one, None) == fed(one, Count(0, 0)) == NOT_ASSESSABLE


def test_the_table_is_complete() -> None:
    """All 20 metrics of GB/T 36344 and the 12 of DB31/T 1523, each once, each fed."""
    assert Counter(one.scheme for one in METRICS) == {Scheme.gbt36344: 20, Scheme.db31t1523: 12}
    assert len({one.key for one in METRICS}) == 32
    assert all(one.feeds and (one.formula is Formula.mean or (one.a and one.b)) for one in METRICS)
    assert {one.key for one in METRICS if one.lower_is_better} == {"gbt36344:0303", "gbt36344:0305"}
    assert clause(CLAUSE).code == "gbt36344"


def test_every_feed_is_something_that_is_counted() -> None:
    """A feed is a kind of rule, a count of records or a fact; every kind of rule feeds a metric."""
    known = {kind.value for kind in RuleKind} | {"row.complete", "row.dirty"}
    known |= {f"fact.{name}" for name in FACTS}
    feeds = {feed for one in METRICS if one.formula is not Formula.mean for feed in one.feeds}
    assert feeds == known


def test_shanghai_and_the_nation_agree_about_duplicates_from_either_side() -> None:
    """The same counts: 1/4 duplicated by GB, 3/4 not duplicated by DB31."""
    found = {m.metric.key: m.value for m in evaluate({"unique": Count(3, 4)})}
    assert found["gbt36344:0303"] == Fraction(1, 4)
    assert found["db31t1523:0303"] == Fraction(3, 4)


def test_a_mean_is_of_the_parts_that_can_be_assessed() -> None:
    """Parts weigh alike, whatever their counts; a part without counts does not pull it down."""
    counts = {"equal": Count(1, 2), "referential": Count(1_000, 1_000)}
    found = {m.metric.key: m.value for m in evaluate(counts)}
    assert found["db31t1523:0402"] == Fraction(3, 4)


def test_feeds_of_one_metric_are_added() -> None:
    """A ratio of sums, not a mean of ratios."""
    counts = {"checksum": Count(1, 1), "range": Count(0, 3)}
    found = {m.metric.key: (m.a, m.b, m.value) for m in evaluate(counts)}
    assert found["gbt36344:0301"] == (1, 4, Fraction(1, 4))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Fraction(0), "0%"),
        (Fraction(1), "100%"),
        (Fraction(999_999_999, 1_000_000_000), "99.99%"),
        (Fraction(1, 1_000_000_000), "0.01%"),
        (Fraction(2, 3), "66.67%"),
    ],
)
def test_rounding_never_makes_a_fault_disappear(value: Fraction, said: str) -> None:
    """One fault in a thousand million is not 100 %."""
    assert percent(value) == said


@pytest.mark.parametrize(("passed", "total"), [(2, 1), (-1, 1)])
def test_impossible_counts_are_refused(passed: int, total: int) -> None:
    """More that passed than was evaluated is a defect of whoever counted."""
    with pytest.raises(Invalid) as refusal:
        Count(passed, total)
    assert refusal.value.code == "impossible_count"


def test_an_unknown_metric_is_no_metric() -> None:
    """Codes are looked up, not guessed."""
    with pytest.raises(KeyError):
        metric("gbt36344:9999")
