"""Second opinion: the engine's own plan, on empty tables, behind a lock."""

from __future__ import annotations

import subprocess
import sys

import pytest
from city import ARREARS, OPENED, OPINION, SOURCES, ask, codes

from gongshu.cleanroom import SecondOpinion
from gongshu.cleanroom.second_opinion import compare

T = "科技型中小企业"
EVERY = frozenset(name for name, _ in OPENED.columns())


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        (f"SELECT r FROM {T} r", EVERY),
        (f"SELECT to_json(r) FROM {T} r", EVERY),
        (f"SELECT columns('企业.*') FROM {T}", {"企业名称", "主体_企业"}),
        (f"SELECT 企业名称.upper() FROM {T}", {"企业名称"}),
        (f"SELECT * FROM query('select 企业名称 from {T}')", {"企业名称"}),
        (f"SELECT * LIKE '企业%' FROM {T}", None),
        (f"SELECT 1 FROM {T} WHERE 企业名称 = 'x'", {"企业名称"}),
        (f"SELECT 统计年份 FROM {T} WHERE 1 = 0", {"统计年份"}),
        (f"SELECT 统计年份 FROM {T} ORDER BY 企业名称 LIMIT 3", {"企业名称", "统计年份"}),
        (f"SELECT count(*) FROM {T}", set()),
    ],
)
def test_the_plan_names_the_columns_that_are_really_read(
    sql: str, columns: set[str] | None
) -> None:
    seen = OPINION.columns(sql)

    if columns is not None:
        assert seen == {T: columns}
    claimed = {T: frozenset({"行政区划代码"})}
    if columns != set():
        assert compare(OPINION, sql, claimed), "a walk that missed these columns is contradicted"


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT 企业名称 FROM {T}; SELECT 1",
        f"CREATE TABLE x AS SELECT * FROM {T}",
        f"INSERT INTO {T} (企业名称) VALUES ('x')",
        "SELECT 没有 FROM 没有",
        f"SELECT 企业名称 + 1 FROM {T}",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM range(3)",
        f"SELECT 企业名称 FROM {T} TABLESAMPLE 10%",
        f"SELECT row_number() OVER () FROM {T}",
        f"SELECT a.企业名称 FROM {T} a POSITIONAL JOIN {T} b",
        f"SELECT a.企业名称 FROM {T} a, {T} b",
        f"SELECT 企业名称 FROM {T} UNION ALL SELECT 企业名称 FROM {T}",
        "",
    ],
)
def test_what_it_does_not_know_it_does_not_answer(sql: str) -> None:
    assert OPINION.columns(sql) is None
    (finding,) = compare(OPINION, sql, {})
    assert finding.code == "second_opinion.unbound"
    assert "passwd" not in finding.sentence


def test_it_holds_schemas_and_no_rows_and_no_way_out() -> None:
    connection = OPINION._connection

    for source in SOURCES:
        assert connection.execute(f'SELECT count(*) FROM "{source.table}"').fetchone() == (0,)
    for attempt in ("SET threads=4", "SET enable_external_access=true", "SELECT * FROM glob('/*')"):
        with pytest.raises(Exception, match=r"(?i)configuration|disabled|permission"):
            connection.execute(attempt).fetchall()


def test_names_with_quotes_and_dots_come_back_as_they_are() -> None:
    import dataclasses

    odd = dataclasses.replace(ARREARS, table='欠"税.表')
    opinion = SecondOpinion([odd])

    assert opinion.columns('SELECT 税种 FROM "欠""税.表"') == {odd.table: {"税种"}}


class Liar:
    """An engine that reads one column more than the query says."""

    def columns(self, sql: str) -> dict[str, frozenset[str]]:
        return {T: frozenset({"企业名称", "统计年份"})}


class Mute:
    def columns(self, sql: str) -> None:
        return None


def test_disagreement_refuses() -> None:
    sql = f"SELECT 企业名称 FROM {T}"

    assert ask(sql).allowed
    assert codes(ask(sql, second_opinion=Liar())) == {"second_opinion.disagrees"}
    assert codes(ask(sql, second_opinion=Mute())) == {"second_opinion.unbound"}


class LiarLater:
    """Agrees on the text of the author and differs on the text that would run."""

    def __init__(self) -> None:
        self.asked = 0

    def columns(self, sql: str) -> dict[str, frozenset[str]]:
        self.asked += 1
        extra = {"统计年份"} if self.asked > 1 else set()
        return {T: frozenset({"企业名称"} | extra)}


def test_the_text_that_runs_is_asked_about_too() -> None:
    opinion = LiarLater()

    verdict = ask(f"SELECT 企业名称 FROM {T}", second_opinion=opinion)

    assert opinion.asked == 2
    assert codes(verdict) == {"rewrite.broken"}


def test_without_a_kept_one_a_check_builds_its_own() -> None:
    assert ask(f"SELECT 企业名称 FROM {T}", second_opinion=None).allowed


def test_importing_the_clean_room_loads_no_engine() -> None:
    script = "import sys, gongshu.cleanroom; sys.exit('duckdb' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
