"""Identifiers: check characters judged by python-stdnum, columns judged by the scalar functions."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.cn import ric, uscc

from gongshu.vocabulary import identifiers as ids
from gongshu.vocabulary.errors import Invalid

QUICK = settings(deadline=None, max_examples=150)
GOOD_USCC = "91110000600037341L"
GOOD_CITIZEN = "11010519491231002X"  # The worked example of GB 11643.


# --- check characters against an independent implementation --------------------------------------


@QUICK
@given(st.text(ids.USCC_ALPHABET, min_size=17, max_size=17))
def test_uscc_check_character_is_stdnums(first17: str) -> None:
    assert ids.uscc_check_character(first17) == uscc.calc_check_digit(first17)


@QUICK
@given(st.text("0123456789", min_size=17, max_size=17))
def test_citizen_check_character_is_stdnums(first17: str) -> None:
    assert ids.citizen_id_check_character(first17) == ric.calc_check_digit(first17 + "0")


@QUICK
@given(st.text("0123456789", min_size=1, max_size=30))
def test_luhn_digit_is_stdnums(digits: str) -> None:
    assert ids.luhn_check_digit(digits) == luhn.calc_check_digit(digits)


@pytest.mark.parametrize(
    "code", ["600037341", "MA2PBM9HX", "585923360", "719023721", "MA2UJYD90", "087994932"]
)
def test_organisation_code_inside_published_unified_codes(code: str) -> None:
    assert ids.organisation_code_check_character(code[:8]) == code[8]


@pytest.mark.parametrize(
    ("compute", "text"),
    [
        (ids.uscc_check_character, "9111000060003734"),
        (ids.uscc_check_character, "9111000060003734I"),
        (ids.uscc_check_character, "９1110000600037341"),
        (ids.citizen_id_check_character, "1101051949123100X"),
        (ids.citizen_id_check_character, "１1010519491231002"),
        (ids.luhn_check_digit, ""),
        (ids.luhn_check_digit, "12a"),
        (ids.organisation_code_check_character, "6000373"),
        (ids.organisation_code_check_character, "6000373a"),
    ],
)
def test_check_character_of_another_form_is_refused(
    compute: Callable[[str], str], text: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        compute(text)
    assert refusal.value.code == "identifier_format"
    assert not text or text not in refusal.value.sentence  # S11: no personal data in error texts.


# --- the published cases ------------------------------------------------------------------------


def test_published_cases(shared: Path) -> None:
    cases = json.loads((shared / "data/expected/identifiers-cn.json").read_text("utf-8"))["cases"]
    answered = 0
    for case in cases:
        judge, canonical = {
            "uscc": (ids.is_uscc, ids.canonical_uscc),
            "resident id": (ids.is_citizen_id, ids.canonical_citizen_id),
        }[case["kind"]]
        if "normalised" in case:
            assert canonical(case["value"]) == case["normalised"]
        elif isinstance(case.get("valid"), list):
            assert [v for v in case["valid"] if not judge(v)] == []
            assert ids.valid_uscc(pa.array(case["valid"])).to_pylist() == [True] * len(
                case["valid"]
            )
            answered += len(case["valid"]) - 1
        else:
            assert judge(case["value"]) is case.get("valid", False)
            assert (canonical(case["value"]) is not None) is case.get("valid", False)
        answered += 1
    assert answered >= 100


# --- one value ----------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [" ", "\u200b", "\n"])
def test_exact_judgement_takes_no_other_spelling(change: str) -> None:
    assert ids.is_uscc(GOOD_USCC)
    assert ids.is_citizen_id(GOOD_CITIZEN)
    assert not ids.is_uscc(GOOD_USCC + change)
    assert not ids.is_uscc(GOOD_USCC.lower())
    assert not ids.is_citizen_id(GOOD_CITIZEN + change)
    assert not ids.is_citizen_id(GOOD_CITIZEN.lower())
    assert not ids.is_mobile("13800138000" + change)


def test_digits_of_other_scripts_are_no_digits() -> None:
    assert not ids.is_mobile("1380013800٠")
    assert not ids.is_bank_card("622202120000000000٠")
    assert not ids.is_citizen_id("１１010519491231002X")


@pytest.mark.parametrize("position", range(18))
def test_every_single_changed_character_is_found(position: int) -> None:
    for character in ids.USCC_ALPHABET:
        changed = GOOD_USCC[:position] + character + GOOD_USCC[position + 1 :]
        assert ids.is_uscc(changed) is (character == GOOD_USCC[position])
    for character in "0123456789X":
        changed = GOOD_CITIZEN[:position] + character + GOOD_CITIZEN[position + 1 :]
        assert ids.is_citizen_id(changed) is (character == GOOD_CITIZEN[position])


@pytest.mark.parametrize("first", ["A", "N", "Y"])
def test_registration_departments_written_as_letters(first: str) -> None:
    first17 = first + "2110000MA0000001"
    assert ids.is_uscc(first17 + ids.uscc_check_character(first17))


@pytest.mark.parametrize(
    "day", ["20230229", "19000229", "20231301", "20230001", "20230100", "18491231"]
)
def test_a_day_that_never_was_is_no_citizen_number(day: str) -> None:
    first17 = "139901" + day + "123"
    number = first17 + ids.citizen_id_check_character(first17)
    assert not ids.is_citizen_id(number)
    assert ids.valid_citizen_id(pa.array([number])).to_pylist() == [False]


@pytest.mark.parametrize("day", ["20240229", "20000229", "18500101", "20991231"])
def test_a_day_that_was_is_accepted(day: str) -> None:
    first17 = "139901" + day + "123"
    number = first17 + ids.citizen_id_check_character(first17)
    assert ids.is_citizen_id(number)
    assert ids.valid_citizen_id(pa.array([number])).to_pylist() == [True]


def test_bank_card_lengths_and_first_digits() -> None:
    for length in range(12, 22):
        for first in "0123456789":
            body = first + "2" * (length - 2)
            card = body + ids.luhn_check_digit(body)
            assert ids.is_bank_card(card) is (16 <= length <= 19 and first in "34569")


# --- the one spelling ---------------------------------------------------------------------------

TEN_SPELLINGS = [
    lambda s: s.lower(),
    lambda s: "".join(chr(ord(c) + 0xFEE0) for c in s),
    lambda s: f"{s[:2]} {s[2:8]} {s[8:]}",
    lambda s: "-".join((s[:8], s[8:17], s[17:])),
    lambda s: f"{s[:9]}\u200b{s[9:]}",
    lambda s: s + "\u00a0",
    lambda s: "\u3000" + s,
    lambda s: "\ufeff" + s,
    lambda s: f"\t{s}\r\n",
    lambda s: f"{s[:6]}\u2014{s[6:]}",
]


@pytest.mark.parametrize("spell", TEN_SPELLINGS)
def test_ten_spellings_are_one(spell: Callable[[str], str]) -> None:
    assert spell(GOOD_USCC) != GOOD_USCC
    assert ids.canonical_uscc(spell(GOOD_USCC)) == GOOD_USCC
    assert ids.canonical_citizen_id(spell(GOOD_CITIZEN)) == GOOD_CITIZEN


@pytest.mark.parametrize(
    "text", ["", "无", "9111000060003734IL", GOOD_USCC[:-1] + "M", GOOD_USCC * 2]
)
def test_what_spells_no_code_gives_none(text: str) -> None:
    assert ids.canonical_uscc(text) is None
    assert ids.canonical_citizen_id(text) is None


def test_old_citizen_numbers() -> None:
    old = GOOD_CITIZEN[:6] + GOOD_CITIZEN[8:17]
    assert ids.canonical_citizen_id(old) == GOOD_CITIZEN
    assert ids.canonical_citizen_id(f"{old[:6]} {old[6:12]}-{old[12:]}") == GOOD_CITIZEN
    assert ids.canonical_citizen_id(old[:12] + "995") is not None
    for century_unknown in ("996", "997", "998", "999"):
        assert ids.canonical_citizen_id(old[:12] + century_unknown) is None
    assert ids.canonical_citizen_id(old[:6] + "491331" + "002") is None


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("临澜（华东）科技 有限公司", "临澜(华东)科技有限公司"),
        (" 临澜\u3000港口\u200b有限公司\u00a0", "临澜港口有限公司"),
        ("阿依古丽•买买提商行", "阿依古丽·买买提商行"),
        ("ＡＢＣ贸易公司", "ABC贸易公司"),
    ],
)
def test_names(written: str, canonical: str) -> None:
    assert ids.canonical_name(written) == canonical


@pytest.mark.parametrize(
    ("old", "public"),
    [
        (b"\xfe\x59", "\u9fb4"),
        (b"\xa8\xbc", "\u1e3f"),
        (b"\xa6\xf3", "\ufe19"),
        (b"\xfe\xa0", "\u9fbb"),
    ],
)
def test_characters_of_the_new_standard_are_one_whoever_decoded_them(
    old: bytes, public: str
) -> None:
    """GB 18030-2022 moved them out of the private use area, where this codec still puts them."""
    private = old.decode("gb18030")
    assert 0xE000 <= ord(private) <= 0xF8FF
    assert ids.canonical_name(private + "记商行") == public + "记商行"
    assert len(ids._GB18030) == len(set(ids._GB18030.values())) == 19
    assert ids.canonical_text("\ue000") == "\ue000"  # What a city made for itself stays.


def test_look_alikes_in_names_stay_apart() -> None:
    assert ids.canonical_name("己未商行") != ids.canonical_name("已未商行")
    assert ids.canonical_name("①号店") == "①号店"  # NFKC would merge it with 1号店.


@QUICK
@given(st.text())
def test_canonical_spelling_is_stable(text: str) -> None:
    for canonical in (ids.canonical_text, ids.canonical_name):
        assert canonical(canonical(text)) == canonical(text)


# --- whole columns ------------------------------------------------------------------------------

COLUMN_AND_VALUE = {
    ids.valid_uscc: ids.is_uscc,
    ids.valid_citizen_id: ids.is_citizen_id,
    ids.valid_bank_card: ids.is_bank_card,
    ids.valid_mobile: ids.is_mobile,
}


def numbers() -> st.SearchStrategy[str | None]:
    """Draw values at and around the border of validity, so that both answers are common."""
    digits = st.text("0123456789", min_size=15, max_size=18)
    return st.one_of(
        st.none(),
        st.text(max_size=20),
        st.text("0123456789X/:ANY" + chr(0xFF11), min_size=18, max_size=18),
        st.text("13456789", min_size=11, max_size=11),
        st.text(ids.USCC_ALPHABET, min_size=9, max_size=9).map(
            lambda s: (c := "91139901" + s) + ids.uscc_check_character(c)
        ),
        st.builds(
            lambda d, n: (
                (c := "139901" + d.isoformat().replace("-", "") + f"{n:03d}")
                + ids.citizen_id_check_character(c)
            ),
            st.dates(),
            st.integers(0, 999),
        ),
        digits.map(lambda s: (c := "6" + s) + ids.luhn_check_digit(c)),
        digits.map(lambda s: "6" + s + "0"),
    )


@settings(deadline=None, max_examples=200)
@given(
    st.lists(numbers(), max_size=30),
    st.integers(0, 5),
    st.sampled_from(["string", "large_string", "string_view"]),
)
def test_columns_answer_as_the_scalars(values: list[str | None], skip: int, layout: str) -> None:
    column = pa.array(values, pa.string()).cast(layout).slice(skip)
    for over_column, over_value in COLUMN_AND_VALUE.items():
        expected = [None if v is None else over_value(v) for v in values[skip:]]
        assert over_column(column).to_pylist() == expected
        assert over_column(column.cast("string").dictionary_encode()).to_pylist() == expected
        assert over_column(pa.chunked_array([column, column])).to_pylist() == expected * 2


def test_an_empty_column_and_other_types() -> None:
    assert ids.valid_uscc(pa.chunked_array([], pa.string())).to_pylist() == []
    assert ids.valid_uscc(pa.array([], pa.string())).to_pylist() == []
    assert ids.valid_uscc(pa.nulls(2, pa.string())).to_pylist() == [None, None]
    with pytest.raises(TypeError, match="int64"):
        ids.valid_uscc(pa.array([911100006000373410]))


def test_columns_longer_than_one_working_set() -> None:
    values = [GOOD_USCC, "x", GOOD_USCC[:-1] + "M"] * 50_000
    assert ids.valid_uscc(pa.array(values)).to_pylist() == [True, False, False] * 50_000


def test_columns_are_fast_enough_to_scan_everything() -> None:
    """A floor far under the measured rate: a change that falls back to Python goes red."""
    rng = np.random.default_rng(1)
    column = pa.array([str(n) for n in rng.integers(10**17, 10**18, 400_000)])
    for judge in (ids.valid_uscc, ids.valid_citizen_id):
        start = time.perf_counter()
        judge(column)
        assert len(column) / (time.perf_counter() - start) > 1_000_000
