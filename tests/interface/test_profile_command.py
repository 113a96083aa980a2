"""`gongshu profile` on files, without a node: summary, JSON, report, and what it refuses."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pytest

from gongshu.vocabulary.identifiers import citizen_id_check_character
from interface import nodeless

FIRST = "11010519491231002"
NUMBER = FIRST + citizen_id_check_character(FIRST)


def gongshu(folder: Path, *arguments: str) -> tuple[int, str, str]:
    return nodeless.run(folder, "profile", *arguments)


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Return a file of 30 rows of one person, in the encoding that offices send."""
    path = tmp_path / "people.csv"
    rows = "".join(f"{NUMBER},{'<b>东区' if n % 2 else '西区'},{n}\n" for n in range(30))
    path.write_bytes(f"身份证号,区县,序号\n{rows}".encode("gb18030"))
    return path


@pytest.mark.clause("gbt43697", "gbt43697-h")
def test_the_summary_gives_evidence_proposal_and_law(people: Path) -> None:
    """Evidence is a sentence with its rate and chance; the law stands below the proposal."""
    report = people.parent / "report.html"
    status, said, _ = gongshu(people.parent, "people.csv", "--html", str(report))
    assert status == 0, said
    for part in (
        "共检30个值，30个具有公民身份号码的形式，其中30个通过GB 11643校验（100.0%，随机约1/11）",
        "能区分每一行的数据项：序号",
        "级别 一般数据，3级，个人",
        "gbt43697-h",
    ):
        assert part in said
    page = report.read_text("utf-8")
    assert "附录H" in page and "<svg" in page
    assert NUMBER not in page + said  # Without --values no identifier is in what may travel.
    assert "&lt;b&gt;东区" in page and "<b>" not in page
    assert not re.search(r"(?:src|href)=|@import|url\(|<script", page)
    assert sorted(path.name for path in people.parent.iterdir()) == ["people.csv", "report.html"]


def test_the_owner_asks_for_the_values(people: Path) -> None:
    """With --values everything is listed, and the report says whom it is for."""
    report = people.parent / "report.html"
    status, said, _ = gongshu(
        people.parent, "people.csv", "--values", "--json", "--html", str(report)
    )
    assert status == 0
    found = json.loads(said)
    assert found["schema"] == "gongshu-profile-1"
    (file,) = found["files"]
    assert (file["file"], file["rows"], file["protected"]) == ("people.csv", 30, False)
    assert file["columns"][0]["values"]["frequent"] == [{"value": NUMBER, "rows": 30}]
    assert file["keys"] == [["序号"]]
    assert "只供数据提供单位自己使用" in report.read_text("utf-8")


def test_one_unreadable_file_does_not_hide_the_others(people: Path) -> None:
    """Every file has its answer; the exit status tells that one could not be read."""
    (people.parent / "empty.csv").write_bytes(b"")
    report = people.parent / "report.html"
    status, said, error = gongshu(
        people.parent, "empty.csv", "people.csv", "--json", "--html", str(report)
    )
    assert (status, error) == (1, "")
    empty, other = json.loads(said)["files"]
    assert "文件是空的" in empty["error"] and other["rows"] == 30
    assert "文件是空的" in report.read_text("utf-8")


def test_what_is_no_file_is_refused(people: Path) -> None:
    """A wrong path is one sentence, before anything is read."""
    status, said, error = gongshu(people.parent, "people.csv", "none.csv")
    assert (status, said) == (2, "")
    assert "没有这个文件" in error and "Traceback" not in error


def test_one_table_of_a_file_with_several_is_named_after_it(people: Path) -> None:
    """As in 全部.zip#people.csv; what is not in it is refused with what is."""
    with zipfile.ZipFile(people.with_name("全部.zip"), "w") as archive:
        archive.write(people, "内/people.csv")
        archive.writestr("别的.csv", "a,b\n1,2\n")
    status, said, _ = gongshu(people.parent, "全部.zip#people.csv")
    assert status == 0 and "能区分每一行的数据项：序号" in said
    status, said, wrong = gongshu(people.parent, "全部.zip#没有.csv")
    assert status == 1 and "内/people.csv、别的.csv" in said + wrong
