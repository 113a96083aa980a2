"""Clauses and duties: each duty is served, each clause serves or says why it does not."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import pytest

from gongshu.procedures import all_clauses, clause, duties, duty
from gongshu.procedures.clauses import Clause


def test_there_are_the_seventy_duties(shared: Path) -> None:
    design = tomllib.loads((shared / "design" / "duties.toml").read_text(encoding="utf-8"))
    assert [one.code for one in duties()] == list(design["opinions"])
    assert len(duties()) == 70


def test_no_sentence_of_the_design_is_carried_over(shared: Path) -> None:
    design = tomllib.loads((shared / "design" / "duties.toml").read_text(encoding="utf-8"))
    theirs = {
        text for row in design["opinions"].values() for text in row.values() if len(text) > 24
    }
    ours = {text for one in duties() for text in (one.duty, one.proof)}
    ours |= {text for one in all_clauses() for text in (one.zh, one.en)}
    assert not theirs & ours


def test_every_duty_is_served() -> None:
    served = {code for one in all_clauses() for code in one.duties}
    assert [one.code for one in duties() if one.code not in served] == []


def test_every_clause_serves_a_duty_or_says_why_not() -> None:
    known = {one.code for one in duties()}
    for one in all_clauses():
        assert set(one.duties) <= known, one.code
        assert one.duties or one.note, one.code


def test_each_duty_has_its_clause_of_the_opinions() -> None:
    for one in duties():
        assert one.code in clause(f"opinions-{one.code}").duties


def test_sentences_are_there_and_distinct() -> None:
    rows = all_clauses()
    assert len({one.zh for one in rows}) == len({one.en for one in rows}) == len(rows)
    for one in rows:
        assert one.zh.endswith("。"), one.code
        assert one.en.endswith("."), one.code


def codes(prefix: str) -> list[Clause]:
    return [one for one in all_clauses() if one.code.startswith(prefix)]


@pytest.mark.parametrize(
    ("prefix", "in_force", "until"),
    [
        ("opinions-", date(2024, 9, 21), None),
        ("26-", date(2025, 3, 1), date(2030, 3, 1)),
        ("27-", date(2025, 3, 1), date(2030, 3, 1)),
        ("65-", date(2025, 3, 1), None),
        ("809-", date(2025, 8, 1), None),
        ("790-", date(2025, 1, 1), None),
        ("gbt43697", date(2024, 10, 1), None),
    ],
)
def test_terms_of_instruments(prefix: str, in_force: date, until: date | None) -> None:
    found = codes(prefix)
    assert found
    assert {(one.in_force, one.until) for one in found} == {(in_force, until)}


def test_in_force_is_half_open() -> None:
    one = clause("26-9")
    assert not one.in_force_on(date(2025, 2, 28))
    assert one.in_force_on(date(2025, 3, 1))
    assert one.in_force_on(date(2030, 2, 28))
    assert not one.in_force_on(date(2030, 3, 1))
    assert clause("809-17").in_force_on(date(2040, 1, 1))


def test_articles_are_written_as_officials_write_them() -> None:
    assert clause("26-9").article == "第九条"
    assert clause("809-21").article == "第二十一条"
    assert clause("civil-201").article == "第二百零一条"
    assert clause("opinions-12.7").article == "（十二）"
    assert "发改数据规〔2025〕26号" in clause("26-9").instrument


@pytest.mark.parametrize("prefix", ["dsl-", "pipl-", "secrecy-", "gbt", "disclosure-", "civil-"])
def test_what_was_not_read_in_the_text_itself_is_marked(prefix: str) -> None:
    assert codes(prefix)
    for one in codes(prefix):
        assert not one.read, one.code
        assert one.note, one.code


def test_what_was_read_is_not_marked() -> None:
    for prefix in ("26-", "27-", "65-", "809-", "opinions-", "790-"):
        assert all(one.read for one in codes(prefix))


def test_unknown_codes_raise_key_error() -> None:
    with pytest.raises(KeyError):
        clause("26-99")
    with pytest.raises(KeyError):
        duty("18.1")
    assert duty("4.1").zh == "公共数据资源登记"
