"""Every file that departments really published opens, and every row of it is accounted for."""

import csv
import gzip
import io
import re

import pytest
import python_calamine as calamine

from gongshu.lake import open_snapshot, read_received

# What the description of the data counts as rows beyond the data rows, and why.
COUNTED_TOO = {
    "2022年度北京经济技术开发区消防安全重点单位名录.csv": (1, "the header under the title"),
    "丰台区应急管理局执法检查结果公示目录.csv": (1, "the header under the title"),
    "危险化学品获证登记企业信息.csv": (1, "the header: the description counts rows of the sheet"),
    "环境影响登记表备案.csv": (2, "title and header: it counts rows of the sheet"),
    "企业用户用气缴费信息.csv": (1, "the header: it counts rows of the sheet"),
    "政府采购项目采购合同信息表.csv": (3, "title, date and unit, header: rows of the sheet"),
    "境内上市公司清单.csv": (1, "the source of the data, stated below the table"),
}
WORKBOOKS = {
    "危险化学品获证登记企业信息.csv",
    "环境影响登记表备案.csv",
    "企业用户用气缴费信息.csv",
    "政府采购项目采购合同信息表.csv",
}
GB18030 = {
    "丰台区空气重污染重点行业减排清单.csv",
    "企业欠税公告信息.csv",
    "全市水务工程项目审批信息.csv.gz",
    "安全生产许可证信息.csv.gz",
    "密云区应急管理局执法检查信息.csv.gz",
    "海淀区中关村高新技术企业库（截止2023年7月）.csv.gz",
    "经营异常企业信息.csv.gz",
}
HEADER_LINES = {
    "2022年度北京经济技术开发区消防安全重点单位名录.csv": 2,
    "丰台区应急管理局执法检查结果公示目录.csv": 2,
    "环境影响登记表备案.csv": 2,
    "政府采购项目采购合同信息表.csv": 3,
}
HEADERS = {
    "安全生产许可证信息.csv.gz": {"企业名称", "行政相对人代码", "核发日期"},
    "市市场监督管理局-上市公司名录.csv.gz": {"企业名称", "统一社会信用代码"},
    "科技型中小企业.csv.gz": {"企业名称", "统一社会信用代码", "统计年份"},
    "海淀区中关村高新技术企业库（截止2023年7月）.csv.gz": {"统一社会信用代码", "法人单位名称"},
    "内资企业设立登记公告数据(1).csv.gz": {"企业名称", "统一社会信用代码", "核准日期"},
    "经营异常企业信息.csv.gz": {"企业名称"},
    "企业欠税公告信息.csv": {"企业或单位名称", "纳税人识别号", "欠税金额"},
    "全市水务工程项目审批信息.csv.gz": {"建设单位统一社会信用代码", "发文日期"},
    "密云区应急管理局执法检查信息.csv.gz": {"企业名称", "现场检查时间", "现场检查结果"},
    "丰台区应急管理局执法检查结果公示目录.csv": {"被检查单位名称", "检查日期", "检查结论"},
    "2022年度北京经济技术开发区消防安全重点单位名录.csv": {"名称", "地址"},
    "丰台区空气重污染重点行业减排清单.csv": {"企业名称*", "重点行业类型*"},
    "危险化学品获证登记企业信息.csv": {"标题(文字类型 *必填项)"},
    "环境影响登记表备案.csv": {"备案号", "建设单位名称"},
    "企业用户用气缴费信息.csv": {"用气用户名称", "纳税人识别号"},
    "政府采购项目采购合同信息表.csv": {"合同代码", "供应商名称", "金额"},
    "市市场监督管理局-食品安全监督抽检信息.csv.gz": {"标称生产者信息", "更新时间"},
    "瞪羚企业名单信息.csv": {"法人单位名称"},
    "境内上市公司清单.csv": {"证券代码", "公司属性[交易日期] 最新收盘日"},
}
TYPES = {
    ("安全生产许可证信息.csv.gz", "延期有效期"): "date",
    ("安全生产许可证信息.csv.gz", "行政相对人代码"): "text",
    ("市市场监督管理局-上市公司名录.csv.gz", "更新时间"): "datetime",
    ("内资企业设立登记公告数据(1).csv.gz", "核准日期"): "date",
    ("密云区应急管理局执法检查信息.csv.gz", "现场检查时间"): "date",
    ("企业欠税公告信息.csv", "欠税金额"): "decimal",
    ("企业欠税公告信息.csv", "纳税人识别号"): "text",
    ("政府采购项目采购合同信息表.csv", "金额"): "decimal",
    ("科技型中小企业.csv.gz", "统计年份"): "text",
    ("丰台区应急管理局执法检查结果公示目录.csv", "检查日期"): "integer",
    ("环境影响登记表备案.csv", "备案号"): "text",
}


def described(shared):
    """Return the rows that the description of the data states for each file."""
    text = (shared / "data" / "README.md").read_text()
    stated = dict(re.findall(r"^\| `companies/([^`]+)` \| (\d+)", text, re.MULTILINE))
    return {name: int(rows) for name, rows in stated.items()}


def plain_count(name, content):
    """Count the non-blank records of a file in the plainest way."""
    if name in WORKBOOKS:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        rows = book.get_sheet_by_index(0).to_python()
    else:
        codec = "gb18030" if name in GB18030 else "utf-8-sig"
        rows = csv.reader(io.StringIO(content.decode(codec), newline=""))
    return sum(1 for row in rows if any(str(cell).strip() for cell in row))


@pytest.mark.parametrize("name", sorted(HEADERS))
def test_a_published_file_is_read_to_the_last_row(read, shared, name):
    received = (shared / "data" / "companies" / name).read_bytes()
    outcome = read(received)
    assert outcome.refused is None
    extra, _ = COUNTED_TOO.get(name, (0, ""))
    assert outcome.table.num_rows == described(shared)[name] - extra
    assert outcome.rejects == []
    content = gzip.decompress(received) if name.endswith(".gz") else received
    above = HEADER_LINES.get(name, 1)
    below = len(outcome.understood["footnotes"])
    assert outcome.value["records"] + above + below == plain_count(name, content)
    assert below == (name == "境内上市公司清单.csv")
    assert set(outcome.schema.names) >= HEADERS[name]
    understood = outcome.understood
    assert understood["header_line"] == above
    assert understood["packing"] == ("gzip" if name.endswith(".gz") else None)
    assert understood["format"] == ("workbook" if name in WORKBOOKS else "csv")
    if name not in WORKBOOKS:
        assert understood["encoding"] == ("gb18030" if name in GB18030 else "utf-8")
    for (file, column), kind in TYPES.items():
        if file == name:
            assert outcome.types[column] == kind


def test_no_published_file_is_left_out(shared):
    present = {path.name for path in (shared / "data" / "companies").iterdir()}
    assert present == set(HEADERS) == set(described(shared))


def test_cells_arrive_as_they_were_published(read, shared):
    """Cell by cell, for a file with quoted line breaks: only blanks at the ends are gone."""
    name = "全市水务工程项目审批信息.csv.gz"
    content = gzip.decompress((shared / "data" / "companies" / name).read_bytes())
    records = list(csv.reader(io.StringIO(content.decode("gb18030"), newline="")))
    outcome = read(content)
    texts = [at for at, column in enumerate(outcome.schema.columns) if column.type == "text"]
    assert len(texts) >= 10
    columns = [outcome.table.column(at).to_pylist() for at in texts]
    for row, cells in enumerate(zip(*columns, strict=True), 1):
        assert list(cells) == [records[row][at].strip() or None for at in texts]


def test_misplaced_cells_are_pointed_out_and_nothing_is_lost(read, shared):
    """Two licences carry a comma too many; the dates stay text and the owner is told where."""
    content = (shared / "data" / "companies" / "安全生产许可证信息.csv.gz").read_bytes()
    outcome = read(content)
    (note,) = [each for each in outcome.value["notes"] if each["column"] == "核发日期"]
    assert (note["code"], note["type"], note["unfit"]) == ("nearly", "date", 2)
    assert outcome.table["核发日期"].null_count == 0


def test_a_published_file_through_the_locked_worker(shared, tmp_path):
    path = shared / "data" / "companies" / "经营异常企业信息.csv.gz"
    found = read_received(path, folder=tmp_path, resource="r", salt=b"s" * 16)
    assert (found.rows, found.rejected, found.records) == (104_259, 0, 104_259)
    rows = open_snapshot(tmp_path / "rows", 0)
    assert sum(batch.num_rows for batch in rows) == 104_259
