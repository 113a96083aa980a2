"""Statements that worked against an engine or a simpler rule; each is refused here.

Sources: the lock-down table and the probes of our own measurements and
the attacks on disclosure-control §3 that fall into what this pipeline accepts.
"""

from __future__ import annotations

import pytest
from city import ask, codes

T = "科技型中小企业"
V = "门诊"

LOCK_DOWN = [
    # files
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_csv_auto('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('/etc/passwd')",
    "SELECT * FROM read_parquet('/data/x.parquet')",
    "SELECT * FROM read_json('/data/x.json')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM parquet_metadata('/data/x.parquet')",
    "SELECT * FROM parquet_schema('/data/x.parquet')",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM 'x.parquet'",
    'SELECT * FROM "/etc/passwd"',
    "SELECT * FROM '../../etc/passwd'",
    "SELECT * FROM read_text('allowed/../../etc/passwd')",
    "SELECT * FROM read_text('allowed/link')",
    # writing
    f"COPY {T} TO '/tmp/x.csv'",
    f"COPY (SELECT 企业名称 FROM {T}) TO '/tmp/x.csv' (USE_TMP_FILE false)",
    f"COPY {T} FROM '/tmp/x.csv'",
    "EXPORT DATABASE '/tmp/x'",
    "IMPORT DATABASE '/tmp/x'",
    "ATTACH '/tmp/x.db' AS x",
    "ATTACH ':memory:' AS x",
    "DETACH x",
    "CHECKPOINT",
    "VACUUM",
    # extensions, network, secrets
    "INSTALL httpfs",
    "LOAD httpfs",
    "FORCE INSTALL httpfs",
    "SELECT * FROM 'https://example.org/x.csv'",
    "SELECT * FROM 's3://bucket/x.parquet'",
    "CREATE SECRET s (TYPE S3, KEY_ID 'a', SECRET 'b')",
    # the host's variables
    "SELECT * FROM df",
    "SELECT * FROM rows_of_the_host",
    # settings
    "SET threads = 64",
    "SET memory_limit = '100GB'",
    "SET max_execution_time = 0",
    "SET enable_external_access = true",
    "RESET memory_limit",
    "PRAGMA database_list",
    "PRAGMA enable_profiling",
    "CALL enable_logging(storage = 'file', storage_config = {'path': '/tmp/log'})",
    "CALL pragma_version()",
    "SELECT current_setting('memory_limit')",
    "SELECT getenv('HOME')",
    "SELECT getvariable('x')",
    "SET VARIABLE x = 1",
    # other statements
    "CREATE TABLE x (a INT)",
    f"CREATE TEMP TABLE x AS SELECT * FROM {T}",
    f"CREATE VIEW x AS SELECT * FROM {T}",
    f"CREATE SECURE VIEW x AS SELECT * FROM {T}",
    "CREATE MACRO f(a) AS a + 1",
    f"DELETE FROM {T}",
    f"UPDATE {T} SET 企业名称 = ''",
    f"INSERT INTO {T} SELECT * FROM {T}",
    f"DROP TABLE {T}",
    f"ALTER TABLE {T} ADD COLUMN x INT",
    "BEGIN TRANSACTION",
    "USE memory",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    f"SELECT 企业名称 FROM {T}; SELECT 1",
    f"SELECT 企业名称 FROM {T}; DROP TABLE {T}",
    # the catalogue
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM information_schema.columns",
    "SELECT * FROM pg_catalog.pg_class",
    "SELECT * FROM sqlite_master",
    "SELECT * FROM duckdb_tables()",
    "SELECT * FROM duckdb_views()",
    "SELECT * FROM duckdb_columns()",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_functions()",
    "SELECT * FROM duckdb_secrets()",
    f"SELECT * FROM pragma_storage_info('{T}')",
    f"SELECT * FROM pragma_table_info('{T}')",
    f"SUMMARIZE {T}",
    f"DESCRIBE {T}",
    f"SHOW {T}",
    "SHOW TABLES",
    f"SELECT stats(企业名称) FROM {T}",
    # query text as data
    f"SELECT * FROM query('SELECT 企业名称 FROM {T}')",
    f"SELECT * FROM query_table('{T}')",
    "SELECT * FROM json_execute_serialized_sql('{}')",
    f"SELECT json_serialize_sql('SELECT 企业名称 FROM {T}')",
    # cells in error messages, plans
    f"SELECT error(企业名称) FROM {T}",
    f"SELECT CAST(企业名称 AS INT) FROM {T}",
    f"SELECT 企业名称::DATE FROM {T}",
    f"EXPLAIN SELECT 企业名称 FROM {T}",
    f"EXPLAIN ANALYZE SELECT 企业名称 FROM {T}",
    # resources
    "SELECT * FROM range(1000000000000) a, range(1000000000000) b",
    "WITH RECURSIVE a(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM a) SELECT * FROM a",
    f"SELECT regexp_matches(企业名称, '(a+)+$') FROM {T}",
    "SELECT count(*) FROM range(3000000000) t(x) GROUP BY x",
    f"SELECT string_agg(企业名称, repeat('x', 1000000)) FROM {T}",
    f"SELECT list_sort(range(1000000000)) FROM {T}",
    f"SELECT length(repeat('x', 2000000000)) FROM {T}",
    f"SELECT len(range(200000000)) FROM {T}",
    f"SELECT 企业名称 FROM {T} WHERE 统计年份 IN ({', '.join(['1'] * 1100)})",
    f"SELECT {', '.join(['企业名称'] * 20000)} FROM {T}",
    f"SELECT 企业名称 FROM {T} WHERE {'(' * 20000}1=1{')' * 20000}",
    f"SELECT 1{' + 1' * 50000} FROM {T}",
    f"SELECT {'[' * 5000}1{']' * 5000} FROM {T}",
    f"SELECT (SELECT (SELECT (SELECT 1))) FROM {T}",
]

PROBES = [
    f"SELECT r FROM {T} r",
    f"SELECT to_json(r) FROM {T} r",
    f"SELECT COLUMNS('企业.*') FROM {T}",
    f"SELECT COLUMNS(c -> c LIKE '企业%') FROM {T}",
    f"SELECT 企业名称.upper() FROM {T}",
    f"SELECT * FROM query('SELECT 企业名称 FROM {T}')",
    f"SELECT * LIKE '企业%' FROM {T}",
    f"SUMMARIZE {T}",
    f"PIVOT {T} ON 行政区划代码 USING count(*)",
    f"SELECT * FROM (PIVOT {T} ON 行政区划代码 USING count(*))",
    f"SELECT * FROM (DESCRIBE {T})",
    f"SELECT * FROM (SUMMARIZE {T})",
    f"FROM {T}",
    f"SELECT struct_pack(a := 企业名称) FROM {T}",
    f"SELECT row(企业名称, 统计年份) FROM {T}",
    f"SELECT unnest(r) FROM {T} r",
    f"SELECT r.* EXCLUDE (企业名称) FROM {T} r",
    f"SELECT alias(企业名称) FROM {T}",
    f"UNPIVOT {T} ON 企业名称, 统一社会信用代码",
]

G = "GROUP BY 性别"
ISOLATING = [
    # one person inside an aggregate
    f"SELECT 性别, sum(CASE WHEN 身份证号 = '1' THEN 收入 END) AS x FROM {V} {G}",
    f"SELECT 性别, sum(收入 * (身份证号 = '1')::INT) AS x FROM {V} {G}",
    f"SELECT 性别, sum(收入) FILTER (WHERE 身份证号 = '1') AS x FROM {V} {G}",
    f"SELECT 性别, count(*) FILTER (WHERE 身份证号 = '1' AND 诊断 = '感冒') AS x FROM {V} {G}",
    f"SELECT 性别, count(*) FILTER (WHERE 主体_个人 = '1' OR 主体_个人 = '2') AS x FROM {V} {G}",
    f"SELECT 性别, regr_slope(收入, (身份证号 = '1')::INT) AS x FROM {V} {G}",
    f"SELECT 性别, corr(收入, (身份证号 = '1')::INT) AS x FROM {V} {G}",
    f"SELECT 性别, max(收入 * CAST(身份证号 = '1' AS INT)) AS x FROM {V} {G}",
    f"SELECT 性别, count(*) + (SELECT max(收入) FROM {V}) AS x FROM {V} {G}",
    f"SELECT 性别, count(*) AS x FROM {V} WHERE 身份证号 IN (SELECT 身份证号 FROM {V}) {G}",
    f"SELECT a.性别, count(*) AS x FROM {V} a ASOF JOIN {V} b ON a.收入 >= b.收入 GROUP BY 1",
    f"SELECT a.性别, count(*) AS x FROM {V} a POSITIONAL JOIN {V} b GROUP BY 1",
    f"SELECT a.性别, count(*) AS x FROM {V} a JOIN {V} b ON a.收入 < b.收入 GROUP BY 1",
    # 400 random cohorts
    f"SELECT 性别, count(*) FILTER (WHERE hash(身份证号) % 2 = 0) AS x FROM {V} {G}",
    f"SELECT 性别, count(*) FILTER (WHERE md5(身份证号) < '8') AS x FROM {V} {G}",
    f"SELECT 性别, count(*) FILTER (WHERE random() < 0.5) AS x FROM {V} {G}",
    f"SELECT 性别, count(*) FILTER (WHERE substring(身份证号, 17, 1) = '3') AS x FROM {V} {G}",
    f"SELECT 性别, count(*) FILTER (WHERE rowid < 100) AS x FROM {V} {G}",
    f"SELECT 性别, count(*) AS x FROM {V} TABLESAMPLE 50 PERCENT {G}",
    f"SELECT 性别, count(*) AS x FROM (SELECT * FROM {V} LIMIT 11) a {G}",
    # ten spellings of one id do not count; nor do cells leave encoded
    f"SELECT 性别, count(DISTINCT 身份证号) AS x FROM {V} {G}",
    f"SELECT 性别, bit_or(收入::INT) AS x FROM {V} {G}",
    f"SELECT 性别, sum(power(2, 收入)) AS x FROM {V} {G}",
    f"SELECT 性别, sum(收入 * 收入) AS x FROM {V} {G}",
    f"SELECT 性别, product(收入) AS x FROM {V} {G}",
    f"SELECT 性别, histogram(收入) AS x FROM {V} {G}",
    f"SELECT 性别, list(收入) AS x FROM {V} {G}",
    f"SELECT 性别, string_agg(诊断, ',') AS x FROM {V} {G}",
    f"SELECT 性别, any_value(收入) AS x FROM {V} {G}",
    f"SELECT 性别, arg_max(身份证号, 收入) AS x FROM {V} {G}",
    f"SELECT 性别, min(收入) AS x FROM {V} {G}",
    f"SELECT 性别, first(收入) AS x FROM {V} {G}",
    f"SELECT 性别, quantile_cont(收入, [0.01, 0.02]) AS x FROM {V} {G}",
    f"SELECT 性别, entropy(诊断) AS x FROM {V} {G}",
    f"SELECT 性别, mad(收入) AS x FROM {V} {G}",
    f"SELECT 性别, kurtosis(收入) AS x FROM {V} {G}",
    f"SELECT 性别, approx_top_k(诊断, 3) AS x FROM {V} {G}",
    f"SELECT 性别, reservoir_quantile(收入, 0.5) AS x FROM {V} {G}",
    # what order, cut and remainder would tell
    f"SELECT 性别, count(*) AS x FROM {V} {G} ORDER BY min(收入)",
    f"SELECT 性别, count(*) AS x FROM {V} {G} ORDER BY count(*) FILTER (WHERE 身份证号 = '1')",
    f"SELECT 性别, count(*) AS x FROM {V} {G} LIMIT 1",
    f"SELECT 性别, count(*) AS x FROM {V} {G} HAVING max(收入) > 100",
    f"SELECT 性别, count(*) AS x FROM {V} GROUP BY GROUPING SETS ((性别), ())",
    f"SELECT 性别, count(*) AS x FROM {V} GROUP BY CUBE (性别)",
    # averaging the rounding away
    f"SELECT 性别, count(*) + 1 AS x FROM {V} {G}",
    f"SELECT 性别, round(count(*) + 3) - 3 AS x FROM {V} {G}",
    f"SELECT a.性别, count(*) AS x FROM {V} a JOIN {V} b ON a.主体_个人 = b.主体_个人 GROUP BY 1",
    # windows below
    f"SELECT 性别, count(*) FILTER (WHERE r = 1) AS x FROM "
    f"(SELECT 性别, row_number() OVER (ORDER BY 收入) AS r FROM {V}) a {G}",
]


@pytest.mark.parametrize("sql", LOCK_DOWN, ids=[sql[:60] for sql in LOCK_DOWN])
def test_what_reaches_beyond_the_granted_tables_is_refused(sql: str) -> None:
    assert not ask(sql).allowed
    assert not ask(sql, exit="service").allowed


@pytest.mark.parametrize("sql", PROBES, ids=PROBES)
def test_what_one_parser_reads_otherwise_than_another_is_refused(sql: str) -> None:
    assert not ask(sql).allowed
    assert not ask(sql.replace(T, "安全生产许可证")).allowed


@pytest.mark.parametrize("sql", ISOLATING, ids=[sql[7:90] for sql in ISOLATING])
def test_what_isolates_or_encodes_a_person_is_refused(sql: str) -> None:
    verdict = ask(sql)

    assert not verdict.allowed
    assert "second_opinion.unbound" not in codes(verdict), "our own rules must see it first"


def test_there_are_as_many_attacks_as_were_measured() -> None:
    assert len(LOCK_DOWN) >= 73
    assert len(PROBES) >= 9
    assert len(ISOLATING) >= 45


def test_the_town_answers_lawful_questions_of_the_same_kind() -> None:
    assert ask(f"SELECT 企业名称 FROM {T} r").allowed
    assert ask(f"SELECT 性别, count(*) FILTER (WHERE 诊断 = '感冒') AS x FROM {V} {G}").allowed
