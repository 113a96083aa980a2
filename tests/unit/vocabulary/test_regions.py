"""Regions are prefixes; judged by the published division codes where they are at hand."""

import csv

import pytest

from gongshu.vocabulary.regions import (
    PROVINCES,
    covers,
    is_region,
    prefix_of,
    province_of,
    region_label,
)


@pytest.mark.parametrize(
    ("prefixes", "code", "expected"),
    [
        ({"33"}, "330106", True),
        ({"33"}, "33", True),
        ({"3301"}, "330106", True),
        ({"3301", "3302"}, "3302", True),
        ({"330106"}, "330106", True),
        ({"330106"}, "330106001", True),
        ({"3301"}, "33", False),
        ({"3301"}, "330000", False),
        ({"330106"}, "3301", False),
        ({"330106"}, "330100", False),
        ({"3301"}, "3310", False),
        ({"33"}, "13", False),
        (set(), "33", False),
    ],
)
def test_a_region_lies_in_its_prefix_only(prefixes, code, expected):
    assert covers(prefixes, code) is expected


@pytest.mark.parametrize(
    ("code", "prefix"),
    [
        ("330000", "33"),
        ("330100", "3301"),
        ("330106", "330106"),
        ("330106000", "330106"),
        ("330106001", "330106001"),
        ("3300", "33"),
        ("33", "33"),
        ("500000", "50"),
        ("110100", "1101"),
        ("330010", "330010"),
        ("330001", "330001"),
    ],
)
def test_filling_zeros_are_no_region(code, prefix):
    assert prefix_of(code) == prefix


@pytest.mark.parametrize(
    "code", ["", "3", "330", "33010", "99", "3301AB", "３３", "3301060", " 33"]
)
def test_what_is_no_division_code(code):
    assert not is_region(code)
    with pytest.raises(ValueError, match="division code"):
        prefix_of(code)


def test_labels_name_the_province():
    assert region_label("33") == "浙江省"
    assert region_label("3301") == "浙江省（3301）"
    assert region_label("99") == "99"
    assert province_of("650102") == "新疆维吾尔自治区"
    assert province_of("99") is None


def test_the_provinces_are_those_of_the_published_list(shared):
    with (shared / "data/divisions/provinces.csv").open(encoding="utf-8") as file:
        published = {row["code"]: row["name"] for row in csv.DictReader(file)}
    ours = {code: name for code, name in PROVINCES.items() if code not in {"71", "81", "82"}}
    assert ours == published


def test_every_published_county_lies_in_its_city_and_province_and_in_no_other(shared):
    with (shared / "data/divisions/areas.csv").open(encoding="utf-8") as file:
        counties = list(csv.DictReader(file))
    assert len(counties) > 2900
    for county in counties:
        assert is_region(county["code"])
        assert covers({county["provinceCode"]}, county["code"])
        assert covers({county["cityCode"]}, county["code"])
        assert not covers(set(PROVINCES) - {county["provinceCode"]}, county["code"])
