"""The assessment holds what the parts measure, and its JSON keeps to the schema of the docs."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from gongshu import risk
from gongshu.vocabulary.errors import Invalid

TABLE = pa.table(
    {
        "性别": ["男", "男", "女", "女"],
        "区县": ["甲", "甲", "甲", "乙"],
        "收入": [1, 2, 3, 3],
        "人": ["x", "x", "y", "z"],
    }
)


def test_the_parts_are_those_of_the_single_functions():
    found = risk.assess(TABLE, ["性别", "区县"], sensitive=["收入"], ordered=["收入"])
    assert found.risk == risk.measure_risk(risk.class_sizes(TABLE, ["性别", "区县"]))
    assert found.diversity["收入"].t_ordered is not None
    assert [one.model for one in found.verdicts] == list(risk.ReleaseModel)
    assert len(found.combinations) == 3
    by_subject = risk.assess(TABLE, ["性别"], subject="人")
    assert by_subject.sizes.sizes.tolist() == [1, 2]


def test_json_is_complete_and_plain():
    said = risk.assess(TABLE, ["性别", "区县"], sensitive=["收入"]).as_json()
    again = json.loads(json.dumps(said))
    assert again["schema"] == "gongshu-risk-1"
    assert set(again) == {
        "schema",
        "quasi_identifiers",
        "rows",
        "suppressed",
        "classes",
        "risk",
        "sensitive",
        "verdicts",
        "combinations",
    }
    assert again["classes"]["sizes"] == [[1, 2], [2, 1]]
    assert [one["model"] for one in again["verdicts"]] == ["public", "controlled", "enclave"]


def test_only_a_sensitive_item_can_be_ordered():
    with pytest.raises(Invalid) as refused:
        risk.assess(TABLE, ["性别"], ordered=["收入"])
    assert refused.value.code == "ordered_not_sensitive"
