"""Archives: which file of several is the table, and how far an archive may unfold."""

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from gongshu.lake import containers, database, header, members

TABLE = "名称,数\n甲,1\n"


def packed(*files, method=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "beside",
    [
        ("说明.txt", "先读我"),
        ("封面.pdf", b"%PDF-1.7"),
        ("__MACOSX/._表.csv", b"\0\5\x16\7"),
        (".DS_Store", b"\0"),
        ("目录/Thumbs.db", b"\0"),
    ],
)
def test_what_lies_beside_the_table_is_passed_over(read, beside):
    """Notes, pictures and litter of the operating system are no tables."""
    outcome = read(packed(beside, ("目录/表.csv", TABLE)))
    assert outcome.rows == [{"名称": "甲", "数": 1}]
    assert outcome.understood["member"] == "目录/表.csv"


def test_several_tables_are_listed_and_any_can_be_asked_for(read):
    """Which of them is meant, only the sender knows."""
    content = packed(("甲.csv", TABLE), ("乙.json", '[{"a": 1}]'), ("说明.md", "x"))
    outcome = read(content)
    assert outcome.refused == "several_members"
    assert outcome.value["facts"] == {"members": 2, "names": "甲.csv、乙.json"}
    chosen = read(content, member="乙.json")
    assert chosen.rows == [{"a": 1}]
    assert chosen.understood["other_members"] == ["甲.csv", "说明.md"]
    assert read(content, member="丙.csv").refused == "no_such_member"
    deep = packed(("上/甲.csv", TABLE), ("下/乙.csv", TABLE), ("下/甲.csv", TABLE))
    assert read(deep, member="乙.csv").understood["member"] == "下/乙.csv"
    assert read(deep, member="甲.csv").refused == "no_such_member"


def test_a_single_text_of_any_name_is_the_table(read):
    """As long as nothing else could be."""
    assert read(packed(("数据.txt", TABLE))).table.num_rows == 1


def test_names_written_on_chinese_windows_are_readable():
    """They come in GB18030 without a mark."""
    entry = zipfile.ZipInfo("表".encode("gb18030").decode("cp437"))
    assert members.name_of(entry) == "表"
    entry.flag_bits |= members.UTF8
    assert members.name_of(entry) != "表"


def test_archives_in_archives_down_to_a_depth(read):
    """A table packed twice is read, a nest without end is not entered."""
    content = TABLE.encode()
    for _ in range(3):
        content = packed(("a.zip", content))
    assert read(content).table.num_rows == 1
    assert read(gzip.compress(packed(("表.csv.gz", gzip.compress(TABLE.encode()))))).rows
    assert read(packed(("a.zip", content))).refused == "nested_archives"


def test_counts_and_sizes_are_bounded(read, monkeypatch):
    """Ten thousand files are no table, and what lies in an archive is held only while small."""
    monkeypatch.setattr(members, "MEMBERS", 3)
    assert read(packed(*((f"{at}.csv", TABLE) for at in range(4)))).refused == "too_many_members"
    monkeypatch.setattr(containers, "HELD_BYTES", 1000)
    inner = packed(("表.csv", TABLE * 1000), method=zipfile.ZIP_STORED)
    assert read(packed(("a.zip", inner))).refused == "unfolds_too_far"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"Obj\x01\x04\x14avro.codec", "Avro 文件"),
        (gzip.compress(b"RDX3\nX\n\0\0\0\3"), "R 数据文件"),
        (b"RDA2\nA\n", "R 数据文件"),
        (b"ARROW1\0\0", "Arrow 文件"),
        (b"\0" * 257 + b"ustar\x0000", "tar 打包文件"),
        (packed(("界.shp", b"\0\0\x27\x0a"), ("界.dbf", b"\3")), "Shapefile 空间数据"),
        (b'<?xml version="1.0"?><rdf:RDF xmlns:rdf="x"/>', "RDF/XML 文件"),
    ],
)
def test_formats_that_are_not_read_are_refused_by_name(read, content, kind):
    """So that the sender knows what to change."""
    assert read(content).value == {"refused": "not_a_table", "facts": {"kind": kind}}


@pytest.mark.parametrize("packer", ["bz2", "lzma"])
def test_an_r_file_in_another_packing_is_still_named(read, packer):
    """R packs its files in three ways."""
    content = pytest.importorskip(packer).compress(b"RDX3\nX\n\0\0\0\3" * 40)
    assert read(content).value["facts"] == {"kind": "R 数据文件"}


@pytest.mark.parametrize("cut", [30, 120, -1, -30])
def test_an_archive_cut_off_is_refused(read, cut):
    """Half a transmission never becomes a version."""
    assert read(packed(("表.csv", TABLE * 100))[:cut]).refused == "damaged_archive"


def test_a_member_that_is_spoilt_is_refused(read):
    """Its checksum tells."""
    content = bytearray(packed(("表.csv", TABLE * 1000), method=zipfile.ZIP_STORED))
    content[500] ^= 1
    assert read(bytes(content)).refused == "damaged_archive"


def test_the_manual_names_every_format_that_is_refused():
    """And the limits that it states are those of the code."""
    manual = (Path(__file__).parents[3] / "docs/how-to/files-that-open.md").read_text("utf-8")
    for _, _, kind in containers.FOREIGN:
        assert kind in manual
    for kind in ("RDF/XML 文件", "Shapefile 空间数据", "文档或演示文稿"):
        assert kind in manual
    assert f"最多套 {containers.DEPTH} 层、{members.MEMBERS:,} 个文件" in manual
    assert f"不超过 {database.DATABASE_BYTES // 2**20} MB" in manual
    assert f"超过 {header.COLUMNS} 列" in manual
