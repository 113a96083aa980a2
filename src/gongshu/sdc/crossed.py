"""Counts by one or two columns, with totals: what is shown and what must be hidden with it.

A table with totals is judged as a whole: a cell that is protected comes back by subtraction unless
others are hidden with it, so what is shown, what adds up to what, and the knowledge that no count
is negative go to the attacker. Only where each subject stands in one cell are totals sums; other
tables get none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gongshu.cleanroom.failures import RunFailed
from gongshu.sdc import rules
from gongshu.sdc.attacker import Linked, Total
from gongshu.sdc.columns import Codes, coded, require
from gongshu.sdc.protection import MARKER, PROTECTED_NOTE, Checked
from gongshu.sdc.review import Cause, CellReview, ForReviewer
from gongshu.sdc.rules import Mask
from gongshu.sdc.secondary import suppress
from gongshu.vocabulary.errors import Invalid

TOTAL = "（合计）"
DIMENSIONS = 2


def judge_crossed(
    table: pa.Table, *, subject: str, by: Sequence[str], k: int, key_opened: bool, totals: bool
) -> Checked:
    """This function will count subjects by one or two columns and judge the table as a whole (§4).

    With `totals`, the sums over each column are shown, too, and further cells are hidden until no
    hidden one can be worked out to within `k`. `key_opened` says that the first column is public.
    Raises `Invalid` for columns that are missing and for totals of a table in which a subject
    stands in several cells; `RunFailed` for about one group per subject, and where the table
    cannot be protected or audited.
    """
    if not 1 <= len(by) <= DIMENSIONS:
        raise Invalid("分组列只能写一个或两个。", code="sdc.column")
    require(table, [subject, *by])
    first, second = by[0], by[1] if len(by) > 1 else None
    return Crossed.of(table, subject, first, second).judged(
        k, key_opened=key_opened, totals=(totals, totals and second is not None)
    )


@dataclass(frozen=True, slots=True)
class Crossed:
    """`counts` has one row more than `keys` and one column more than `values`: the totals.

    `additive` says for the totals over the first column, and for those over the second, whether
    they are sums. Without a second column there is one column of counts.
    """

    first: str
    second: str | None
    keys: pa.Array
    values: tuple[str, ...]
    counts: Codes
    additive: tuple[bool, bool]

    @classmethod
    def of(cls, table: pa.Table, subject: str, first: str, second: str | None) -> Crossed:
        """This function will count the subjects of every cell; a row without one counts nobody."""
        present = table.column(subject).is_valid().to_numpy().astype(bool)
        people = coded(table.column(subject))[0][present]
        rows, keys = _sorted(table.column(first))
        columns, names = np.zeros(table.num_rows, dtype=np.int64), pa.array([""])
        if second is not None:
            columns, names = _sorted(table.column(second))
        places = np.unique(np.stack([rows[present], columns[present], people]), axis=1)
        counts = np.zeros((len(keys) + 1, len(names) + 1), dtype=np.int64)
        np.add.at(counts, (places[0], places[1]), 1)
        by_row, by_column = (np.unique(places[[at, 2]], axis=1) for at in (0, 1))
        counts[:-1, -1] = np.bincount(by_row[0], minlength=len(keys))
        counts[-1, :-1] = np.bincount(by_column[0], minlength=len(names))
        counts[-1, -1] = len(np.unique(people))
        cells = places.shape[1]
        additive = (by_column.shape[1] == cells, by_row.shape[1] == cells)
        labels = tuple("空" if value is None else str(value) for value in names.to_pylist())
        return cls(first, second, keys, labels, counts, additive)

    def judged(self, k: int, *, key_opened: bool, totals: tuple[bool, bool]) -> Checked:
        """This function will judge every cell; `totals` over the first, over the second column."""
        if any(wanted and not sums for wanted, sums in zip(totals, self.additive, strict=True)):
            raise Invalid(
                "有的主体出现在几个格子里，合计不等于各格之和，不能核对；"
                "请先整理成一个主体一格，或不出合计。",
                code="sdc.not_additive",
            )
        self.refuse_copies(k)
        shown = self.places(totals)
        causes = {cause: mask & shown for cause, mask in self.primary(k, key_opened).items()}
        primary: Mask = np.logical_or.reduce(list(causes.values()))
        hidden = primary
        if any(totals):
            hidden = self.with_company(shown, primary, k, totals)
        causes[Cause.SECONDARY] = hidden & ~primary
        return _Sheet(self, shown, hidden, causes, k).checked()

    def refuse_copies(self, k: int) -> None:
        subjects = int(self.counts[:-1, -1].sum())
        if rules.copies_the_key(len(self.keys), subjects, k):
            raise RunFailed("one_group_per_subject")

    def places(self, totals: tuple[bool, bool]) -> Mask:
        """Return which cells are there at all."""
        shown = np.zeros(self.counts.shape, dtype=bool)
        shown[:-1, :-1] = True
        shown[-1, :-1] = totals[0]
        shown[:-1, -1] = totals[1]
        shown[-1, -1] = all(totals)
        return shown

    def primary(self, k: int, key_opened: bool) -> dict[Cause, Mask]:
        """Return what each rule protects by itself, before subtraction is thought of."""
        counts, groups = self.counts, np.broadcast_to(self.counts[:, -1:], self.counts.shape)
        nothing = np.zeros(counts.shape, dtype=bool)
        found = {
            Cause.GROUP_TOO_SMALL: rules.too_few(groups, k, optional=False),
            Cause.TOO_FEW: rules.too_few(counts, k, optional=False),
            Cause.COMPLEMENT: nothing.copy(),
            Cause.CLASS_DISCLOSURE: nothing.copy(),
            Cause.DOMINANT_GROUP: nothing.copy(),
        }
        if self.second is not None:
            classes, whole = counts[:, :-1], groups[:, :-1]
            found[Cause.COMPLEMENT][:, :-1] = rules.complement_too_small(classes, whole, k)
            found[Cause.CLASS_DISCLOSURE][:, :-1] = rules.class_disclosure(classes, whole)
        if not key_opened:
            # The largest group alone would be shown by its absence: its whole column is hidden.
            largest = rules.dominant_group(counts[:-1], counts[-1:])
            found[Cause.DOMINANT_GROUP] |= largest.any(axis=0)
        return found

    def with_company(self, shown: Mask, primary: Mask, k: int, totals: tuple[bool, bool]) -> Mask:
        """Hide what else must be hidden so that no total gives a hidden cell away."""
        number: Codes = np.full(shown.shape, -1, dtype=np.int64)
        number[shown] = np.arange(shown.sum())
        lines: list[Total] = []
        if totals[0]:
            lines += [_line(number[:, at]) for at in range(len(self.values) + 1) if shown[-1, at]]
        if totals[1]:
            lines += [_line(number[at]) for at in range(len(number)) if shown[at, -1]]
        largest = max(int(self.counts[-1, -1]), k)
        linked = Linked(self.counts[shown], tuple(lines), largest)
        hidden = primary.copy()
        hidden[shown] = suppress(linked, primary[shown], k).hidden
        return hidden


def _line(numbers: Codes) -> Total:
    *parts, total = numbers.tolist()
    return total, tuple(parts)


def _sorted(column: pa.ChunkedArray) -> tuple[Codes, pa.Array]:
    """Return codes in the order of what they stand for, so that no order tells how rows came."""
    codes, values = coded(column)
    order = pc.sort_indices(values).to_numpy()
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return place[codes], values.take(pa.array(order))


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A judged table on its way to whoever may see it."""

    table: Crossed
    shown: Mask
    hidden: Mask
    causes: dict[Cause, Mask]
    k: int

    def checked(self) -> Checked:
        protected = int((self.hidden & self.shown).sum())
        notes = (PROTECTED_NOTE,) if protected else ()
        return Checked(self.sheet(), protected, notes, self.review())

    def rows(self) -> list[int]:
        return np.flatnonzero(self.shown.any(axis=1)).tolist()

    def columns(self) -> list[tuple[str, int]]:
        """Return names and places, the total of a group before its parts."""
        table = self.table
        if table.second is None:
            return [(f"{table.first}：全部", 0)]
        named = [(f"{table.second}：{value}", at) for at, value in enumerate(table.values)]
        whole = [(f"{table.first}：全部", len(table.values))] if self.shown[0, -1] else []
        return whole + named

    def keys(self) -> pa.Array:
        keys = self.table.keys
        if len(self.rows()) == len(keys):
            return keys
        return pa.concat_arrays([keys.cast(pa.string()), pa.array([TOTAL])])

    def sheet(self) -> pa.Table:
        rows = self.rows()
        columns: dict[str, Any] = {self.table.first: self.keys()}
        for name, at in self.columns():
            counts = rules.rounded(self.table.counts[rows, at])
            columns[name] = pa.array(counts, mask=self.hidden[rows, at], type=pa.int64())
        columns[MARKER] = pa.array((self.hidden & self.shown)[rows].any(axis=1))
        return pa.table(columns)

    def review(self) -> ForReviewer:
        counts, keys = self.table.counts, self.keys().to_pylist()
        protected = []
        for name, at in self.columns():
            for row in np.flatnonzero(self.hidden[:, at] & self.shown[:, at]).tolist():
                causes = tuple(cause for cause, mask in self.causes.items() if mask[row, at])
                key = None if keys[row] is None else str(keys[row])
                value = int(counts[row, at])
                protected.append(CellReview(row, key, name, value, value, causes))
        visible = counts[self.shown & ~self.hidden]
        smallest = int(visible.min()) if len(visible) else None
        cells = int(self.shown.sum())
        return ForReviewer(len(self.table.keys), cells, self.k, smallest, tuple(protected))
