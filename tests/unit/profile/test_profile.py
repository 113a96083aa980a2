"""The whole scan: statistics, streaming in bounded memory, the demo city and real tables."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import time
import tracemalloc
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
import python_calamine

from gongshu.profile import FindingKind, Profile, profile
from gongshu.profile.columns import Sample
from gongshu.vocabulary.errors import Invalid
from gongshu.vocabulary.identifiers import citizen_id_check_character
from gongshu.vocabulary.levels import SubjectKind
from gongshu_server.demo.city import City, build

BY_VALUE = {"citizen_id", "uscc", "bank_card", "mobile"}


# --- statistics ----------------------------------------------------------------------------------


def test_statistics_of_a_column() -> None:
    values = ["甲", "乙乙", "", "   ", None, "甲", "丙丙丙丙"]
    column = profile(pa.table({"c": values})).column("c")
    assert (column.rows, column.nulls, column.blanks) == (7, 1, 2)
    assert (column.distinct, column.distinct_exact) == (5, True)
    assert (column.minimum_length, column.maximum_length) == (0, 4)
    assert column.type == "string"


def test_columns_without_text_have_no_lengths() -> None:
    found = profile(
        pa.table(
            {
                "n": [1, 2, None],
                "d": pa.array([1, 2, 3], pa.date32()),
                "x": pa.nulls(3),
                "l": [[1], [2], None],
                "b": [b"a", b"", None],
            }
        )
    )
    assert [(c.minimum_length, c.maximum_length) for c in found.columns] == [(None, None)] * 5
    assert [(c.nulls, c.distinct) for c in found.columns] == [
        (1, 2),
        (0, 3),
        (3, 0),
        (1, 2),
        (1, 2),
    ]


def test_empty_tables() -> None:
    nothing = profile(pa.table({}))
    assert (nothing.rows, nothing.columns) == (0, ())
    assert nothing.proposal.reasons == ("没有数据项，请核对收到的文件",)
    empty = profile(pa.table({"姓名": pa.array([], pa.string())}))
    assert (empty.rows, empty.columns[0].rows, empty.columns[0].minimum_length) == (0, 0, None)
    with pytest.raises(KeyError):
        empty.column("身份证号")


def test_equal_headers_are_profiled_by_position() -> None:
    table = pa.table([pa.array(["a"]), pa.array(["b", "c"][:1])], names=["名", "名"])
    assert [column.name for column in profile(table).columns] == ["名", "名"]


def test_a_reader_gives_what_the_table_gives() -> None:
    table = pa.table({"n": [f"第{i}号" for i in range(30_000)], "v": range(30_000)})
    reader = pa.RecordBatchReader.from_batches(table.schema, table.to_batches(max_chunksize=777))
    assert profile(reader, rows=table.num_rows) == profile(table, rows=table.num_rows)


def test_a_scan_of_a_part_gives_no_proposal() -> None:
    table = pa.table({"姓名": ["张伟", "李娜"]})
    with pytest.raises(Invalid) as refusal:
        profile(table, rows=3)
    assert refusal.value.code == "rows_differ"
    assert profile(table, rows=2).rows == 2


@pytest.mark.parametrize("chunk", [100, 8_192, 60_000])
def test_the_sample_spreads_over_the_whole_column(chunk: int) -> None:
    sample = Sample()
    for first in range(0, 60_000, chunk):
        sample.add(pa.array([str(n) for n in range(first, min(first + chunk, 60_000))]))
    taken = [int(text) for text in sample.texts()]
    assert 5_000 <= len(taken) < 10_000
    gaps = {b - a for a, b in itertools.pairwise(taken)}
    assert max(gaps) <= 2 * min(gaps)
    assert (taken[0], taken[-1] > 59_900) == (0, True)


def test_ten_thousand_columns() -> None:
    start = time.process_time()
    found = profile(
        pa.table([pa.array(["x", "y"])] * 10_000, names=[f"c{n}" for n in range(10_000)])
    )
    assert len(found.columns) == 10_000
    assert time.process_time() - start < 30


def test_memory_does_not_grow_with_the_rows() -> None:
    """Numpy and Python are counted by tracemalloc, Arrow by its own pool."""
    schema = pa.schema([("证件号码", pa.string()), ("说明", pa.string())])
    most = [0, 0]

    def batches() -> Iterator[pa.RecordBatch]:
        for turn in range(6):
            ids = [f"{turn:02d}{n:016d}" for n in range(40_000)]
            most[0] = max(most[0], pa.total_allocated_bytes())
            most[1] = max(most[1], tracemalloc.get_traced_memory()[0])
            yield pa.record_batch([pa.array(ids), pa.array(["一段说明文字" * 4] * 40_000)], schema)

    tracemalloc.start()
    before = pa.total_allocated_bytes()
    try:
        found = profile(pa.RecordBatchReader.from_batches(schema, batches()))
    finally:
        tracemalloc.stop()
    assert found.rows == 240_000
    assert found.columns[0].distinct == pytest.approx(240_000, rel=0.012)
    assert most[0] - before < 40 * 2**20
    assert most[1] < 40 * 2**20


def test_a_huge_cell_costs_no_multiple_of_itself() -> None:
    huge = "字" * (20 * 2**20 // 3)
    table = pa.table({"c": [huge, "x"]})
    tracemalloc.start()
    try:
        found = profile(table)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found.column("c").maximum_length == len(huge)
    assert peak < 64 * 2**20


def test_speed() -> None:
    """A floor far under the measured rate: a scan that falls back to Python goes red."""
    bodies = [f"1399011980010{n % 10}{n % 1000:03d}" for n in range(1000)]
    ids = [body + citizen_id_check_character(body) for body in bodies] * 300
    table = pa.table({"a": ids, "b": [str(n) for n in range(300_000)]})
    start = time.process_time()
    profile(table)
    assert 600_000 / (time.process_time() - start) > 250_000


# --- the demo city: the generator knows the truth ------------------------------------------------


def rows_of(path: Path) -> list[list[object]]:
    body = path.read_bytes()
    body = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
    if body[:2] == b"PK" or body[:4] == b"\xd0\xcf\x11\xe0":
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(body))
        return book.get_sheet_by_index(0).to_python()
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = body.decode("gb18030")
    return [list(row) for row in csv.reader(io.StringIO(text, newline=""))]


def as_table(rows: list[list[object]], header: int) -> pa.Table:
    """Make a table of texts, as a lake reader would before typing."""
    names = [str(cell) for cell in rows[header]]
    cells = [
        [str(c) if c != "" else None for c in row] + [None] * len(names)
        for row in rows[header + 1 :]
    ]
    columns = [pa.array([row[n] for row in cells], pa.string()) for n in range(len(names))]
    return pa.table(columns, names=names)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    return build(tmp_path_factory.mktemp("city"), seed=11, scale=0.05, as_of=date(2025, 6, 30))


def by_value(found: Profile) -> dict[str, set[str]]:
    kinds = {c.name: {f.kind.value for f in c.findings} & BY_VALUE for c in found.columns}
    return {name: found for name, found in kinds.items() if found}


_USCC = {"统一社会信用代码": {"uscc"}}
TRUTH = {
    "enterprises": _USCC,
    "safety_licences": _USCC,
    "inspections": _USCC,
    "hazardous_chemicals": _USCC,
    "tax_arrears": _USCC,
    "insured_staff": _USCC,
    "outpatient_visits": {"证件号码": {"citizen_id"}, "手机号": {"mobile"}},
    "reservoir_levels": {},
    "reimbursements": {"证件号码": {"citizen_id"}, "银行卡号": {"bank_card"}},
    "institutions": _USCC | {"联系电话": {"mobile"}},
    "permits": _USCC,
}
OTHER_TRUTH = {
    "person_name": {"姓名", "负责人"},
    "enterprise_name": {"企业名称", "机构名称"},
    "address": {"地址"},
    "medical": {"诊断", "科室"},
}


def test_every_identifier_column_of_the_city_is_found_and_no_other(city: City) -> None:
    """Precision and recall are 1, with the headers and with none."""
    assert set(TRUTH) == {sent.key for sent in city.files}
    for sent in city.files:
        table = as_table(rows_of(sent.path), sent.planted.title_rows)
        assert by_value(profile(table, title=sent.title)) == TRUTH[sent.key], sent.key
        bare = table.rename_columns([f"c{n}" for n in range(table.num_columns)])
        expected = {
            f"c{table.schema.names.index(n)}": kinds for n, kinds in TRUTH[sent.key].items()
        }
        assert by_value(profile(bare)) == expected, sent.key


def test_names_addresses_and_health_of_the_city(city: City) -> None:
    found: dict[str, set[str]] = {kind: set() for kind in OTHER_TRUTH}
    for sent in city.files:
        table = as_table(rows_of(sent.path), sent.planted.title_rows)
        for column in profile(table, title=sent.title).columns:
            for finding in column.findings:
                if finding.kind.value in found:
                    found[finding.kind.value].add(column.name)
    assert found == OTHER_TRUTH


def test_subjects_and_counts_of_the_city(city: City) -> None:
    for sent in city.files:
        found = profile(as_table(rows_of(sent.path), sent.planted.title_rows), title=sent.title)
        assert found.proposal.subject is SubjectKind[sent.subject], sent.key
    visits = city.file("outpatient_visits")
    column = profile(as_table(rows_of(visits.path), 0)).column("证件号码")
    [finding] = [f for f in column.findings if f.kind is FindingKind.citizen_id]
    assert finding.checksum_passed is not None
    # In canonical spelling but for the respelled ones, one of which is only lower-case.
    assert finding.hits - finding.checksum_passed == visits.planted.wrong_check_digits
    assert finding.tested - finding.hits == visits.planted.respelled_ids == finding.respelled


# --- real tables ---------------------------------------------------------------------------------

# File name prefix -> the columns that truly hold codes of enterprises.
REAL_USCC = {
    "企业欠税公告信息": {"纳税人识别号"},
    "企业用户用气缴费信息": {"纳税人识别号"},
    "全市水务工程项目审批信息": {"建设单位统一社会信用代码"},
    "内资企业设立登记公告数据": {"统一社会信用代码"},
    "安全生产许可证信息": {"行政相对人代码"},
    "市市场监督管理局-上市公司名录": {"统一社会信用代码"},
    "海淀区中关村高新技术企业库": {"统一社会信用代码"},
    "科技型中小企业": {"统一社会信用代码"},
    "经营异常企业信息": {"企业名称"},  # Four of 104,259 names are codes.
}


NOBODYS = {"person_name", "passport", "plate", "email", "ip", "mac", "secret", "coordinates"}


def test_real_tables_of_enterprises(shared: Path) -> None:
    """Nineteen published tables: every code column is found, and nobody is taken for a person."""
    seen = 0
    for path in sorted((shared / "data/companies").iterdir()):
        rows = rows_of(path)
        header = next((n for n, row in enumerate(rows) if sum(c != "" for c in row) >= 2), 0)
        found = profile(as_table(rows, header), title=path.name)
        coded = {name for name, kinds in by_value(found).items() if "uscc" in kinds}
        expected = next((c for start, c in REAL_USCC.items() if path.name.startswith(start)), set())
        assert coded == expected, path.name
        personal = {name for name, kinds in by_value(found).items() if kinds - {"uscc"}}
        assert personal == set(), path.name
        named = {one.kind.value for column in found.columns for one in column.findings}
        assert not named & NOBODYS, path.name
        assert found.proposal.subject is not SubjectKind.person, path.name
        seen += 1
    assert seen == 19


def test_real_codes_pass_at_the_rate_the_sentence_says(shared: Path) -> None:
    rows = rows_of(shared / "data/companies/海淀区中关村高新技术企业库（截止2023年7月）.csv.gz")
    [found, *_] = profile(as_table(rows, 0)).column("统一社会信用代码").findings
    assert (found.hits, found.tested, found.checksum_passed) == (9461, 9461, 9456)
    assert "9,456个通过GB 32100校验（99.9%，随机约1/31）" in found.sentence


def test_card_numbers_of_a_foreign_test_table(shared: Path) -> None:
    """Visa and MasterCard numbers made by others; no other of 45 columns is a card or an id."""
    path = shared / "data/sensitive/presidio/FakeNameGenerator.com_100.csv"
    found = by_value(profile(as_table(rows_of(path), 0)))
    assert {name: kinds for name, kinds in found.items() if kinds != {"mobile"}} == {
        "CCNumber": {"bank_card"}
    }
