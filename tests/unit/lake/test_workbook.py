"""Spreadsheets under any name; archives are sized by inflating them."""

import datetime as dt
import gzip
import io
import zipfile
import zlib

import pytest
import xlsxwriter

from gongshu.lake import batches, containers, workbook


def make(*sheets, **options):
    """Return an .xlsx whose sheets are given as (name, rows)."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, options) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        minute = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        for name, rows in sheets:
            sheet = book.add_worksheet(name)
            for at, row in enumerate(rows):
                for column, cell in enumerate(row):
                    if isinstance(cell, dt.datetime):
                        midnight = cell.time() == dt.time()
                        sheet.write_datetime(at, column, cell, day if midnight else minute)
                    else:
                        sheet.write(at, column, cell)
    return buffer.getvalue()


ROWS = [
    ["企业名录", "", ""],
    ["名称", "登记日期", "金额"],
    ["甲公司", dt.datetime(2023, 7, 1), 1.5],  # noqa: DTZ001 - cells have no zone
    ["乙公司", dt.datetime(2023, 7, 2), 2],  # noqa: DTZ001 - as above
    ["", "", ""],
    ["丙公司", "", 0.1 + 0.2],
]


def test_a_workbook_is_read_by_its_content(read):
    outcome = read(make(("名录", ROWS)))
    assert outcome.types == {"名称": "text", "登记日期": "date", "金额": "decimal"}
    assert [row["名称"] for row in outcome.rows] == ["甲公司", "乙公司", "丙公司"]
    assert outcome.rows[0]["登记日期"] == dt.date(2023, 7, 1)
    assert str(outcome.rows[2]["金额"]) == "0.3"
    assert outcome.value["blank_rows"] == 1
    assert outcome.understood["sheet"] == "名录"
    assert outcome.understood["header_line"] == 2


def test_a_packed_workbook(read):
    assert read(gzip.compress(make(("名录", ROWS)))).table.num_rows == 3
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("名录.xlsx", make(("名录", ROWS)))
    assert read(packed.getvalue()).table.num_rows == 3


def test_rejects_of_a_workbook_name_the_row_of_the_sheet(read, monkeypatch):
    monkeypatch.setattr(batches, "CELL_CHARACTERS", 10)
    outcome = read(make(("名录", [["a", "b"], ["1", "2"], ["x" * 11, "3"], ["4", "5"]])))
    assert outcome.table.num_rows == 2
    (reject,) = outcome.rejects
    assert (reject.line, reject.byte_start, reject.code) == (3, None, "cell_too_long")


def test_other_sheets_are_named_and_any_can_be_asked_for(read):
    content = make(("空", []), ("一", [["a", "b"], [1, 2]]), ("二", [["c", "d"], [3, 4], [5, 6]]))
    outcome = read(content)
    assert outcome.understood["sheet"] == "一"
    assert outcome.understood["other_sheets"] == [{"name": "二", "rows": 3}]
    assert read(content, sheet="二").table.num_rows == 2
    assert read(content, sheet="三").refused == "no_such_sheet"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.0, "3"),
        (-0.5, "-0.5"),
        (0.1 + 0.2, "0.3"),
        (1.2345678901234568e17, "123456789012346000"),
        (1e-7, "0.0000001"),
        (True, "是"),
        (dt.date(2023, 7, 1), "2023-07-01"),
        (dt.datetime(2023, 7, 1, 8), "2023-07-01 08:00:00"),  # noqa: DTZ001 - cells have no zone
        (dt.time(8, 30), "08:30:00"),
        (dt.timedelta(hours=30), "1 day, 6:00:00"),
    ],
)
def test_cells_as_text(value, text):
    assert workbook.cell_text(value) == text


def zeros(size):
    return b"\0" * size


def bomb(entry="xl/worksheets/sheet1.xml", size=64 * 1024 * 1024):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr(entry, zeros(size))
    return packed.getvalue()


def test_a_bomb_inside_a_workbook_is_refused(read):
    content = bomb()
    assert len(content) < 200_000
    assert read(content).refused == "unfolds_too_far"


def test_a_bomb_that_lies_about_its_size_is_refused(read):
    size = 64 * 1024 * 1024
    content = bytearray(bomb(size=size))
    for at in range(len(content) - 4):
        if content[at : at + 4] == size.to_bytes(4, "little"):
            content[at : at + 4] = (1000).to_bytes(4, "little")
    assert zipfile.ZipFile(io.BytesIO(content)).infolist()[2].file_size == 1000
    assert read(bytes(content)).refused in ("unfolds_too_far", "damaged_archive")


def test_many_entries_together_are_bounded(read, monkeypatch):
    monkeypatch.setattr(containers, "WORKBOOK_BYTES", 100_000)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        for number in range(20):
            archive.writestr(f"xl/media/{number}", zeros(10_000))
    assert read(packed.getvalue()).refused == "unfolds_too_far"


def test_a_gzip_bomb_is_refused(read):
    assert read(gzip.compress(b"1" * (64 * 1024 * 1024))).refused == "unfolds_too_far"
    packer = zlib.compressobj(wbits=31)
    content = packer.compress(b"a,b\n" + b"1,2\n" * 20_000_000) + packer.flush()
    assert read(content).refused == "unfolds_too_far"


def test_real_compression_is_not_a_bomb():
    containers.check_unfolding(100 * 2**20, 2 * 2**20, 2**40)
    containers.check_unfolding(31 * 2**20, 1, 2**40)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (gzip.compress(b"", mtime=0), "empty"),
        (gzip.compress(b"a,b\n" + bytes(range(256)) * 50)[:-20], "damaged_archive"),
        (b"\x1f\x8b" + b"\xff" * 50, "damaged_archive"),
        (b"PK\x03\x04" + b"\xff" * 50, "damaged_archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000, "damaged_workbook"),
        (b"%PDF-1.7 ...", "not_a_table"),
        (b"\x89PNG\r\n", "not_a_table"),
        (b"\xef\xbb\xbf\n<html><table><tr><td>1</td></tr></table>", "web_page"),
        (
            "名稱,統一編號\n台灣積體電路製造股份有限公司,22099131\n".encode("big5") * 50,
            "unknown_encoding",
        ),
        ("会社名,住所\n株式会社あいうえお,東京都\n".encode("shift-jis") * 50, "unknown_encoding"),
        ("société,adresse\nétablissement é,è\n".encode("latin-1") * 50, "unknown_encoding"),
        (bytes((at * 167 + at // 7) % 256 for at in range(20_000)), "unknown_encoding"),
        (b"\0" * 5000, "unknown_encoding"),
    ],
)
def test_what_cannot_be_read_is_named(read, content, code):
    assert read(content).refused == code


def test_documents_and_archives_of_many_files_are_named(read):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", "a,b\n1,2\n")
        archive.writestr("b.csv", "a,b\n1,2\n")
    outcome = read(packed.getvalue())
    facts = {"members": 2, "names": "a.csv、b.csv"}
    assert outcome.value == {"refused": "several_members", "facts": facts}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<x/>")
    assert read(packed.getvalue()).refused == "not_a_table"


def test_an_empty_workbook_has_no_header(read):
    assert read(make(("空", []))).refused == "no_header"


def test_a_workbook_with_too_many_columns_is_refused(read):
    assert read(make(("宽", [["a"] * 2001, [1] * 2001]))).refused == "too_many_columns"


def test_a_locked_workbook_asks_for_the_password_to_be_taken_off(read):
    content = bytearray(make(("名录", ROWS)))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(signature)
        while at >= 0:
            content[at + offset] |= 1
            at = content.find(signature, at + 4)
    assert read(bytes(content)).refused == "password"


def test_a_cell_merged_downwards_counts_for_every_row(read):
    """A district over its firms; one merged across is a title or a remark and fills nothing."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    sheet = book.add_worksheet()
    sheet.merge_range(0, 1, 0, 3, "名录")
    sheet.merge_range(1, 1, 2, 1, "区")
    sheet.merge_range(1, 2, 1, 3, "企业")
    sheet.write_row(2, 2, ["名称", "人数"])
    for row, cells in enumerate([["甲", 1], ["乙", 2], ["丙", 3]], 3):
        sheet.write_row(row, 2, cells)
    sheet.merge_range(3, 1, 4, 1, "东区")
    sheet.write(5, 1, "西区")
    sheet.merge_range(6, 1, 6, 3, "注：无")
    book.close()
    outcome = read(buffer.getvalue())
    assert outcome.schema.names == ("区", "企业_名称", "企业_人数")
    assert [row["区"] for row in outcome.rows] == ["东区", "东区", "西区"]
    assert outcome.understood["footnotes"] == ["注：无"]
    assert {"merged_cells", "header_levels", "titles", "footnotes"} <= set(outcome.notes)


def test_an_open_document_sheet_is_read(read):
    """As WPS and LibreOffice write it."""
    rows = "".join(
        "<table:table-row>"
        + "".join(
            '<table:table-cell office:value-type="string">'
            f"<text:p>{cell}</text:p></table:table-cell>"
            for cell in row
        )
        + "</table:table-row>"
        for row in (["名称", "数"], ["甲", "1"], ["乙", "2"])
    )
    content = (
        '<?xml version="1.0" encoding="UTF-8"?><office:document-content'
        ' xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
        ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
        ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">'
        f'<office:body><office:spreadsheet><table:table table:name="表">{rows}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr("content.xml", content)
    outcome = read(packed.getvalue())
    assert outcome.rows == [{"名称": "甲", "数": 1}, {"名称": "乙", "数": 2}]
    assert outcome.understood["sheet"] == "表"
