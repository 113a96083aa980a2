"""A profile together with values, for the owner; for everybody else they are protected first."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from gongshu.profile import keys
from gongshu.profile.keys import Key
from gongshu.profile.model import ColumnProfile, Profile
from gongshu.profile.scan import THREADS, Scan, batches_of
from gongshu.profile.statistics import QUANTILES, ColumnValues, Spread, measure_spread
from gongshu.vocabulary.levels import IdentifierClass, SubjectKind

FREQUENT: Final = 10
SMALLEST_COHORT: Final = 10
"""A value is shown when at least so many rows hold it (disclosure-control §3, k)."""


@dataclass(frozen=True, slots=True)
class Study:
    """A profile and its values, columns in the same order.

    `keys` are the columns, alone or in pairs, that tell all rows apart; None: not decided.
    """

    profile: Profile
    values: tuple[ColumnValues, ...]
    keys: tuple[Key, ...] | None
    protected: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return what is known of each column, its values and the keys as JSON-able values."""
        pairs = zip(self.profile.columns, self.values, strict=True)
        return {
            "rows": self.profile.rows,
            "protected": self.protected,
            "proposal": asdict(self.profile.proposal),
            "keys": None if self.keys is None else [list(key.names) for key in self.keys],
            "columns": [
                asdict(column) | {"values": asdict(held) | {"quantiles_at": QUANTILES}}
                for column, held in pairs
            ],
        }


def study(
    open_rows: Callable[[], Any], *, rows: int | None = None, title: str = "", department: str = ""
) -> Study:
    """Study a table in one scan, and a second one of key columns only where there may be a key.

    `open_rows` gives a `pyarrow.Table` or a fresh `RecordBatchReader` each time it is called. The
    other arguments and errors are those of `profile`.
    """
    data = open_rows()
    schema = data.schema
    with ThreadPoolExecutor(max_workers=THREADS) as pool:
        scan = Scan(schema, pool)
        spreads = measure_spread(schema, batches_of(data), scan.see)
    found = scan.conclude(rows=rows, title=title, department=department)
    known, undecided = _keys(open_rows, schema, found)
    single = {key.places[0] for key in known or () if len(key.places) == 1}
    values = tuple(
        ColumnValues(
            name=column.name,
            spread=spread,
            frequent=column.frequent.top(FREQUENT),
            frequent_short=column.frequent.short,
            unique=None if (place,) in undecided else place in single,
        )
        for place, (column, spread) in enumerate(zip(scan.columns, spreads, strict=True))
    )
    return Study(found, values, None if known is None else tuple(known))


def _keys(
    open_rows: Callable[[], Any], schema: Any, found: Profile
) -> tuple[list[Key] | None, set[tuple[int, ...]]]:
    """Return the keys (None: memory did not suffice), and the sets that were not decided."""
    certain, open_sets, left = keys.candidates(found.columns, schema.types)
    known: list[Key] | None = []
    if open_sets:
        known = keys.confirm(schema, batches_of(open_rows()), open_sets, found.rows)
    if known is None:
        return None, {*open_sets, *left}
    names = schema.names
    sure = [Key(one, tuple(names[place] for place in one)) for one in certain]
    return sorted([*sure, *known], key=lambda key: key.places), set(left)


def protect(found: Study) -> Study:
    """Withhold the values that nobody but the owner may read from a profile.

    Direct identifiers, items of grade 3 and 4 and items in which an identifier was found show none;
    items of persons no extremes; any item only values that at least 10 rows hold for certain.
    Source: disclosure-control §3 (k) and §5 (profile pages obey the output rule).
    """
    pairs = zip(found.profile.columns, found.values, strict=True)
    return replace(
        found, values=tuple(_protected(column, held) for column, held in pairs), protected=True
    )


def _protected(column: ColumnProfile, held: ColumnValues) -> ColumnValues:
    proposal = column.proposal
    if (
        proposal.identifier is IdentifierClass.direct
        or proposal.grade >= 3
        or any(finding.random_baseline is not None for finding in column.findings)
    ):
        said = "直接标识符、三级以上或含有证件号码的数据项，取值只给数据提供单位看"
        return replace(held, spread=None, frequent=(), withheld=said)
    shown = tuple(one for one in held.frequent if one.rows >= SMALLEST_COHORT)
    spread, said_parts = _spread(column, held.spread)
    if len(shown) < len(held.frequent):
        said_parts.append(f"不足{SMALLEST_COHORT}行的取值不列出")
    return replace(held, spread=spread, frequent=shown, withheld="；".join(said_parts) or None)


def _spread(column: ColumnProfile, spread: Spread | None) -> tuple[Spread | None, list[str]]:
    """Keep the spread of things; of persons and enterprises the extremes are single subjects."""
    if spread is None or column.proposal.subject is SubjectKind.thing:
        return spread, []
    return None, ["个人和单位的最大最小值就是某一个对象的值，不列出"]
