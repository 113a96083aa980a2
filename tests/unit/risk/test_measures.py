"""Measures against the plain reference, the thresholds at their edge, and subjects."""

from __future__ import annotations

import random
from dataclasses import asdict

import numpy as np
import pyarrow as pa
import pytest

from gongshu import risk
from gongshu.vocabulary.errors import Invalid
from unit.risk import plain

QUASI = ["性别", "区县", "学历"]


def drawn(seed, rows=60, *, gaps=False):
    draw = random.Random(seed)
    spread = draw.randrange(2, 6)

    def value(most):
        return None if gaps and draw.random() < 0.15 else draw.randrange(most)

    return [
        {
            "性别": value(2),
            "区县": value(spread),
            "学历": value(3),
            "诊断": draw.randrange(2 + seed % 7),
        }
        for _ in range(rows)
    ]


@pytest.mark.parametrize("seed", range(20))
def test_all_measures_equal_the_plain_reference(seed):
    rows = drawn(seed, rows=5 + seed * 6)
    table = pa.Table.from_pylist(rows)
    sizes = risk.class_sizes(table, QUASI)
    histogram = dict(zip(sizes.sizes.tolist(), sizes.classes.tolist(), strict=True))
    assert histogram == plain.sizes(rows, QUASI)
    found = risk.measure_diversity(risk.count_cells(table, QUASI, "诊断"), ordered=True)
    assert asdict(found) == plain.near(plain.diversity(rows, QUASI, "诊断"))


@pytest.mark.parametrize("seed", range(12))
def test_frequencies_with_gaps_equal_the_plain_reference(seed):
    rows = drawn(seed, rows=40, gaps=True)
    weights = [1.0 + row["诊断"] for row in rows]
    schema = pa.schema([(name, pa.int64()) for name in [*QUASI, "诊断"]])
    table = pa.Table.from_pylist(rows, schema=schema)
    found = risk.key_frequencies(table, QUASI, weights=np.array(weights))
    sample, population = plain.frequencies(rows, QUASI, weights)
    assert found.sample.tolist() == sample
    assert found.population.tolist() == pytest.approx(population)


def test_null_is_a_value_of_its_own_and_last_in_order():
    table = pa.table({"a": ["甲", None, None], "s": pa.array([2, None, 1], pa.int64())})
    cells = risk.count_cells(table, ["a"], "s")
    assert risk.class_sizes(table, ["a"]).classes.tolist() == [1, 1]
    assert cells.overall.tolist() == [1, 1, 1]
    assert sorted(cells.values.tolist()) == [0, 1, 2]


def sizes_of(*members):
    table = pa.table({"a": [at for at, n in enumerate(members) for _ in range(n)]})
    return risk.class_sizes(table, ["a"])


@pytest.mark.clause("gbt42460")
@pytest.mark.parametrize(("model", "least"), [("public", 20), ("controlled", 5), ("enclave", 3)])
def test_no_class_may_be_above_the_threshold_and_one_at_it_may(model, least):
    model = risk.ReleaseModel(model)
    at_it = risk.judge_release(sizes_of(least, 1000), model, attack_probability=0.1)
    above = risk.judge_release(sizes_of(least - 1, 1000), model, attack_probability=0.1)
    assert at_it.acceptable and at_it.above == 0
    assert not above.acceptable and above.above == 1 and above.share_above == 0.5
    assert f"1/{least}" in above.reasons[0]


@pytest.mark.clause("gbt42460")
def test_the_overall_risk_is_a_reason_of_its_own():
    controlled = risk.ReleaseModel.controlled
    assert risk.judge_release(sizes_of(20, 20), controlled).acceptable
    refused = risk.judge_release(sizes_of(19, 20), controlled)
    assert refused.above == 0 and "总体风险" in refused.reasons[0]
    assert risk.judge_release(sizes_of(19, 20), controlled, attack_probability=0.9).acceptable
    with pytest.raises(ValueError, match="probability"):
        risk.judge_release(sizes_of(20), controlled, attack_probability=1.1)


def test_risk_refers_to_the_population():
    rows = pa.table({"a": ["甲", "甲", "乙"]})
    population = pa.table({"a": ["甲"] * 8 + ["乙"] * 4 + ["丙"]})
    sizes = risk.class_sizes(rows, ["a"])
    own = risk.measure_risk(sizes)
    assert (own.highest, own.average, own.average_of_classes) == (1.0, 2 / 3, 0.75)
    wide = risk.measure_risk_in(rows, population, ["a"], sizes=sizes)
    assert (wide.highest, wide.journalist) == (1.0, 1 / 4)
    assert wide.marketer == pytest.approx((2 / 8 + 1 / 4) / 3)
    with pytest.raises(Invalid) as refused:
        risk.measure_risk_in(rows, rows.slice(0, 2), ["a"], sizes=sizes)
    assert refused.value.code == "not_the_population"


def test_suppressed_rows_are_in_no_class():
    star = risk.SUPPRESSED
    table = pa.table({"a": ["甲", "甲", star, star, star], "b": ["1", "1", star, star, "2"]})
    sizes = risk.class_sizes(table, ["a", "b"])
    assert (sizes.suppressed, sizes.rows, sizes.members) == (2, 5, 3)
    assert sizes.sizes.tolist() == [1, 2]
    cells = risk.count_cells(table.append_column("s", pa.array([1, 1, 2, 3, 4])), ["a", "b"], "s")
    assert cells.counts.sum() == 3


def test_k_counts_subjects_and_unknown_ones_for_nobody():
    table = pa.table({"a": ["甲", "甲", "甲", "乙", "丙"], "s": ["x", "x", "y", None, "z"]})
    sizes = risk.class_sizes(table, ["a"], subject="s")
    assert sizes.sizes.tolist() == [1, 2]
    assert (sizes.unassigned, sizes.rows) == (1, 5)
    reasons = risk.judge_release(sizes, risk.ReleaseModel.enclave).reasons
    assert any("主体" in reason for reason in reasons)


def test_missing_invalid_and_ambiguous_subjects_are_told_apart():
    table = pa.table(
        {
            "证号": ["11010519491231002X", "11010519491231002x", "110105194912310021", " ", None],
            "姓名": ["张三", "张 三", "李四", "王五", None],
        }
    )
    mapped = risk.map_subjects(table, "证号", risk.SubjectId.citizen_id, names="姓名")
    assert (mapped.known, mapped.missing, mapped.invalid, mapped.ambiguous) == (2, 2, 1, 0)
    assert mapped.subjects.to_pylist()[:2] == ["11010519491231002X"] * 2
    other = table.set_column(1, "姓名", pa.array(["张三", "李四", "李四", None, None]))
    mapped = risk.map_subjects(other, "证号", risk.SubjectId.citizen_id, names="姓名")
    assert (mapped.known, mapped.missing, mapped.invalid, mapped.ambiguous) == (0, 2, 1, 2)
    assert mapped.subjects.null_count == 5


@pytest.mark.parametrize(
    ("quasi", "code"),
    [([], "no_quasi_identifier"), (["丁"], "item_not_found"), (["a", "a"], "item_repeated")],
)
def test_wrong_columns_are_refused_with_a_sentence(quasi, code):
    with pytest.raises(Invalid) as refused:
        risk.class_sizes(pa.table({"a": [1]}), quasi)
    assert refused.value.code == code


def test_tables_without_rows_and_of_one_value():
    empty = pa.table({"a": pa.array([], pa.string()), "s": pa.array([], pa.string())})
    sizes = risk.class_sizes(empty, ["a"])
    assert (sizes.k, sizes.count, sizes.rows) == (0, 0, 0)
    assert risk.measure_diversity(risk.count_cells(empty, ["a"], "s")) is None
    same = pa.table({"a": ["甲"] * 9, "s": [None] * 9})
    found = risk.measure_diversity(risk.count_cells(same, ["a"], "s"), ordered=True)
    assert (found.distinct_l, found.t_categorical, found.t_ordered) == (1, 0.0, 0.0)
    assert risk.class_sizes(same, ["a"]).k == 9


def test_names_of_columns_are_not_read_as_sql():
    name = 'a"; DROP TABLE x; --'
    assert risk.class_sizes(pa.table({name: [1, 1, 2]}), [name]).sizes.tolist() == [1, 2]
