"""The generated pages: committed ones match the tables, and a stale one is found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gongshu.procedures import all_clauses, all_procedures
from gongshu.procedures.diagrams import mermaid
from gongshu.procedures.matrix import markdown, rows
from gongshu.procedures.reference import amount, differences, main, pages, write
from gongshu.workflow.limits import Limit, Unit

COMMITTED = Path(__file__).resolve().parents[3] / "docs" / "reference"


def test_the_committed_pages_match_the_tables() -> None:
    assert differences(COMMITTED) == ()


def test_a_changed_a_missing_and_a_left_over_page_are_found(tmp_path: Path) -> None:
    assert write(tmp_path) == len(pages())
    assert differences(tmp_path) == ()
    changed = tmp_path / "procedures" / "release.md"
    changed.write_text(changed.read_text(encoding="utf-8") + "x", encoding="utf-8")
    (tmp_path / "clauses.md").unlink()
    (tmp_path / "procedures" / "gone.md").write_text("x", encoding="utf-8")
    assert differences(tmp_path) == (
        "procedures/release.md: differs",
        "clauses.md: missing",
        "procedures/gone.md: left over",
    )


def test_the_command_writes_and_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check", str(tmp_path)]) == 1
    assert main(["--write", str(tmp_path)]) == 0
    assert main(["--check", str(tmp_path)]) == 0
    assert "clauses.md: missing" in capsys.readouterr().out


def test_the_command_wants_exactly_one_thing_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([])
    assert "required" in capsys.readouterr().err


def test_links_between_the_pages_lead_somewhere() -> None:
    made = pages()
    for name, text in made.items():
        folder = Path(name).parent
        for target in re.findall(r"\]\(([^)]+)\)", text):
            path, _, mark = target.partition("#")
            page = (folder / path).as_posix()
            assert page in made, (name, target)
            assert not mark or f'id="{mark}"' in made[page], (name, target)


@pytest.mark.parametrize("procedure", all_procedures(), ids=lambda p: p.code)
def test_a_diagram_draws_every_state_and_step(procedure: object) -> None:
    table = next(p for p in all_procedures() if p is procedure)
    lines = mermaid(table).splitlines()
    assert lines[0] == "stateDiagram-v2"
    for code, zh in table.states.items():
        assert f"    s_{code} : {zh}" in lines
        assert (f"    s_{code} --> [*]" in lines) == (code in table.terminal)
    for step in table.transitions:
        for source in step.source:
            arrow = f"    s_{source} --> s_{step.target} : "
            drawn = [line.removeprefix(arrow) for line in lines if line.startswith(arrow)]
            assert len(drawn) == 1
            assert step.zh in drawn[0].split("／")


def test_the_matrix_has_one_row_per_clause_and_every_step() -> None:
    found = rows()
    assert [row.clause for row in found] == list(all_clauses())
    drawn = {(b.procedure, b.name) for row in found for b in row.bases if b.kind == "环节"}
    assert drawn == {(p.code, t.name) for p in all_procedures() for t in p.transitions}


def test_the_matrix_takes_tests_and_pages_from_outside() -> None:
    plain = markdown()
    assert "测试" not in plain
    full = markdown(tests={"26-12": ("test_objection",)}, pages={"26-12": ("登记公示",)})
    row = next(line for line in full.splitlines() if line.startswith("| [26-12]"))
    assert row.endswith("| test_objection | 登记公示 |")
    assert "| 测试 | 页面 |" in full


def test_a_clause_that_was_not_read_is_shown_as_unverified() -> None:
    lines = pages()["clauses.md"].splitlines()
    assert any("`pipl-13`" in line and "**未核实**" in line for line in lines)
    assert any("`26-9`" in line and "已读原文" in line for line in lines)


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        (Limit("x", "x", 3, Unit.working_day, "26-10"), "3个工作日"),
        (Limit("x", "x", 5, Unit.year, "27-14", ceiling=True), "不超过5年"),
        (Limit("x", "x", 331, Unit.fixed, "65-5"), "每年3月31日前"),
        (Limit("x", "x", 2, Unit.hour, "incident-4"), "2小时"),
    ],
)
def test_limits_in_words(limit: Limit, words: str) -> None:
    assert amount(limit) == words
