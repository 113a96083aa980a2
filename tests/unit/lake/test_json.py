"""JSON in the shapes that departments and their systems send it."""

import gzip
import json
import random

import pytest

from gongshu.lake import Unreadable, jsonstream, jsontable, read_received


def dumped(value, **options):
    return json.dumps(value, ensure_ascii=False, **options)


def test_a_list_of_objects_is_a_table(read):
    """Keys are columns in the order of their first appearance; what is absent is null."""
    outcome = read(dumped([{"名称": "甲", "数": 1}, {"数": 2.5, "备注": None}, {"名称": "丙"}]))
    assert outcome.types == {"名称": "text", "数": "decimal"} | {"备注": "text"}
    assert outcome.rows[1]["名称"] is None
    assert [str(row["数"]) for row in outcome.rows] == ["1.0", "2.5", "None"]
    assert outcome.understood["format"] == "json"
    assert outcome.notes == []


def test_one_object_to_a_line_is_a_table(read):
    """A spoilt line is one reject with its place; its neighbours stay."""
    content = '{"a": 1, "b": "甲"}\n{"a": 2, "b": \n{"a": 3}\n\n[1]x\n{"a": 4} \n'.encode()
    outcome = read(content)
    assert outcome.understood["format"] == "jsonl"
    assert [row["a"] for row in outcome.rows] == [1, 3, 4]
    first = outcome.rejects[0]
    assert (first.line, first.code, first.raw) == (2, "json_line", '{"a": 2, "b": ')
    assert content[first.byte_start : first.byte_end] == b'{"a": 2, "b": \n'


def test_a_first_line_that_is_spoilt_does_not_spoil_the_rest(read):
    """The shape is told from the lines below it."""
    outcome = read('{"a": 1, oh}\n{"a": 2}\n{"a": 3}\n')
    assert [row["a"] for row in outcome.rows] == [2, 3]
    assert [reject.line for reject in outcome.rejects] == [1]


def test_nested_objects_get_dotted_names(read):
    """Lists stay JSON text, numbers in them as they were written."""
    record = (
        '[{"id": "1", "点": {"经度": 117.20, "源": {"名": "甲"}}, "附": [1.50, "x", {"k": null}]}]'
    )
    outcome = read(record)
    row = {name: str(value) for name, value in outcome.rows[0].items()}
    assert row == {"id": "1", "点.经度": "117.20", "点.源.名": "甲", "附": '[1.50,"x",{"k":null}]'}


def test_two_paths_with_one_name_stay_two_columns(read):
    """A dotted key beside the object of the same name loses nothing."""
    (row,) = read('[{"a.b": "1", "a": {"b": "2"}}]').rows
    assert sorted(map(str, row.values())) == ["1", "2"]


def test_objects_keyed_by_a_value_stay_text_rather_than_a_thousand_columns(read):
    """A column for every day is no table; then nested objects are kept as JSON text."""
    days = [{"名": str(at), "日": {f"{at}-{day}": day for day in range(90)}} for at in range(30)]
    outcome = read(dumped(days))
    assert list(outcome.types) == ["名", "日"]
    assert json.loads(outcome.rows[3]["日"]) == days[3]["日"]


def test_the_list_inside_an_answer_is_found(read):
    """The longest list of objects is the table; the others are named and can be asked for."""
    answer = {
        "code": 200,
        "data": {"total": 2, "rows": [{"名称": "甲"}, {"名称": "乙"}]},
        "fields": [{"key": "名称"}],
    }
    outcome = read(dumped(answer))
    assert [row["名称"] for row in outcome.rows] == ["甲", "乙"]
    assert outcome.understood["sheet"] == "data.rows"
    assert outcome.understood["other_sheets"] == [{"name": "fields", "rows": 1}]
    assert read(dumped(answer), sheet="fields").rows == [{"key": "名称"}]
    assert read(dumped(answer), sheet="没有").refused == "no_such_sheet"


def test_rows_as_lists_take_their_names_from_beside_them(read):
    """As in {"thead": …, "tbody": …}; markup of a page leaves the names and stays in the cells."""
    answer = {
        "thead": ["断面", "水温<br/><span class='u'>(℃)</span>"],
        "tbody": [["<b>桥</b>", "12.5"], ["坝", None], ["闸", "9", ""], ["河", "1", "多"]],
    }
    outcome = read(dumped(answer))
    assert list(outcome.types) == ["断面", "水温(℃)"]
    assert [row["断面"] for row in outcome.rows] == ["<b>桥</b>", "坝", "闸"]
    assert [reject.code for reject in outcome.rejects] == ["width"]


def test_rows_as_lists_without_names_begin_with_their_header(read):
    """As a spreadsheet turned into JSON does."""
    outcome = read('[["名称", "数"], ["甲", 1], ["乙", 2]]')
    assert outcome.rows == [{"名称": "甲", "数": 1}, {"名称": "乙", "数": 2}]


def test_several_lists_one_after_the_other_are_one_table(read):
    """A crawler that appends writes such files."""
    assert read('[{"a": 1}]\n[{"a": 2}, {"a": 3}]').table.num_rows == 3


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ({"甲": {"数": 1}, "乙": {"数": 2}}, [{"键": "甲", "数": 1}, {"键": "乙", "数": 2}]),
        ({"甲": [1, 2], "乙": []}, [{"键": "甲", "值": "[1,2]"}, {"键": "乙", "值": "[]"}]),
        ({"名": "甲", "点": {"x": 1}}, [{"名": "甲", "点.x": 1}]),
        ({"名单": ["甲", "乙"]}, [{"值": "甲"}, {"值": "乙"}]),
    ],
)
def test_an_object_without_a_list_of_objects(read, content, rows):
    """Members that are alike are rows under their key; anything else is one record."""
    assert read(dumped(content)).rows == rows


def test_geojson_has_properties_and_a_geometry_as_wkt(read):
    """Coordinates keep their digits; a geometry that is none stays as it came."""
    features = [
        '{"type": "Feature", "id": 7, "properties": {"名": "甲", "id": 1},'
        ' "geometry": {"type": "Point", "coordinates": [117.20, 39.10]}}',
        '{"type": "Feature", "properties": {"名": "乙"}, "geometry": {"type": "Polygon",'
        ' "coordinates": [[[0, 0, 1], [1, 0, 1], [0, 1, 1], [0, 0, 1]]]}}',
        '{"type": "Feature", "properties": null, "geometry": {"type": "Circle", "r": 2}}',
        '{"type": "Feature", "properties": {"名": "丁"}, "geometry": null}',
        '{"type": "Feature", "properties": {}, "geometry": {"type": "GeometryCollection",'
        ' "geometries": [{"type": "MultiPoint", "coordinates": [[1, 2]]}]}}',
    ]
    outcome = read('{"type": "FeatureCollection", "features": [' + ",".join(features) + "]}")
    assert outcome.understood["format"] == "geojson"
    assert [row["geometry"] for row in outcome.rows] == [
        "POINT (117.20 39.10)",
        "POLYGON Z ((0 0 1, 1 0 1, 0 1 1, 0 0 1))",
        '{"type":"Circle","r":2}',
        None,
        "GEOMETRYCOLLECTION (MULTIPOINT (1 2))",
    ]
    assert outcome.rows[0] | {"geometry": None} == {
        "id": "7",
        "名": "甲",
        "id_2": 1,
        "geometry": None,
    }


def test_numbers_keep_their_digits(read):
    """Powers of ten are written out while short, and no digit is rounded away."""
    outcome = read('[{"a": 12345678901234567890.123456789, "b": 1.5e3, "c": 1e999999999}]')
    row = outcome.rows[0]
    assert (str(row["a"]), str(row["b"])) == ("12345678901234567890.123456789", "1500")
    assert row["c"] == "1e999999999"


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le", "gb18030"])
def test_encodings(read, codec):
    """JSON comes in the encodings of text."""
    content = dumped([{"名称": "临江县应急管理局", "数": at} for at in range(30)]).encode(codec)
    assert read(content).rows[29] == {"名称": "临江县应急管理局", "数": 29}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ('[{"a": 1}, {"a": 2', "broken_json"),
        ('{"data": [{"a": 1}, {"a": ', "broken_json"),
        ('[{"a": 1}, {"a": 2}, oh]', "broken_json"),
        ("[" * 100_000, "json_too_deep"),
        ('{"a":' * 100_000, "json_too_deep"),
        ("[]", "no_header"),
        ("[{}]", "no_header"),
    ],
)
def test_what_is_not_json_to_its_end_is_refused(read, content, code):
    """Half a transmission never becomes a version."""
    assert read(content).refused == code


def test_a_refusal_names_the_line(read):
    """So that the sender finds the place."""
    outcome = read('[\n{"a": 1},\n{"a": 2},\n{"a" 3}\n]')
    assert outcome.value["facts"] == {"line": 4}


def test_elements_that_fit_no_table_are_rejected_with_their_place(read):
    """Zero characters, lone surrogates and bytes that do not decode cost one row each."""
    good = ", ".join(f'{{"a": "临江县{at}"}}' + chr(10) for at in range(20))
    content = (
        f"[{good}, ".encode()
        + '{"a": "甲"}, {"a": "\\u0000"}, {"a": "\\ud800"}, 7, {"a": "'.encode()
        + b"\xff\xfe"
        + '"}, {"a": "乙"}]'.encode()
    )
    outcome = read(content)
    assert [row["a"] for row in outcome.rows][20:] == ["甲", "乙"]
    codes = ["json_element", "nul", "undecodable", "undecodable"]
    assert sorted(reject.code for reject in outcome.rejects) == codes
    (spoilt,) = [each for each in outcome.rejects if b"\xff" in content[each.byte_start :][:10]]
    assert content[spoilt.byte_start : spoilt.byte_end] == b'{"a": "\xff\xfe"}'


def test_every_cut_of_the_window_reads_the_same(read, monkeypatch):
    """However the pieces fall, values, lines and byte ranges are those of one piece."""
    records = [
        {"名": "甲" * (at % 7), "数": at * 1.5, "列": [at, {"深": "\\"}]} for at in range(40)
    ]
    content = dumped({"头": [1, 2], "data": records}, indent=1).encode()
    whole = read(content)
    monkeypatch.setattr(jsontable, "HELD_BYTES", 0)
    for size in random.Random(5).sample(range(1, 400), 12):
        monkeypatch.setattr(jsonstream, "CHUNK_BYTES", size)
        assert read(content).rows == whole.rows
    monkeypatch.setattr(jsonstream, "VALUE_CHARACTERS", 10)
    assert read(content).refused == "json_value_too_long"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 11])
def test_a_number_cut_by_the_window_is_one_number(read, monkeypatch, size):
    """A window that ends within its digits does not end the number."""
    monkeypatch.setattr(jsontable, "HELD_BYTES", 0)
    monkeypatch.setattr(jsonstream, "CHUNK_BYTES", size)
    numbers = list(range(12_345, 12_365))
    outcome = read(dumped({"数": numbers}))
    assert [row["值"] for row in outcome.rows] == numbers


def test_json_in_any_packing_and_under_any_name(read):
    """The first bytes tell, not the name; a cell that looks like an interval is a table's."""
    assert read(gzip.compress(b' [\n{"a": 1}]')).rows == [{"a": 1}]
    assert read("[15, 20[,b\n[20, 25[,c\n").understood["format"] == "csv"


def test_json_through_the_locked_worker(tmp_path):
    """Everything that reading needs is loaded before the locks close."""
    path = tmp_path / "答复.csv"
    path.write_text('{"data": [{"点": {"经度": 1.5e1}, "列": [1, {"a": null}]}]}', "utf-8")
    found = read_received(path, folder=tmp_path / "lake", resource="r", salt=b"s" * 16)
    assert (found.rows, found.understood.format, found.understood.sheet) == (1, "json", "data")
    path.write_text('{"data": [{"点": ', "utf-8")
    with pytest.raises(Unreadable, match="从第 1 行起不符合 JSON 格式"):
        read_received(path, folder=tmp_path / "lake", resource="r", salt=b"s" * 16)
