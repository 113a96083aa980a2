"""Everything that is measured of one table, as one value that can be shown, stored and compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from gongshu.risk.cells import count_cells
from gongshu.risk.classes import ClassSizes, class_sizes, require_columns
from gongshu.risk.diversity import Diversity, measure_diversity
from gongshu.risk.reidentification import (
    ReleaseModel,
    ReleaseVerdict,
    Risk,
    judge_release,
    measure_risk,
)
from gongshu.risk.screening import MOST, SetRisk, screen
from gongshu.vocabulary.errors import Invalid

SCHEMA: Final = "gongshu-risk-1"


@dataclass(frozen=True, slots=True, eq=False)
class Assessment:
    """The risk of one table; `verdicts` has one for each form of release.

    `combinations` are all sets of the quasi-identifiers, empty when there are more than eight.
    """

    quasi: tuple[str, ...]
    sizes: ClassSizes
    risk: Risk
    diversity: dict[str, Diversity]
    verdicts: tuple[ReleaseVerdict, ...]
    combinations: tuple[SetRisk, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the assessment as JSON-able values, by the schema that docs describe."""
        sizes = self.sizes
        return {
            "schema": SCHEMA,
            "quasi_identifiers": list(self.quasi),
            "rows": sizes.rows,
            "suppressed": sizes.suppressed,
            "classes": {
                "count": sizes.count,
                "members": sizes.members,
                "unassigned": sizes.unassigned,
                "k": sizes.k,
                "uniques": sizes.uniques,
                "sizes": [
                    [size, many]
                    for size, many in zip(sizes.sizes.tolist(), sizes.classes.tolist(), strict=True)
                ],
            },
            "risk": asdict(self.risk),
            "sensitive": {name: asdict(one) for name, one in self.diversity.items()},
            "verdicts": [asdict(one) | {"model": str(one.model)} for one in self.verdicts],
            "combinations": [asdict(one) | {"average": one.average} for one in self.combinations],
        }


def assess(
    table: Any,
    quasi: Sequence[str],
    *,
    sensitive: Sequence[str] = (),
    ordered: Sequence[str] = (),
    subject: str | None = None,
) -> Assessment:
    """Assess a `pyarrow.Table`: classes, risks, sensitive items, forms of release, combinations.

    `ordered` names those of `sensitive` whose values have an order that means something. Raises
    `Invalid` for a column that is not there or has two parts to play.
    """
    parts = [*quasi, *sensitive, *([subject] if subject else [])]
    require_columns(table, parts, quasi)
    if strangers := sorted(set(ordered) - set(sensitive)):
        raise Invalid(
            f"有序的数据项须同时是敏感项：{'、'.join(strangers)}。", code="ordered_not_sensitive"
        )
    sizes = class_sizes(table, quasi, subject=subject)
    measured = {
        name: measure_diversity(count_cells(table, quasi, name), ordered=name in ordered)
        for name in sensitive
    }
    return Assessment(
        quasi=tuple(quasi),
        sizes=sizes,
        risk=measure_risk(sizes),
        diversity={name: one for name, one in measured.items() if one is not None},
        verdicts=tuple(judge_release(sizes, model) for model in ReleaseModel),
        combinations=screen(table, quasi) if len(quasi) <= MOST else (),
    )
