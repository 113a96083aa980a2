"""Any table with a subject column, judged as the counts or sums that somebody would make of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from gongshu.cleanroom.model import (
    Amount,
    Contributions,
    Dominance,
    Measure,
    Plan,
    Population,
    Regions,
)
from gongshu.sdc import rules
from gongshu.sdc.columns import Codes, coded, number_column, require
from gongshu.sdc.crossed import Crossed
from gongshu.sdc.protection import Checked, protect
from gongshu.vocabulary.errors import Invalid
from gongshu.vocabulary.levels import SubjectKind

MOST_VALUES = 20
MOST_TOGETHER = 6


def judge_table(
    table: pa.Table,
    *,
    subject: str,
    by: str,
    k: int,
    key_opened: bool,
    of: str | None = None,
    amount: str | None = None,
    controller: str | None = None,
) -> Checked:
    """This function will count the subjects of each group and judge every number (§4).

    `by` is the group; with `of`, each of its values is a count within the group, so complement and
    class disclosure are judged, too, and where every subject of a group has one value, the group's
    number is their total (`gongshu.sdc.crossed`), else all are judged together; with `amount`, its
    sum and mean in each group are judged instead, and with `controller`, the column of whoever
    controls the subject, by control groups, too; without one a subject is its own. Rows without a
    subject count nobody. Raises `Invalid` for a column that is missing or holds no numbers,
    `RunFailed` for a table with about one group per subject.
    """
    named = [subject, by, *(name for name in (of, amount, controller) if name is not None)]
    require(table, named)
    if (of is not None and amount is not None) or (controller is not None and amount is None):
        raise Invalid(
            "--of 和 --sum 一次只能写一个，--controller 只用于 --sum。", code="sdc.column"
        )
    rows = _Rows.of(table, subject, by, controller)
    if amount is not None:
        return rows.added_up(amount, number_column(table, amount)).judged(k, key_opened)
    if of is not None:
        _, values = coded(table.column(of))
        if len(values) > MOST_VALUES:
            raise Invalid(f"“{of}”有超过 {MOST_VALUES} 种取值，请先合并。", code="sdc.values")
        crossed = Crossed.of(table, subject, by, of)
        if crossed.additive[1]:
            return crossed.judged(k, key_opened=key_opened, totals=(False, True))
    return rows.counted(of, table).judged(k, key_opened)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A result as a run would have given it, with the measures that decide about it."""

    by: str
    columns: dict[str, pa.Array | Codes | rules.Amounts]
    measures: tuple[Measure, ...]
    groups: tuple[Population, ...]
    regions: Regions | None = None

    def judged(self, k: int, key_opened: bool) -> Checked:
        plan = Plan(
            sql="",
            shape="statistics",
            sources={},
            types={},
            resources={},
            columns=(self.by, *(measure.name for measure in self.measures)),
            key=self.by,
            key_opened=key_opened,
            groups=self.groups,
            measures=self.measures,
            k=k,
            contributions=(Contributions("", (), (), regions=self.regions),),
        )
        return protect(pa.table(self.columns), plan, k)


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of a table as numbers: group and subject of each (−1 where there is none). `lanes`
    are the subjects and, where it is known, who controls them."""

    by: str
    groups: Codes
    lanes: tuple[Codes, ...]
    keys: pa.Array

    @classmethod
    def of(cls, table: pa.Table, subject: str, by: str, controller: str | None) -> _Rows:
        groups, keys = coded(table.column(by))
        people = _named(table.column(subject))
        if controller is None:
            return cls(by, groups, (people,), keys)
        known = _named(table.column(controller))
        beyond = int(people.max(initial=0)) + 1
        return cls(by, groups, (people, np.where(known >= 0, known + beyond, people)), keys)

    @property
    def people(self) -> Codes:
        return self.lanes[0]

    @property
    def present(self) -> rules.Mask:
        found: rules.Mask = self.people >= 0
        return found

    def subjects(self, piece: rules.Mask, lane: int = 0) -> Codes:
        """Return for each group how many subjects of a lane have a row of the piece."""
        kept = piece & self.present
        pairs = np.unique(np.stack([self.groups[kept], self.lanes[lane][kept]]), axis=1)
        return np.bincount(pairs[0], minlength=len(self.keys)).astype(np.int64)

    def counted(self, of: str | None, table: pa.Table) -> _Prepared:
        """Each class is a part of its group, and any two classes may differ by a few subjects."""
        pieces, names = [np.ones(len(self.groups), dtype=bool)], [f"{self.by}：全部"]
        if of is not None:
            classes, values = coded(table.column(of))
            pieces += [classes == code for code in range(len(values))]
            names += [f"{of}：{'空' if v is None else v}" for v in values.to_pylist()]
        columns: dict[str, Any] = {self.by: self.keys}
        measures = []
        for number, (name, piece) in enumerate(zip(names, pieces, strict=True)):
            columns[name] = columns[f"gs_n{number}"] = self.subjects(piece)
            others = range(1, number)
            columns |= {_union(o, number): self.subjects(pieces[o] | piece) for o in others}
            unions = tuple((o, (_population(_union(o, number)),)) for o in others)
            measures.append(Measure(name, (_population(f"gs_n{number}"),), number > 0, unions))
        regions = self.combined(pieces[1:]) if of is not None else {}
        named = Regions(0, tuple((number,) for number in range(1, len(pieces))), tuple(regions))
        groups = (_population("gs_n0"),)
        judged = named if of is not None else None
        return _Prepared(self.by, columns | regions, tuple(measures), groups, judged)

    def combined(self, pieces: list[rules.Mask]) -> dict[str, Codes]:
        """Count the subjects of each group by the classes that they are in."""
        if len(pieces) > MOST_TOGETHER:
            raise Invalid(
                f"有的主体在一组里有几种取值，取值又超过 {MOST_TOGETHER} 种，不能一并核对；"
                "请先整理成一个主体一种取值，或合并取值。",
                code="sdc.values",
            )
        bits = sum(piece.astype(np.int64) << bit for bit, piece in enumerate(pieces))
        members = np.stack([self.groups, self.people])[:, self.present]
        places, each = np.unique(members, axis=1, return_inverse=True)
        held = np.zeros(places.shape[1], dtype=np.int64)
        np.bitwise_or.at(held, each.ravel(), np.asarray(bits)[self.present])
        counts = np.zeros((len(self.keys), 1 << len(pieces)), dtype=np.int64)
        np.add.at(counts, (places[0], held), 1)
        return {f"gs_b{number}": counts[:, number] for number in range(counts.shape[1])}

    def added_up(self, name: str, numbers: rules.Amounts) -> _Prepared:
        """Sum and mean of one item: an empty cell adds nothing, a zero is no contribution."""
        known = ~np.isnan(numbers)
        values = np.where(known, numbers, 0.0)
        size, groups = len(self.keys), self.groups
        different = np.unique(np.stack([groups[known], values[known]]), axis=1)[0].astype(np.int64)
        columns: dict[str, Any] = {
            self.by: self.keys,
            "gs_total": _sums(groups, values, size),
            "gs_rows": np.bincount(groups[known], minlength=size).astype(np.int64),
            "gs_values": np.bincount(different, minlength=size).astype(np.int64),
        }
        everybody, contributors, dominances = [], [], []
        for lane, subjects in enumerate(self.lanes):
            shares = [f"gs_{part}{lane}" for part in "tlru"]
            columns |= zip(shares, _shares(groups, subjects, np.abs(values), size), strict=True)
            columns[f"gs_n{lane}"] = self.subjects(np.ones(len(groups), dtype=bool), lane)
            columns[f"gs_c{lane}"] = self.subjects(values != 0, lane)
            everybody.append(_population(f"gs_n{lane}", lane))
            contributors.append(_population(f"gs_c{lane}", lane))
            dominances.append(Dominance(lane, *shares))
        sums = Amount(
            "sum",
            "gs_total",
            "gs_rows",
            "gs_values",
            bool(np.all(values == np.rint(values))),
            tuple(contributors),
            tuple(dominances),
        )
        mean = replace(sums, statistic="mean")
        measures = (
            Measure(f"{name}：合计", sums.group, False, amount=sums),
            Measure(f"{name}：平均", sums.group, False, amount=mean),
        )
        return _Prepared(self.by, columns, measures, tuple(everybody))


def _shares(
    groups: Codes, people: Codes, sizes: rules.Amounts, count: int
) -> tuple[rules.Amounts, ...]:
    """Return for each group the total, its two largest subjects, and what nobody (−1) has."""
    pairs, inverse = np.unique(np.stack([groups, people]), axis=1, return_inverse=True)
    each = _sums(inverse.ravel(), sizes, pairs.shape[1])
    known = pairs[1] >= 0
    order = np.lexsort((-each, pairs[0]))
    order = order[known[order]]
    ordered, owners = each[order], pairs[0][order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = owners[1:] != owners[:-1]
    second = np.zeros(len(order), dtype=bool)
    second[1:] = first[:-1] & ~first[1:]
    return (
        _sums(pairs[0], each, count),
        _sums(owners[first], ordered[first], count),
        _sums(owners[second], ordered[second], count),
        _sums(pairs[0][~known], each[~known], count),
    )


def _sums(places: Codes, sizes: rules.Amounts, count: int) -> rules.Amounts:
    return np.bincount(places, sizes, count).astype(np.float64)


def _union(first: int, second: int) -> str:
    return f"gs_u{first}_{second}"


def _population(column: str, lane: int = 0) -> Population:
    return Population(column, lane, SubjectKind.person, False)


def _named(column: pa.ChunkedArray) -> Codes:
    """Return a number for each cell, −1 for an empty one."""
    found: Codes = np.where(column.is_valid().to_numpy().astype(bool), coded(column)[0], -1)
    return found
