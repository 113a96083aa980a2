"""`gongshu risk` on a file, without a node: summary, JSON, report, and what it refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from interface import nodeless

ROWS = "性别,区县,诊断\n男,甲区,感冒\n男,甲区,肺炎\n女,甲区,感冒\n女,<b>乙区,骨折\n"


def gongshu(folder: Path, *arguments: str) -> tuple[int, str, str]:
    return nodeless.run(folder, "risk", *arguments)


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_bytes(ROWS.encode("gb18030"))
    return path


@pytest.mark.clause("gbt42460")
def test_the_summary_says_what_singles_out_and_on_what_it_rests(people: Path) -> None:
    report = people.parent / "report.html"
    status, said, _ = gongshu(
        people.parent,
        str(people),
        "--quasi",
        "性别，区县",
        "--sensitive",
        "诊断",
        "--report",
        str(report),
    )
    assert status == 3, said
    for part in ("最小 k = 1", "不可以  完全公开共享", "gbt42460", "l = 1"):
        assert part in said
    page = report.read_text("utf-8")
    assert "附录D" in page and "1/20" in page
    assert "&lt;b&gt;" not in page and "<b>" not in page  # Values never get into a report.
    assert not re.search(r"(?:src|href)=|@import|url\(|<script", page)
    assert sorted(path.name for path in people.parent.iterdir()) == ["people.csv", "report.html"]


def test_json_is_all_that_is_printed(people: Path) -> None:
    people.write_text("性别,区县\n" + "男,甲\n" * 25 + "女,甲\n" * 30, encoding="utf-8")
    status, said, _ = gongshu(people.parent, str(people), "--quasi", "性别,区县", "--json")
    assert status == 0
    found = json.loads(said)
    assert found["schema"] == "gongshu-risk-1"
    assert found["classes"]["sizes"] == [[25, 1], [30, 1]]
    assert all(one["acceptable"] for one in found["verdicts"])


@pytest.mark.parametrize(
    ("quasi", "status", "sentence"),
    [("年龄", 1, "表里没有数据项：年龄"), ("", 1, "没有指定准标识符"), ("性别,性别", 1, "重复")],
)
def test_wrong_columns_are_one_sentence(people: Path, quasi: str, status: int, sentence: str):
    code, said, error = gongshu(people.parent, str(people), "--quasi", quasi)
    assert (code, said) == (status, "")
    assert sentence in error and "Traceback" not in error


def test_what_is_no_table_and_no_file_is_refused(people: Path) -> None:
    status, _, error = gongshu(people.parent, "none.csv", "--quasi", "性别")
    assert status == 2 and "没有这个文件" in error
    people.write_bytes(b"")
    status, _, error = gongshu(people.parent, str(people), "--quasi", "性别")
    assert status == 1 and "文件是空的" in error
