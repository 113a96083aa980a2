"""Delimited text as departments send it: nothing is lost, every reject can be found again."""

import csv
import gzip
import io
import zipfile
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongshu.lake import delimited, lines
from gongshu.lake.batches import text_column
from gongshu.lake.refusals import Refused

TABLE = "名称,金额\n甲公司,1\n乙公司,2\n"


def cut(content, reject):
    return content[reject.byte_start : reject.byte_end]


@pytest.mark.parametrize(
    ("codec", "mark", "label"),
    [
        ("utf-8", b"", "utf-8"),
        ("utf-8", b"\xef\xbb\xbf", "utf-8"),
        ("gb18030", b"", "gb18030"),
        ("gbk", b"", "gb18030"),
        ("utf-16-le", b"\xff\xfe", "utf-16-le"),
        ("utf-16-be", b"\xfe\xff", "utf-16-be"),
        ("utf-16-le", b"", "utf-16-le"),
        ("utf-32-le", b"\xff\xfe\0\0", "utf-32-le"),
        ("utf-32-be", b"\0\0\xfe\xff", "utf-32-be"),
        ("utf-32-le", b"", "utf-32-le"),
        ("utf-32-be", b"", "utf-32-be"),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_every_encoding_reads_the_same(read, codec, mark, label, pack):
    outcome = read(pack(mark + TABLE.encode(codec)))
    assert outcome.rows == [{"名称": "甲公司", "金额": 1}, {"名称": "乙公司", "金额": 2}]
    assert outcome.understood["encoding"] == label
    assert outcome.understood["packing"] == ("gzip" if pack is gzip.compress else None)


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le"])
def test_wide_text_without_a_mark_and_hardly_a_separator(read, codec):
    """Nearly every character is Chinese; only commas and line ends have bytes that are zero."""
    content = "名称,地址\n" + ("临江县应急管理局" * 5 + "," + "人民政府大街" * 9 + "\n") * 40
    assert read(content.encode(codec)).understood["encoding"] == codec


def test_a_change_of_encoding_in_the_middle_is_named(read):
    """Two files were put one after the other; which half is meant, only the sender knows."""
    content = ("名称,数\n" + "甲公司,1\n" * 50).encode() + ("乙公司,2\n" * 50).encode("gb18030")
    assert read(content).refused == "mixed_encodings"


@pytest.mark.parametrize("delimiter", delimited.DELIMITERS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(read, delimiter, end):
    content = TABLE.replace(",", delimiter).replace("\n", end)
    outcome = read(content)
    assert outcome.rows == [{"名称": "甲公司", "金额": 1}, {"名称": "乙公司", "金额": 2}]
    assert outcome.understood["delimiter"] == delimiter


def test_a_text_in_a_zip_archive_is_read(read):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("企业.csv", TABLE.encode("gb18030"))
    outcome = read(packed.getvalue())
    assert outcome.table.num_rows == 2
    assert outcome.understood["packing"] == "zip"


def test_the_last_line_needs_no_end(read):
    assert read(TABLE.rstrip("\n")).table.num_rows == 2


def test_rows_of_another_width_are_rejected_with_their_place(read):
    content = b"a,b\n1,2\n3\n4,5,6\n7,8\n"
    outcome = read(content)
    assert [row["a"] for row in outcome.rows] == [1, 7]
    assert [(each.line, each.code, cut(content, each)) for each in outcome.rejects] == [
        (3, "width", b"3\n"),
        (4, "width", b"4,5,6\n"),
    ]
    assert outcome.rejects[1].reason == "这一行有 3 列，表头有 2 列"


@pytest.mark.parametrize("codec", ["utf-8-sig", "gb18030", "utf-16"])
def test_byte_ranges_lie_in_the_unpacked_file(read, codec):
    text = "名称,金额\r\n" + "甲公司,1\r\n" * 5 + "多,一,列\r\n" + "乙公司,2\r\n"
    content = text.encode(codec)
    (reject,) = read(gzip.compress(content)).rejects
    assert reject.line == 7
    wide = "utf-16-le" if codec == "utf-16" else codec.removesuffix("-sig")
    assert cut(content, reject).decode(wide) == "多,一,列\r\n"


def test_a_file_that_changes_width_half_way_keeps_both_halves(read):
    content = "a,b\n" + "1,2\n" * 40_000 + "1,2,3\n" * 40_000
    outcome = read(content)
    assert outcome.table.num_rows == 40_000
    assert len(outcome.rejects) == 40_000
    assert outcome.rejects[0].line == 40_002
    assert outcome.rejects[-1].byte_end == len(content)
    (note,) = [note for note in outcome.value["notes"] if note["code"] == "rejects"]
    assert (note["kind"], note["count"], note["line"]) == ("width", 40_000, 40_002)


def test_trailing_empty_cells_do_not_make_a_row_ragged(read):
    outcome = read("a,b\n1,2,,\n3,4\n")
    assert outcome.table.num_rows == 2
    outcome = read("a,b,,\n1,2\n3,4,,\n")
    assert outcome.table.num_rows == 2
    assert outcome.schema.names == ("a", "b")
    assert "empty_columns" in outcome.notes


def test_an_unnamed_column_with_content_is_kept(read):
    outcome = read("a,,c\n1,2,3\n")
    assert outcome.rows == [{"a": 1, "列2": 2, "c": 3}]


def test_blank_rows_are_counted_and_not_kept(read):
    outcome = read("a,b\n\n1,2\n,\n  ,\t\n3,4\n\n")
    assert outcome.table.num_rows == 2
    assert outcome.value["blank_rows"] == 4
    assert outcome.rejects == []


def test_quoted_cells_hold_delimiters_quotes_and_line_ends(read):
    outcome = read('名称,说明\r\n甲,"一,二\r\n三 ""四"""\r\n乙,五\r\n多,余,的\r\n')
    assert outcome.rows[0]["说明"] == '一,二\r\n三 "四"'
    assert [each.line for each in outcome.rejects] == [5]


def test_an_undecodable_line_is_rejected_and_its_neighbours_stay(read):
    content = "名称,金额\n甲公司,1\n乙".encode("gb18030") + b"\xff,2\n" + "丙,3\n".encode("gb18030")
    content += "丁公司,4\n".encode("gb18030") * 20
    outcome = read(content)
    assert outcome.table.num_rows == 22
    (reject,) = outcome.rejects
    assert (reject.line, reject.code) == (3, "undecodable")
    assert cut(content, reject) == "乙".encode("gb18030") + b"\xff,2\n"


def test_an_undecodable_line_inside_a_quoted_cell_rejects_the_record(read):
    broken = '乙,"一\n'.encode() + b"\xff\xff\n" + '二"\n'.encode()
    content = "名称,说明\n".encode() + broken + "甲,好\n".encode() * 30
    outcome = read(content)
    assert outcome.table.num_rows == 30
    (reject,) = outcome.rejects
    assert (reject.line, reject.code, cut(content, reject)) == (2, "undecodable", broken)


def test_a_row_with_a_nul_is_rejected(read):
    outcome = read("a,b\n1,2\nx\0y,3\n4,5\n")
    assert [(each.line, each.code) for each in outcome.rejects] == [(3, "nul")]
    assert outcome.table.num_rows == 2


def test_an_open_quotation_mark_costs_one_line_only(read):
    content = 'a,b\n1,2\n"开,3\n' + "4,5\n" * 30_000
    outcome = read(content)
    assert outcome.table.num_rows == 30_001
    assert [(each.line, each.code) for each in outcome.rejects] == [(3, "open_quote")]


def test_an_open_quotation_mark_closed_far_below_costs_one_line_only(read):
    content = 'a,b\n"开,3\n' + "4,5\n" * 1000 + '6,"七"\n' + "8,9\n"
    outcome = read(content)
    assert outcome.table.num_rows == 1002
    assert [each.line for each in outcome.rejects] == [2]


def test_what_stands_after_a_closing_quotation_mark_is_not_guessed(read):
    outcome = read('a,b\n"一"二,3\n4,5\n')
    assert [(each.line, each.code) for each in outcome.rejects] == [(2, "after_quote")]
    assert outcome.table.num_rows == 1


def test_a_lone_carriage_return_inside_a_row_is_rejected(read):
    outcome = read("a,b\n1\r2,3\n4,5\n")
    assert [(each.line, each.code) for each in outcome.rejects] == [(2, "stray_return")]


def test_a_cell_beyond_the_bound_is_rejected(read, monkeypatch):
    monkeypatch.setattr(delimited, "CELL_CHARACTERS", 1000)
    outcome = read("a,b\n1," + "x" * 2000 + "\n3,4\n")
    assert [(each.line, each.code) for each in outcome.rejects] == [(2, "cell_too_long")]
    assert outcome.table.num_rows == 1


@pytest.mark.parametrize("codec", ["utf-8", "gb18030", "utf-16"])
@pytest.mark.parametrize("ends", [True, False])
def test_a_line_beyond_the_bound_is_passed_over_and_rejected(read, monkeypatch, codec, ends):
    monkeypatch.setattr(lines, "CHUNK_BYTES", 1001)
    monkeypatch.setattr(lines, "LINE_BYTES", 5000)
    tail = "\n乙,2\n" if ends else ""
    content = ("名称,金额\n甲,1\n" + "长" * 20_000 + tail).encode(codec)
    outcome = read(content)
    assert outcome.table.num_rows == (2 if ends else 1)
    (reject,) = outcome.rejects
    assert (reject.line, reject.code) == (3, "line_too_long")
    wide = "utf-16-le" if codec == "utf-16" else codec
    assert cut(content, reject) == ("长" * 20_000 + ("\n" if ends else "")).encode(wide)


def test_a_file_too_large_to_hold_is_read_twice_with_the_same_outcome(read, monkeypatch):
    content = "a,b\n" + "1,2\n" * 50_000 + "3\n" + "4,5\n"
    held = read(content)
    monkeypatch.setattr("gongshu.lake.reading.HELD_BYTES", 100_000)
    again = read(content)
    assert again.value == held.value
    assert again.rows == held.rows
    assert again.rejects == held.rejects


cells = st.text(st.characters(codec="gb2312", exclude_characters="\r\n\0\ufeff"), max_size=6).map(
    str.strip
)
rows_of_three = st.lists(st.lists(cells, min_size=3, max_size=3), max_size=20)


@settings(deadline=None, max_examples=60)
@given(rows=rows_of_three, codec=st.sampled_from(["utf-8", "gb18030", "utf-16", "utf-32"]))
def test_what_is_written_is_read_back(rows, codec):
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["第一", "第二", "第三"])
    writer.writerows(rows)
    content = text.getvalue().encode(codec)
    try:
        table = delimited.DelimitedText(lambda: io.BytesIO(content))
    except Refused:
        return
    rejects = []
    found = [
        list(row)
        for batch in table.batches(rejects.append)
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True)
    ]
    kept = [text_column(tuple(row)).to_pylist() for row in rows]
    assert found == [row for row in kept if any(cell is not None for cell in row)]
    assert rejects == []


@settings(deadline=None, max_examples=150)
@given(
    body=st.lists(
        st.sampled_from(
            [b"a", b",", b'"', b"\n", b"\r\n", b"\xd6\xd0", b"\xff", b"\0", b"1", b" "]
        ),
        max_size=60,
    )
)
def test_no_byte_is_unaccounted_for(body):
    content = "名,称\n甲,乙\n".encode("gb18030") + b"".join(body)
    try:
        table = delimited.DelimitedText(lambda: io.BytesIO(content))
    except Refused:
        return
    rejects = []
    places = [
        (int(start), int(end))
        for batch in table.batches(rejects.append)
        for start, end in zip(batch.starts, batch.ends, strict=True)
    ]
    places += [(each.byte_start, each.byte_end) for each in rejects]
    places.sort()
    assert all(start < end for start, end in places)
    assert all(end <= start for (_, end), (start, _) in pairwise(places))
    header = content.index(b"\n") + 1
    # What no row and no reject covers is the header and blank rows, and those hold nothing.
    covered = bytearray(content)
    for start, end in places:
        covered[start:end] = b" " * (end - start)
    if table.header.row == 0:
        assert not bytes(covered[header:]).strip(b' ,"\r\n\t')
