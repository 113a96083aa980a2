"""Pass 10b, contributors: who adds how much to a sum, for the rules of dominance.

Property: for every lane of a sum or mean one further text lists (group key, subject, gains, losses)
from the same relations under the same conditions as the checked query; the text that runs puts
these together to the total, the two largest and the unidentified share of every group, and shows
no subject. How it does so is fixed here and depends on names alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlglot import exp

from gongshu.cleanroom.model import Contributions, Dominance
from gongshu.cleanroom.populations import Lane
from gongshu.cleanroom.query import Projection, Query
from gongshu.cleanroom.resolve import HIDDEN_PREFIX

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


def listing(query: Query, key: exp.Expr, subject: exp.Column, addends: tuple[Addend, ...]) -> Query:
    """This function will return the query whose rows are what one subject adds to one group."""
    projections = [Projection(KEY, key), Projection(SUBJECT, subject)]
    for number, addend in enumerate(addends):
        gains, losses = columns_of(number)
        projections.append(Projection(gains, addend.total(addend.where(exp.GT))))
        projections.append(Projection(losses, addend.total(addend.where(exp.LT))))
    return replace(query, projections=tuple(projections), group=(key, subject), order=())


def columns_of(number: int) -> tuple[str, str]:
    """This function will name the columns with the gains and the losses of an addend."""
    return f"{HIDDEN_PREFIX}g{number}", f"{HIDDEN_PREFIX}m{number}"


def compose(
    counting: str, names: tuple[str, ...], key: str, contributions: tuple[Contributions, ...]
) -> str:
    """This function will put the texts of a plan together to the one that runs.

    `names` are the columns of `counting`; each list of contributors becomes one row per group.
    """
    counted = _quoted(f"{HIDDEN_PREFIX}c")
    columns = [f"{counted}.{_quoted(name)}" for name in names]
    joins = []
    for number, listed in enumerate(contributions):
        alias = _quoted(f"{HIDDEN_PREFIX}d{number}")
        columns += [f"{alias}.{_quoted(name)}" for one in listed.dominances for name in _names(one)]
        joins.append(
            f"LEFT JOIN (\n{_summary(listed)}\n) AS {alias} "
            f"ON {counted}.{_quoted(key)} IS NOT DISTINCT FROM {alias}.{_quoted(KEY)}"
        )
    selected = ",\n  ".join(columns)
    return "\n".join(
        [
            f"SELECT\n  {selected}\nFROM (\n{counting}\n) AS {counted}",
            *joins,
            f"ORDER BY {counted}.{_quoted(key)}",
        ]
    )


def _names(dominance: Dominance) -> tuple[str, ...]:
    return dominance.total, dominance.largest, dominance.second, dominance.unknown


def _summary(listed: Contributions) -> str:
    """Return the text that adds up the list of one lane: a subject appears in no column of it.

    A subject without an id is nobody's rival for the first two places; its share stands apart.
    """
    key, subject = _quoted(KEY), _quoted(SUBJECT)
    sizes, columns = [], []
    pairs = zip(listed.dominances, listed.columns, strict=True)
    for number, (one, (gains, losses)) in enumerate(pairs):
        size = _quoted(f"{HIDDEN_PREFIX}v{number}")
        sizes.append(f"{_amount(gains)} - {_amount(losses)} AS {size}")
        known = f"FILTER (WHERE NOT {subject} IS NULL)"
        columns += [
            f"sum({size}) AS {_quoted(one.total)}",
            f"max({size}) {known} AS {_quoted(one.largest)}",
            f"list_extract(max({size}, 2) {known}, 2) AS {_quoted(one.second)}",
            f"sum({size}) FILTER (WHERE {subject} IS NULL) AS {_quoted(one.unknown)}",
        ]
    # Names are quoted and come from this module; the text inside was checked like any other.
    inner = f"SELECT {key}, {subject}, {', '.join(sizes)} FROM (\n{listed.sql}\n)"  # noqa: S608
    return f"SELECT {key}, {', '.join(columns)} FROM ({inner}) GROUP BY {key}"  # noqa: S608


def _amount(name: str) -> str:
    return f"coalesce(CAST({_quoted(name)} AS DOUBLE), 0)"


def _quoted(name: str) -> str:
    return exp.to_identifier(name, quoted=True).sql("duckdb")
