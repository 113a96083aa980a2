"""Files that are spoilt, hostile or merely odd: a clear sentence, bounded memory, nothing run."""

import io
import zipfile

import pytest
import xlsxwriter

from gongshu import sandbox
from gongshu.lake import Unreadable, read_received, received
from gongshu.sandbox.limits import MIB

LIMITS = sandbox.Limits(memory_bytes=384 * MIB, wall_seconds=60, cpu_seconds=60)


@pytest.fixture(scope="module")
def pool():
    """Return workers that are warm for the next file."""
    with sandbox.Pool(received.TASK, 1, limits=LIMITS) as pool:
        yield pool


@pytest.fixture
def take(pool, tmp_path):
    def take(content):
        path = tmp_path / "收到"
        path.write_bytes(content)
        folder = tmp_path / "资源"
        return read_received(path, folder=folder, resource="r", salt=b"s" * 16, pool=pool)

    return take


def workbook(write):
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        write(book.add_worksheet())
    return buffer.getvalue()


def changed(content, name, change):
    """Return a workbook with one of its parts changed."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.namelist():
            text = old.read(part)
            new.writestr(part, change(text.decode()) if part == name else text)
    return buffer.getvalue()


def test_a_million_columns_are_refused_with_both_numbers(take):
    """Before a million columns have cost a gigabyte."""
    content = (b"a" + b",a" * 999_999 + b"\n") * 40
    with pytest.raises(Unreadable, match="1000000 列，超过上限 2000 列"):
        take(content)
    with pytest.raises(Unreadable, match="超过上限 2000 列"):
        take(b'[{"x":1},{' + b",".join(b'"%d":1' % at for at in range(20_000)) + b"}]")


def test_a_quotation_mark_never_closed_costs_its_line(take):
    """The rows after it are not swallowed."""
    found = take(b'a,b\n1,"2\n' + b"3,4\n" * 200_000)
    assert (found.rows, found.rejected, found.rejects[0].line) == (200_000, 1, 2)


def test_formulas_are_never_computed(take):
    """What was last shown is read, a command stays text, and nothing is opened."""

    def write(sheet):
        sheet.write_row(0, 0, ["名称", "值", "外"])
        for row in range(1, 4):
            sheet.write(row, 0, "x")
            sheet.write_formula(row, 1, '=REPT("x",1000000000)', value=7)
            sheet.write_formula(row, 2, "='http://192.0.2.1/[别处.xlsx]表'!A1", value=8)

    found = take(workbook(write))
    assert {column.name: column.type.value for column in found.schema.columns} == {
        "名称": "text",
        "值": "integer",
        "外": "integer",
    }
    text = take("名称,数\n=cmd|' /C calc'!A0,1\n@SUM(1),2\n".encode())
    assert (text.rows, text.rejected) == (2, 0)


def test_external_links_of_a_workbook_are_not_followed(take):
    """They are parts that nobody reads; the network is gone in any case."""
    content = workbook(lambda sheet: sheet.write_column(0, 0, ["名称", "甲"]))
    link = (
        '<Relationship Id="rId99" Type="x/externalLink" TargetMode="External"'
        ' Target="http://192.0.2.1/a.xlsx"/>'
    )
    linked = changed(
        content,
        "xl/_rels/workbook.xml.rels",
        lambda text: text.replace("</Relationships>", link + "</Relationships>"),
    )
    assert take(linked).rows == 1


def test_entities_of_a_workbook_are_not_unfolded(take):
    """A billion laughs stay ten lines; a file named by an entity is not read."""
    laughs = "".join(f'<!ENTITY l{at} "{f"&l{at - 1};" * 10}">' for at in range(1, 10))
    doctype = f'<!DOCTYPE x [<!ENTITY l0 "ha"><!ENTITY f SYSTEM "file:///etc/passwd">{laughs}]>'
    content = workbook(lambda sheet: sheet.write_column(0, 0, ["名称", "甲", "乙"]))

    def change(text):
        text = text.replace("?>", "?>" + doctype, 1)
        return text.replace("甲", "&l9;").replace("乙", "&f;")

    try:
        found = take(changed(content, "xl/sharedStrings.xml", change))
    except Unreadable as refused:
        assert refused.code == "damaged_workbook"
    else:
        assert found.snapshot.bytes < 100_000


def test_a_cell_in_the_farthest_corner_costs_no_gigabyte(take):
    """A sheet that claims sixteen billion cells is refused, and the node lives."""

    def write(sheet):
        sheet.write(0, 0, "名称")
        sheet.write(1_048_575, 16_383, "x")

    with pytest.raises(Unreadable) as refused:
        take(workbook(write))
    assert refused.value.code in ("memory", "crash", "too_many_columns", "time")


@pytest.mark.parametrize(
    ("content", "rows", "kinds"),
    [
        ("名称,数\n", 0, ["text", "text"]),
        ("名称,数\n,\n,\n", 0, ["text", "text"]),
        ("名称,空\n" + "甲,\n" * 50, 50, ["text", "text"]),
        ("名称,数\n" + "甲,1\n" * 50, 50, ["text", "integer"]),
        ("日期,数\n" + "2023-07-01,45108\n" * 5, 5, ["date", "integer"]),
        ("[]\n", None, "no_header"),
        ('{"data": []}', 1, ["text"]),
        ('[{"a": null}, {"a": null}]', 0, ["text"]),
        ("", None, "empty"),
        ("\n\n\n", None, "no_header"),
        (",,,\n,,,\n", None, "no_header"),
    ],
)
def test_tables_with_nothing_or_always_the_same(take, content, rows, kinds):
    """No row, only blanks, one value throughout: read as they are, or refused by name."""
    if rows is None:
        with pytest.raises(Unreadable) as refused:
            take(content.encode())
        assert refused.value.code == kinds
        return
    found = take(content.encode())
    assert found.rows == rows
    assert [column.type.value for column in found.schema.columns] == kinds
    assert ("no_rows" in [note.code for note in found.notes]) == (rows == 0)


def test_zero_bytes_cost_their_rows_and_padding_is_refused(take):
    """A few are a damage of some rows; a file full of them is none."""
    found = take(b"a,b\n1,2\n3,\0\n4,5\n" + b"6,7\n" * 50)
    assert (found.rows, [reject.code for reject in found.rejects]) == (52, ["nul"])
    with pytest.raises(Unreadable) as refused:
        take(b"\0" * 100_000)
    assert refused.value.code == "unknown_encoding"


def test_a_large_json_file_is_read_piece_by_piece(tmp_path):
    """The objects of all its records would take four times what the worker may."""
    record = b'{"list": [%s], "deep": {"x": 1.5}}' % b",".join([b"1"] * 1000)
    path = tmp_path / "收到.json"
    path.write_bytes(b'{"data": [' + b",".join([record] * 3_000) + b"]}")
    little = sandbox.Limits(memory_bytes=64 * MIB, wall_seconds=60, cpu_seconds=60)
    folder = tmp_path / "资源"
    found = read_received(path, folder=folder, resource="r", salt=b"s" * 16, limits=little)
    assert found.rows == 3_000
