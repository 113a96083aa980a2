"""A received file on its whole way: locked worker, Delta table, reject table, plain sentences."""

import gzip
import io
import json
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest

from gongshu import sandbox
from gongshu.lake import (
    Column,
    ColumnType,
    Schema,
    Unreadable,
    notes,
    open_snapshot,
    read_received,
    read_rejects,
    received,
    refusals,
)
from gongshu.sandbox.limits import MIB

SALT = b"0123456789abcdef"
TIGHT = sandbox.Limits(memory_bytes=384 * MIB, wall_seconds=60, cpu_seconds=60)


@pytest.fixture(scope="module")
def pool():
    with sandbox.Pool(received.TASK, 1, limits=TIGHT) as pool:
        yield pool


@pytest.fixture
def take(tmp_path, pool):
    def take(content, **options):
        path = tmp_path / "收到.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        options.setdefault("pool", pool)
        folder = tmp_path / "资源"
        return read_received(path, folder=folder, resource="r1", salt=SALT, **options)

    return take


def rows_of(tmp_path, version, **options):
    return open_snapshot(tmp_path / "资源" / "rows", version, **options).read_all().to_pylist()


def test_a_file_becomes_a_snapshot_with_a_reject_table(take, tmp_path):
    content = "名录,,\n名称,金额,日期\n甲,1.5,2023-01-01\n坏,行\n乙,2,2023-01-02\n"
    found = take(content.encode("gb18030"))
    assert (found.rows, found.rejected, found.records) == (2, 1, 3)
    assert found.snapshot.version == 0
    assert found.snapshot.resource == "r1"
    assert found.snapshot.rows == 2
    assert found.understood.encoding == "gb18030"
    assert found.understood.header_line == 2
    assert found.understood.titles == ("名录",)
    assert rows_of(tmp_path, 0, columns=["名称"]) == [{"名称": "甲"}, {"名称": "乙"}]
    assert found.rejects_file == tmp_path / "资源" / "rejects" / "0.parquet"
    assert read_rejects(found.rejects_file) == list(found.rejects)
    assert [note.code for note in found.notes] == ["titles", "rejects"]
    assert all(note.sentence.endswith("。") for note in found.notes)


def test_without_rejects_there_is_no_reject_table(take, tmp_path):
    found = take("名称\n甲\n")
    assert found.rejects_file is None
    assert not list((tmp_path / "资源").glob("rejects/*"))


def test_each_file_is_the_next_version(take, tmp_path):
    take("名称,数\n甲,1\n")
    second = take("名称,日期,数\n乙,2023-01-01,x\n", pinned=None)
    assert second.snapshot.version == 1
    assert rows_of(tmp_path, 0) == [{"名称": "甲", "数": 1}]
    assert rows_of(tmp_path, 1, columns=["名称", "数"]) == [{"名称": "乙", "数": "x"}]


def test_a_pin_sends_what_does_not_fit_to_the_reject_table(take):
    pin = Schema((Column("数", ColumnType.integer),))
    found = take("名称,数\n甲,1\n乙,约\n", pinned=pin)
    assert (found.rows, found.rejected) == (1, 1)
    assert "“约”不是整数" in found.rejects[0].reason


def test_columns_can_be_added_on_the_way(take, tmp_path):
    def enrich(reader):
        schema = reader.schema.append(pa.field("号", pa.int64()))
        batches = (
            pa.RecordBatch.from_arrays(
                [*batch.columns, pa.array(range(batch.num_rows), pa.int64())], schema=schema
            )
            for batch in reader
        )
        return pa.RecordBatchReader.from_batches(schema, batches)

    found = take("名称\n甲\n乙\n", enrich=enrich)
    assert rows_of(tmp_path, 0) == [{"名称": "甲", "号": 0}, {"名称": "乙", "号": 1}]
    assert found.snapshot.schema.names == ("名称", "号")
    assert found.schema.names == ("名称",)


def test_a_fault_on_the_way_leaves_no_version_and_no_rejects(take, tmp_path):
    def enrich(reader):
        def batches():
            raise LookupError("the register broke")
            yield

        return pa.RecordBatchReader.from_batches(reader.schema, batches())

    with pytest.raises(LookupError, match="the register broke"):
        take("名称,数\n甲,1\n乙\n", enrich=enrich)
    assert not list((tmp_path / "资源").glob("rejects/*"))
    assert take("名称,数\n甲,1\n").snapshot.version == 0


def bomb():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            for _ in range(64):
                sheet.write(b"0" * MIB)
    return packed.getvalue()


def sparse_workbook():
    """One cell in the last column of the last row: dense, it would be 17 thousand million cells."""
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/'
        'content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-'
        'package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
        "</Types>",
        "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
        'relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/'
        'officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>",
        "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/'
        'package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats'
        '.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/>'
        "</Relationships>",
        "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006'
        '/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
        '<sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/worksheets/sheet1.xml": '<worksheet xmlns="http://schemas.openxmlformats.org/'
        'spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>',
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "codes"),
    [
        (b"", {"empty"}),
        ("名稱,編號\n台灣積體電路製造股份有限公司,1\n".encode("big5") * 30, {"unknown_encoding"}),
        (",".join(f"c{n}" for n in range(10_000)).encode() + b"\n", {"too_many_columns"}),
        (bomb(), {"unfolds_too_far"}),
        (sparse_workbook(), {"crash", "memory", "too_many_columns"}),
        (gzip.compress(b"1,2\n" * 20_000_000, 1), {"unfolds_too_far"}),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 5000, {"damaged_workbook", "crash"}),
    ],
    ids=["empty", "encoding", "columns", "xlsx-bomb", "sparse-xlsx", "gzip-bomb", "broken-xls"],
)
def test_bad_input_is_one_sentence_and_the_next_file_is_read(take, content, codes):
    with pytest.raises(Unreadable) as caught:
        take(content)
    assert caught.value.code in codes
    assert caught.value.sentence.endswith("。")
    assert "{" not in caught.value.sentence
    assert take("名称\n甲\n").rows == 1


def test_a_cell_of_300_megabytes_is_one_reject_in_bounded_memory(take, tmp_path):
    path = tmp_path / "大.csv"
    with path.open("wb") as file:
        file.write("名称,说明\n甲,一\n乙,".encode())
        for _ in range(300):
            file.write(b"x" * MIB)
        file.write("\n丙,三\n".encode())
    with sandbox.Pool(received.TASK, 1, limits=TIGHT) as pool:
        found = read_received(path, folder=tmp_path / "r", resource="r", salt=SALT, pool=pool)
    path.unlink()
    assert [each.code for each in found.rejects] == ["line_too_long"]
    assert (found.rows, found.rejects[0].line) == (2, 3)
    assert found.rejects[0].byte_end - found.rejects[0].byte_start == 300 * MIB + 5


def test_a_worker_out_of_memory_says_what_to_do(take, tmp_path):
    little = sandbox.Limits(memory_bytes=24 * MIB, wall_seconds=20, cpu_seconds=20)
    content = "a,b\n" + "一二三四五六七八,2\n" * 600_000
    with pytest.raises(Unreadable) as caught:
        take(content, pool=None, limits=little)
    assert caught.value.code in ("memory", "crash")
    assert not list((tmp_path / "资源").glob("rejects/*"))


def test_a_worker_that_is_too_slow_says_what_to_do(take):
    hasty = sandbox.Limits(wall_seconds=0.05, cpu_seconds=5)
    with pytest.raises(Unreadable) as caught:
        take("a,b\n" + "1,2\n" * 500_000, pool=None, limits=hasty)
    assert caught.value.code == "time"
    assert "拆成几个文件" in caught.value.sentence


@pytest.mark.parametrize(
    ("value", "streams"),
    [
        ({}, {}),
        ("x", {}),
        ({"refused": "身份证 130203199001011234", "facts": {}}, {}),
        ({"rows": 2}, {"rows": pa.table({"a": [1]})}),
        ({"rows": 1}, {"rows": pa.table({"a": [1]}), "rejects": pa.table({"line": [1]})}),
    ],
)
def test_a_worker_that_lies_is_a_crash(take, value, streams):
    class Lying:
        def __init__(self):
            whole = {"schema": [], "rejects": 0, "records": 2, "blank_rows": 0}
            whole |= {"understood": {}, "notes": []}
            self.value = whole | value if value and isinstance(value, dict) else value
            self.schemas = {name: table.schema for name, table in streams.items()}

        def batches(self):
            for name in sorted(streams):
                for batch in streams[name].to_batches():
                    yield name, batch

        def stream(self, params, files):
            return self

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

    with pytest.raises(Unreadable) as caught:
        take("名称\n甲\n", pool=Lying())
    assert caught.value.code == "crash"


def test_every_sentence_can_be_composed_and_tells_what_to_do():
    facts = {"columns": 1, "limit": 1, "members": 2, "sheet": "一", "kind": "图片"}
    facts |= {"line": 1, "names": "甲、乙", "member": "甲"}
    for code in refusals.SENTENCES:
        sentence = refusals.sentence(code, facts)
        assert code == "crash" or sentence != refusals.SENTENCES["crash"]
        assert sentence.endswith("。")
        assert "请" in sentence
        assert "{" not in sentence
    assert refusals.sentence("too_many_columns", {}) == refusals.SENTENCES["crash"]
    assert refusals.sentence("no such code", {}) == refusals.SENTENCES["crash"]
    raw = {"count": 1, "names": ["甲"], "column": "乙", "unfit": 1, "type": "date", "line": 3}
    raw |= {"value": "x", "kind": "width"}
    for code in notes.SENTENCES:
        note = notes.compose(raw | {"code": code})
        assert note is not None
        assert note.sentence.endswith("。")
    assert notes.compose({"code": "no such code"}) is None
    assert notes.compose({"code": "titles"}) is None


def test_facts_of_the_worker_are_cut_short():
    assert len(refusals.sentence("not_a_table", {"kind": "x" * 10_000})) < 200
    note = notes.compose({"code": "duplicates", "names": ["x" * 10_000] * 100})
    assert len(note.sentence) < 1000


def test_the_file_that_was_received_stays_as_it_was(take, tmp_path):
    content = "名称,数\n甲,1\n坏\n".encode("gb18030")
    take(content)
    assert (tmp_path / "收到.csv").read_bytes() == content


def test_the_worker_reads_only_what_it_is_given(tmp_path):
    """The reading task opens nothing itself: it runs where no file can be opened."""
    path = tmp_path / "a.csv"
    path.write_text("名称\n甲\n")
    with path.open("rb") as file:
        result = sandbox.run(received.TASK, {}, files=[file.fileno()])
    assert result.tables["rows"].num_rows == 1
    assert json.dumps(result.value)
    assert not Path("/proc/self/fd/1000").exists()
