"""What other tools expect on their own data; each difference is explained with the formula."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv
import pytest

from gongshu import risk
from unit.risk import plain


@pytest.fixture(scope="module")
def data(shared):
    return shared / "data"


def expected(data, name):
    return json.loads((data / "expected" / name).read_text("utf-8"))["cases"]


def test_every_case_of_pycanon(data):
    cases = expected(data, "pycanon.json")
    assert cases
    for case in cases:
        rows = csv.read_csv(data / case["dataset"])
        quasi, (sensitive,) = case["quasi_identifiers"], case["sensitive"]
        sizes = risk.class_sizes(rows, quasi)
        found = risk.measure_diversity(risk.count_cells(rows, quasi, sensitive), ordered=True)
        assert {
            "k": sizes.k,
            "alpha": found.alpha,
            "alpha_k": sizes.k,
            "l": found.distinct_l,
            # pyCANON reports the whole part of exp(entropy).
            "entropy_l": int(found.entropy_l),
            "recursive_c": found.recursive_c,
            "recursive_l": found.recursive_l,
            "basic_beta": found.basic_beta,
            "enhanced_beta": found.enhanced_beta,
            "delta_disclosure": found.delta,
            # The sensitive item is a number; pyCANON measures it by the ordered distance.
            "t": found.t_ordered,
        } == plain.near(case["expected"])


NAMED_BY_K = {
    "StudentsMath_Score_k2.csv": (["Teacher", "Gender", "Ethnic", "Freeredu", "wesson"], 2),
    "StudentsMath_Score_k5.csv": (["Teacher", "Gender", "Ethnic", "Freeredu", "wesson"], 5),
    "StudentsMath_Score_k7.csv": (["Teacher", "Gender", "Ethnic", "Freeredu", "wesson"], 7),
}


@pytest.mark.parametrize("name", NAMED_BY_K)
def test_the_tables_that_are_named_by_their_k(data, name):
    quasi, k = NAMED_BY_K[name]
    rows = csv.read_csv(data / "privacy/pycanon/processed" / name)
    assert risk.class_sizes(rows, quasi).k >= k


def semicolons(path):
    options = csv.ParseOptions(delimiter=";")
    names = csv.read_csv(path, parse_options=options).column_names
    text = csv.ConvertOptions(column_types={name: pa.string() for name in names})
    return csv.read_csv(path, parse_options=options, convert_options=text)


def test_risk_cases_of_arx_before_generalisation(data):
    average, highest = expected(data, "arx-risk.json")[:2]
    rows = semicolons(data / average["dataset"])
    measured = risk.measure_risk(risk.class_sizes(rows, rows.column_names))
    assert measured.average == pytest.approx(average["expected"], rel=1e-12)
    assert measured.highest == highest["expected"]


def test_the_small_table_of_arx(data):
    case = expected(data, "arx-risk.json")[4]
    columns = case["table"]["columns"]
    rows = pa.table(dict(zip(columns, zip(*case["table"]["rows"], strict=True), strict=True)))
    measured = risk.measure_risk(risk.class_sizes(rows, columns))
    assert measured.average == case["expected"]["average_before"]
    assert measured.highest == case["expected"]["highest_before"]


def test_every_frequency_case_of_sdcmicro(data):
    cases = expected(data, "sdcmicro-freqcalc.json")
    assert len(cases) == 4
    for case in cases:
        table = pa.table(
            {
                name: pa.array([row[at] for row in case["rows"]], pa.int64())
                for at, name in enumerate(case["columns"])
            }
        )
        found = risk.key_frequencies(table, case["columns"], weights=np.array(case["weight"]))
        assert found.sample.tolist() == case["expected"]["fk"]
        assert found.population.tolist() == pytest.approx(case["expected"]["Fk"])
        assert (found.uniques, found.pairs) == (case["expected"]["n1"], case["expected"]["n2"])
