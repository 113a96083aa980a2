"""The SQL pairs of tests/spec/cleanroom: each file names a property and shows both its sides."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from city import ask, codes

FOLDER = Path(__file__).resolve().parents[2] / "spec" / "cleanroom"
FILES = sorted(FOLDER.glob("*.sql"))
HEAD = re.compile(r"-- (accepted|refused): (.*)")


@dataclass(frozen=True)
class Pair:
    file: str
    title: str
    sql: str
    exit: str
    refusals: frozenset[str] | None


def pairs(path: Path) -> Iterator[Pair]:
    text = path.read_text(encoding="utf-8")
    declared = re.search(r"^-- exit: (\w+)$", text, re.MULTILINE)
    blocks = re.split(r"^(?=-- (?:accepted|refused): )", text, flags=re.MULTILINE)
    for block in blocks[1:]:
        head, _, sql = block.partition("\n")
        match = HEAD.fullmatch(head)
        assert match is not None, head
        title, _, listed = match[2].partition(" | ")
        expected = frozenset(code.strip() for code in listed.split(",") if code.strip())
        refusals = None if match[1] == "accepted" else expected
        yield Pair(path.stem, title, sql.strip(), declared[1] if declared else "export", refusals)


ALL = [pair for path in FILES for pair in pairs(path)]


@pytest.mark.parametrize("pair", ALL, ids=[f"{p.file}: {p.title}" for p in ALL])
def test_the_verdict_is_the_one_that_the_file_states(pair: Pair) -> None:
    verdict = ask(pair.sql, exit=pair.exit)

    if pair.refusals is None:
        assert verdict.allowed, verdict.findings
        assert verdict.plan is not None
    else:
        assert not verdict.allowed
        assert verdict.plan is None
        assert codes(verdict) == pair.refusals, verdict.findings
        assert all(f.sentence and f.clause for f in verdict.findings if f.code != "scope.no_grant")


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_every_file_names_its_property_and_shows_both_sides(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = [pair.refusals is None for pair in pairs(path)]

    assert text.startswith("-- property: ")
    assert {True, False} == set(found)
