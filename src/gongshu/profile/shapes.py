"""Finds kinds that have a form but no check digit for most: by the share of a sample that has it.

A form alone may be chance, so each kind has a bar: the share of the sampled values that must have
it. A header that announces the kind lowers the bar; a header that announces a number of another
kind (order, batch, file) raises it beyond reach where the form is weak.
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from gongshu.profile.chance import consecutive, more_than_chance
from gongshu.profile.headers import words_of
from gongshu.profile.lexicon import (
    COMMON,
    COMPOUND,
    FILLERS,
    NO_NAME,
    PROVINCES,
    SURNAMES,
    TOP_FIVE,
)
from gongshu.profile.model import Finding, FindingKind
from gongshu.vocabulary.identifiers import organisation_code_check_character

_ANNOUNCED: Final = 0.1  # So much of a column is enough where the header says what it is.
_LEAST: Final = 5
_HAN: Final = "一-鿿㐀-䶿"
_NOWHERE: Final = re.compile("(?!)")
_OTHER_NUMBER: Final = re.compile("编号|文号|单号|流水|序号|批次|批号|档案|资产|物料|版本|章节")


@dataclass(frozen=True, slots=True)
class Shape:
    """How one kind is recognised: `guard` is cheap and never wrong, `judge` decides.

    `share` of the sampled values must have the form (None: only where the header announces it).
    Of a kind that is `counted`, consecutive numbers are serials of something else.
    """

    kind: FindingKind
    header: re.Pattern[str]
    guard: Callable[[str], bool]
    judge: Callable[[str], bool]
    share: float | None
    counted: bool = False


def find_shapes(header: str, sample: Sequence[str]) -> tuple[Finding, ...]:
    """Find the kinds whose form the sampled texts have; they come as written.

    Words for "nothing" do not count. Fewer than five values show a form only by their header.
    """
    texts = [one for text in sample if (one := text.strip(_AROUND)) and one not in FILLERS]
    found: dict[FindingKind, Finding] = {}
    judged = [_judged(shape, header, texts) for shape in SHAPES]
    for finding in (*judged, _names(header, texts)):
        if finding is not None:
            found.setdefault(finding.kind, finding)
    return (*found.values(), *_organisations(header, texts))


def _judged(shape: Shape, header: str, texts: Sequence[str]) -> Finding | None:
    announced = bool(shape.header.search(words_of(header)))
    if not announced and (shape.share is None or _OTHER_NUMBER.search(header)):
        return None
    formed = [text for text in texts if shape.guard(text) and shape.judge(text)]
    if shape.counted and not announced and consecutive([re.sub(r"\D", "", t) for t in formed]):
        return None
    hits = len(formed)
    bar = _ANNOUNCED if announced else shape.share or 1.0
    least = 1 if announced else _LEAST
    if hits < least or hits < bar * len(texts):
        return None
    zh = shape.kind.zh
    told = f"抽检{len(texts):,}个值，{hits:,}个具有{zh}的形式。"
    if announced:
        told = f"表头“{header}”表明是{zh}；抽检{len(texts):,}个值，{hits:,}个具有{zh}的形式。"
    return _finding(shape.kind, hits, len(texts), told)


def _organisations(header: str, texts: Sequence[str]) -> tuple[Finding, ...]:
    """Find organisation codes by their check: one of eleven passes by chance."""
    formed = [m.group(1) + m.group(2) for text in texts if (m := _ORGANISATION.fullmatch(text))]
    passed = sum(organisation_code_check_character(code[:8]) == code[8] for code in formed)
    announced = bool(_CODE_HEADER.search(header)) and passed > 0
    if not announced and not more_than_chance(passed, len(formed), 1 / 11):
        return ()
    zh = FindingKind.organisation_code.zh
    told = (
        f"抽检{len(texts):,}个值，{len(formed):,}个具有{zh}的形式，其中{passed:,}个"
        f"通过GB 11714校验（{passed / len(formed):.1%}，随机约1/11）。"
    )
    return (Finding(FindingKind.organisation_code, len(formed), len(texts), passed, 1 / 11, told),)


def _names(header: str, texts: Sequence[str]) -> Finding | None:
    """Find names of persons where no header says so: surnames, and as many Wangs as in life.

    Goods and places begin with characters that are surnames too (黄瓜, 高新区); but they repeat,
    and the five commonest surnames, a third of all people, are rare among them.
    """
    if len(texts) < _LEAST * 4 or _OTHER_NUMBER.search(header):
        return None
    named = [text for text in texts if _NAME.fullmatch(text) and text[-1] not in NO_NAME]
    named = [text for text in named if text[0] in SURNAMES or text[:2] in COMPOUND]
    if len(named) < 0.8 * len(texts):
        return None
    different = set(named)
    firsts = Counter(text[0] for text in different)
    five = sum(firsts[one] for one in TOP_FIVE) / len(different)
    common = sum(firsts[one] for one in COMMON) / len(different)
    if len(different) < min(0.2 * len(named), 200) or five < 0.15 or common < 0.5:
        return None
    told = (
        f"抽检{len(texts):,}个值，{len(named):,}个以百家姓开头、为2至4个汉字，"
        f"王李张刘陈五姓占{five:.0%}（名册约占三成），应为个人姓名。"
    )
    return _finding(FindingKind.person_name, len(named), len(texts), told)


def _finding(kind: FindingKind, hits: int, tested: int, sentence: str) -> Finding:
    return Finding(
        kind=kind,
        hits=hits,
        tested=tested,
        checksum_passed=None,
        random_baseline=None,
        sentence=sentence,
    )


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.ASCII)
    return lambda text: compiled.fullmatch(text) is not None


def _is_address(text: str) -> bool:
    """Tell whether a text names a house, and a place or the part of the house."""
    return bool(_HOUSE.search(text) and (_PLACE.search(text) or _DOOR.search(text)))


def _is_old_citizen_id(text: str) -> bool:
    """Tell whether 15 digits have a day of birth where old numbers have it; chance: one in 27."""
    if not re.fullmatch("[1-8][0-9]{14}", text):
        return False
    month, day = int(text[8:10]), int(text[10:12])
    return 1 <= month <= 12 and 1 <= day <= 31


def _is_covered_name(text: str) -> bool:
    return text[0] in SURNAMES and _COVERED_NAME.fullmatch(text) is not None


def _is_ip(text: str) -> bool:
    """Tell whether a text is an address of the internet and not a version number: 1.2.0.11."""
    try:
        address = ipaddress.ip_address(re.sub(r"(?<=\d\.\d)(\d{0,2}):\d{1,5}$", r"\1", text))
    except ValueError:
        return False
    return address.version == 6 or any(part > 31 for part in address.packed)


def _is_point(text: str) -> bool:
    """Tell whether a text is a pair of degrees within the country's bounds, in either order."""
    one, other = (float(part) for part in re.split("[,，\\s]+", text.strip("()（）")))
    return _in_country(one, other) or _in_country(other, one)


def _in_country(longitude: float, latitude: float) -> bool:
    return 73 <= longitude <= 136 and 3 <= latitude <= 54


def _short(limit: int) -> Callable[[str], bool]:
    return lambda text: len(text) <= limit


_NAME: Final = re.compile(f"[{_HAN}][{_HAN}·]{{1,3}}")
_COVERED_NAME: Final = re.compile(f"[{_HAN}]{{1,2}}(?:[*＊×○]{{1,3}}[{_HAN}]?|某{{1,2}})")
_AROUND: Final = " \t\r\n\u3000\u00a0;；,，"
_DOOR: Final = re.compile("单元|室|栋|幢|楼|座")
_CODE_HEADER: Final = re.compile("机构代码")
_ORGANISATION: Final = re.compile(r"([0-9A-Z]{8})-?([0-9X])")
_PLACE: Final = re.compile("省|市|区|县|镇|乡|村|街道|州|旗")
_HOUSE: Final = re.compile(
    "(?:路|街|巷|弄|道|里|村|组|园|城|苑|湾)[^，。]{0,20}?"
    "[0-9０-９甲乙一二三四五六七八九十]+ ?(?:号|弄|栋|幢|座|组|单元|室)"
)
_POINT: Final = r"[(（]?-?[0-9]{1,3}\.[0-9]{2,}[,，\s]+-?[0-9]{1,3}\.[0-9]{2,}[)）]?"
_POINT_SHAPE: Final = re.compile(_POINT)
_CREDENTIAL: Final = (
    r"eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*"
    r"|(?:AKIA|LTAI)[0-9A-Za-z]{12,28}|\$2[aby]\$[0-9]{2}\$.{53}|gh[pousr]_[0-9A-Za-z]{36}"
)

_LANDLINE_HEADER: Final = re.compile("固定电话|固话|座机|办公电话|^电话|联系电话|传真")

SHAPES: Final = (
    Shape(
        FindingKind.citizen_id,
        _NOWHERE,
        lambda text: len(text) in (15, 18) and "*" in text,
        _matches(r"[1-8][0-9]{2,9}\*{5,12}[0-9]{1,4}[0-9Xx]"),
        0.5,
    ),
    Shape(FindingKind.citizen_id, _NOWHERE, lambda text: len(text) == 15, _is_old_citizen_id, 0.8),
    Shape(
        FindingKind.mobile,
        _NOWHERE,
        lambda text: len(text) == 11 and "*" in text,
        _matches(r"1[3-9][0-9]\*{3,6}[0-9]{2,5}"),
        0.5,
    ),
    Shape(FindingKind.person_name, _NOWHERE, _short(5), _is_covered_name, 0.6),
    Shape(
        FindingKind.person_name,
        _NOWHERE,
        lambda text: "·" in text and len(text) <= 20,
        _matches(f"[{_HAN}]{{2,8}}(?:·[{_HAN}]{{2,8}}){{1,3}}"),
        0.5,
    ),
    Shape(
        FindingKind.landline,
        _LANDLINE_HEADER,
        _short(24),
        _matches(r"\(?0(?:10|2[0-9]|[3-9][0-9]{2})[)-] ?[2-8][0-9]{6,7}(?:-[0-9]{1,6})?"),
        0.5,
        counted=True,
    ),
    Shape(  # Without anything between area and number only where the header says what it is.
        FindingKind.landline,
        _LANDLINE_HEADER,
        _short(12),
        _matches("0(?:10|2[0-9]|[3-9][0-9]{2})[2-8][0-9]{6,7}"),
        None,
    ),
    Shape(
        FindingKind.passport,
        re.compile("护照|passport"),
        _short(12),
        _matches("[A-Z]{1,2}[0-9]{7,8}"),
        None,
    ),
    Shape(
        FindingKind.plate,
        re.compile("车牌|号牌|plate"),
        _short(10),
        _matches(rf"[{PROVINCES}][A-HJ-NP-Z][·•\s-]?[A-HJ-NP-Z0-9]{{4,5}}[A-HJ-NP-Z0-9挂学警港澳]"),
        0.5,
    ),
    Shape(
        FindingKind.email,
        re.compile(r"邮箱|电子邮件|e ?mail"),
        lambda text: "@" in text and len(text) <= 254,
        _matches(r"[\w.+'-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"),
        0.5,
    ),
    Shape(
        FindingKind.ip,
        re.compile(r"(?<![a-z])ip(?![a-z])|srcip|dstip|ip ?addr"),
        lambda text: len(text) <= 45 and ("." in text or ":" in text),
        _is_ip,
        0.5,
    ),
    Shape(
        FindingKind.mac,
        re.compile(r"(?<![a-z])mac(?![a-z])|物理地址"),
        lambda text: len(text) == 17,
        _matches("(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}"),
        0.5,
    ),
    Shape(
        FindingKind.coordinates,
        re.compile("经纬|坐标|经度|纬度|coordinate|longitude|latitude|location"),
        lambda text: len(text) <= 48 and _POINT_SHAPE.fullmatch(text) is not None,
        _is_point,
        0.5,
    ),
    Shape(
        FindingKind.address,
        _NOWHERE,  # By its header it is found with the shape of `headers`.
        _short(200),
        _is_address,
        0.5,
    ),
    Shape(
        FindingKind.secret,
        _NOWHERE,
        lambda text: len(text) >= 16,
        _matches(_CREDENTIAL),
        0.1,
    ),
)
