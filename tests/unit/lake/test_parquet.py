"""Parquet files: typed columns become the same tables as everything else."""

import datetime as dt
import decimal
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gongshu.lake import batches, open_snapshot, read_received


def packed(columns, **options):
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file, **options)
    return file.getvalue()


def test_typed_columns_keep_their_values(read):
    """Numbers, days and moments arrive as they were; a moment with a zone is Beijing time."""
    noon = dt.datetime(2023, 7, 1, 4, 0, 0, 123000, tzinfo=dt.UTC)
    outcome = read(
        packed(
            {
                "名称": pa.array(["甲", " ", "丙"]).dictionary_encode(),
                "数": pa.array([1, None, -3], pa.int32()),
                "量": pa.array([1e-7, float("nan"), 1e14]),
                "价": pa.array([decimal.Decimal("1.50"), None, None]),
                "日": pa.array([dt.date(2023, 7, 1)] * 3),
                "时": pa.array([noon, None, noon], pa.timestamp("ns", "UTC")),
                "是否": pa.array([True, None, False]),
                "空": pa.nulls(3),
            }
        )
    )
    assert outcome.understood["format"] == "parquet"
    types = ["text", "integer", "decimal", "decimal", "date", "datetime", "boolean", "text"]
    assert list(outcome.types.values()) == types
    first, second, third = outcome.rows
    assert (first["名称"], first["数"], str(first["价"])) == ("甲", 1, "1.50")
    assert (first["量"], third["量"]) == (decimal.Decimal("1e-7"), decimal.Decimal(10) ** 14)
    assert first["日"] == dt.date(2023, 7, 1)
    assert first["时"] == dt.datetime(2023, 7, 1, 12, 0, 0, 123000)  # noqa: DTZ001 - wall time
    assert (second["名称"], second["量"], second["是否"]) == (None, None, None)


def test_not_a_number_is_nothing(read):
    """A column of figures with gaps stays a column of figures."""
    outcome = read(packed({"量": [1.5, float("nan"), 2.25], "数": [1, 2, 3]}))
    assert [str(row["量"]) for row in outcome.rows] == ["1.50", "None", "2.25"]


def test_codes_stay_text_although_the_file_calls_them_numbers(read):
    """Whoever wrote the file, an identifier is no amount."""
    outcome = read(packed({"企业代码": [110105, 230106], "证号": ["007", "123"]}))
    assert outcome.types == {"企业代码": "text", "证号": "text"}
    assert outcome.rows[0]["证号"] == "007"


def test_nested_columns(read):
    """Records get dotted names, lists and maps JSON text, bytes the text they are or digits."""
    outcome = read(
        packed(
            {
                "点": [{"x": 1.5, "源": {"名": "甲"}}, None],
                "列": [[1, None], []],
                "字节": [b"\xff\x00", None],
                "文": pa.array(["乙".encode(), None], pa.binary()),
            }
        )
    )
    row = {name: str(value) for name, value in outcome.rows[0].items()}
    assert row == {"点.x": "1.5", "点.源.名": "甲", "列": "[1,null]", "字节": "ff00", "文": "乙"}
    assert outcome.rows[1]["点.x"] is None


def test_cells_that_fit_no_table_are_rejected(read, monkeypatch):
    """With the number of the row."""
    monkeypatch.setattr(batches, "CELL_CHARACTERS", 10)
    outcome = read(packed({"a": ["x", "a\0", "y" * 11, "z"]}))
    assert [row["a"] for row in outcome.rows] == ["x", "z"]
    assert [(each.line, each.code) for each in outcome.rejects] == [
        (2, "nul"),
        (3, "cell_too_long"),
    ]


@pytest.mark.parametrize("cut", [4, 40, -1, -9])
def test_a_file_cut_off_is_refused(read, cut):
    """Its description stands at the end, so nothing of it can be read."""
    assert read(packed({"a": list(range(100))})[:cut]).refused == "damaged_parquet"


def test_a_spoilt_page_is_refused(read):
    """A file that breaks in the middle never becomes a version."""
    content = bytearray(packed({"a": [f"{at:09}" for at in range(20_000)]}, use_dictionary=False))
    content[200:4000] = b"\xff" * 3800
    assert read(bytes(content)).refused == "damaged_parquet"


def test_no_columns_too_many_columns_and_no_rows(read):
    """Each has its own answer."""
    assert read(packed({})).refused == "no_header"
    assert read(packed({str(at): [1] for at in range(2001)})).refused == "too_many_columns"
    empty = read(packed({"a": pa.array([], pa.string())}))
    assert (empty.rows, empty.notes) == ([], ["no_rows"])


def test_parquet_through_the_locked_worker(tmp_path):
    """Everything that reading needs is loaded before the locks close."""
    path = tmp_path / "表.csv"
    moments = pa.array([[1_000_000]] * 20_000, pa.list_(pa.timestamp("us", "Asia/Shanghai")))
    columns = {"点": [{"x": 1.5}] * 20_000, "时": moments, "列": [[1]] * 20_000}
    path.write_bytes(packed(columns, compression="zstd"))
    found = read_received(path, folder=tmp_path / "lake", resource="r", salt=b"s" * 16)
    assert (found.rows, found.understood.format) == (20_000, "parquet")
    rows = open_snapshot(tmp_path / "lake" / "rows", 0, columns=["时"]).read_all()
    assert rows["时"][0].as_py() == '["1970-01-01 00:00:01"]'
