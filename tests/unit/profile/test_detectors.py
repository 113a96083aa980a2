"""Findings by value: recall on planted identifiers, silence on chance, words for an official."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from gongshu.profile import Finding, FindingKind, profile
from gongshu.profile.detectors import more_than_chance
from gongshu.vocabulary import identifiers

BY_VALUE = {FindingKind.citizen_id, FindingKind.uscc, FindingKind.bank_card, FindingKind.mobile}


def citizen_ids(rng: np.random.Generator, count: int) -> list[str]:
    days = np.datetime64("1940-01-01") + rng.integers(0, 28_000, count).astype("timedelta64[D]")
    bodies = [
        f"139901{day.replace('-', '')}{n:03d}"
        for day, n in zip(days.astype(str).tolist(), rng.integers(0, 1000, count), strict=True)
    ]
    return [body + identifiers.citizen_id_check_character(body) for body in bodies]


def usccs(rng: np.random.Generator, count: int) -> list[str]:
    letters = np.array(list(identifiers.USCC_ALPHABET))[rng.integers(0, 31, (count, 9))]
    bodies = ["91139901" + "".join(row) for row in letters.tolist()]
    return [body + identifiers.uscc_check_character(body) for body in bodies]


def bank_cards(rng: np.random.Generator, count: int) -> list[str]:
    bodies = [f"621399{n:012d}" for n in rng.integers(0, 10**12, count).tolist()]
    return [body + identifiers.luhn_check_digit(body) for body in bodies]


def mobiles(rng: np.random.Generator, count: int) -> list[str]:
    return [f"154{n:08d}" for n in rng.integers(0, 10**8, count).tolist()]


MAKERS: dict[FindingKind, Callable[[np.random.Generator, int], list[str]]] = {
    FindingKind.citizen_id: citizen_ids,
    FindingKind.uscc: usccs,
    FindingKind.bank_card: bank_cards,
    FindingKind.mobile: mobiles,
}


def findings(values: list[str | None], header: str = "c") -> tuple[Finding, ...]:
    return profile(pa.table({header: pa.array(values, pa.string())})).column(header).findings


def kinds(values: list[str | None], header: str = "c") -> set[FindingKind]:
    return {found.kind for found in findings(values, header)}


@pytest.mark.parametrize("kind", sorted(BY_VALUE))
@pytest.mark.parametrize("count", [5, 12_000])
def test_each_kind_is_found_without_a_header(kind: FindingKind, count: int) -> None:
    [found] = findings(MAKERS[kind](np.random.default_rng(1), count))
    assert (found.kind, found.hits, found.tested) == (kind, count, count)
    assert found.checksum_passed == (None if kind is FindingKind.mobile else count)


@pytest.mark.parametrize("kind", sorted(BY_VALUE))
def test_a_few_among_many_others_are_found(kind: FindingKind) -> None:
    values: list[str | None] = [f"事项{n}" for n in range(20_000)]
    values[777::1000] = MAKERS[kind](np.random.default_rng(2), 20)
    [found] = findings(values)
    assert (found.kind, found.hits, found.tested) == (kind, 20, 20_000)


@pytest.mark.parametrize("kind", sorted(BY_VALUE))
def test_other_spellings_are_found_and_counted(kind: FindingKind) -> None:
    numbers = MAKERS[kind](np.random.default_rng(3), 300)
    spelled: list[str | None] = [f"{n[:4]} {n[4:]}\u00a0" for n in numbers]
    [found] = findings(spelled)
    assert (found.kind, found.hits, found.respelled) == (kind, 0, 300)
    assert "300个以全角、空格、连字符等写法出现" in found.sentence


def test_wrong_check_digits_are_told_apart() -> None:
    good = citizen_ids(np.random.default_rng(4), 1000)
    bad = [n[:-1] + ("1" if n[-1] != "1" else "2") for n in good[:50]]
    [found] = findings([*good[50:], *bad, None, "", "  "])
    assert (found.hits, found.tested, found.checksum_passed) == (1000, 1000, 950)
    assert found.random_baseline == pytest.approx(1 / 11)
    assert found.sentence == (
        "共检1,000个值，1,000个具有公民身份号码的形式，"
        "其中950个通过GB 11643校验（95.0%，随机约1/11）。"
    )


def random_shaped(rng: np.random.Generator, count: int, shape: str) -> list[str | None]:
    """Make numbers that have the form of an identifier but a random check."""
    if shape == "citizen":
        return [
            n[:17] + "0123456789X"[c]
            for n, c in zip(citizen_ids(rng, count), rng.integers(0, 11, count), strict=True)
        ]
    if shape == "uscc":
        return [
            n[:17] + identifiers.USCC_ALPHABET[c]
            for n, c in zip(usccs(rng, count), rng.integers(0, 31, count), strict=True)
        ]
    return [str(n) for n in rng.integers(10 ** (int(shape) - 1), 10 ** int(shape), count)]


@pytest.mark.parametrize("shape", ["citizen", "uscc", "11", "15", "16", "18"])
def test_chance_is_not_reported(shape: str) -> None:
    """Over 60 random columns per shape; at 1e-4 per test a single report is already unlikely."""
    rng = np.random.default_rng(5)
    reported = sum(bool(kinds(random_shaped(rng, 400, shape))) for _ in range(60))
    assert reported <= 1


def test_chance_bound_is_no_smaller_than_the_exact_binomial_tail() -> None:
    from math import comb

    for hits in (1, 3, 10, 40):
        for passed in range(hits + 1):
            tail = sum(
                comb(hits, k) * (1 / 11) ** k * (10 / 11) ** (hits - k)
                for k in range(passed, hits + 1)
            )
            if more_than_chance(passed, hits, 1 / 11):
                assert tail < 1e-4
    assert more_than_chance(5, 5, 1 / 11)
    assert not more_than_chance(3, 3, 1 / 11)
    assert not more_than_chance(0, 0, 1 / 11)


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("身份证号", "citizen_id"),
        ("统一社会信用代码", "uscc"),
        ("银行卡号", "bank_card"),
        ("手机号", "mobile"),
    ],
)
def test_one_value_is_enough_when_the_header_announces_it(header: str, kind: str) -> None:
    one: list[str | None] = [*MAKERS[FindingKind(kind)](np.random.default_rng(6), 1), "无"]
    assert FindingKind[kind] not in kinds(one)
    assert [f.hits for f in findings(one, header) if f.kind is FindingKind[kind]] == [1]


def test_covered_numbers_are_reported_by_the_header() -> None:
    covered: list[str | None] = [
        f"{n[:6]}********{n[14:]}" for n in citizen_ids(np.random.default_rng(7), 40)
    ]
    [found] = findings(covered, "证件号码")
    assert (found.kind, found.hits, found.checksum_passed) == (FindingKind.citizen_id, 0, 0)
    assert "40个已部分遮盖" in found.sentence
    [absent] = findings(["甲", "乙"], "身份证号码")
    assert "没有一个符合" in absent.sentence
    [empty] = findings([None, None], "身份证号码")
    assert "该列没有值" in empty.sentence


def test_permit_numbers_do_not_announce_citizens() -> None:
    assert kinds(["甲1", "乙2"], "许可证件号") == set()


def test_identifiers_inside_longer_text_are_found() -> None:
    number = citizen_ids(np.random.default_rng(8), 1)[0]
    text = f"申请人（身份证号：{number.lower()}）到场核验。"
    [found] = findings([text, "材料齐全，已受理，等待下一步处理通知。"])
    assert (found.kind, found.hits, found.embedded) == (FindingKind.citizen_id, 1, True)
    assert "夹带" in found.sentence
    wrong = text.replace(number.lower(), number[:-1] + ("1" if number[-1] != "1" else "2"))
    assert kinds([wrong]) == set()
    called: list[str | None] = [
        f"请拨打{m}联系经办同志办理" for m in mobiles(np.random.default_rng(9), 3)
    ]
    assert kinds(called) == {FindingKind.mobile}
    assert kinds(called[:2]) == set()


@pytest.mark.parametrize("layout", ["large_string", "string_view", "dictionary", "int64"])
def test_any_layout_of_a_column(layout: str) -> None:
    values = pa.array(mobiles(np.random.default_rng(10), 500))
    column = values.dictionary_encode() if layout == "dictionary" else values.cast(layout)
    [found] = profile(pa.table({"c": column})).column("c").findings
    assert (found.kind, found.hits, found.tested) == (FindingKind.mobile, 500, 500)


def test_a_profile_holds_no_value_of_the_data() -> None:
    rng = np.random.default_rng(11)
    table = pa.table(
        {"身份证号": citizen_ids(rng, 300), "手机": mobiles(rng, 300), "卡": bank_cards(rng, 300)}
    )
    written = json.dumps(profile(table).as_json(), ensure_ascii=False)
    assert "公民身份号码" in written
    assert not [v for column in table.columns for v in column.to_pylist() if v in written]
