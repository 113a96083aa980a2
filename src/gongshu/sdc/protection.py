"""Judge every cell of a statistical result and put together what may leave.

Order: canonical subjects, cohorts, primary suppression, rounding (disclosure-control §4). A plan's
result has one dimension and no totals, so there is no sum from which a protected cell could be
taken; judging it together with earlier results and public totals is a step of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gongshu.cleanroom.failures import RunFailed
from gongshu.cleanroom.model import Measure, Plan, Population, Regions
from gongshu.sdc import amounts, rules
from gongshu.sdc.regions import standing
from gongshu.sdc.review import Cause, CellReview, ForReviewer
from gongshu.sdc.rules import Counts, Mask

MARKER = "已保护"
PROTECTED_NOTE = "部分组别已保护"


@dataclass(frozen=True, slots=True)
class Checked:
    """A result after the output check.

    `table` may leave; `notes` is what the author is told; `protected` (the number of protected
    cells) and `for_reviewer` are for those who decide about the release.
    """

    table: pa.Table
    protected: int
    notes: tuple[str, ...]
    for_reviewer: ForReviewer


def protect(result: pa.Table, plan: Plan, k: int) -> Checked:
    """This function will return the part of a result that may be shown.

    Statistical results: cells under `k` canonical subjects of any source, cells that leave only a
    few of their group out or tell almost all of it, and cells that differ from another by a few
    subjects are null and their row is marked, and so are sums and means that tell too much of
    their largest contributors; the rest is rounded, counts to base 5; rows stand in the order of
    the group key. Open copies and serving tables pass as they are. Raises `RunFailed`
    when the result does not fit the plan, or when it has about one group per subject and so
    copies a column row by row.
    """
    if plan.shape != "statistics":
        if result.column_names != list(plan.columns):
            raise RunFailed("columns")
        return Checked(result, 0, (), ForReviewer(result.num_rows, 0, 0, None))
    if plan.key is None or k < plan.k or k < 1 or not plan.groups:
        raise RunFailed("plan")
    return _Result(_sorted(result, plan.key), plan, k).checked()


def _sorted(result: pa.Table, key: str) -> pa.Table:
    if result.schema.get_field_index(key) < 0:
        raise RunFailed("columns")
    order = pc.sort_indices(result.column(key))
    return result.take(order)


@dataclass(frozen=True, slots=True)
class _Result:
    """A sorted result with its plan, on the way to what may be shown."""

    table: pa.Table
    plan: Plan
    k: int
    causes: dict[str, dict[Cause, Mask]] = field(default_factory=dict)

    def checked(self) -> Checked:
        self.refuse_copies()
        small = self.small_groups()
        for measure in self.plan.measures:
            self.causes[measure.name] = self.own_causes(measure, small)
        for measure in self.plan.measures:
            self.compare(measure)
        self.compare_all()
        masks = {name: _any(found.values()) for name, found in self.causes.items()}
        protected = self.protected()
        notes = (PROTECTED_NOTE,) if protected else ()
        return Checked(self.shown(masks), protected, notes, self.review(masks))

    def counts(self, column: str) -> Counts:
        return amounts.counts(self.table, column)

    def refuse_copies(self) -> None:
        """About one group per subject is a copy of the key column, whatever its lineage says."""
        groups = self.table.num_rows
        for population in self.plan.groups:
            subjects = int(self.counts(population.column).sum())
            if not population.optional and rules.copies_the_key(groups, subjects, self.k):
                raise RunFailed("one_group_per_subject")

    def small_groups(self) -> Mask:
        mandatory = [p for p in self.plan.groups if not p.optional]
        return _any(rules.too_few(self.counts(p.column), self.k, optional=False) for p in mandatory)

    def own_causes(self, measure: Measure, small: Mask) -> dict[Cause, Mask]:
        groups = {p.lane: self.counts(p.column) for p in self.plan.groups}
        found = {Cause.GROUP_TOO_SMALL: small}
        for population in measure.populations:
            subjects = self.counts(population.column)
            few = rules.too_few(subjects, self.k, optional=population.optional)
            _add(found, Cause.TOO_FEW, few)
            if measure.selective:
                group = groups[population.lane]
                if measure.amount is not None:
                    group = self.counts(_on(measure.amount.group, population.lane).column)
                rest = rules.complement_too_small(subjects, group, self.k)
                _add(found, Cause.COMPLEMENT, rest)
                if not population.optional:
                    share = rules.class_disclosure(subjects, group)
                    _add(found, Cause.CLASS_DISCLOSURE, share)
            if not self.plan.key_opened and not population.optional:
                total = np.full_like(subjects, subjects.sum())
                _add(found, Cause.DOMINANT_GROUP, rules.dominant_group(subjects, total))
            if measure.amount is not None and measure.amount.statistic == "quantile":
                judged = amounts.quantile_causes(self.table, measure.amount, subjects, self.k)
                for cause, mask in judged.items():
                    _add(found, cause, mask)
        if measure.amount is not None and measure.amount.statistic != "quantile":
            found |= amounts.causes(self.table, measure.amount)
        return found

    def compare(self, measure: Measure) -> None:
        """Judge a measure against earlier ones where both would be shown."""
        for index, unions in measure.unions:
            other = self.plan.measures[index]
            for union in unions:
                one = _on(other.populations, union.lane)
                this = _on(measure.populations, union.lane)
                inner_one, inner_this = rules.nested_difference(
                    self.counts(one.column),
                    self.counts(this.column),
                    self.counts(union.column),
                    self.k,
                )
                hidden = self.hidden(other.name) | self.hidden(measure.name)
                _add(self.causes[other.name], Cause.NESTED, inner_one & ~hidden)
                _add(self.causes[measure.name], Cause.NESTED, inner_this & ~hidden)

    def compare_all(self) -> None:
        """Judge all counts of a group together, lane by lane until no lane hides more: hiding a
        count because of one kind of subject may not leave another kind's to be worked out."""
        judged = [listed.regions for listed in self.plan.contributions if listed.regions]
        secret = [self.unseen(regions) for regions in judged]
        before = -1
        while before < self.protected():
            before = self.protected()
            for regions, own in zip(judged, secret, strict=True):
                self.keep_apart(regions, own)

    def protected(self) -> int:
        return sum(int(self.hidden(name).sum()) for name in self.causes)

    def unseen(self, regions: Regions) -> Mask:
        """Return for each cohort, a column each, in which groups none of its counts is shown."""
        named = [[self.plan.measures[m].name for m in measures] for measures in regions.cohorts]
        return np.stack([_all(self.hidden(name) for name in names) for names in named], axis=1)

    def keep_apart(self, regions: Regions, secret: Mask) -> None:
        allowed = ~self.unseen(regions)
        combinations = np.stack([self.counts(name) for name in regions.columns], axis=1)
        gone = allowed & ~standing(combinations, allowed, secret, self.k)
        for bit, measures in enumerate(regions.cohorts):
            for index in measures:
                _add(self.causes[self.plan.measures[index].name], Cause.CUT_OUT, gone[:, bit])

    def hidden(self, name: str) -> Mask:
        return _any(self.causes[name].values())

    def shown(self, masks: dict[str, Mask]) -> pa.Table:
        columns: dict[str, pa.Array | pa.ChunkedArray] = {}
        measures = {measure.name: measure for measure in self.plan.measures}
        for name in self.plan.columns:
            if name not in masks:
                columns[name] = _as_date(self.table.column(name))
            elif (amount := measures[name].amount) is not None:
                columns[name] = pa.array(amounts.shown(self.table, amount), mask=masks[name])
            else:
                values = rules.rounded(self.counts(name))
                columns[name] = pa.array(values, mask=masks[name], type=pa.int64())
        columns[MARKER] = pa.array(_any(masks.values()))
        return pa.table(columns)

    def exact(self, measure: Measure) -> list[float]:
        if measure.amount is not None:
            return list(amounts.exact(self.table, measure.amount).tolist())
        return list(self.counts(measure.name).tolist())

    def review(self, masks: dict[str, Mask]) -> ForReviewer:
        keys = self.table.column(self.plan.key or "").to_pylist()
        protected: list[CellReview] = []
        smallest: list[int] = []
        for measure in self.plan.measures:
            lanes = [self.counts(p.column) for p in measure.populations if not p.optional]
            fewest = np.minimum.reduce(lanes)
            values, mask = self.exact(measure), masks[measure.name]
            smallest += [int(fewest[~mask].min())] if not mask.all() else []
            for row in np.flatnonzero(mask).tolist():
                causes = tuple(c for c, hit in self.causes[measure.name].items() if hit[row])
                key = None if keys[row] is None else str(keys[row])
                protected.append(
                    CellReview(row, key, measure.name, values[row], int(fewest[row]), causes)
                )
        cells = self.table.num_rows * len(self.plan.measures)
        return ForReviewer(
            self.table.num_rows,
            cells,
            self.k,
            min(smallest, default=None),
            tuple(protected),
        )


def _as_date(keys: pa.ChunkedArray) -> pa.ChunkedArray:
    """Months come from the engine as midnights; people write them as dates."""
    if not pa.types.is_timestamp(keys.type):
        return keys
    try:
        return keys.cast(pa.date32())
    except pa.ArrowInvalid:
        return keys


def _on(populations: tuple[Population, ...], lane: int) -> Population:
    return next(p for p in populations if p.lane == lane)


def _any(masks: Iterable[Mask]) -> Mask:
    found: Mask = np.logical_or.reduce(list(masks))
    return found


def _all(masks: Iterable[Mask]) -> Mask:
    found: Mask = np.logical_and.reduce(list(masks))
    return found


def _add(found: dict[Cause, Mask], cause: Cause, mask: Mask) -> None:
    found[cause] = found[cause] | mask if cause in found else mask
