"""Versions of a table: projection, filter, digest under a salt, and nothing personal in the log."""

import hashlib
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from gongshu.lake import ColumnType, open_snapshot, snapshots, write_snapshot
from gongshu.vocabulary.errors import NotFound

SALT = b"s" * 32
ROWS = pa.table(
    {
        "证件": ["130203199001011234", "130203199001011235", None],
        "金额（万元）": pa.array([Decimal("1.50"), None, Decimal("2.00")], pa.decimal128(5, 2)),
        "a b(c)": pa.array([1, 2, 3], pa.int64()),
        "日期": pa.array([date(2023, 1, 1), None, date(2023, 1, 3)], pa.date32()),
        "时间": pa.array([0, 1, None], pa.timestamp("us")),
        "有效": [True, False, None],
    }
)


def write(location, table=ROWS, salt=SALT):
    return write_snapshot(location, table.to_reader(), resource="r", salt=salt)


def test_what_is_written_is_read_back_with_its_types(tmp_path):
    snapshot = write(tmp_path / "t")
    assert open_snapshot(tmp_path / "t", 0).read_all().equals(ROWS)
    assert [column.type for column in snapshot.schema.columns] == [
        ColumnType.text,
        ColumnType.decimal,
        ColumnType.integer,
        ColumnType.date,
        ColumnType.datetime,
        ColumnType.boolean,
    ]
    assert snapshot.schema.arrow == ROWS.schema
    assert (snapshot.rows, snapshot.version) == (3, 0)
    assert snapshot.bytes == sum((tmp_path / "t" / name).stat().st_size for name in snapshot.files)


def test_projection_and_filter(tmp_path):
    write(tmp_path / "t")
    reader = open_snapshot(
        tmp_path / "t", 0, columns=["日期"], where=pc.field("a b(c)").isin([1, 3])
    )
    assert reader.schema.names == ["日期"]
    assert reader.read_all().to_pylist() == [{"日期": date(2023, 1, 1)}, {"日期": date(2023, 1, 3)}]


def test_columns_come_in_the_order_asked_for(tmp_path):
    write(tmp_path / "t")
    names = ["有效", "证件"]
    assert open_snapshot(tmp_path / "t", 0, columns=names).schema.names == names
    assert open_snapshot(tmp_path / "t", 0, columns=[]).schema.names == []


def test_an_earlier_version_stays_as_it_was(tmp_path):
    write(tmp_path / "t")
    later = write(tmp_path / "t", pa.table({"别的": ["x"]}))
    assert later.version == 1
    assert open_snapshot(tmp_path / "t", 0).read_all().equals(ROWS)
    assert open_snapshot(tmp_path / "t", 1).read_all().to_pylist() == [{"别的": "x"}]


def test_a_table_without_rows(tmp_path):
    snapshot = write(tmp_path / "t", ROWS.slice(0, 0))
    assert snapshot.rows == 0
    assert open_snapshot(tmp_path / "t", 0).read_all().num_rows == 0


def test_what_is_not_there_is_not_found(tmp_path):
    write(tmp_path / "t")
    for location, version in ((tmp_path / "t", 7), (tmp_path / "none", 0)):
        with pytest.raises(NotFound) as caught:
            open_snapshot(location, version)
        assert caught.value.code == "snapshot_not_found"
    with pytest.raises(NotFound) as caught:
        open_snapshot(tmp_path / "t", 0, columns=["没有"])
    assert caught.value.code == "item_not_found"


def test_the_digest_depends_on_salt_name_size_and_content(tmp_path):
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "b").write_bytes(b"two")
    (tmp_path / "c").write_bytes(b"one")
    first = snapshots.digest(tmp_path, ["a", "b"], SALT)
    assert first == snapshots.digest(tmp_path, ["b", "a"], SALT)
    assert len(first) == 64
    contents = [
        hashlib.sha256(b"gongshu file\0" + SALT + text).digest() for text in (b"one", b"two")
    ]
    parts = [
        b"\0\0\0\1" + name + b"\0\0\0\0\0\0\0\3" + content
        for name, content in zip((b"a", b"b"), contents, strict=True)
    ]
    assert first == hashlib.sha256(b"gongshu snapshot\0" + SALT + b"".join(parts)).hexdigest()
    others = [
        snapshots.digest(tmp_path, ["a", "b"], b"t" * 32),
        snapshots.digest(tmp_path, ["c", "b"], SALT),
        snapshots.digest(tmp_path, ["a"], SALT),
    ]
    (tmp_path / "b").write_bytes(b"tvo")
    others.append(snapshots.digest(tmp_path, ["a", "b"], SALT))
    assert len({first, *others}) == 5


def test_the_digest_cannot_be_computed_without_the_salt(tmp_path):
    snapshot = write(tmp_path / "t")
    plain = {
        hashlib.sha256((tmp_path / "t" / name).read_bytes()).hexdigest() for name in snapshot.files
    }
    assert snapshot.digest not in plain
    assert snapshot.digest != snapshots.digest(tmp_path / "t", snapshot.files, b"")
    with pytest.raises(ValueError, match="16 bytes"):
        write(tmp_path / "t", salt=b"short")


def test_the_log_of_a_table_holds_no_cell(tmp_path):
    write(tmp_path / "t")
    log = b"".join(path.read_bytes() for path in (tmp_path / "t" / "_delta_log").glob("*.json"))
    assert b"13020319900101" not in log
    assert b"2023-01-0" not in log


def test_a_reader_that_breaks_off_leaves_the_last_version(tmp_path):
    write(tmp_path / "t")

    def batches():
        yield from ROWS.to_batches()
        raise LookupError("the source broke")

    broken = pa.RecordBatchReader.from_batches(ROWS.schema, batches())
    with pytest.raises(LookupError, match="the source broke"):
        write_snapshot(tmp_path / "t", broken, resource="r", salt=SALT)
    assert write(tmp_path / "t").version == 1
