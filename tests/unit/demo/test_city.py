"""The demo city: its files hold exactly what the description says, dirt included."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import time
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
import python_calamine

from gongshu.vocabulary import identifiers
from gongshu_server.demo.city import DEPARTMENTS, City, SentFile, build
from gongshu_server.demo.city.dirt import SPELLINGS
from gongshu_server.demo.city.xls import workbook_bytes

AS_OF = date(2025, 6, 30)
Row = list[object]


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    return build(tmp_path_factory.mktemp("city"), seed=7, scale=0.2, as_of=AS_OF)


def read(sent: SentFile) -> list[Row]:
    """Read a sent file without any code of the project, and return the rows under the header."""
    if sent.container in ("xls", "xlsx"):
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(sent.path.read_bytes()))
        rows = book.get_sheet_by_index(0).to_python()
    else:
        body = sent.path.read_bytes()
        body = gzip.decompress(body) if sent.container == "csv.gz" else body
        rows = list(csv.reader(io.StringIO(body.decode(sent.encoding or ""), newline="")))
    header = sent.planted.title_rows
    assert tuple(rows[header]) == sent.items
    return rows[header + 1 :]


def column(sent: SentFile, item: str) -> list[str]:
    place = sent.items.index(item)
    return [str(row[place]) for row in read(sent) if len(row) > place]


def canonical_of(sent: SentFile) -> Callable[[str], str | None]:
    if sent.subject == "person":
        return identifiers.canonical_citizen_id
    return identifiers.canonical_uscc


# --- the files are what the description says -----------------------------------------------------


def test_every_department_sends_something(city: City) -> None:
    assert len(DEPARTMENTS) == 8
    assert {sent.department for sent in city.files} == {d.code for d in DEPARTMENTS}
    assert all(sent.path.is_file() for sent in city.files)
    with pytest.raises(KeyError):
        city.file("no such file")


def test_containers_are_what_they_are_and_not_what_their_names_say(city: City) -> None:
    magic = {"xls": b"\xd0\xcf\x11\xe0", "xlsx": b"PK\x03\x04", "csv.gz": b"\x1f\x8b"}
    for sent in city.files:
        if sent.container in magic:
            assert sent.path.read_bytes().startswith(magic[sent.container])
    assert city.file("inspections").path.suffix == ".csv"
    with pytest.raises(UnicodeDecodeError):
        city.file("safety_licences").path.read_bytes().decode("utf-8")


def test_planted_dirt_is_found_in_the_planted_amounts(city: City) -> None:
    """Each count is taken from the bytes; nothing of the generator is asked."""
    for sent in city.files:
        rows = read(sent)
        assert len(rows) == sent.rows, sent.key
        ragged = [row for row in rows if len(row) != len(sent.items)]
        assert len(ragged) == sent.planted.ragged_rows, sent.key
        whole = [row for row in rows if len(row) == len(sent.items)]
        blank = sum(1 for row in whole for cell in row if not str(cell).strip())
        assert blank == sent.planted.blank_cells, sent.key
        copies = sum(n - 1 for n in Counter(map(tuple, rows)).values())
        assert copies == sent.planted.duplicate_rows, sent.key
        cells = [str(cell) for row in rows for cell in row]
        assert sum(_is_month(cell) for cell in cells) == sent.planted.month_dates, sent.key
        if sent.planted.thousands:
            assert sum(map(_is_separated, cells)) == sent.planted.thousands, sent.key


def _is_month(cell: str) -> bool:
    return cell.endswith("月") and cell[4:5] == "年"


def _is_separated(cell: str) -> bool:
    return "," in cell and cell.replace(",", "").replace(".", "").isdecimal()


def test_identifiers_are_valid_but_for_the_planted_ones(city: City) -> None:
    known = set(city.uscc) | set(city.resident_ids)
    seen = 0
    for sent in city.files:
        if sent.id_item is None or sent.subject == "thing":
            continue
        written = [value for value in column(sent, sent.id_item) if value.strip()]
        canonical = [canonical_of(sent)(value) for value in written]
        assert canonical.count(None) == sent.planted.wrong_check_digits, sent.key
        respelled = sum(c is not None and c != w for c, w in zip(canonical, written, strict=True))
        assert respelled == sent.planted.respelled_ids, sent.key
        assert {c for c in canonical if c} <= known, sent.key
        seen += 1
    assert seen == 10


def test_bank_cards_pass_their_check(city: City) -> None:
    cards = [c for c in column(city.file("reimbursements"), "银行卡号") if c.strip()]
    assert cards
    assert all(map(identifiers.is_bank_card, cards))


# --- the story's subjects ------------------------------------------------------------------------


def licence_rows(sent: SentFile, uscc: str) -> list[Row]:
    return [row for row in read(sent) if str(row[1]) == uscc]


def test_examples_stand_in_the_licence_file_as_described(city: City) -> None:
    licences, who = city.file("safety_licences"), city.examples
    for subject in (who.licensed, who.expired, who.objector):
        [row] = licence_rows(licences, subject.id)
        assert identifiers.canonical_name(str(row[2])) == identifiers.canonical_name(subject.name)
        assert row[6] == str(subject.valid_until)
    assert who.licensed.valid_until is not None
    assert who.licensed.valid_until > AS_OF + timedelta(days=365)
    assert who.expired.valid_until is not None
    assert who.expired.valid_until < AS_OF - timedelta(days=365)
    assert licence_rows(licences, who.unlicensed.id) == []
    assert who.unlicensed.id in city.uscc


def test_unknown_code_is_valid_and_stands_nowhere(city: City) -> None:
    assert identifiers.is_uscc(city.examples.unknown.id)
    assert city.examples.unknown.id not in city.uscc


def test_correction_differs_in_the_objectors_row_only(city: City) -> None:
    before, after = read(city.file("safety_licences")), read(city.corrected_licences)
    changed = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
    assert len(changed) == 1
    [(wrong, right)] = changed
    assert wrong[1] == city.examples.objector.id
    assert (wrong[6], right[6]) == (
        str(city.examples.objector.valid_until),
        str(city.examples.objector_true_until),
    )
    assert city.examples.objector_true_until > AS_OF + timedelta(days=365)


def test_one_subject_is_spelled_ten_ways(city: City) -> None:
    assert len(SPELLINGS) == 10
    for key, subject, canonical in (
        ("inspections", city.examples.many_spellings, identifiers.canonical_uscc),
        (
            "outpatient_visits",
            city.examples.patient_of_many_spellings,
            identifiers.canonical_citizen_id,
        ),
    ):
        sent = city.file(key)
        assert sent.id_item is not None
        spelled = {v for v in column(sent, sent.id_item) if canonical(v) == subject.id}
        assert len(spelled - {subject.id}) == 10


def test_smallest_district_stays_under_the_minimum_in_every_joined_table(city: City) -> None:
    smallest = city.districts[-1][1]
    counted = Counter(column(city.file("safety_licences"), "行政区"))
    assert counted[smallest] < 10 < min(n for name, n in counted.items() if name != smallest)


# --- seeds, sizes, fiction -----------------------------------------------------------------------


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files
    }


def test_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    first = build(tmp_path / "a", seed=3, scale=0.01, as_of=AS_OF)
    again = build(tmp_path / "b", seed=3, scale=0.01, as_of=AS_OF)
    other = build(tmp_path / "c", seed=4, scale=0.01, as_of=AS_OF)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert first.examples == again.examples
    assert all(
        digest != digests(tmp_path / "a")[name] for name, digest in digests(tmp_path / "c").items()
    )
    assert not set(first.uscc) & set(other.uscc)


@pytest.mark.parametrize("as_of", [date(2024, 2, 29), date(2026, 12, 31), date(2027, 1, 1)])
def test_any_day_and_a_small_city(tmp_path: Path, as_of: date) -> None:
    city = build(tmp_path, seed=1, scale=0.001, as_of=as_of)
    assert len(city.uscc) == len(set(city.uscc)) == 200
    assert max(column(city.file("outpatient_visits"), "就诊日期")) <= str(as_of)
    assert city.examples.objector_true_until > as_of


def test_full_size_in_time(tmp_path: Path) -> None:
    start = time.process_time()
    city = build(tmp_path, seed=7, as_of=AS_OF)
    assert time.process_time() - start < 4
    assert len(set(city.uscc)) >= 20_000
    assert all(map(identifiers.is_uscc, city.uscc))
    patients = {
        identifiers.canonical_citizen_id(v)
        for v in column(city.file("outpatient_visits"), "证件号码")
    }
    assert len(patients - {None}) >= 50_000
    assert city.file("reservoir_levels").rows >= 3 * 365 * 24
    names = column(city.file("enterprises"), "企业名称")
    assert len(set(names)) == len(city.uscc)


def test_nobody_real_can_be_hit(city: City, shared: Path) -> None:
    """The division codes of all identifiers are assigned to no place, now or at any time known."""
    used = {code[2:8] for code in city.uscc} | {number[:6] for number in city.resident_ids}
    assert used <= {code for code, _ in city.districts}
    folder = shared / "data/divisions"
    lists = [folder / "areas.csv", *sorted((folder / "gb2260-history").glob("*.tsv"))]
    assert len(lists) >= 5
    for path in lists:
        text = path.read_text("utf-8")
        assert "110101" in text
        assert [code for code in used if code in text] == [], path.name
    names = (folder / "areas.csv").read_text("utf-8") + (folder / "cities.csv").read_text("utf-8")
    assert [name for _, name in city.districts if name in names] == []
    assert city.name not in names


# --- the old Excel format ------------------------------------------------------------------------


def sheet(body: bytes) -> list[list[object]]:
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(body))
    return book.get_sheet_by_index(0).to_python()


@pytest.mark.parametrize("rows", [1, 60, 30_000])
def test_xls_of_any_size_reads_back(rows: int) -> None:
    """Small streams are padded, large ones need many allocation sectors."""
    table = [[f"第{n}行", n, 1.5, date(2024, 2, 29), "甲𠮷乙"] for n in range(rows)]
    assert sheet(workbook_bytes(table)) == table


def test_xls_limits() -> None:
    with pytest.raises(ValueError, match="65,536"):
        workbook_bytes([[1]] * 65_537)
    with pytest.raises(ValueError, match="256"):
        workbook_bytes([[1] * 257])
    with pytest.raises(ValueError, match="8,000"):
        workbook_bytes([["x" * 8_001]])
