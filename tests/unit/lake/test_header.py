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
