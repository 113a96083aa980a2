"""The optimal generalisation: ARX's optima on Adult, every node tried on small tables."""

from __future__ import annotations

import itertools
import json
import re

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv
import pytest

from gongshu import risk
from gongshu.risk.hierarchies import Hierarchy
from gongshu.vocabulary.errors import Invalid

KINDS = ["TestAnonymizationKAnonymity", "TestAnonymizationCombinations"]
ONLY_K = re.compile(
    r"ARXConfiguration\.create\(([\d.]+)d, Metric\.createPrecomputedEntropyMetric\(0\.1d, true\)\)"
    r"\.addPrivacyModel\(new KAnonymity\((\d+)\)\)$"
)


@pytest.fixture(scope="module")
def adult(shared):
    folder = shared / "data/privacy/arx"
    path = folder / "adult.csv"
    options = csv.ParseOptions(delimiter=";")
    names = path.read_text("utf-8").splitlines()[0].split(";")
    kinds = csv.ConvertOptions(column_types={name: pa.string() for name in names})
    table = csv.read_csv(path, parse_options=options, convert_options=kinds)
    hierarchies = [
        Hierarchy.read(name, (folder / f"adult_hierarchy_{name}.csv").read_text("utf-8"))
        for name in names
    ]
    return table, hierarchies


def optima(shared):
    """Return the different cases of k-anonymity alone over all nine columns."""
    cases = json.loads((shared / "data/expected/arx-adult-anonymization.json").read_text("utf-8"))
    return {
        (float(found[1]), int(found[2])): case
        for case in cases["cases"]
        if case["class"] in KINDS and "sensitive_attribute" not in case
        if (found := ONLY_K.match(case["config"]))
    }


def test_every_optimum_of_k_anonymity_on_adult(shared, adult):
    cases = optima(shared)
    assert len(cases) == 4
    for (suppression, k), case in cases.items():
        found = risk.find_generalisation(*adult, k, suppression=suppression)
        assert list(found.levels) == case["optimal_transformation"]
        assert found.loss == pytest.approx(case["expected"][0], rel=1e-9)
        assert found.suppressed <= suppression * adult[0].num_rows
        assert found.checked < found.nodes / 10
    made = risk.generalise(*adult, found.levels, k)
    sizes = risk.class_sizes(made, made.column_names)
    assert (sizes.k >= k, sizes.suppressed) == (True, found.suppressed)


def small(seed):
    chance = np.random.default_rng(seed)
    steps = "\n".join(f"{n};{n // 2};{n // 4};x" for n in range(8))
    hierarchies = [Hierarchy.read(name, steps) for name in "abc"]
    columns = {name: [str(n) for n in chance.integers(0, 8, 60)] for name in "abc"}
    return pa.table(columns), hierarchies


@pytest.mark.parametrize("seed", range(6))
def test_no_node_is_better_than_the_one_found(seed):
    table, hierarchies = small(seed)
    k, allowed = 2 + seed, 6 * (seed % 2)
    found = risk.find_generalisation(table, hierarchies, k, suppression=allowed / 60)
    good = []
    for levels in itertools.product(range(4), repeat=3):
        made = risk.generalise(table, hierarchies, levels, 1)
        if risk.class_sizes(made, list("abc")).members_below(k) <= allowed or set(levels) == {3}:
            good.append(_bits(table, hierarchies, levels))
    assert found.loss == pytest.approx(min(good))


def _bits(table, hierarchies, levels):
    lost = 0.0
    for hierarchy, level in zip(hierarchies, levels, strict=True):
        values = table[hierarchy.column].to_pylist()
        become = [hierarchy.steps[value][level] for value in values]
        lost -= sum(
            np.log2(values.count(v) / become.count(b)) for v, b in zip(values, become, strict=True)
        )
    return lost


def test_what_is_suppressed_stays_suppressed_when_the_file_comes_back(tmp_path):
    table, hierarchies = small(3)
    made = risk.generalise(table, hierarchies, (1, 1, 2), 4)
    before = risk.class_sizes(made, list("abc"))
    csv.write_csv(made, tmp_path / "made.csv")
    again = risk.class_sizes(csv.read_csv(tmp_path / "made.csv"), list("abc"))
    assert before.suppressed > 0 and before.k >= 4
    assert (again.suppressed, again.sizes.tolist()) == (before.suppressed, before.sizes.tolist())


def test_no_levels_are_found_where_there_are_none():
    assert risk.find_generalisation(*small(1), 61) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1;x\n2", "hierarchy_ragged"),
        ("1;x\n1;y", "hierarchy_repeated"),
        ("1;x;p\n2;x;q", "hierarchy_not_nested"),
    ],
)
def test_wrong_hierarchies_are_refused(text, code):
    with pytest.raises(Invalid) as refused:
        Hierarchy.read("a", text)
    assert refused.value.code == code


def test_a_value_without_a_line_is_named():
    with pytest.raises(Invalid) as refused:
        risk.find_generalisation(pa.table({"a": ["9"]}), [Hierarchy.read("a", "1;x")], 1)
    assert refused.value.code == "hierarchy_incomplete"
