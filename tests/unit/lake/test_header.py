"""Where the table begins and what its columns are called."""

import pytest

from gongshu.lake.refusals import Refused


def test_title_rows_are_passed_over_and_kept_in_the_description(read):
    outcome = read(
        "2022年度名录,,\n截止日期：2023年11月15日,,单位：万元\n序号,名称,金额\n1,甲,2.5\n2,乙,3\n"
    )
    assert outcome.schema.names == ("序号", "名称", "金额")
    assert outcome.understood["header_line"] == 3
    assert outcome.understood["titles"] == [
        "2022年度名录",
        "截止日期：2023年11月15日",
        "单位：万元",
    ]
    assert outcome.understood["unit"] == "万元"
    assert "titles" in outcome.notes


def test_a_title_row_without_delimiters(read):
    outcome = read("某区检查结果\n序号,名称,结果\n1,甲,合格\n2,乙,合格\n")
    assert outcome.schema.names == ("序号", "名称", "结果")
    assert outcome.table.num_rows == 2


def test_repeated_headers_get_a_number_and_are_reported(read):
    outcome = read("名称,名称,名称_2,name,NAME\n甲,乙,丙,丁,戊\n己,庚,辛,壬,癸\n")
    assert outcome.schema.names == ("名称", "名称_3", "名称_2", "name", "NAME_2")
    assert outcome.schema.column("名称_3").source == "名称"
    (note,) = [note for note in outcome.value["notes"] if note["code"] == "duplicates"]
    assert note["names"] == ["名称", "NAME"]


def test_line_breaks_in_a_header_are_taken_out_and_reported(read):
    outcome = read('序号,"公司属性\r\n[交易日期]"\n1,民营\n2,国有\n')
    assert outcome.schema.names == ("序号", "公司属性[交易日期]")
    assert outcome.schema.columns[1].source == "公司属性\r\n[交易日期]"
    assert "header_line_breaks" in outcome.notes


def test_the_names_of_the_subject_columns_are_not_given_away(read):
    outcome = read("主体_企业,名称\n甲,乙\n")
    assert outcome.schema.names == ("主体_企业_2", "名称")


def test_a_file_without_header_names_its_columns_by_number(read):
    outcome = read("91110108MA009HJB3M,2023-01-01,5\n91110108MA009HJB3M,2023-01-02,6\n")
    assert outcome.schema.names == ("列1", "列2", "列3")
    assert outcome.table.num_rows == 2
    assert "headerless" in outcome.notes


@pytest.mark.parametrize("header", ["地区,2019,2020,2021", "地区,2021年1月,2021年2月,2021年3月"])
def test_years_and_months_are_headers(read, header):
    outcome = read(header + "\n唐山,1,2,3\n秦皇岛,4,5,6\n")
    assert outcome.schema.names == tuple(header.split(","))


def test_a_single_column(read):
    outcome = read("企业名称\n甲公司\n乙公司\n")
    assert outcome.schema.names == ("企业名称",)
    assert outcome.table.num_rows == 2


def test_sparse_rows_do_not_hide_the_header(read):
    outcome = read("a,b,c,d,e\n1,,,,\n2,,,,\n3,,,,\n")
    assert outcome.schema.names == ("a", "b", "c", "d", "e")
    assert outcome.table.num_rows == 3


def test_a_header_without_rows_is_a_table_without_rows(read):
    outcome = read("名称,金额\n")
    assert outcome.table.num_rows == 0
    assert outcome.schema.names == ("名称", "金额")
    assert outcome.notes == ["no_rows"]


def test_ten_thousand_columns_are_refused(read):
    outcome = read(",".join(f"c{n}" for n in range(10_000)) + "\n" + ",".join("1" * 10_000) + "\n")
    assert outcome.value == {
        "refused": "too_many_columns",
        "facts": {"columns": 10_000, "limit": 2000},
    }


@pytest.mark.parametrize("content", ["\n\n\n", " , \n,\n", "\ufeff"])
def test_nothing_but_blanks_is_refused(read, content):
    assert read(content).refused in ("no_header", "empty")


def test_a_refusal_is_an_exception_with_facts():
    refusal = Refused("too_many_columns", columns=3, limit=2)
    assert (refusal.code, refusal.facts) == ("too_many_columns", {"columns": 3, "limit": 2})


@pytest.mark.parametrize(
    ("header", "names"),
    [
        (
            "序号,单位,经费,,备注\n,,收入,支出,\n",
            ("序号", "单位", "经费_收入", "经费_支出", "备注"),
        ),
        (
            "基本情况,,2023年,,\n名称,地址,收入,支出,结余\n",
            ("基本情况_名称", "基本情况_地址", "2023年_收入", "2023年_支出", "2023年_结余"),
        ),
        (
            "名录,,,,\n,经费,,人员,\n名称,收入,支出,在编,编外\n",
            ("名称", "经费_收入", "经费_支出", "人员_在编", "人员_编外"),
        ),
        (
            "类别,合计,,明细,\n,上年,,本年,\n,收入,支出,收入,支出\n",
            ("类别", "合计_上年_收入", "合计_上年_支出", "明细_本年_收入", "明细_本年_支出"),
        ),
    ],
)
def test_a_header_of_several_rows_becomes_one(read, header, names):
    """The group's name stands before the column's, whether the group's cells were merged or not."""
    outcome = read(header + "甲,2,3,4,5\n乙,6,7,8,9\n")
    assert outcome.schema.names == names
    assert outcome.table.num_rows == 2
    assert "header_levels" in outcome.notes


@pytest.mark.parametrize(
    "content",
    [
        "名称,地址,备注\n甲,东街,无\n乙,西街,无\n",
        "名称,,备注\n甲,东街,1\n乙,西街,2\n",
        "填报单位：应急局,,单位：万元,\n名称,地址,收入,支出\n甲,乙,1,2\n",
        "2023-12-31,,制表,\n名称,地址,收入,支出\n甲,乙,1,2\n",
        "名录,,,\n名称,地址,收入,支出\n甲,乙,1,2\n",
    ],
)
def test_titles_and_rows_of_text_are_not_taken_for_a_header(read, content):
    """One cell is a title, a colon makes a remark, and what has values is data."""
    outcome = read(content)
    assert "header_levels" not in outcome.notes
    assert outcome.schema.names[0] == "名称"


def test_remarks_below_the_table_are_kept_apart(read):
    """Whether they fill their row with delimiters or not; only the very end counts."""
    outcome = read(
        "名称,数,备注\n甲,1,\n注：合计,,\n乙,2,x\n"
        "注：单位为万元,,\n数据来源: 统计局\n填表人：张三,,审核：李四\n"
    )
    assert [row["名称"] for row in outcome.rows] == ["甲", "注：合计", "乙"]
    assert outcome.understood["footnotes"] == [
        "注：单位为万元",
        "数据来源: 统计局",
        "填表人：张三 审核：李四",
    ]
    assert outcome.rejects == []
    assert "footnotes" in outcome.notes


def test_a_narrow_table_and_a_full_row_have_no_remarks(read):
    """There a remark cannot be told from a value."""
    assert read("条目,内容\n甲,1\n注：乙,\n").table.num_rows == 2
    assert read("a,b,c\n1,2,3\n注：甲,注：乙,注：丙\n").table.num_rows == 2
