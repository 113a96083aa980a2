"""`gongshu quality` on a file, without a node: rules, contracts, failing rows, refusals."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from gongshu.quality import Rule, RuleKind
from gongshu.vocabulary.errors import Invalid
from gongshu_server.commands import contracts
from interface import nodeless

CONTRACT = {
    "apiVersion": "v3.1.0",
    "kind": "DataContract",
    "schema": [
        {
            "name": "people",
            "properties": [
                {
                    "name": "区县",
                    "quality": [
                        {"name": "区县必填", "metric": "nullValues", "mustBe": 0},
                        {
                            "type": "custom",
                            "engine": "gongshu",
                            "implementation": Rule(
                                "区县在册", RuleKind.referential, ("区县",), table="codes", key="名"
                            ).to_json(),
                        },
                    ],
                }
            ],
        }
    ],
}


def gongshu(folder: Path, *arguments: str) -> tuple[int, str, str]:
    return nodeless.run(folder, "quality", *arguments)


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Return a file of 30 rows, one of them without a district, and one in an unknown one."""
    path = tmp_path / "people.csv"
    districts = ["东区"] * 28 + ["", "<b>西"]
    rows = "".join(f"{n},{one}\n" for n, one in enumerate(districts))
    path.write_text(f"序号,区县\n{rows}", encoding="utf-8")
    (tmp_path / "codes.csv").write_text("名,码\n东区,1\n南区,2\n", encoding="utf-8")
    return path


@pytest.mark.clause("gbt36344")
def test_a_file_suggests_its_own_rules_and_keeps_them(people: Path) -> None:
    """Without a contract rules are proposed, written as one, and read again."""
    folder = people.parent
    status, said, _ = gongshu(folder, "people.csv", "--write-rules", "rules.yaml")
    assert status == 0, said
    assert "序号唯一：评价30个，全部合格。" in said and "无法评估" in said and "gbt36344" in said
    written = yaml.safe_load((folder / "rules.yaml").read_text("utf-8"))
    assert written["kind"] == "DataContract"
    again, said, _ = gongshu(folder, "people.csv", "--rules", "rules.yaml", "--json")
    found = json.loads(said)
    assert again == 0 and found["schema"] == "gongshu-quality-1"
    assert "序号唯一" in [one["rule"]["name"] for one in found["rules"]]


def test_a_contract_finds_the_rows_that_fail(people: Path) -> None:
    """Failing rules give 3; the rows are listed when asked for, and only then."""
    folder = people.parent
    (folder / "c.yaml").write_text(yaml.safe_dump(CONTRACT, allow_unicode=True), encoding="utf-8")
    asked = ("people.csv", "--rules", "c.yaml", "--reference", "codes.csv", "--html", "r.html")
    status, said, _ = gongshu(folder, *asked)
    assert status == 3
    assert "区县必填：评价30个，1个不合格。" in said and "区县在册：评价29个，1个不合格。" in said
    assert "西" not in said
    page = (folder / "r.html").read_text("utf-8")
    assert "96.55%" in page and "西" not in page and "<svg" in page
    assert not re.search(r"(?:src|href)=|@import|url\(|<script", page)
    _, said, _ = gongshu(folder, *asked[:5], "--failing", "区县在册")
    assert re.search(r"30\s+29\s+<b>西", said)


def test_a_rule_that_was_not_read_is_not_kept(people: Path) -> None:
    """A contract with a query of another tool's is not passed in silence."""
    text = "schema: [{name: people, quality: [{type: sql, query: SELECT 1}]}]"
    (people.parent / "c.yaml").write_text(text, encoding="utf-8")
    status, said, _ = gongshu(people.parent, "people.csv", "--rules", "c.yaml")
    assert status == 3 and "没有读入" in said


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: &a [1]\nb: [*a, *a]", "不接受别名"),
        ("a: [", "不是能读的 YAML"),
        ("!!python/object/apply:os.system [id]", "不是能读的 YAML"),
        ("[" * 3_000, "不是能读的 YAML"),
        ("x" * (1 << 20) + "x", "超过1 MB"),
    ],
    ids=["alias", "broken", "code", "deep", "large"],
)
def test_a_contract_is_read_with_care(tmp_path: Path, text: str, sentence: str) -> None:
    """Nothing that a contract holds is executed or unfolded; the refusal is one sentence."""
    (tmp_path / "c.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(Invalid) as refusal:
        contracts.read(tmp_path / "c.yaml")
    assert refusal.value.code == "not_a_contract" and sentence in refusal.value.sentence


@pytest.mark.parametrize(
    ("text", "arguments", "sentence"),
    [
        ("just text", (), "不是数据合约"),
        ("schema: [{name: t}]", ("--failing", "无"), "没有规则“无”"),
        ("schema: [{name: t}]", ("--as-of", "昨天"), "要写成"),
    ],
)
def test_wrong_input_is_one_sentence(
    people: Path, text: str, arguments: tuple[str, ...], sentence: str
) -> None:
    """What cannot be done is said before anything is printed."""
    (people.parent / "c.yaml").write_text(text, encoding="utf-8")
    status, said, error = gongshu(people.parent, "people.csv", "--rules", "c.yaml", *arguments)
    assert (status, said) == (1, "")
    assert sentence in error and "Traceback" not in error


def test_what_is_no_file_is_refused(people: Path) -> None:
    """The file, the contract and the references must be there."""
    for arguments in (("none.csv",), ("people.csv", "--rules", "none.yaml")):
        status, _, error = gongshu(people.parent, *arguments)
        assert status == 2 and "没有这个文件" in error
