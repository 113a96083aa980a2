"""Real attack collections and a parser's own statements, as query text, literals and identifiers.

Every text is accepted within scope or refused with findings: it never crashes the check, never
reads more than was granted, and a text between quotes stays a text. The files are those of
GONGSHU_SHARED; attackers: an insider who writes queries, and whoever supplies a name or a value.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import duckdb
import pytest
from city import OPENED, VISITS, ask, grant, item

from gongshu.cleanroom import SecondOpinion, Source, Verdict
from gongshu.policy import GrantIndex
from gongshu.vocabulary.levels import SubjectKind

T = OPENED.table
GRANTED = frozenset({"企业名称", "统计年份"})
NARROW = GrantIndex.build([grant(OPENED, items=GRANTED), grant(VISITS, items=frozenset({"性别"}))])
SECONDS = 5
"""No text within the caps may take more processor time than this, however it is made."""


@cache
def corpus(folder: Path) -> tuple[str, ...]:
    """Return every line and every whole file once; bytes that are no text become surrogates."""
    found: set[str] = set()
    for path in (p for p in folder.rglob("*") if p.is_file()):
        text = path.read_bytes().decode("utf-8", "surrogateescape")
        found.update(line for line in text.splitlines() if line)
        found.add(text)
    return tuple(sorted(found))


def judged(sql: str) -> Verdict:
    verdict = ask(sql, index=NARROW)
    if verdict.allowed:
        assert verdict.plan is not None
        assert set(verdict.plan.resources) <= {OPENED.table, VISITS.table}, sql
        used = {ref for column in verdict.lineage for ref in column.influences}
        assert {name for resource, name in used if resource == OPENED.resource} <= GRANTED, sql
        assert {name for resource, name in used if resource == VISITS.resource} <= {"性别"}, sql
    else:
        assert verdict.findings, sql
        assert all(f.sentence for f in verdict.findings), sql
        assert verdict.plan is None
    return verdict


def batches(texts: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(texts), size):
        yield texts[start : start + size]


def quoted(text: str, mark: str) -> str:
    return mark + text.replace(mark, mark * 2) + mark


def writable(text: str) -> bool:
    """Say by Python's own words which texts may stand in a query: no control characters, no bytes
    that are no text, at most a thousand signs in a literal."""
    control = re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]", text)
    return control is None and len(text) <= 1_000


def test_every_file_is_there(shared: Path) -> None:
    files = [path for path in (shared / "data" / "sql").rglob("*") if path.is_file()]

    assert len(files) >= 20
    assert len(corpus(shared / "data" / "sql")) >= 5_000


def test_no_attack_is_a_query(shared: Path) -> None:
    """None of the collections holds a query over the town's tables: each is refused."""
    for text in corpus(shared / "data" / "sql"):
        assert not judged(text).allowed, text


def test_an_attack_as_a_name_names_nothing(shared: Path) -> None:
    for text in corpus(shared / "data" / "sql"):
        assert not judged(f"SELECT * FROM {quoted(text, chr(34))}").allowed, text
        assert not judged(f"SELECT {quoted(text, chr(34))} FROM {T}").allowed, text


def test_an_attack_in_quotes_is_the_text_that_it_is(shared: Path) -> None:
    """The engine itself returns exactly the rows that hold the texts, and nothing happened else."""
    texts = [text for text in corpus(shared / "data" / "sql") if writable(text)]
    engine = duckdb.connect(":memory:")
    engine.execute(f'CREATE TABLE "{T}" (企业名称 VARCHAR, 统计年份 BIGINT)')
    engine.executemany(f'INSERT INTO "{T}" VALUES (?, 1)', [[text] for text in texts])
    for batch in batches(texts, 100):
        values = ", ".join(quoted(text, "'") for text in batch)
        verdict = judged(f"SELECT 企业名称 FROM {T} WHERE 企业名称 IN ({values})")
        assert verdict.allowed, verdict.findings
        assert verdict.plan is not None
        rows = {name for (name,) in engine.execute(verdict.plan.sql).fetchall()}
        assert rows == set(batch)


def test_an_attack_as_an_alias_is_the_name_that_it_is(shared: Path) -> None:
    plain = {
        text.casefold(): text
        for text in corpus(shared / "data" / "sql")
        if writable(text)
        and len(text) <= 64
        and text == text.strip()
        and not set("\"'`;\\\t\n\r") & set(text)
        and not text.casefold().startswith("gs_")
    }
    engine = duckdb.connect(":memory:")
    engine.execute(f'CREATE TABLE "{T}" (企业名称 VARCHAR, 统计年份 BIGINT)')
    assert len(plain) > 1_000
    for batch in batches(sorted(plain.values()), 100):
        names = ", ".join(f'企业名称 AS "{name}"' for name in batch)
        verdict = judged(f"SELECT {names} FROM {T}")
        assert verdict.allowed, verdict.findings
        assert verdict.plan is not None
        described = engine.execute(verdict.plan.sql).description
        assert [column[0] for column in described or ()] == list(batch)


def test_an_attack_that_is_pasted_without_quoting_stays_in_scope(shared: Path) -> None:
    """What a careless author pastes into a query is still no more than the grant allows."""
    texts = corpus(shared / "data" / "sql")
    for text in random.Random(1).sample(texts, 400):
        judged(f"SELECT 企业名称 FROM {T} WHERE 企业名称 = '{text}'")
        judged(f"SELECT 企业名称 FROM {T} WHERE 统计年份 = {text}")
        judged(f"SELECT 企业名称 FROM {T} {text}")


LETTERS = ("a", "b", "c", "d", "x", "y", "z", "col")
NAMES = ("x", "y", "t", "test", "tbl", "foo", "a", "b", "u", "v", "my_table", "table1")


def letters(*, opened: Sequence[str]) -> tuple[Source, ...]:
    """Tables and columns of the names that a parser's test statements use."""
    return tuple(
        Source(
            resource=f"resource:{name}",
            table=name,
            title=name,
            items=tuple(item(c, opened=c in opened) for c in LETTERS if c != name),
            subjects={SubjectKind.enterprise: "主体_企业"},
            snapshot=f"resource:{name}@1",
        )
        for name in NAMES
    )


@pytest.mark.parametrize("opened", [LETTERS, ("a", "b"), ()], ids=["all", "two", "none"])
def test_statements_of_a_parsers_own_tests(shared: Path, opened: tuple[str, ...]) -> None:
    """sqlglot's fixtures over tables of their names: accepted or refused, and in scope."""
    sources = letters(opened=opened)
    index = GrantIndex.build(grant(source, clause="27-14") for source in sources)
    opinion = SecondOpinion(sources)
    folder = shared / "data" / "sql" / "sqlglot"
    statements = [*(folder / "identity.sql").read_text("utf-8").splitlines()]
    statements += (folder / "pretty.sql").read_text("utf-8").split(";")
    accepted = 0
    for sql in statements:
        verdict = ask(sql, sources=sources, index=index, second_opinion=opinion)
        accepted += verdict.allowed
        assert verdict.allowed or verdict.findings
        for column in verdict.lineage if verdict.allowed else ():
            if column.kind == "copy":
                assert {name for _, name in column.influences} <= set(opened), sql
    assert accepted >= 10 if opened else accepted == 0


def chained(levels: int, width: int) -> str:
    """Subqueries in which every column uses every column of the one below."""
    columns = [f"企业名称 AS c{n}" for n in range(width)]
    parts = [f"a0 AS (SELECT {', '.join(columns)} FROM {T})"]
    every = ", ".join(f"c{n}" for n in range(width))
    for level in range(1, levels):
        columns = [f"concat({every}) AS c{n}" for n in range(width)]
        parts.append(f"a{level} AS (SELECT {', '.join(columns)} FROM a{level - 1})")
    return f"WITH {', '.join(parts)} SELECT c0 FROM a{levels - 1}"


N = 31
BOMBS = {
    **{
        f"{opener} nested": f"SELECT {opener * N}1{')' * N} FROM {T}"
        for opener in ("STRUCT(", "DATE (", "row(", "map(", "(", "f(", "INTERVAL (", "TEXT (")
    },
    **{
        f"{opener} left open": f"SELECT 企业名称 FROM {opener * N}"
        for opener in (
            "STRUCT(",
            "DATE (",
            "(SELECT * FROM (",
            "(a -> ",
            "x(y := ",
            "EXISTS(SELECT ",
        )
    },
    "natural joins": f"SELECT * FROM {T} a" + f" NATURAL FULL JOIN {T}" * 500,
    "joins without conditions": f"SELECT * FROM {T} a {'LEFT JOIN b ' * 24}{'ON 1 = 1 ' * 24}",
    "commas": f"SELECT * FROM a{', a' * 3000}",
    "cases": f"SELECT {'CASE WHEN 1 = 1 THEN ' * 30}1{' END' * 30} FROM {T}",
    "columns": f"SELECT {', '.join(f'企业名称 a{n}' for n in range(1300))} FROM {T}",
    "one call of many columns": f"SELECT concat({', '.join(['企业名称'] * 1500)}) AS x FROM {T}",
    "three thousand unknown names": f"SELECT {', '.join(f'x{n}' for n in range(3000))} FROM {T}",
    "subqueries that multiply": chained(7, 12),
    "casts": f"SELECT 1{'::TEXT' * 2000} AS x FROM {T}",
    "dots": f"SELECT a{'.a' * 3900} FROM {T}",
    "betweens": f"SELECT 企业名称 FROM {T} WHERE {'统计年份 BETWEEN ' * 1000}",
}


@pytest.mark.parametrize("sql", BOMBS.values(), ids=BOMBS)
def test_no_text_keeps_the_check_busy(sql: str) -> None:
    started = time.process_time()
    judged(sql)

    assert time.process_time() - started < SECONDS
