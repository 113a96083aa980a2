"""Canonical subjects: ten spellings of one id are one subject, and doubt is null."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongshu.lake import MatchReport, NameRegister, add_subjects, build_register
from gongshu.vocabulary.identifiers import (
    canonical_name,
    canonical_uscc,
    citizen_id_check_character,
    uscc_check_character,
)


def uscc(number):
    first = f"9113020{number % 10}{number:09d}"
    return first + uscc_check_character(first)


def citizen(number):
    first = f"13020319900101{number:03d}"
    return first + citizen_id_check_character(first)


A, B = uscc(1), uscc(2)
EMPTY = NameRegister({})


def mapped(table, register=EMPTY, **columns):
    columns = dict.fromkeys(("uscc_column", "name_column", "citizen_column")) | columns
    reader, matching = add_subjects(table.to_reader(), register=register, **columns)
    return reader.read_all(), matching.report


def test_a_register_is_collected_from_tables_that_have_both():
    one = pa.table({"码": [A, B, None, "bad"], "名": ["甲公司", "乙（北京）公司", "丙", "丁"]})
    two = pa.table({"代码": [A.lower(), uscc(3)], "名称": [" 甲 公司", "乙(北京)公司"]})
    register = build_register([(one.to_reader(), "码", "名"), (two.to_reader(), "代码", "名称")])
    assert register.find("甲公司") == (A, "by_name")
    assert register.find("乙(北京)公司") == (None, "ambiguous")
    assert register.find("丙") == ("N:丙", "unmatched")
    assert register.find("丁") == ("N:丁", "unmatched")


def test_the_code_comes_first_then_the_name():
    register = NameRegister({"乙公司": B}, frozenset({"丙公司"}))
    table = pa.table(
        {
            "码": [
                A,
                f" {A.lower()}",
                A[:-1] + ("0" if A[-1] != "0" else "1"),
                None,
                "",
                None,
                None,
            ],
            "名": ["乙公司", "x", "乙公司", "乙 公 司", "丙公司", "丁（集团）", None],
        }
    )
    found, report = mapped(table, register, uscc_column="码", name_column="名")
    assert found["主体_企业"].to_pylist() == [A, A, B, B, None, "N:丁(集团)", None]
    assert report == MatchReport("uscc+name", 7, 2, 2, 1, 1, 1, form=2)
    assert (report.matched, report.rate) == (4, 4 / 7)
    assert report.to_json()["rate"] == round(4 / 7, 6)


def test_ten_spellings_of_one_person_are_one_subject():
    number = citizen(0)
    spellings = [
        number,
        number.lower(),
        f" {number} ",
        f"{number[:6]} {number[6:14]} {number[14:]}",
        f"{number[:6]}-{number[6:14]}-{number[14:]}",
        "".join(chr(ord(char) + 0xFEE0) for char in number),
        number + "\u200b",
        "\ufeff" + number,
        number.replace("1", "\uff11"),
        f"\u3000{number}",
    ]
    wrong = number[:-1] + ("0" if number[-1] != "0" else "1")
    table = pa.table({"证件": [*spellings, wrong, None, "", citizen(7)]})
    found, report = mapped(table, citizen_column="证件")
    assert found["主体_个人"].to_pylist() == [number] * 10 + [None, None, None, citizen(7)]
    assert report.method == "none"


def test_both_columns_are_always_there_and_other_columns_stay():
    table = pa.table({"x": [1, 2]})
    found, report = mapped(table)
    assert found.schema.names == ["x", "主体_企业", "主体_个人"]
    assert found["主体_企业"].null_count == found["主体_个人"].null_count == 2
    assert (report.rows, report.missing, report.rate) == (2, 2, 0.0)


def test_matching_anew_replaces_the_columns():
    first, _ = mapped(pa.table({"名": ["甲公司"]}), name_column="名")
    assert first["主体_企业"].to_pylist() == ["N:甲公司"]
    again, report = mapped(first, NameRegister({"甲公司": A}), name_column="名")
    assert again.schema.names == ["名", "主体_企业", "主体_个人"]
    assert again["主体_企业"].to_pylist() == [A]
    assert report.method == "name"


def test_an_empty_table_has_a_report():
    _, report = mapped(pa.table({"名": pa.array([], pa.string())}), name_column="名")
    assert (report.rows, report.rate) == (0, 0.0)


def test_columns_of_other_types_are_read_as_text():
    found, _ = mapped(pa.table({"码": pa.array([1, None], pa.int64())}), uscc_column="码")
    assert found["主体_企业"].to_pylist() == [None, None]


def test_a_column_that_is_not_there_is_an_error():
    with pytest.raises(KeyError):
        mapped(pa.table({"名": ["甲"]}), uscc_column="码")


def test_the_report_waits_for_all_rows():
    table = pa.table({"名": ["甲"] * 10})
    reader, matching = add_subjects(
        table.to_reader(max_chunksize=5),
        uscc_column=None,
        name_column="名",
        citizen_column=None,
        register=EMPTY,
    )
    reader.read_next_batch()
    with pytest.raises(RuntimeError, match="complete"):
        _ = matching.report
    reader.read_all()
    assert matching.report.rows == 10


codes = st.one_of(st.none(), st.sampled_from([A, B, A.lower(), "", "x", f"{B} "]))
names = st.one_of(st.none(), st.sampled_from(["甲公司", "乙 公司", "丙公司", "丁", " ", ""]))


@settings(deadline=None, max_examples=80)
@given(st.lists(st.tuples(codes, names), max_size=30))
def test_every_row_has_exactly_one_outcome_and_agrees_with_the_plain_rule(rows):
    register = NameRegister({"甲公司": A, "乙公司": B}, frozenset({"丙公司"}))
    table = pa.table(
        {
            "码": pa.array([code for code, _ in rows], pa.string()),
            "名": pa.array([name for _, name in rows], pa.string()),
        }
    )
    found, report = mapped(table, register, uscc_column="码", name_column="名")

    def plain(code, name):
        if code is not None and (canonical := canonical_uscc(code)):
            return canonical
        spelled = canonical_name(name) if name else ""
        return register.find(spelled)[0] if spelled else None

    assert found["主体_企业"].to_pylist() == [plain(code, name) for code, name in rows]
    parts = (report.by_code, report.by_name, report.unmatched, report.ambiguous, report.missing)
    assert sum(parts) == report.rows == len(rows)
