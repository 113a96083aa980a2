"""A type is what every value of the whole file fits; otherwise the column stays text."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongshu.lake import delimited, moments
from gongshu.lake.schema import Column, ColumnType, Schema


def column(header, values, tail=()):
    return "\n".join(
        [f"序号,{header}", *(f"{at},{value}" for at, value in enumerate(values)), *tail]
    )


def typed(read, header, values, pin=None):
    outcome = read(column(header, values), pinned=pin and Schema((pin,)))
    return outcome, outcome.schema.column(header), [row[header] for row in outcome.rows]


@pytest.mark.parametrize(
    ("header", "values", "kind", "expected"),
    [
        ("人数", ["1", "-2", "", "300"], "integer", [1, -2, None, 300]),
        ("金额", ["1.50", "2", "-0.25"], "decimal", ["1.50", "2.00", "-0.25"]),
        ("金额", ["1e5", "2"], "text", ["1e5", "2"]),
        ("数量", ["007", "12"], "text", ["007", "12"]),
        ("数量", ["1", "２"], "integer", [1, 2]),
        ("数量", ["０７", "１２"], "text", ["０７", "１２"]),
        ("证号", ["１２", "3"], "text", ["１２", "3"]),
        ("数量", ["①", "2"], "text", ["①", "2"]),
        (
            "金额",
            ['"1,234.50"', "999", '"-1,000,000"'],
            "decimal",
            ["1234.50", "999.00", "-1000000.00"],
        ),
        ("金额", ['"1,234"', "５６", "78"], "integer", [1234, 56, 78]),
        ("金额", ["１，２３４．５", "2"], "decimal", ["1234.5", "2.0"]),
        ("楼号", ['"101,102"', '"101,102,13"'], "text", ["101,102", "101,102,13"]),
        ("金额", ['"1,2345"', '"12,34"'], "text", ["1,2345", "12,34"]),
        ("金额", ['"0,123"', "1"], "text", ["0,123", "1"]),
        ("行政区划代码", ["130203", "130202"], "text", ["130203", "130202"]),
        ("联系电话", ["03152345678", "13800000000"], "text", ["03152345678", "13800000000"]),
        ("档案", ["13800000000", "13900000000", "13700000000"], "text", None),
        ("编组", ["1234567890123456", "2"], "text", None),
        ("序列", ["1", "1"], "integer", [1, 1]),
        ("日期", ["2023-7-1", "2023-12-31"], "date", [dt.date(2023, 7, 1), dt.date(2023, 12, 31)]),
        (
            "日期",
            ["2023年7月1日", "2024/2/29"],
            "date",
            [dt.date(2023, 7, 1), dt.date(2024, 2, 29)],
        ),
        ("日期", ["20230701", "20231231"], "date", [dt.date(2023, 7, 1), dt.date(2023, 12, 31)]),
        ("数量", ["20230701", "5"], "integer", [20230701, 5]),
        ("日期", ["2023-02-29", "2023-03-01"], "text", ["2023-02-29", "2023-03-01"]),
        ("日期", ["14/9/2021", "1/2/2022"], "date", [dt.date(2021, 9, 14), dt.date(2022, 2, 1)]),
        ("日期", ["9/14/2021", "1/2/2022"], "date", [dt.date(2021, 9, 14), dt.date(2022, 1, 2)]),
        ("时间", ["2023-07-01 08:05", "2023-07-02"], "datetime", None),
        ("时间", ["2023-07-01T08:05:09.25", ""], "datetime", None),
        (
            "日期",
            ["2023年 7月 1号", "2023.7.2"],
            "date",
            [dt.date(2023, 7, 1), dt.date(2023, 7, 2)],
        ),
        (
            "日期",
            ["二〇二三年七月一日", "二零二四年十二月三十一日", "二○二三年十月二十日"],
            "date",
            [dt.date(2023, 7, 1), dt.date(2024, 12, 31), dt.date(2023, 10, 20)],
        ),
        ("日期", ["二〇二三年十三月一日", "二〇二三年七月一日"], "text", None),
        ("日期", ["二〇二三年二月二十九日", "二〇二三年七月一日"], "text", None),
        (
            "时间",
            [
                "2023年7月1日8时30分",
                "2023年7月1日 8时",
                "2023年7月1日08:30:05",
                "2023-7-1T8:30:00+08:00",
            ],
            "datetime",
            [
                dt.datetime(2023, 7, 1, 8, 30),  # noqa: DTZ001 - wall time
                dt.datetime(2023, 7, 1, 8),  # noqa: DTZ001 - wall time
                dt.datetime(2023, 7, 1, 8, 30, 5),  # noqa: DTZ001 - wall time
                dt.datetime(2023, 7, 1, 8, 30),  # noqa: DTZ001 - wall time
            ],
        ),
        ("时间", ["2023-07-0108:00", "2023-07-02 01:00"], "text", None),
        ("时间", ["2023-07-01T08:00:00Z", "2023-07-02T08:00:00+09:00"], "text", None),
        ("时间", ["2023-07-01 24:00", "2023-07-02 01:00"], "text", None),
        ("双随机", ["是", "否", "", "是"], "boolean", [True, False, None, True]),
        ("标记", ["TRUE", "false"], "boolean", [True, False]),
        ("标记", ["是", "no"], "text", ["是", "no"]),
        ("备注", ["", ""], "text", [None, None]),
    ],
)
def test_types(read, header, values, kind, expected):
    _, found, cells = typed(read, header, values)
    assert found.type == kind
    if expected is not None:
        assert [str(cell) if isinstance(cell, Decimal) else cell for cell in cells] == expected


def test_datetimes_are_local_wall_time(read):
    _, _, cells = typed(read, "时间", ["2023-07-01 08:05", "2023-07-02 23:59:59.250001"])
    assert cells == [
        dt.datetime(2023, 7, 1, 8, 5),  # noqa: DTZ001 - departments write no zone
        dt.datetime(2023, 7, 2, 23, 59, 59, 250001),  # noqa: DTZ001 - as above
    ]


def test_one_value_at_the_end_of_a_long_file_decides(read):
    values = ["1"] * 50_000
    assert typed(read, "人数", values)[1].type == "integer"
    outcome, found, cells = typed(read, "人数", [*values, "约20"])
    assert found.type == "text"
    assert cells[-1] == "约20"
    assert outcome.rejects == []
    (note,) = [note for note in outcome.value["notes"] if note["code"] == "nearly"]
    assert (note["type"], note["unfit"], note["line"], note["value"]) == (
        "integer",
        1,
        50_002,
        "约20",
    )


@pytest.mark.parametrize("value", ["2023年7月", "2023年", "2023-07"])
def test_a_partial_date_stays_text_with_a_reason(read, value):
    outcome, found, cells = typed(read, "登记日期", [value] * 3)
    assert found.type == "text"
    assert cells == [value] * 3
    assert outcome.notes == ["partial_date"]
    assert outcome.rejects == []


def test_day_and_month_that_cannot_be_told_apart_stay_text(read):
    outcome, found, _ = typed(read, "日期", ["1/2/2022", "3/4/2022"])
    assert found.type == "text"
    assert outcome.notes == ["day_or_month"]


def test_day_numbers_of_spreadsheets_are_pointed_out_and_read_when_pinned(read):
    outcome, found, cells = typed(read, "检查日期", ["44744", "44745"])
    assert (found.type, outcome.notes) == ("integer", ["date_serial"])
    pin = Column("检查日期", ColumnType.date)
    _, found, cells = typed(read, "检查日期", ["44744", "44745"], pin)
    assert found.order == "serial"
    assert cells == [dt.date(2022, 7, 2), dt.date(2022, 7, 3)]


@pytest.mark.parametrize(
    ("pin", "good", "bad"),
    [
        (Column("值", ColumnType.integer), ["1", "2"], "一"),
        (Column("值", ColumnType.decimal, 5, 2), ["1.5", "222.25"], "1.234"),
        (Column("值", ColumnType.decimal, 5, 2), ["1.500", "2"], "1234.5"),
        (Column("值", ColumnType.decimal), ["1.5", "2"], "一"),
        (Column("值", ColumnType.date), ["2023-01-01", "2023-01-02"], "2023年7月"),
        (Column("值", ColumnType.date), ["2023-01-01", "2023-01-02"], "2023-01-01 08:00"),
        (Column("值", ColumnType.datetime), ["2023-01-01 08:00", "2023-01-02"], "/"),
        (Column("值", ColumnType.boolean), ["是", "否"], "也许"),
    ],
)
def test_a_row_that_does_not_fit_a_pinned_type_is_rejected(read, pin, good, bad):
    content = column("值", [*good, bad, good[0]])
    outcome = read(content, pinned=Schema((pin,)))
    assert outcome.table.num_rows == 3
    (reject,) = outcome.rejects
    assert (reject.line, reject.code) == (4, "type")
    assert f"“{bad}”不是{pin.type.zh}" in reject.reason
    assert content.encode()[reject.byte_start : reject.byte_end].decode() == f"2,{bad}\n"


def test_all_broken_columns_of_a_row_are_named(read):
    pins = Schema((Column("甲", ColumnType.integer), Column("乙", ColumnType.date)))
    (reject,) = read("甲,乙\n1,2023-01-01\nx,y\n", pinned=pins).rejects
    assert reject.reason == "第1列“甲”的值“x”不是整数；第2列“乙”的值“y”不是日期"


def test_a_pin_keeps_text_and_declares_what_means_nothing(read):
    pins = Schema((Column("编码"), Column("水位", ColumnType.decimal, 6, 2, missing=("--", "*"))))
    outcome = read("编码,水位\n1,--\n2,3.14\n3,*\n", pinned=pins)
    assert [row["编码"] for row in outcome.rows] == ["1", "2", "3"]
    assert [row["水位"] for row in outcome.rows] == [None, Decimal("3.14"), None]


def test_a_pinned_column_that_is_absent_is_reported(read):
    outcome = read("甲\n1\n", pinned=Schema((Column("乙", ColumnType.integer),)))
    assert "pinned_absent" in outcome.notes


def test_schema_and_json():
    schema = Schema((Column("甲", ColumnType.decimal, 5, 2, source="甲 "), Column("乙", order="x")))
    assert Schema.from_json(schema.to_json()) == schema
    assert schema.column("乙").type is ColumnType.text
    with pytest.raises(KeyError):
        schema.column("丙")


FORMATS = {
    "ymd": ("{0.year:04}-{0.month}-{0.day:02}", "{0.year:04}年{0.month:02}月{0.day}日"),
    "dmy": ("{0.day}/{0.month}/{0.year:04}",),
    "mdy": ("{0.month}/{0.day}/{0.year:04}",),
}


@settings(deadline=None, max_examples=100)
@given(st.dates(), st.sampled_from([(order, form) for order in FORMATS for form in FORMATS[order]]))
def test_every_day_of_the_calendar_is_read_as_itself(day, written):
    order, form = written
    found = moments.read(pa.array([form.format(day)]), order)
    assert found.dates().to_pylist() == [day]


@settings(deadline=None, max_examples=100)
@given(st.datetimes())
def test_every_moment_is_read_as_itself(moment):
    text = moment.isoformat(" ", timespec="microseconds")
    assert moments.read(pa.array([text, None]), "ymd").datetimes().to_pylist() == [moment, None]


def test_days_that_do_not_exist_do_not_fit():
    texts = ["2023-02-29", "1900-02-29", "2000-02-29", "2023-13-01", "2023-00-10", "2023-04-31"]
    fits = moments.read(pa.array(texts), "ymd").fits
    assert np.flatnonzero(fits).tolist() == [2]


@pytest.mark.parametrize(
    "values", [["04-01 08:00", "04-01 12:00"], ["7月1日", "12月31日"], ["7月1日8时", "7月2日"]]
)
def test_a_date_without_a_year_stays_text_with_the_reason(read, values):
    """A year cannot be made up; monitoring stations publish such times."""
    outcome, found, cells = typed(read, "监测时间", values)
    assert (found.type, cells) == ("text", values)
    assert outcome.notes == ["no_year"]
    assert typed(read, "门牌", values)[0].notes == []


def test_separators_are_told_and_the_owner_decides(read):
    """What was read as a number can be pinned to text, and a pinned number may have separators."""
    values = ['"1,234"', "5", '"1,2"']
    assert typed(read, "数量", values[:2])[0].notes == ["grouped_numbers"]
    outcome, found, cells = typed(read, "数量", values[:2], Column("数量"))
    assert (found.type, cells) == ("text", ["1,234", "5"])
    for kind in (ColumnType.integer, ColumnType.decimal):
        outcome, found, cells = typed(read, "数量", values, Column("数量", kind))
        assert (cells, [reject.line for reject in outcome.rejects]) == ([1234, 5], [4])
        assert Column.from_json(found.to_json()) == found


def test_separators_in_a_late_piece_are_found(read, monkeypatch):
    """A column of plain numbers may hold its first separator a million rows down."""
    monkeypatch.setattr(delimited, "BATCH_ROWS", 50)
    values = [str(at % 1000) for at in range(200)] + ['"1,234.5"'] + ["7"] * 60
    _, found, cells = typed(read, "数量", values)
    assert (found.type, found.precision, found.scale, found.order) == ("decimal", 5, 1, "grouped")
    assert (str(cells[200]), str(cells[199])) == ("1234.5", "199.0")
