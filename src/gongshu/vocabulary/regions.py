"""Administrative divisions as code prefixes.

A division code is hierarchical: two digits of province, two of prefecture, two of county
(GB/T 2260), three of township (GB/T 10114). So a region is the prefix of all the codes inside it
— "33" is Zhejiang, "3301" Hangzhou — and a code lies in a region when it begins with it. Retired
codes live on in old records and keep their prefix, which is why no list of counties is needed here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from types import MappingProxyType

PROVINCES: Mapping[str, str] = MappingProxyType(
    {
        "11": "北京市",
        "12": "天津市",
        "13": "河北省",
        "14": "山西省",
        "15": "内蒙古自治区",
        "21": "辽宁省",
        "22": "吉林省",
        "23": "黑龙江省",
        "31": "上海市",
        "32": "江苏省",
        "33": "浙江省",
        "34": "安徽省",
        "35": "福建省",
        "36": "江西省",
        "37": "山东省",
        "41": "河南省",
        "42": "湖北省",
        "43": "湖南省",
        "44": "广东省",
        "45": "广西壮族自治区",
        "46": "海南省",
        "50": "重庆市",
        "51": "四川省",
        "52": "贵州省",
        "53": "云南省",
        "54": "西藏自治区",
        "61": "陕西省",
        "62": "甘肃省",
        "63": "青海省",
        "64": "宁夏回族自治区",
        "65": "新疆维吾尔自治区",
        "71": "台湾省",
        "81": "香港特别行政区",
        "82": "澳门特别行政区",
    }
)
"""Province-level divisions by the first two digits of the code. Source: GB/T 2260."""

_CODE = re.compile(r"[0-9]{2}(?:[0-9]{2}(?:[0-9]{2}(?:[0-9]{3})?)?)?")
_LOWER_LEVELS = ((6, 9), (4, 6), (2, 4))


def is_region(code: str) -> bool:
    """Return whether `code` is a prefix or code of 2, 4, 6 or 9 digits in a known province."""
    return _CODE.fullmatch(code) is not None and code[:2] in PROVINCES


def prefix_of(code: str) -> str:
    """Return the shortest prefix that means the same region: "330100" becomes "3301".

    Zeros fill up a code whose lower levels are not named. Raises `ValueError` for no region.
    """
    if not is_region(code):
        raise ValueError(f"not a division code: {code!r}")
    prefix = code
    for start, end in _LOWER_LEVELS:
        if prefix[start:] == "0" * (end - start):
            prefix = prefix[:start]
    return prefix


def covers(prefixes: Collection[str], code: str) -> bool:
    """Return whether the region `code` lies wholly in one of the regions `prefixes`.

    A county lies in its province; a province does not lie in its counties, not even in all of
    them together. No prefixes cover nothing.
    """
    return code.startswith(tuple(prefixes))


def province_of(code: str) -> str | None:
    """Return the name of the province of a division code or prefix, or None when unknown."""
    return PROVINCES.get(code[:2])


def region_label(code: str) -> str:
    """Return a region as a person reads it: the province and, below it, the code."""
    province = province_of(code)
    if province is None:
        return code
    return province if len(code) == 2 else f"{province}（{code}）"
