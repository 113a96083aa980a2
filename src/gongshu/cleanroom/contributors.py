"""Pass 10b, contributors: who adds how much to a sum, and who is in which cohorts together.

Property: for every lane of a sum or mean, or of a result with several cohorts, one further text
lists (group key, subject, gains, losses, rows in each cohort) from the same relations under the
same conditions as the checked query; the text that runs puts these together to the total, the two
largest and the unidentified share of every group, and to the number of subjects in each combination
of cohorts, and shows no subject. Subjects are counted there, too: once listed, each is one row.
How it does so is fixed here and depends on names alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlglot import exp

from gongshu.cleanroom.model import Contributions, Dominance, Regions
from gongshu.cleanroom.populations import Lane
from gongshu.cleanroom.query import Projection, Query
from gongshu.cleanroom.resolve import HIDDEN_PREFIX
from gongshu.vocabulary.quoting import quoted

FEWEST_COHORTS = 2
KEY, SUBJECT = f"{HIDDEN_PREFIX}k", f"{HIDDEN_PREFIX}s"


@dataclass(frozen=True, slots=True)
class Addend:
    """One item under one condition; sums and means of the same share their contributions."""

    item: exp.Column
    condition: exp.Expr | None

    @property
    def contributing(self) -> exp.Expr:
        """The condition under which a row adds something: an empty cell or a zero does not."""
        return self.where(exp.NEQ)

    @property
    def present(self) -> exp.Expr:
        """The condition under which a row has a value, zero included."""
        return self._and(exp.Is(this=self.item.copy(), expression=exp.Null()).not_())

    def where(self, comparison: type[exp.Binary]) -> exp.Expr:
        return self._and(comparison(this=self.item.copy(), expression=exp.Literal.number(0)))

    def total(self, condition: exp.Expr | None) -> exp.Expr:
        return _filtered(exp.Sum(this=self.item.copy()), condition)

    def _and(self, test: exp.Expr) -> exp.Expr:
        return test if self.condition is None else exp.and_(self.condition.copy(), test)


def _filtered(aggregate: exp.Expr, condition: exp.Expr | None) -> exp.Expr:
    if condition is None:
        return aggregate
    return exp.Filter(this=aggregate, expression=exp.Where(this=condition.copy()))


def dominance_of(lane: Lane, number: int) -> Dominance:
    """This function will name the columns of one addend's contributions on one lane."""
    names = (f"{HIDDEN_PREFIX}{part}{lane.number}_{number}" for part in "tlru")
    return Dominance(lane.number, *names)


def listing(
    query: Query,
    subject: exp.Column,
    addends: tuple[Addend, ...],
    flags: Mapping[str, exp.Expr],
) -> Query:
    """This function will return the query whose rows are what one subject adds to one group."""
    (key,) = query.group
    projections = [Projection(KEY, key), Projection(SUBJECT, subject)]
    for number, addend in enumerate(addends):
        gains, losses = columns_of(number)
        projections.append(Projection(gains, addend.total(addend.where(exp.GT))))
        projections.append(Projection(losses, addend.total(addend.where(exp.LT))))
    for flag, condition in flags.items():
        rows = exp.Count(this=exp.Star(), big_int=True)
        projections.append(Projection(flag, _filtered(rows, condition)))
    return replace(query, projections=tuple(projections), group=(key, subject), order=())


def columns_of(number: int) -> tuple[str, str]:
    """This function will name the columns with the gains and the losses of an addend."""
    return f"{HIDDEN_PREFIX}g{number}", f"{HIDDEN_PREFIX}m{number}"


def regions_of(
    lane: Lane, cohorts: tuple[tuple[int, ...], ...], flags: tuple[str, ...]
) -> Regions | None:
    """This function will name the columns of a lane's combinations of cohorts; one cohort alone
    cuts nothing out but its complement, which has its own rule."""
    if len(cohorts) < FEWEST_COHORTS:
        return None
    names = (f"{HIDDEN_PREFIX}b{lane.number}_{bits}" for bits in range(1 << len(cohorts)))
    return Regions(lane.number, cohorts, tuple(names), flags)


def compose(
    counting: str, names: tuple[str, ...], key: str, contributions: tuple[Contributions, ...]
) -> str:
    """This function will put the texts of a plan together to the one that runs.

    `names` are the columns of `counting`; each list of contributors becomes one row per group.
    """
    counted = quoted(f"{HIDDEN_PREFIX}c")
    columns = [f"{counted}.{quoted(name)}" for name in names]
    joins = []
    for number, listed in enumerate(contributions):
        alias = quoted(f"{HIDDEN_PREFIX}d{number}")
        columns += [f"{alias}.{quoted(name)}" for name in names_of(listed)]
        joins.append(
            f"LEFT JOIN (\n{_summary(listed)}\n) AS {alias} "
            f"ON {counted}.{quoted(key)} IS NOT DISTINCT FROM {alias}.{quoted(KEY)}"
        )
    selected = ",\n  ".join(columns)
    return "\n".join(
        [
            f"SELECT\n  {selected}\nFROM (\n{counting}\n) AS {counted}",
            *joins,
            f"ORDER BY {counted}.{quoted(key)}",
        ]
    )


def names_of(listed: Contributions) -> list[str]:
    """This function will name the columns that a list of contributors comes down to."""
    found = [n for d in listed.dominances for n in (d.total, d.largest, d.second, d.unknown)]
    found += [name for name, _ in listed.members]
    return found if listed.regions is None else [*found, *listed.regions.columns]


def _summary(listed: Contributions) -> str:
    """Return the text that adds up the list of one lane: a subject appears in no column of it.

    A subject without an id is nobody's rival for the first two places; its share stands apart.
    """
    key, subject = quoted(KEY), quoted(SUBJECT)
    sizes, columns = [quoted(flag) for flag in _flags(listed)], _counted(listed)
    pairs = zip(listed.dominances, listed.columns, strict=True)
    for number, (one, (gains, losses)) in enumerate(pairs):
        size = quoted(f"{HIDDEN_PREFIX}v{number}")
        sizes.append(f"{_amount(gains)} - {_amount(losses)} AS {size}")
        known = f"FILTER (WHERE NOT {subject} IS NULL)"
        columns += [
            f"sum({size}) AS {quoted(one.total)}",
            f"max({size}) {known} AS {quoted(one.largest)}",
            f"list_extract(max({size}, 2) {known}, 2) AS {quoted(one.second)}",
            f"sum({size}) FILTER (WHERE {subject} IS NULL) AS {quoted(one.unknown)}",
        ]
    # Names are quoted and come from this module; the text inside was checked like any other.
    inner = f"SELECT {', '.join([key, subject, *sizes])} FROM (\n{listed.sql}\n)"  # noqa: S608 - as above
    return f"SELECT {key}, {', '.join(columns)} FROM ({inner}) GROUP BY {key}"  # noqa: S608 - as above


def _flags(listed: Contributions) -> list[str]:
    named = [flag for _, flag in listed.members if flag is not None]
    return list(dict.fromkeys([*named, *(listed.regions.flags if listed.regions else ())]))


def _counted(listed: Contributions) -> list[str]:
    """Return for each population and combination of cohorts the column with its subjects."""
    columns = []
    for name, flag in listed.members:
        columns.append(_subjects(name, [] if flag is None else [f"{quoted(flag)} > 0"]))
    regions = listed.regions
    for bits, name in enumerate(regions.columns if regions else ()):
        flags = regions.flags if regions else ()
        signs = [">" if bits >> number & 1 else "=" for number in range(len(flags))]
        tests = [f"{quoted(flag)} {sign} 0" for flag, sign in zip(flags, signs, strict=True)]
        columns.append(_subjects(name, tests))
    return columns


def _subjects(name: str, tests: list[str]) -> str:
    known = f"NOT {quoted(SUBJECT)} IS NULL"
    return f"count(*) FILTER (WHERE {' AND '.join([known, *tests])}) AS {quoted(name)}"


def _amount(name: str) -> str:
    return f"coalesce(CAST({quoted(name)} AS DOUBLE), 0)"
