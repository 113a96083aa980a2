"""Kinds by their form: the bar, what the header changes, what only looks so, and how they rank."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from gongshu.profile import Finding, FindingKind, profile
from gongshu.profile.chance import consecutive
from gongshu.profile.headers import words_of
from gongshu.profile.proposals import _TREATMENTS
from gongshu.profile.shapes import find_shapes
from gongshu.vocabulary.levels import IdentifierClass

K = FindingKind


def kinds(header: str, values: list[str]) -> set[FindingKind]:
    """Return the kinds found by form."""
    return {found.kind for found in find_shapes(header, values)}


def proposed(columns: dict[str, list[str]], name: str) -> tuple[int, IdentifierClass]:
    """Return grade and identifier class proposed for a column."""
    proposal = profile(pa.table(columns)).column(name).proposal
    return proposal.grade, proposal.identifier


def test_half_of_a_column_must_have_the_form_and_a_tenth_where_the_header_says_so() -> None:
    """Below the bar nothing is said, above it the sentence gives the share."""
    plates = [f"京A{n:05d}" for n in range(50)]
    others = [f"车{n}" for n in range(51)]
    assert kinds("字段", plates + others) == set()
    assert kinds("字段", plates + others[:50]) == {K.plate}
    [found] = find_shapes("车牌号", plates[:6] + others)
    assert found.sentence == "表头“车牌号”表明是机动车号牌；抽检57个值，6个具有机动车号牌的形式。"
    assert kinds("车牌号", plates[:5] + others) == set()


def test_four_values_show_nothing_without_a_header() -> None:
    """A handful may be chance; words for nothing do not count."""
    assert kinds("字段", ["a@example.com"] * 4 + ["无", "/", "NULL"]) == set()
    assert kinds("字段", ["a@example.com"] * 5 + ["无", "/", "NULL"] * 9) == {K.email}
    assert kinds("邮箱", ["a@example.com"]) == {K.email}


@pytest.mark.parametrize(
    "values",
    [
        [f"1.{n}.0.{n % 9}" for n in range(30)],  # versions
        ["999.1.1.1", "1.1.1", "10.0.0.0.1", "::zz"] * 9,
        [f"a@b@{n}.cn" for n in range(30)],
        [f"0571-1{n:07d}" for n in range(0, 3_000_000, 99_999)],  # no number begins with 1
        [f"00:{n:02d}:30" for n in range(30)],
        [f"{n / 10:.4f},{n / 20:.4f}" for n in range(30)],  # no degrees of the country
        [f"京A{n}" for n in range(30)],
        ["解放路", "人民路"] * 20,
        [f"E{n}" for n in range(12_345_000, 12_345_030)],
        [f"{n:09d}" for n in range(100_000_000, 100_000_400, 7)],
    ],
)
def test_what_only_looks_like_it_is_not_reported(values: list[str]) -> None:
    """Versions, clocks, ratios, roads, serials."""
    assert kinds("字段", values) == set()


def test_numbers_counted_out_are_no_subscribers() -> None:
    """Consecutive numbers are serials; nine are too few to tell; a header overrules."""
    assert consecutive([str(n) for n in range(100, 300, 3)])
    assert not consecutive([str(n) for n in range(9)])
    assert not consecutive([str(n) for n in range(0, 10**6, 10**4)])
    numbers = [str(n) for n in range(13_900_000_000, 13_900_000_050)]
    found = profile(pa.table({"字段": numbers, "手机号": numbers}))
    assert found.column("字段").findings == ()
    assert K.mobile in {one.kind for one in found.column("手机号").findings}


def test_goods_and_places_that_begin_like_a_surname_are_no_names() -> None:
    """They repeat, end like places, and have no Wangs; persons have a third of five surnames."""
    goods = ["黄瓜", "白菜", "石榴", "马桶", "温度计", "金针菇"] * 30
    assert kinds("字段", goods) == set()
    assert kinds("字段", ["江宁区", "高新区", "东湖区", "黄陂区"] * 30) == set()
    rare = [f"{a}{b}{c}" for a in "麻巫麦" for b in "一二三四五六" for c in "甲乙丙丁"]
    assert kinds("字段", rare) == set()
    people = [f"{a}{b}" for a in "王李张刘陈杨赵黄周吴" for b in "伟芳娜敏静丽强磊"]
    [found] = find_shapes("字段", people)
    assert found.kind is K.person_name and "五姓占50%" in found.sentence
    assert kinds("物料编号", people) == set()


def test_a_lone_name_is_a_persons_beside_other_words_of_persons_only() -> None:
    """Power plants have names too."""
    names = ["Blue River", "North Hill", "Green Field"] * 10
    plants = profile(pa.table({"name": names, "capacity": ["1"] * 30}))
    assert plants.column("name").findings == ()
    people = profile(pa.table({"name": names, "email": ["a@example.com"] * 30}))
    assert [one.kind for one in people.column("name").findings] == [K.person_name]


def test_headers_are_read_as_words() -> None:
    """Camels and underscores part words; a word inside another is none."""
    assert words_of("StreetAddress") == "street address"
    assert words_of("id_card.no*") == "id card no"
    rows = ["1"] * 30
    found = profile(
        pa.table({"page": rows, "message": rows, "platform": rows, "EmailVerified": rows})
    )
    assert all(column.findings == () for column in found.columns)


def test_every_kind_has_its_treatment() -> None:
    """Whatever can be found can be graded."""
    assert set(_TREATMENTS) == set(FindingKind)


@pytest.mark.clause("gbt43697-h")
def test_secrets_are_of_the_gravest_grade_in_any_table() -> None:
    """A password opens the rest, whoever the row is about; an address of the network is grade 2."""
    rng = np.random.default_rng(3)
    ips = [".".join(map(str, row)) for row in rng.integers(40, 250, (40, 4)).tolist()]
    columns = {"设备": [f"d{n}" for n in range(40)], "口令": ["x"] * 40, "地址1": ips}
    assert proposed(columns, "口令") == (4, IdentifierClass.sensitive)
    assert proposed(columns, "地址1") == (2, IdentifierClass.quasi)
    assert proposed(columns | {"护照号": ["E12345678"] * 40}, "地址1")[0] == 3


def test_organisation_codes_pass_by_more_than_chance() -> None:
    """Every code passes; of random nine-digit numbers one in eleven does, which is no finding."""
    rng = np.random.default_rng(4)
    random = [str(n) for n in rng.integers(10**8, 10**9, 2_000)]
    assert K.organisation_code not in kinds("字段", random)
    from gongshu.vocabulary.identifiers import organisation_code_check_character as check

    codes = [n[:8] + check(n[:8]) for n in random]
    found: Finding
    [found] = [one for one in find_shapes("字段", codes) if one.kind is K.organisation_code]
    assert (found.checksum_passed, found.random_baseline) == (2_000, 1 / 11)
    assert "（100.0%，随机约1/11）" in found.sentence
