"""Invented names: districts, firms, people. Our own short lists, no directory of anybody real."""

from __future__ import annotations

from math import gcd
from typing import Final

import numpy as np

CITY: Final = "临澜市"

# The last district is so small that its cells fall under any minimum number of subjects.
DISTRICTS: Final = (
    ("139901", "澜东区", 0.24),
    ("139902", "澜西区", 0.20),
    ("139903", "望港区", 0.17),
    ("139904", "青屿区", 0.13),
    ("139905", "云浦区", 0.118),
    ("139906", "石溪县", 0.09),
    ("139907", "松湾县", 0.05),
    ("139908", "鸥岛新区", 0.002),
)

# Section of GB/T 4754, share of firms, words for the line of business, does it need a licence.
INDUSTRIES: Final = (
    ("农、林、牧、渔业", 0.04, ("农业", "水产", "林果", "牧业"), False),
    ("采矿业", 0.01, ("矿业", "砂石", "石材"), True),
    ("制造业", 0.22, ("机械", "化工", "食品", "纺织", "电子", "精密铸造"), True),
    ("电力、热力、燃气及水生产和供应业", 0.01, ("热力", "燃气", "电力"), True),
    ("建筑业", 0.10, ("建设", "安装工程", "装饰工程", "路桥"), True),
    ("批发和零售业", 0.27, ("商贸", "贸易", "百货", "五金"), False),
    ("交通运输、仓储和邮政业", 0.06, ("物流", "运输", "仓储", "港务"), True),
    ("住宿和餐饮业", 0.06, ("餐饮", "酒店管理"), False),
    ("信息传输、软件和信息技术服务业", 0.08, ("软件", "信息技术", "网络科技"), False),
    ("租赁和商务服务业", 0.08, ("咨询", "会展", "租赁"), False),
    ("科学研究和技术服务业", 0.04, ("检测技术", "工程设计", "新材料"), False),
    ("居民服务、修理和其他服务业", 0.03, ("家政服务", "汽车维修"), False),
)

_FIRST: Final = "恒瑞安泰华鼎昌隆盛丰宏远博达信诚金海新兴中天永嘉汇德广源正和康宁"
_SECOND: Final = "通达顺捷利源丰茂祥和泰兴隆昌荣盛辉煌宇航峰岭川泽林森阳明晟睿哲远"
_THIRD: Final = ("", "一", "百", "千", "万", "鑫", "润", "沃", "朗", "凯")
_FORMS: Final = ("有限公司", "有限责任公司", "股份有限公司")

_SURNAMES: Final = (
    "王李张刘陈杨黄赵周吴徐孙马朱胡林郭何高罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余"
)
_GIVEN: Final = (
    "伟芳娜敏静丽强磊洋艳勇军杰娟涛明超霞平刚桂英玉华文辉建国志红云鹏宁晨雨欣怡梓涵一诺子轩"
)


def person_names(rng: np.random.Generator, count: int) -> list[str]:
    """Draw `count` personal names of two or three characters; they may repeat, as real ones do."""
    surnames = rng.integers(0, len(_SURNAMES), count).tolist()
    first = rng.integers(0, len(_GIVEN), count).tolist()
    second = rng.integers(-len(_GIVEN) // 3, len(_GIVEN), count).tolist()
    return [
        _SURNAMES[s] + _GIVEN[a] + (_GIVEN[b] if b >= 0 else "")
        for s, a, b in zip(surnames, first, second, strict=True)
    ]


def enterprise_names(rng: np.random.Generator, industries: np.ndarray) -> list[str]:
    """Name every firm differently; `industries` are indices into `INDUSTRIES`.

    One firm in twelve carries a district in full-width brackets.
    """
    places = rng.integers(0, len(DISTRICTS) * 12, len(industries)).tolist()
    counters = rng.integers(0, 10**6, len(INDUSTRIES)).tolist()
    names = []
    for industry, place in zip(industries.tolist(), places, strict=True):
        bracket = f"（{DISTRICTS[place][1][:2]}）" if place < len(DISTRICTS) else ""
        names.append(_name(counters[industry], INDUSTRIES[industry][2], bracket))
        counters[industry] += 1
    return names


def _name(number: int, words: tuple[str, ...], bracket: str) -> str:
    """Spell the `number`-th name; a step coprime to their count visits each name once."""
    size = len(_FIRST) * len(_SECOND) * len(_THIRD) * len(words) * len(_FORMS)
    step = round(size * 0.618)
    while gcd(step, size) != 1:
        step += 1
    rest, first = divmod(number * step % size, len(_FIRST))
    rest, second = divmod(rest, len(_SECOND))
    rest, word = divmod(rest, len(words))
    form, third = divmod(rest, len(_THIRD))
    style = f"{_FIRST[first]}{_SECOND[second]}{_THIRD[third]}"
    return f"临澜{style}{bracket}{words[word]}{_FORMS[form]}"
