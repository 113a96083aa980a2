"""Generalisation hierarchies: what each value becomes, level by level, in the CSV format of ARX.

A line holds a value and its generalisations, from fine to coarse, parted by semicolons; level 0 is
the value itself. Whatever is alike at one level is alike at all coarser ones, or the search for
the best levels would be wrong; that is checked when a hierarchy is made.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from gongshu.vocabulary.errors import Invalid


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """One column's hierarchy: `steps[value][level]`, all of the same length."""

    column: str
    steps: Mapping[str, tuple[str, ...]]

    @property
    def levels(self) -> int:
        """Return the number of levels, the values themselves included."""
        return len(next(iter(self.steps.values()), ()))

    @classmethod
    def read(cls, column: str, text: str, *, delimiter: str = ";") -> Self:
        """Read the CSV text; raises `Invalid` with the line that is wrong."""
        steps: dict[str, tuple[str, ...]] = {}
        for line, cells in enumerate(csv.reader(text.splitlines(), delimiter=delimiter), 1):
            if not cells:
                continue
            if steps and len(cells) != len(next(iter(steps.values()))):
                raise Invalid(
                    f"“{column}”的泛化层次第{line}行的层数与前面不同。请补齐或删去多余的层。",
                    code="hierarchy_ragged",
                )
            if cells[0] in steps and steps[cells[0]] != tuple(cells):
                raise Invalid(
                    f"“{column}”的泛化层次第{line}行重复了取值“{cells[0][:40]}”。请只留一行。",
                    code="hierarchy_repeated",
                )
            steps[cells[0]] = tuple(cells)
        made = cls(column, steps)
        made._require_nested()
        return made

    def _require_nested(self) -> None:
        """Raise `Invalid` when two values meet at one level and part at a coarser one."""
        for level in range(1, self.levels - 1):
            onward: dict[str, str] = {}
            for steps in self.steps.values():
                if onward.setdefault(steps[level], steps[level + 1]) != steps[level + 1]:
                    raise Invalid(
                        f"“{self.column}”的泛化层次里，“{steps[level][:40]}”在下一层有不同的去向。"
                        "请改成同一个。",
                        code="hierarchy_not_nested",
                    )
