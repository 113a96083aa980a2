"""SQLite databases from strangers: one table is read, nothing of the file is run."""

import contextlib
import gzip
import sqlite3

import pytest

from gongshu.lake import Unreadable, database, read_received


def made(*statements, encoding=None):
    with contextlib.closing(sqlite3.connect(":memory:")) as engine:
        if encoding:
            engine.execute(f"PRAGMA encoding = '{encoding}'")
        for statement in statements:
            engine.execute(statement)
        engine.commit()
        return engine.serialize()


PEOPLE = (
    "CREATE TABLE 断面 (编号 TEXT, 名称, 值 REAL, 照片 BLOB)",
    "INSERT INTO 断面 VALUES ('007', '桥', 1.5, x'ff00'), ('008', NULL, 1e12, NULL)",
)


@pytest.mark.parametrize("encoding", [None, "UTF-16le"])
def test_a_table_is_read(read, encoding):
    """Values arrive as text and are typed on the whole of their column."""
    outcome = read(made(*PEOPLE, encoding=encoding))
    assert outcome.understood["format"] == "sqlite"
    assert outcome.types == {"编号": "text", "名称": "text", "值": "decimal", "照片": "text"}
    assert [str(row["值"]) for row in outcome.rows] == ["1.5", "1000000000000.0"]
    assert (outcome.rows[0]["编号"], outcome.rows[0]["照片"]) == ("007", "ff00")


def test_the_longest_table_is_read_and_any_can_be_asked_for(read):
    """The others are named with their rows."""
    content = made(
        *PEOPLE, "CREATE TABLE 少 (a)", "INSERT INTO 少 VALUES (1)", "CREATE TABLE 空 (a)"
    )
    outcome = read(content)
    assert outcome.understood["sheet"] == "断面"
    assert outcome.understood["other_sheets"] == [{"name": "少", "rows": 1}]
    assert read(content, sheet="少").rows == [{"a": 1}]
    assert read(content, sheet="没有").refused == "no_such_sheet"


def test_a_name_is_a_name_and_never_a_statement(read):
    """Quotation marks in names are doubled."""
    name = 'x"; DROP TABLE 断面; --'
    quoted = name.replace('"', '""')
    content = made(f'CREATE TABLE "{quoted}" (a)', f'INSERT INTO "{quoted}" VALUES (7)')
    assert read(content).rows == [{"a": 7}]


def test_no_view_of_the_file_runs_and_no_value_is_computed_without_bounds(read):
    """A view is no table, and a column that would compute a gigabyte holds nothing."""
    content = made(*PEOPLE, "CREATE VIEW 视图 AS SELECT * FROM 断面")
    assert read(content, sheet="视图").refused == "no_such_sheet"
    computed = made(
        "CREATE TABLE t (a, b AS (printf('%.*c', 90000000, 'x')))", "INSERT INTO t VALUES (1)"
    )
    assert read(computed).rows == [{"a": 1, "b": None}]


def test_the_engine_may_only_select():
    """Whatever the schema asks for: no writing, no attaching, no pragma, no loading."""
    engine = database._opened(made(*PEOPLE))
    for statement in (
        "DELETE FROM 断面",
        "CREATE TABLE x (a)",
        "ATTACH '/tmp/x' AS x",
        "PRAGMA trusted_schema = ON",
        "SELECT load_extension('x')",
        "SELECT writefile('x', 'y')",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    ):
        with pytest.raises(sqlite3.Error):
            engine.execute(statement).fetchall()


def test_a_database_that_was_being_written_is_read_as_it_is(read):
    """Its header asks for a log beside it, which nobody sent."""
    content = bytearray(made(*PEOPLE))
    content[18:20] = b"\x02\x02"
    assert read(bytes(content)).table.num_rows == 2
    assert read(gzip.compress(bytes(content))).table.num_rows == 2


def test_text_in_the_encoding_of_old_programs(read):
    """GB18030 in a text column is read; bytes of no encoding cost their row."""
    content = made(
        "CREATE TABLE t (a TEXT)",
        f"INSERT INTO t VALUES (CAST(x'{'临江县'.encode('gb18030').hex()}' AS TEXT))",
        "INSERT INTO t VALUES (CAST(x'ff' AS TEXT)), ('a' || char(0) || 'b'), ('好')",
    )
    outcome = read(content)
    assert [row["a"] for row in outcome.rows] == ["临江县", "好"]
    assert [(each.line, each.code) for each in outcome.rejects] == [(2, "undecodable"), (3, "nul")]


@pytest.mark.parametrize("cut", [16, 100, 5000])
def test_a_database_cut_off_or_spoilt_is_refused(read, cut):
    """In a sentence, and before any row has become part of a version."""
    content = made("CREATE TABLE t (a)", *["INSERT INTO t VALUES (hex(zeroblob(3000)))"] * 9)
    assert read(content[:cut]).refused == "damaged_database"
    spoilt = content[:4096] + b"\xff" * (len(content) - 4096)
    assert read(spoilt).refused == "damaged_database"


def test_a_database_too_large_for_memory_is_refused(read, monkeypatch):
    """It is told before it is held twice."""
    monkeypatch.setattr(database, "DATABASE_BYTES", 1000)
    assert read(made(*PEOPLE)).refused == "database_too_large"


def test_a_database_without_a_table_has_no_header(read):
    """As an empty workbook has none."""
    assert read(made("CREATE TABLE t (a)", "DROP TABLE t")).refused == "no_header"


def test_a_database_through_the_locked_worker(tmp_path):
    """The engine needs no file; a spoilt database ends in a sentence."""
    path = tmp_path / "库.db"
    path.write_bytes(made(*PEOPLE))
    found = read_received(path, folder=tmp_path / "lake", resource="r", salt=b"s" * 16)
    assert (found.rows, found.understood.sheet) == (2, "断面")
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(Unreadable, match="SQLite 数据库不完整"):
        read_received(path, folder=tmp_path / "lake", resource="r", salt=b"s" * 16)
