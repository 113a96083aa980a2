"""Proposes category, level, grade, identifier class and subject, each with its reason.

The scheme: levels by the impact matrix of GB/T 43697-2024; grades 1–4 of general data by the harm
to persons and organisations (its annex H); identifier classes by GB/T 37964-2019; in doubt the
stricter (就高从严). Local schemes may differ, which is why a person confirms.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from gongshu.profile.grading import MANY_PERSONS, level_of_persons
from gongshu.profile.model import Finding, FindingKind, Proposal
from gongshu.profile.sectors import UNKNOWN, sector_of
from gongshu.vocabulary.levels import IdentifierClass, Level, SubjectKind

_ABOUT_PERSON, _ABOUT_ROW = True, False


@dataclass(frozen=True, slots=True)
class Treatment:
    """How an item of one kind is classified, in rows about persons and in other rows."""

    business: str
    identifier: IdentifierClass
    person_grade: int
    other_grade: int
    personal: bool


_DIRECT, _QUASI = IdentifierClass.direct, IdentifierClass.quasi
_SENSITIVE, _OTHER = IdentifierClass.sensitive, IdentifierClass.other
_TREATMENTS: Final = {
    FindingKind.citizen_id: Treatment("个人身份标识", _DIRECT, 3, 3, _ABOUT_PERSON),
    FindingKind.bank_card: Treatment("个人金融账户", _DIRECT, 4, 4, _ABOUT_PERSON),
    FindingKind.mobile: Treatment("个人联系方式", _DIRECT, 3, 3, _ABOUT_PERSON),
    FindingKind.person_name: Treatment("个人身份标识", _DIRECT, 3, 2, _ABOUT_PERSON),
    FindingKind.demographic: Treatment("个人基本特征", _QUASI, 2, 2, _ABOUT_PERSON),
    FindingKind.special: Treatment("特定身份与生物识别", _SENSITIVE, 4, 3, _ABOUT_PERSON),
    FindingKind.medical: Treatment("健康医疗", _SENSITIVE, 4, 2, _ABOUT_ROW),
    FindingKind.finance: Treatment("财务与缴费", _SENSITIVE, 3, 2, _ABOUT_ROW),
    FindingKind.contact: Treatment("联系方式", _DIRECT, 3, 2, _ABOUT_ROW),
    FindingKind.address: Treatment("地址", _DIRECT, 3, 1, _ABOUT_ROW),
    FindingKind.uscc: Treatment("单位标识", _DIRECT, 2, 1, _ABOUT_ROW),
    FindingKind.enterprise_name: Treatment("单位标识", _DIRECT, 2, 1, _ABOUT_ROW),
    FindingKind.organisation_code: Treatment("单位标识", _DIRECT, 2, 1, _ABOUT_ROW),
    FindingKind.landline: Treatment("联系方式", _DIRECT, 3, 2, _ABOUT_ROW),
    FindingKind.email: Treatment("联系方式", _DIRECT, 3, 2, _ABOUT_ROW),
    FindingKind.passport: Treatment("个人身份标识", _DIRECT, 3, 3, _ABOUT_PERSON),
    FindingKind.plate: Treatment("车辆标识", _DIRECT, 3, 2, _ABOUT_ROW),
    FindingKind.ip: Treatment("网络与设备标识", _QUASI, 3, 2, _ABOUT_ROW),
    FindingKind.mac: Treatment("网络与设备标识", _DIRECT, 3, 2, _ABOUT_ROW),
    FindingKind.coordinates: Treatment("位置", _QUASI, 3, 1, _ABOUT_ROW),
    FindingKind.secret: Treatment("鉴别信息", _SENSITIVE, 4, 4, _ABOUT_ROW),
}
_HARMS: Final = {
    1: "公开后一般不造成危害",
    2: "泄露可能对个人或组织造成一般危害",
    3: "泄露可能对个人或组织造成严重危害",
    4: "泄露可能对个人或组织造成特别严重危害",
}
# Persons who act for an organisation: their names in a register do not make its rows personal.
_FOR_ORGANISATION: Final = re.compile(
    "法人|法定代表|代表人|负责人|联系|经办|股东|执法|检查人|经营者|企业|单位|机构|公司"
)
# The lake's own subject columns repeat what another column says; that column is judged.
_DERIVED: Final = "主体_"
_PERSONAL: Final = frozenset(
    {FindingKind.person_name, FindingKind.mobile, FindingKind.bank_card, FindingKind.passport}
)
_UNFAVOURABLE: Final = re.compile(
    "隐患|整改|处罚|违法|违规|异常|失信|欠|危险|风险|投诉|结论|结果|用量|用气|用电|用水|营业|资质等级"
)
_ADMINISTRATIVE: Final = re.compile("编号|代码|日期|时间|文书")
# To stand in such a list at all is what harms.
_ADVERSE_LIST: Final = re.compile("异常|失信|处罚|违法|欠税|黑名单|整改|投诉")
_QUASI_HEADER: Final = re.compile("行政区|区县|地区|街道|所在|行业|成立|规模|分档|类型|性质")
_PERHAPS_IMPORTANT: Final = re.compile(
    "重大危险源|危险化学品|水库|水源|电网|管线|管网|油气|坐标|经度|纬度|测绘|人防|军事|关键信息基础设施"
)
_STRICTNESS: Final = (_DIRECT, _SENSITIVE, _QUASI, _OTHER)
_LEVELS: Final = (Level.general, Level.important, Level.core)


@dataclass(frozen=True, slots=True)
class Column:
    """What the proposal needs to know of a column."""

    name: str
    findings: tuple[Finding, ...]
    distinct: int


@dataclass(frozen=True, slots=True)
class Context:
    """What the columns of one resource share."""

    sector: str
    sector_reason: str
    subject: SubjectKind
    clinical: bool
    adverse: bool
    persons: int


def context_of(columns: Sequence[Column], *, title: str, department: str) -> Context:
    """Judge the resource as a whole: its sector, whom a row is about, how many persons."""
    sector, word = sector_of(department, title, [column.name for column in columns])
    reason = (
        f"部门、资源名称或表头含“{word}”，归入{sector}领域"
        if word
        else "未能判断行业领域，请在编目时选定"
    )
    kinds = {found.kind for column in columns for found in column.findings}
    subject = _row_subject(columns)
    persons = [
        column.distinct
        for column in columns
        if any(found.kind is FindingKind.citizen_id for found in column.findings)
    ]
    return Context(
        sector=sector,
        sector_reason=reason,
        subject=subject,
        adverse=bool(_ADVERSE_LIST.search(title)),
        clinical=FindingKind.medical in kinds and subject is SubjectKind.person,
        persons=max(persons, default=0),
    )


def _row_subject(columns: Sequence[Column]) -> SubjectKind:
    """Judge whom a row is about; a legal representative beside a firm leaves it the firm's row."""
    sent = [column for column in columns if not column.name.startswith(_DERIVED)]
    own = [column for column in sent if not _FOR_ORGANISATION.search(column.name)]
    if any(_names_most_rows(found) for column in own for found in column.findings):
        return SubjectKind.person
    found = {f.kind for column in sent for f in column.findings if f.hits or not f.tested}
    if found & {FindingKind.uscc, FindingKind.enterprise_name}:
        return SubjectKind.enterprise
    # A contact beside a place leaves it a place's row; a citizen number without a firm does not.
    if FindingKind.citizen_id in found or any(
        f.kind in _PERSONAL and not f.embedded for column in own for f in column.findings
    ):
        return SubjectKind.person
    return SubjectKind.thing


def _names_most_rows(found: Finding) -> bool:
    """Tell whether citizen numbers stand in at least half of the rows, covered ones included."""
    if found.kind is not FindingKind.citizen_id or found.embedded:
        return False
    return found.hits == 0 or found.hits * 2 >= found.tested or found.respelled > 0


def propose(column: Column, context: Context) -> Proposal:
    """Propose the classification of one column; the strictest finding decides."""
    if not column.findings:
        return _plain(column, context)
    ranked = sorted(column.findings, key=lambda f: -_grade(_TREATMENTS[f.kind], context))
    treatments = [_TREATMENTS[found.kind] for found in ranked]
    grade = _grade(treatments[0], context)
    personal = context.subject is SubjectKind.person or any(t.personal for t in treatments)
    subject = SubjectKind.person if personal else context.subject
    identifier = min((t.identifier for t in treatments), key=_STRICTNESS.index)
    if ranked[0].kind is FindingKind.address and not personal:
        identifier = _QUASI  # Where a firm is says less than who it is.
    level, level_reason = _level(subject, context)
    harm = f"{_HARMS[grade]}，建议{grade}级"
    if grade > treatments[0].other_grade and not personal:
        harm = f"列入此名单本身就影响单位信誉；{harm}"
    return Proposal(
        category=f"{context.sector}/{treatments[0].business}",
        level=level,
        grade=grade,
        identifier=identifier,
        subject=subject,
        reasons=(
            context.sector_reason,
            *(found.sentence.rstrip("。") for found in ranked),
            harm,
            level_reason,
            *_hints(column.name),
        ),
    )


def _grade(treatment: Treatment, context: Context) -> int:
    if context.subject is SubjectKind.person:
        return treatment.person_grade
    if context.adverse and treatment.business == "单位标识":
        return max(2, treatment.other_grade)
    return treatment.other_grade


def _plain(column: Column, context: Context) -> Proposal:
    """Propose for a column in which nothing was found: what the row is about decides."""
    identifier = _QUASI if _QUASI_HEADER.search(column.name) else _OTHER
    if context.subject is SubjectKind.person:
        grade = 3 if context.clinical else 2
        identifier = _QUASI
        why = "与健康医疗信息同表，就高从严" if context.clinical else "每行说的是一个人"
    elif _UNFAVOURABLE.search(column.name) and not _ADMINISTRATIVE.search(column.name):
        grade, identifier, why = 2, _SENSITIVE, "公开可能影响单位的信誉或经营"
    else:
        grade, why = 1, "未发现敏感内容"
    level, level_reason = _level(context.subject, context)
    return Proposal(
        category=f"{context.sector}/业务信息",
        level=level,
        grade=grade,
        identifier=identifier,
        subject=context.subject,
        reasons=(
            context.sector_reason,
            f"{why}；{_HARMS[grade]}，建议{grade}级",
            level_reason,
            *_hints(column.name),
        ),
    )


def _level(subject: SubjectKind, context: Context) -> tuple[Level, str]:
    """Propose the level; only the number of persons can lift it without a person's judgement."""
    if subject is not SubjectKind.person:
        return Level.general, "只影响组织权益或一般公共事务，按 GB/T 43697 影响矩阵建议为一般数据"
    level = level_of_persons(context.persons)
    if level is Level.general:
        return level, "只影响个人权益，按 GB/T 43697 影响矩阵建议为一般数据"
    return level, (
        f"涉及约{context.persons:,}人，已达{MANY_PERSONS:,}人，影响公共利益，"
        "按 GB/T 43697 影响矩阵建议为重要数据"
    )


def _hints(header: str) -> tuple[str, ...]:
    word = _PERHAPS_IMPORTANT.search(header)
    if word is None:
        return ()
    return (f"含“{word.group()}”，可能属于重要数据，请对照本行业重要数据目录核定级别",)


def strictest(named: Iterable[tuple[str, Proposal]], context: Context) -> Proposal:
    """Propose for the resource: the highest level and grade of its items (就高从严).

    The subject is whom a row is about; the reasons name the items that decided.
    """
    pairs = list(named)
    if not pairs:
        empty = ("没有数据项，请核对收到的文件",)
        return Proposal(UNKNOWN, Level.general, 1, _OTHER, SubjectKind.thing, empty)
    proposals = [proposal for _, proposal in pairs]
    level = max((p.level for p in proposals), key=_LEVELS.index)
    grade = max(p.grade for p in proposals)
    deciding = [name for name, p in pairs if p.grade == grade]
    persons = [name for name, p in pairs if p.subject is SubjectKind.person]
    shown = "、".join(deciding[:6]) + ("等" if len(deciding) > 6 else "")
    reasons = [
        context.sector_reason,
        f"就高从严：数据项“{shown}”为{grade}级，资源整体建议{grade}级",
    ]
    if context.subject is SubjectKind.person:
        reasons.append(f"每行说的是一个人，共{len(persons)}个数据项涉及个人")
    elif persons:
        reasons.append(f"数据项“{'、'.join(persons[:6])}”涉及个人，开放或共享前请单独处理")
    hints = {hint for p in proposals for hint in p.reasons if "重要数据目录" in hint}
    return Proposal(
        category=context.sector,
        level=level,
        grade=grade,
        identifier=min((p.identifier for p in proposals), key=_STRICTNESS.index),
        subject=context.subject,
        reasons=(*reasons, *sorted(hints)),
    )
