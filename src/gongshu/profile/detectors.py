"""Finds identifiers by their values: guard, pattern, check digit, and the rate against chance."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gongshu.profile.chance import consecutive, more_than_chance
from gongshu.profile.model import Finding, FindingKind
from gongshu.vocabulary import identifiers


@dataclass(frozen=True, slots=True)
class Detector:
    """How one kind of identifier is recognised.

    `lengths` are byte lengths (the guard); `pattern` is a regular expression for the whole value;
    `judge` gives the check over an array; `baseline` is the share of pattern-shaped random values
    that pass, `odds` the same for a sentence; `header` matches column names that announce the kind.
    """

    kind: FindingKind
    lengths: tuple[int, ...]
    pattern: str
    judge: Callable[[Any], Any]
    is_one: Callable[[str], bool]
    baseline: float
    odds: str
    check: str | None
    header: re.Pattern[str]


DETECTORS: Final = (
    Detector(
        kind=FindingKind.citizen_id,
        lengths=(18,),
        pattern=identifiers.CITIZEN_ID_PATTERN,
        judge=identifiers.valid_citizen_id,
        is_one=identifiers.is_citizen_id,
        baseline=1 / 11,
        odds="1/11",
        check="GB 11643",
        header=re.compile(
            "身份证(?!件?(?:种类|类型|类别))|公民身份|身份号码|(?<!许可)(?<!资格)证件号"
        ),
    ),
    Detector(
        kind=FindingKind.uscc,
        lengths=(18,),
        pattern=identifiers.USCC_PATTERN,
        judge=identifiers.valid_uscc,
        is_one=identifiers.is_uscc,
        baseline=1 / 31,
        odds="1/31",
        check="GB 32100",
        header=re.compile("社会信用代码|信用代码|纳税人识别号|行政相对人代码"),
    ),
    Detector(
        kind=FindingKind.bank_card,
        lengths=(16, 17, 18, 19),
        pattern=identifiers.BANK_CARD_PATTERN,
        judge=identifiers.valid_bank_card,
        is_one=identifiers.is_bank_card,
        baseline=1 / 10,
        odds="1/10",
        check="Luhn",
        header=re.compile("银行卡|储蓄卡|借记卡|信用卡|(收款|银行|发放)(账|帐)(号|户)"),
    ),
    Detector(
        kind=FindingKind.mobile,
        lengths=(11,),
        pattern="[0-9]{11}",
        judge=identifiers.valid_mobile,
        is_one=identifiers.is_mobile,
        baseline=0.07,
        odds="7%",
        check=None,
        header=re.compile("手机(?!品牌|型号|类型|系统|厂商|数|应用)|移动电话"),
    ),
)
_EMBEDDED: Final = {
    FindingKind.citizen_id: re.compile("(?<![0-9A-Za-z])[0-9]{17}[0-9Xx](?![0-9A-Za-z])"),
    FindingKind.mobile: re.compile("(?<![0-9A-Za-z])1[3-9][0-9]{9}(?![0-9A-Za-z])"),
}
_COVERED: Final = re.compile(r"[0-9]{1,10}[*＊●×]{3,}[0-9]{0,6}[0-9Xx]?")


@dataclass(frozen=True, slots=True)
class Tally:
    """How many values were tested, have the form, and pass the check."""

    tested: int = 0
    hits: int = 0
    passed: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.tested + other.tested, self.hits + other.hits, self.passed + other.passed)


def tally(array: Any, detector: Detector, counts: Any = None) -> Tally:
    """Count over a pyarrow string array; nulls are not tested.

    With `counts` the array holds different values, and each stands for so many rows.
    """
    if counts is None:
        array = array.drop_null()
        counts = pa.array(np.ones(len(array), dtype=np.int64))
    lengths = pc.binary_length(array)
    guard = pc.is_in(lengths, pa.array(detector.lengths, lengths.type))
    tested = pc.sum(counts).as_py() or 0
    guarded, counts = array.filter(guard), counts.filter(guard)
    if len(guarded) == 0:
        return Tally(tested)
    formed = pc.match_substring_regex(guarded, rf"\A(?:{detector.pattern})\z")
    guarded, counts = guarded.filter(formed), counts.filter(formed)
    passed = counts.filter(detector.judge(guarded))
    return Tally(tested, pc.sum(counts).as_py() or 0, pc.sum(passed).as_py() or 0)


def find(
    detector: Detector, header: str, whole: Tally, sample: tuple[Sequence[str], Sequence[str]]
) -> tuple[Finding, ...]:
    """Judge one column by all its values as written (`whole`) and by some of them (`sample`).

    The sample comes as written and by `compact_identifier`, in parallel.

    A header that announces the kind lowers the bar to one valid value; announced and not found is
    reported as well, because covered or encrypted identifiers are identifiers.
    """
    announced = bool(detector.header.search(header))
    written, undone = sample
    found = tally(pa.array(undone, pa.string()), detector)
    respelled = sum(
        1
        for before, after in zip(written, undone, strict=True)
        if before != after and detector.is_one(after)
    )
    strong = any(
        more_than_chance(t.passed, t.hits, detector.baseline) or (announced and t.passed > 0)
        for t in (whole, found)
    )
    like = [one for one in undone if detector.is_one(one)] if detector.check is None else []
    if not announced and consecutive(like):
        return ()  # A number without a check that is counted out is a serial, not a telephone's.
    if strong:
        return (_found(detector, whole, respelled, len(written)),)
    inside = _embedded(detector, written)
    if inside is not None:
        return (inside,)
    return (_announced(detector, header, whole, written),) if announced else ()


def _found(detector: Detector, whole: Tally, respelled: int, sampled: int) -> Finding:
    zh, tested = detector.kind.zh, f"共检{whole.tested:,}个值"
    if detector.check is None:
        hits, passed = whole.passed, None
        said = f"{tested}，{hits:,}个具有{zh}的形式（随机的11位数字约{detector.odds}）"
    else:
        hits, passed = whole.hits, whole.passed
        rate = f"{passed / hits:.1%}，" if hits else ""
        said = (
            f"{tested}，{hits:,}个具有{zh}的形式，其中{passed:,}个通过{detector.check}校验"
            f"（{rate}随机约{detector.odds}）"
        )
    if respelled:
        said += f"；抽检{sampled:,}个值，另有{respelled:,}个以全角、空格、连字符等写法出现"
    return Finding(
        kind=detector.kind,
        hits=hits,
        tested=whole.tested,
        checksum_passed=passed,
        random_baseline=detector.baseline,
        sentence=said + "。",
        respelled=respelled,
    )


def _embedded(detector: Detector, sample: Sequence[str]) -> Finding | None:
    """Look for identifiers inside longer text.

    One valid citizen number is enough: a random 18-digit number passes date and check about once
    in ten thousand. A mobile number has no check, so three are asked for.
    """
    pattern = _EMBEDDED.get(detector.kind)
    if pattern is None:
        return None
    hits = sum(
        any(detector.is_one(match.upper()) for match in pattern.findall(text))
        for text in sample
        if len(text) > max(detector.lengths)
    )
    if hits < (1 if detector.check else 3):
        return None
    passing = f"且通过{detector.check}校验" if detector.check else ""
    return Finding(
        kind=detector.kind,
        hits=hits,
        tested=len(sample),
        checksum_passed=hits if detector.check else None,
        random_baseline=detector.baseline,
        sentence=(
            f"抽检{len(sample):,}个值，{hits:,}个文本中夹带{detector.kind.zh}{passing}，"
            "请先从文本中去除再共享或开放。"
        ),
        embedded=True,
    )


def _announced(detector: Detector, header: str, whole: Tally, sample: Sequence[str]) -> Finding:
    covered = sum(bool(_COVERED.fullmatch(value.strip())) for value in sample)
    if covered:
        told = f"抽检{len(sample):,}个值，{covered:,}个已部分遮盖"
    elif whole.tested:
        told = f"共检{whole.tested:,}个值，没有一个符合{detector.kind.zh}的形式和校验"
    else:
        told = "该列没有值"
    return Finding(
        kind=detector.kind,
        hits=0,
        tested=whole.tested,
        checksum_passed=None if detector.check is None else 0,
        random_baseline=detector.baseline,
        sentence=f"表头“{header}”表明是{detector.kind.zh}；{told}，按表头从严处理，请核对。",
    )
