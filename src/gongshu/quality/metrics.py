"""The metrics of GB/T 36344 and DB31/T 1523: a table of formulas, and their evaluation.

Values are exact fractions. A metric of which nothing was evaluated (B = 0) has no value: it is
"not assessable", which is neither 0 nor 100 %.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Final

from gongshu.vocabulary.errors import Invalid
from gongshu.vocabulary.terms import Term

NOT_ASSESSABLE: Final = "无法评估"
CLAUSE: Final = "gbt36344"


class Dimension(Term):
    """The six dimensions of GB/T 36344."""

    conformity = "conformity", "规范性"
    completeness = "completeness", "完整性"
    accuracy = "accuracy", "准确性"
    consistency = "consistency", "一致性"
    timeliness = "timeliness", "时效性"
    accessibility = "accessibility", "可访问性"


class Scheme(Term):
    """Which standard defines a metric."""

    gbt36344 = "gbt36344", "GB/T 36344"
    db31t1523 = "db31t1523", "DB31/T 1523"


class Formula(Term):
    """How a metric follows from A and B."""

    ratio = "A/B", "A/B"
    complement = "1-A/B", "1 − A/B"
    mean = "mean", "各分项的平均"


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of the table. `feeds` are kinds of rules, row and fact counts, or parts of a mean.

    `lower_is_better` marks the rates of what is wrong; `counts_failures` that A is what fails.
    """

    code: str
    scheme: Scheme
    zh: str
    en: str
    dimension: Dimension
    formula: Formula
    lower_is_better: bool
    a: str
    b: str
    counts_failures: bool
    feeds: tuple[str, ...]

    @property
    def key(self) -> str:
        """Return scheme and code, which together are unique."""
        return f"{self.scheme.value}:{self.code}"


@dataclass(frozen=True, slots=True)
class Count:
    """Of `total` elements, `passed` meet the rule."""

    passed: int
    total: int

    def __post_init__(self) -> None:
        if not 0 <= self.passed <= self.total:
            raise Invalid(
                f"合格的{self.passed:,}个多于被评价的{self.total:,}个，或为负数，请核对计数。",
                code="impossible_count",
            )

    def __add__(self, other: Count) -> Count:
        return Count(self.passed + other.passed, self.total + other.total)


@dataclass(frozen=True, slots=True)
class Measure:
    """A metric evaluated: `value` is None when it cannot be assessed.

    `a` and `b` are the counts of its formula; of a mean they are None.
    """

    metric: Metric
    a: int | None
    b: int | None
    value: Fraction | None

    @property
    def said(self) -> str:
        """Return the value for an official: a percentage, or that it cannot be assessed."""
        return NOT_ASSESSABLE if self.value is None else percent(self.value)


def percent(value: Fraction) -> str:
    """Return a percentage of two decimals that reads 0 or 100 only where it is exactly that."""
    if value in (0, 1):
        return f"{int(value * 100)}%"
    hundredths = min(max(round(value * 10_000), 1), 9_999)
    return f"{hundredths / 100:.2f}%"


@cache
def all_metrics() -> tuple[Metric, ...]:
    """Return every metric in the order of the table: GB/T 36344 first, then DB31/T 1523."""
    text = files("gongshu.quality").joinpath("metrics.toml").read_text(encoding="utf-8")
    return tuple(
        Metric(
            code=row["code"],
            scheme=Scheme(row["scheme"]),
            zh=row["zh"],
            en=row["en"],
            dimension=Dimension(row["dimension"]),
            formula=Formula(row["formula"]),
            lower_is_better=row["better"] == "lower",
            a=row.get("a", ""),
            b=row.get("b", ""),
            counts_failures=row.get("counts") == "failed",
            feeds=tuple(row["feeds"]),
        )
        for row in tomllib.loads(text)["metrics"]
    )


def metric(key: str) -> Metric:
    """Find a metric by scheme and code (`gbt36344:0101`); raises `KeyError`."""
    for one in all_metrics():
        if one.key == key:
            return one
    raise KeyError(key)


def evaluate(counts: Mapping[str, Count]) -> tuple[Measure, ...]:
    """Evaluate every metric from counts by feed, in the order of the table.

    A feed that is absent contributes nothing; a metric without any is not assessable.
    """
    found: dict[str, Measure] = {}
    for one in all_metrics():
        if one.formula is Formula.mean:
            parts = [found[f"{one.scheme.value}:{code}"] for code in one.feeds]
            found[one.key] = _mean(one, parts)
        else:
            fed = [counts[feed] for feed in one.feeds if feed in counts]
            found[one.key] = _ratio(one, sum(fed, Count(0, 0)))
    return tuple(found.values())


def _ratio(one: Metric, count: Count) -> Measure:
    a = count.total - count.passed if one.counts_failures else count.passed
    if not count.total:
        return Measure(one, a, 0, None)
    share = Fraction(a, count.total)
    value = 1 - share if one.formula is Formula.complement else share
    return Measure(one, a, count.total, value)


def _mean(one: Metric, parts: Sequence[Measure]) -> Measure:
    """Take the mean of the parts that can be assessed; of none it cannot be assessed."""
    values = [part.value for part in parts if part.value is not None]
    if not values:
        return Measure(one, None, None, None)
    return Measure(one, None, None, sum(values, Fraction(0)) / len(values))
