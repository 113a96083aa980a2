"""How likely somebody is recognised, for three attackers, and what each form of release allows.

The prosecutor knows that a person is in the table: the risk is one in the size of the class. The
journalist does not know it and looks in the population: one in the size of the population's
class. The marketer wants many: the share of members that would be recognised on average (El Emam
and Dankar 2008). Without a population the table is taken for it, which never understates the risk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gongshu.engines.connections import connect
from gongshu.risk.classes import ClassSizes, grouped, require_columns
from gongshu.vocabulary.errors import Invalid
from gongshu.vocabulary.quoting import quoted
from gongshu.vocabulary.terms import Term


class ReleaseModel(Term):
    """The three forms of sharing of GB/T 37964 3.12 to 3.14."""

    public = "public", "完全公开共享"
    controlled = "controlled", "受控公开共享"
    enclave = "enclave", "领地公开共享"


SMALLEST_CLASS = {ReleaseModel.public: 20, ReleaseModel.controlled: 5, ReleaseModel.enclave: 3}
"""The denominators of the thresholds 1/20, 1/5 and 1/3 (GB/T 42460 D.1.5)."""
OVERALL = 0.05
CLAUSE = "gbt42460"


@dataclass(frozen=True, slots=True)
class Risk:
    """The risks of one table, each between 0 and 1.

    `highest` and `average` are the prosecutor's: over members (`average`) and over classes
    (`average_of_classes`, the standard's mean θ). `journalist` and `marketer` refer to the
    population where one was given.
    """

    highest: float
    average: float
    average_of_classes: float
    journalist: float
    marketer: float


def measure_risk(sizes: ClassSizes) -> Risk:
    """Measure the risks of a table that is its own population."""
    if not sizes.count:
        return Risk(0.0, 0.0, 0.0, 0.0, 0.0)
    highest = 1 / sizes.k
    average = sizes.count / sizes.members
    of_classes = float((sizes.classes / sizes.sizes).sum() / sizes.count)
    return Risk(highest, average, of_classes, highest, average)


def measure_risk_in(rows: Any, population: Any, quasi: Sequence[str], *, sizes: ClassSizes) -> Risk:
    """Measure the risks of rows drawn from a population that has the same quasi-identifiers.

    `sizes` are those of `rows`. Raises `Invalid` when the population lacks a class of the table
    or has fewer members in it: then it is not the population.
    """
    require_columns(population, list(quasi), quasi)
    own = measure_risk(sizes)
    if not sizes.count:
        return own
    names = ", ".join(quoted(name) for name in quasi)
    same = " AND ".join(f"s.{quoted(q)} IS NOT DISTINCT FROM p.{quoted(q)}" for q in quasi)
    with connect() as connection:
        sample = grouped(connection, rows, quasi).filter("NOT suppressed").set_alias("s")
        whole = grouped(connection, population, quasi).project(f"{names}, n AS size")
        paired = sample.join(whole.set_alias("p"), same, how="left")
        ((wrong, smallest, recognised),) = paired.aggregate(
            "count(*) FILTER (size IS NULL OR size < n), min(size), sum(n / size)"
        ).fetchall()
    if wrong:
        raise Invalid(
            f"有{wrong:,}个等价类在总体表里没有或人数更少，它不是这张表的总体。"
            "请核对总体表的范围和数据项写法。",
            code="not_the_population",
        )
    members = sizes.rows - sizes.suppressed
    return Risk(
        own.highest, own.average, own.average_of_classes, 1 / smallest, recognised / members
    )


@dataclass(frozen=True, slots=True)
class ReleaseVerdict:
    """Whether a table may be shared in one form, with the reasons in Chinese sentences.

    `threshold` is the highest risk of a class, `above` the number of classes over it (none may
    be), `overall` the mean risk of the classes times the probability of an attack.
    """

    model: ReleaseModel
    threshold: float
    above: int
    share_above: float
    overall: float
    acceptable: bool
    reasons: tuple[str, ...]
    clause: str = CLAUSE


def judge_release(
    sizes: ClassSizes, model: ReleaseModel, *, attack_probability: float = 1.0
) -> ReleaseVerdict:
    """Judge a table by the thresholds of GB/T 42460-2023 annex D for one form of release.

    A class of exactly the denominator is allowed: the risk is then equal to the threshold, not
    above it. `attack_probability` lowers the overall risk where an agreement or a closed room
    makes an attack less likely; 1 is the strictest. Raises `ValueError` outside 0 to 1.
    """
    if not 0 <= attack_probability <= 1:
        raise ValueError("a probability is between 0 and 1")
    least = SMALLEST_CLASS[model]
    above = sizes.classes_below(least)
    overall = measure_risk(sizes).average_of_classes * attack_probability
    reasons = []
    if above:
        reasons.append(
            f"有{above:,}个等价类不足{least}个，重标识风险高于1/{least}，按标准不允许有。"
            "请泛化或抑制准标识符后再评估。"
        )
    if overall > OVERALL:
        reasons.append(
            f"总体风险{overall:.2%}，高于可接受的{OVERALL:.0%}。请泛化准标识符，或改用更受控的形式。"
        )
    if sizes.unassigned:
        reasons.append(
            f"有{sizes.unassigned:,}个等价类找不到可识别的主体，无法判定。请先补齐主体标识。"
        )
    return ReleaseVerdict(
        model=model,
        threshold=1 / least,
        above=above,
        share_above=above / sizes.count if sizes.count else 0.0,
        overall=overall,
        acceptable=not reasons,
        reasons=tuple(reasons),
    )
