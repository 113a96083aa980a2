"""Tables with totals: what is hidden with a protected cell, and that no attacker gets it back."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import highspy
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from gongshu.cleanroom.failures import RunFailed
from gongshu.sdc import MARKER, Checked, crossed, judge_crossed, judge_table, rules, secondary
from gongshu.sdc.attacker import Attacker, Linked, Reach
from gongshu.sdc.crossed import TOTAL
from gongshu.sdc.review import Cause
from gongshu.vocabulary.errors import Invalid

K = 10
Inner = Mapping[str, Mapping[str, int]]
Grid = npt.NDArray[np.int64]


def table(inner: Inner) -> pa.Table:
    rows = [
        {"区": row, "类": column, "人": f"{row}{column}{number}"}
        for row, cells in inner.items()
        for column, size in cells.items()
        for number in range(size)
    ]
    return pa.Table.from_pylist(rows)


def judged(inner: Inner, *by: str, totals: bool = True, opened: bool = True) -> Checked:
    columns = by or ("区", "类")
    return judge_crossed(
        table(inner), subject="人", by=columns, k=K, key_opened=opened, totals=totals
    )


def cells(checked: Checked) -> dict[str, list[int | None]]:
    return {name: checked.table[name].to_pylist() for name in checked.table.column_names}


def causes(checked: Checked) -> dict[tuple[str | None, str], set[Cause]]:
    return {(c.key, c.measure): set(c.causes) for c in checked.for_reviewer.protected}


LARGE = {r: dict.fromkeys("xyz", 40) for r in ("甲", "乙", "丙")}


def test_large_cells_are_shown_with_their_totals() -> None:
    checked = judged(LARGE)

    assert checked.protected == 0
    assert cells(checked) == {
        "区": ["丙", "乙", "甲", TOTAL],
        "区：全部": [120, 120, 120, 360],
        "类：x": [40, 40, 40, 120],
        "类：y": [40, 40, 40, 120],
        "类：z": [40, 40, 40, 120],
        MARKER: [False] * 4,
    }


def test_one_small_cell_is_hidden_with_three_others() -> None:
    """Alone in its row, its column or its block it would come back by subtraction."""
    checked = judged({**LARGE, "甲": {"x": 4, "y": 40, "z": 40}})
    found = causes(checked)

    assert found[("甲", "类：x")] == {Cause.TOO_FEW}
    assert [set(c) for c in found.values()].count({Cause.SECONDARY}) == 3
    assert checked.notes == ("部分组别已保护",)


def test_without_totals_nothing_is_hidden_with_it() -> None:
    checked = judged({**LARGE, "甲": {"x": 4, "y": 40, "z": 40}}, totals=False)

    assert causes(checked) == {("甲", "类：x"): {Cause.TOO_FEW}}
    assert "区：全部" not in checked.table.column_names
    assert TOTAL not in checked.table["区"].to_pylist()


def test_one_column_with_its_total() -> None:
    inner = {"甲": {"x": 4}, "乙": {"x": 30}, "丙": {"x": 60}, "丁": {"x": 90}}
    checked = judged(inner, "区")

    assert set(causes(checked)) == {("甲", "区：全部"), ("乙", "区：全部")}
    assert cells(checked)["区：全部"][-1] == 185
    assert judged({key: {"x": 30} for key in "甲乙丙"}, "区").protected == 0


def test_two_small_cells_that_are_small_together_are_not_enough() -> None:
    """3 and 4 in a row: their sum is known to be 7, under k, so a third is hidden."""
    inner = {"甲": {"x": 3}, "乙": {"x": 4}, "丙": {"x": 60}, "丁": {"x": 90}}
    checked = judged(inner, "区")

    assert {key for key, _ in causes(checked)} == {"甲", "乙", "丙"}


def test_a_class_that_almost_everybody_of_a_group_has_is_hidden_with_company() -> None:
    checked = judged({**LARGE, "甲": {"x": 480, "y": 12, "z": 12}})

    assert causes(checked)[("甲", "类：x")] == {Cause.CLASS_DISCLOSURE}
    assert checked.protected >= 4


def test_a_closed_key_that_almost_everybody_has_hides_its_column() -> None:
    inner = {"甲": {"x": 950}, "乙": {"x": 25}, "丙": {"x": 25}}

    assert judged(inner, "区", opened=False).protected == 4
    assert judged(inner, "区", opened=True).protected == 0


def test_a_subject_in_two_cells_gives_no_totals() -> None:
    twice = pa.concat_tables([table(LARGE), pa.table({"区": ["甲"], "类": ["y"], "人": ["甲x0"]})])

    def asked(*, totals: bool) -> Checked:
        return judge_crossed(
            twice, subject="人", by=("区", "类"), k=K, key_opened=True, totals=totals
        )

    with pytest.raises(Invalid) as refused:
        asked(totals=True)
    assert refused.value.code == "sdc.not_additive"
    assert asked(totals=False).protected == 0


def test_rows_without_a_subject_and_empty_cells_have_their_place() -> None:
    """Nobody is counted where nobody is named; what is empty is a value like another."""
    more = pa.table(
        {
            "区": pa.array(["甲"] * 5 + [None] * 30, pa.string()),
            "类": pa.array(["x"] * 20 + [None] * 15, pa.string()),
            "人": pa.array([None] * 5 + [f"无{n}" for n in range(30)], pa.string()),
        }
    )
    checked = judge_crossed(
        pa.concat_tables([table(LARGE), more]),
        subject="人",
        by=("区", "类"),
        k=K,
        key_opened=True,
        totals=False,
    )

    assert checked.table["区"].to_pylist() == ["丙", "乙", "甲", None]
    assert checked.table["类：x"].to_pylist() == [40, 40, 40, 15]
    assert checked.table["类：空"].to_pylist() == [None, None, None, 15]


@pytest.mark.parametrize("by", [(), ("区", "类", "人"), ("区", "区"), ("区", "人"), ("没有",)])
def test_columns_that_make_no_table_are_refused(by: tuple[str, ...]) -> None:
    with pytest.raises(Invalid):
        judge_crossed(table(LARGE), subject="人", by=by, k=K, key_opened=True, totals=True)


def test_one_group_per_subject_is_a_copy() -> None:
    with pytest.raises(RunFailed) as failed:
        judged({f"{n}": {"x": 1} for n in range(30)})
    assert failed.value.cause == "one_group_per_subject"


def test_beyond_the_limits_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    inner = {**LARGE, "甲": {"x": 4, "y": 40, "z": 40}}
    assert judged(inner).protected == 4

    for limit, value, cause in (
        ("MOST_CELLS", 15, "too_many_cells"),
        ("MOST_ROUNDS", 0, "suppression"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(secondary, limit, value)
            with pytest.raises(RunFailed) as failed:
                judged(inner)
            assert failed.value.cause == cause


def test_classes_of_a_group_are_no_way_round_its_number() -> None:
    """`of` shows the number of a group beside its classes: the last class is the difference."""
    checked = judge_table(
        table({**LARGE, "甲": {"x": 4, "y": 40, "z": 50}}),
        subject="人",
        by="区",
        of="类",
        k=K,
        key_opened=True,
    )

    assert set(causes(checked)) == {("甲", "类：x"), ("甲", "类：y")}
    assert checked.table["区：全部"].to_pylist() == [120, 120, 95]


# -- the attacker ------------------------------------------------------------------------------


def linked(inner: Grid) -> tuple[Linked, Grid]:
    """Return a table with all its totals, and where each of its cells stands."""
    rows, columns = inner.shape
    whole = np.zeros((rows + 1, columns + 1), dtype=np.int64)
    whole[:-1, :-1] = inner
    whole[-1, :-1], whole[:-1, -1], whole[-1, -1] = inner.sum(0), inner.sum(1), inner.sum()
    place = np.arange(whole.size).reshape(whole.shape)
    lines = [*place, *place.T]
    totals = tuple((int(line[-1]), tuple(line[:-1].tolist())) for line in lines)
    return Linked(whole.ravel(), totals, max(int(inner.sum()), K)), place


def random_tables(count: int, seed: int) -> Iterator[Grid]:
    draw = np.random.default_rng(seed)
    for _ in range(count):
        shape = (int(draw.integers(2, 6)), int(draw.integers(2, 6)))
        scale = float(draw.choice([0.02, 0.05, 0.1]))
        yield draw.negative_binomial(1, scale, size=shape).astype(np.int64) + 1


def recovered(values: Grid, hidden: npt.NDArray[np.bool_], cells: list[int]) -> list[float]:
    """Return the widths to which cells can be worked out by somebody who knows what is shown.

    Another program than the library's: variables are the hidden cells alone, and every line of the
    sheet is an equation with what is shown on its other side.
    """
    unknown = {int(c): n for n, c in enumerate(np.flatnonzero(hidden))}
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    for _ in unknown:
        solver.addCol(0.0, 0.0, highspy.kHighsInf, 0, [], [])
    place = np.arange(values.size).reshape(values.shape)
    for line in [*place, *place.T]:
        signs = {int(c): -1.0 if c == line[-1] else 1.0 for c in line}
        rest = -sum(sign * values.flat[c] for c, sign in signs.items() if not hidden[c])
        inside = [c for c in signs if hidden[c]]
        numbers, entries = [unknown[c] for c in inside], [signs[c] for c in inside]
        solver.addRow(rest, rest, len(inside), numbers, entries)
    return [end(solver, unknown[c], -1.0) - end(solver, unknown[c], 1.0) for c in cells]


def end(solver: Any, cell: int, cost: float) -> float:
    solver.changeColCost(cell, cost)
    solver.run()
    status, value = solver.getModelStatus(), solver.getInfo().objective_function_value
    solver.changeColCost(cell, 0.0)
    if status == highspy.HighsModelStatus.kUnbounded:
        return float("inf")
    assert status == highspy.HighsModelStatus.kOptimal
    return cost * float(value)


def attack(inner: Grid) -> list[float]:
    """Return how closely each protected cell of a table, as it is shown, can be worked out."""
    rows, columns = inner.shape
    names = {f"r{r}": {f"c{c}": int(inner[r, c]) for c in range(columns)} for r in range(rows)}
    try:
        checked = judged(names)
    except RunFailed:
        return []
    whole, place = linked(inner)
    titles = [*(f"类：c{c}" for c in range(columns)), "区：全部"]
    hidden = np.array([checked.table[title].is_null().to_pylist() for title in titles]).T.ravel()
    protected = [
        int(place[cell.row, titles.index(cell.measure)])
        for cell in checked.for_reviewer.protected
        if cell.causes != (Cause.SECONDARY,)
    ]
    assert hidden[protected].all()
    return recovered(whole.values.reshape(place.shape), hidden, protected)


def test_no_protected_cell_of_any_table_is_recovered() -> None:
    """200 seeded tables of 2 to 5 rows and columns, each shown with all its totals to somebody who
    knows every shown number to the unit; takes some seconds: a sheet and its programs for each."""
    found = [attack(inner) for inner in random_tables(200, seed=4)]
    widths = [width for one in found for width in one]

    assert sum(1 for one in found if one) > 170
    assert len(widths) > 600
    assert min(widths) >= K - 1e-6


def test_without_secondary_suppression_cells_are_recovered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def primary_only(_: Linked, primary: Any, __: int) -> secondary.Suppression:
        return secondary.Suppression(primary, {})

    monkeypatch.setattr(crossed, "suppress", primary_only)
    widths = [width for inner in random_tables(20, seed=4) for width in attack(inner)]

    assert min(widths) == 0


def test_without_the_audit_cells_are_recovered_closely(monkeypatch: pytest.MonkeyPatch) -> None:
    """Company in each line alone hides no cell whose company is as small."""
    monkeypatch.setattr(secondary, "told_too_closely", lambda *_: False)
    widths = [width for inner in random_tables(40, seed=4) for width in attack(inner)]

    assert 0 < min(widths) < K


def test_a_demand_that_is_not_made_ends_in_nothing_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program would propose the same again: the audit lets none of it out."""
    monkeypatch.setattr(secondary._Program, "demand", lambda *_: None)
    monkeypatch.setattr(secondary, "MOST_ROUNDS", 5)
    inner = {"甲": {"x": 3}, "乙": {"x": 4}, "丙": {"x": 60}, "丁": {"x": 90}}

    with pytest.raises(RunFailed):
        judged(inner, "区")


def test_the_reach_is_every_whole_number_that_fits() -> None:
    """Judged by trying all tables: the ends are reached, and nothing beyond them is possible."""
    inner = np.array([[3, 5], [4, 2]])
    whole, _ = linked(inner)
    hidden = np.array([True, True, False, True, True, False, False, False, False])

    found = Attacker(whole).reaches(hidden, [0, 1])

    fitting = [
        (a, b)
        for a, b, c, d in itertools.product(range(9), repeat=4)
        if (a + b, c + d, a + c, b + d) == (8, 6, 7, 7)
    ]
    for cell in (0, 1):
        possible = [values[cell] for values in fitting]
        assert (found[cell].low, found[cell].high) == (min(possible), max(possible))


def test_no_more_is_hidden_than_has_to_be() -> None:
    """Judged by trying all patterns of a small table: the loss is the least, within the gap."""
    for inner in random_tables(400, seed=9):
        if inner.shape != (2, 3):
            continue
        whole, _ = linked(inner)
        primary = rules.too_few(whole.values, K, optional=False)
        prices = whole.values + 1
        best = min(
            prices[list(pattern)].sum()
            for pattern in patterns(np.flatnonzero(primary).tolist(), len(prices))
            if fine(whole, pattern)
        )
        found = secondary.suppress(whole, primary, K)
        assert prices[found.hidden].sum() <= best * (1 + secondary.GAP)
        return
    pytest.fail("no such table")


def patterns(primary: list[int], size: int) -> Iterator[tuple[int, ...]]:
    others = [cell for cell in range(size) if cell not in primary]
    for number in range(len(others) + 1):
        for chosen in itertools.combinations(others, number):
            yield (*primary, *chosen)


def fine(whole: Linked, pattern: tuple[int, ...]) -> bool:
    hidden = np.zeros(len(whole.values), dtype=bool)
    hidden[list(pattern)] = True
    reaches = Attacker(whole).reaches(hidden, list(pattern))
    return not any(secondary.told_too_closely(reach, K) for reach in reaches.values())


def test_the_same_table_is_hidden_in_the_same_way_every_time() -> None:
    inner = next(random_tables(1, seed=7))
    whole, _ = linked(inner)
    primary = rules.too_few(whole.values, K, optional=False)

    hidden = [secondary.suppress(whole, primary, K).hidden.tolist() for _ in range(3)]

    assert hidden[0] == hidden[1] == hidden[2]


def test_a_table_that_does_not_add_up_is_none() -> None:
    with pytest.raises(ValueError, match="add up"):
        Linked(np.array([1, 2, 4]), ((2, (0, 1)),), 10)
    with pytest.raises(ValueError, match="bounds"):
        Linked(np.array([1, 2, 3]), ((2, (0, 1)),), 2)


def test_an_attacker_who_finds_no_answer_stops_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, _ = linked(np.array([[3, 50], [40, 60]]))
    attacker = Attacker(whole)
    assert isinstance(attacker.reaches(np.ones(9, dtype=bool), [0])[0], Reach)

    monkeypatch.setattr(attacker, "_optimal", highspy.HighsModelStatus.kInfeasible)
    with pytest.raises(RunFailed):
        attacker.reaches(np.ones(9, dtype=bool), [0])
