"""Proposals: category, level, grade, identifier class and subject, each with a reason."""

from __future__ import annotations

import json
import re

import numpy as np
import pyarrow as pa
import pytest

from gongshu.profile import FindingKind, Harm, Impact, Profile, level_of, profile
from gongshu.profile.grading import MANY_PERSONS, level_of_persons
from gongshu.profile.proposals import Column, Context, propose
from gongshu.profile.sectors import UNKNOWN, sector_of
from gongshu.vocabulary.identifiers import citizen_id_check_character, uscc_check_character
from gongshu.vocabulary.levels import IdentifierClass, Level, SubjectKind


def uscc(number: int) -> str:
    body = f"91139901{number:09d}"
    return body + uscc_check_character(body)


def citizen(number: int) -> str:
    body = f"13990119800101{number:03d}"
    return body + citizen_id_check_character(body)


USCC = [uscc(n) for n in range(50)]
CITIZENS = [citizen(n) for n in range(50)]
FIRMS = [f"临澜第{n}商贸有限公司" for n in range(50)]
NAMES = [f"张{a}{b}" for a in "伟芳娜敏静" for b in "丽强磊洋艳勇军杰娟涛"]


def test_persons_rows() -> None:
    found = profile(
        pa.table(
            {
                "证件号码": CITIZENS,
                "姓名": NAMES,
                "性别": ["男", "女"] * 25,
                "诊断": ["感冒"] * 50,
                "科室": ["内科"] * 50,
                "序": range(50),
            }
        ),
        title="门诊就诊记录",
        department="卫健委",
    )
    told = {
        c.name: (c.proposal.grade, c.proposal.identifier.value, c.proposal.subject.value)
        for c in found.columns
    }
    assert told == {
        "证件号码": (3, "direct", "person"),
        "姓名": (3, "direct", "person"),
        "性别": (2, "quasi", "person"),
        "诊断": (4, "sensitive", "person"),
        "科室": (4, "sensitive", "person"),
        "序": (3, "quasi", "person"),
    }
    assert found.proposal.category == "卫生健康"
    assert (found.proposal.grade, found.proposal.level) == (4, Level.general)
    assert found.proposal.subject is SubjectKind.person
    assert any("诊断、科室" in reason for reason in found.proposal.reasons)


def test_enterprise_rows_with_a_legal_representative_stay_enterprise_rows() -> None:
    found = profile(
        pa.table(
            {
                "统一社会信用代码": USCC,
                "企业名称": FIRMS,
                "法定代表人": NAMES,
                "法定代表人身份证号": CITIZENS,
                "隐患数": range(50),
                "行政区": ["澜东区"] * 50,
                "备注": [None] * 50,
            }
        ),
        department="应急管理局",
    )
    told = {
        c.name: (c.proposal.grade, c.proposal.identifier.value, c.proposal.subject.value)
        for c in found.columns
    }
    assert told == {
        "统一社会信用代码": (1, "direct", "enterprise"),
        "企业名称": (1, "direct", "enterprise"),
        "法定代表人": (2, "direct", "person"),
        "法定代表人身份证号": (3, "direct", "person"),
        "隐患数": (2, "sensitive", "enterprise"),
        "行政区": (1, "quasi", "enterprise"),
        "备注": (1, "other", "enterprise"),
    }
    assert found.proposal.subject is SubjectKind.enterprise
    assert found.proposal.grade == 3
    assert any("法定代表人、法定代表人身份证号" in reason for reason in found.proposal.reasons)


def test_the_lakes_subject_columns_do_not_decide_whom_a_row_is_about() -> None:
    table = pa.table({"企业名称": FIRMS, "法定代表人身份证号": CITIZENS, "主体_个人": CITIZENS})
    assert profile(table).proposal.subject is SubjectKind.enterprise
    derived = pa.table({"项目名称": FIRMS, "主体_个人": CITIZENS})
    assert profile(derived).proposal.subject is SubjectKind.thing
    patients = pa.table({"证件号码": CITIZENS, "主体_个人": CITIZENS})
    assert profile(patients).proposal.subject is SubjectKind.person


def test_contacts_leave_a_place_a_place_but_citizen_numbers_do_not() -> None:
    places = pa.table({"厕所": FIRMS, "负责人": NAMES, "联系电话": ["0335-1234567"] * 50})
    assert profile(places).proposal.subject is SubjectKind.thing
    numbers = places.append_column("负责人身份证号", pa.array(CITIZENS))
    assert profile(numbers).proposal.subject is SubjectKind.person


def test_a_code_column_with_some_citizens_stays_an_enterprise_column_of_persons() -> None:
    mixed = pa.table({"相对人代码": [*USCC[:45], *CITIZENS[:5]], "企业名称": FIRMS})
    found = profile(mixed)
    assert {f.kind for f in found.column("相对人代码").findings} == {
        FindingKind.citizen_id,
        FindingKind.uscc,
    }
    assert found.column("相对人代码").proposal.grade == 3
    assert found.column("相对人代码").proposal.subject is SubjectKind.person
    assert found.column("企业名称").proposal.subject is SubjectKind.enterprise


def test_rows_about_insured_persons_with_their_employer_are_persons_rows() -> None:
    found = profile(pa.table({"证件号码": CITIZENS, "单位名称": FIRMS, "缴费基数": range(50)}))
    assert found.proposal.subject is SubjectKind.person
    assert found.column("单位名称").proposal.grade == 2
    assert found.column("缴费基数").proposal.identifier is IdentifierClass.sensitive


def test_rows_about_things() -> None:
    found = profile(
        pa.table({"水库名称": ["云浦水库"] * 3, "水位(m)": [1.5, 2.0, 3.0]}), department="水务局"
    )
    assert found.proposal.subject is SubjectKind.thing
    assert (found.proposal.grade, found.proposal.category) == (1, "水利")
    assert any("重要数据目录" in reason for reason in found.column("水库名称").proposal.reasons)
    assert found.column("水位(m)").findings == ()


def test_standing_in_an_adverse_list_is_what_harms() -> None:
    firms = pa.table({"企业名称": FIRMS})
    assert profile(firms, title="企业名录").proposal.grade == 1
    listed = profile(firms, title="经营异常企业信息")
    assert listed.proposal.grade == 2
    assert any("名单本身" in reason for reason in listed.column("企业名称").proposal.reasons)


def test_health_words_alone_make_no_patient() -> None:
    """A food test result or an inspection result is no medical record."""
    found = profile(
        pa.table({"企业名称": FIRMS, "检验结果": ["合格"] * 50, "科室": ["行政审批科"] * 50})
    )
    assert [f.kind for c in found.columns for f in c.findings] == [FindingKind.enterprise_name]


@pytest.mark.parametrize(
    ("header", "values", "kinds"),
    [
        ("姓名", NAMES, {"person_name"}),
        ("姓名", ["/"] * 50, set()),
        ("联系人", ["020-1234567"] * 50, set()),
        ("联系人电话", ["0335-1234567"] * 50, {"contact"}),
        ("参保人数", ["12"] * 50, {"finance"}),
        ("法人单位名称", FIRMS, {"enterprise_name"}),
        ("法人代码", ["123"] * 50, set()),
        ("注册地址", ["临澜市澜东区海路1号"] * 50, {"address"}),
        ("网站地址", ["http://a.example"] * 50, set()),
        ("经营地址（区）", ["澜东区"] * 50, set()),
        ("出生日期", ["1980-01-01"] * 50, {"demographic"}),
        ("宗教信仰", ["无"] * 50, {"special"}),
        ("定点医疗机构类别", ["门诊部"] * 50, set()),
        ("企业名称*", FIRMS, {"enterprise_name"}),
        ("  姓 名 ", NAMES, {"person_name"}),
        ("姓名", [None] * 50, {"person_name"}),
    ],
)
def test_headers(header: str, values: list[str | None], kinds: set[str]) -> None:
    found = profile(pa.table({header: pa.array(values, pa.string())})).columns[0].findings
    assert {f.kind.value for f in found} == kinds


# --- level, sector, words ------------------------------------------------------------------------


def test_the_matrix() -> None:
    table = {
        Impact.national_security: ("core", "core", "important"),
        Impact.economy: ("core", "important", "general"),
        Impact.social_order: ("core", "important", "general"),
        Impact.public_interest: ("core", "important", "general"),
        Impact.organisation: ("general", "general", "general"),
        Impact.person: ("general", "general", "general"),
    }
    assert {i: tuple(level_of(i, h).value for h in Harm) for i in Impact} == table


def test_very_many_persons_become_the_publics_interest() -> None:
    assert level_of_persons(MANY_PERSONS - 1) is Level.general
    assert level_of_persons(MANY_PERSONS) is Level.important
    context = Context("公安", "部门含“公安”", SubjectKind.person, False, False, MANY_PERSONS)
    proposal = propose(Column("姓名", (), 3), context)
    assert proposal.level is Level.important
    assert any("10,000,000人" in reason for reason in proposal.reasons)


@pytest.mark.parametrize(
    ("department", "title", "headers", "sector"),
    [
        ("临澜市应急管理局", "安全生产许可证", [], "应急管理"),
        ("", "企业欠税公告信息", [], "税务"),
        ("", "", ["水库名称", "水位"], "水利"),
        ("", "企业用户用气缴费信息", ["纳税人识别号"], "公用事业"),
        ("市场监管局", "食品安全监督抽检信息", ["检验结果"], "市场监管"),
        ("", "表一", ["甲", "乙"], UNKNOWN),
    ],
)
def test_sectors(department: str, title: str, headers: list[str], sector: str) -> None:
    assert sector_of(department, title, headers)[0] == sector


def test_reasons_are_sentences_and_survive_json() -> None:
    found = profile(
        pa.table({"证件号码": CITIZENS, "姓名": NAMES, "金额": np.arange(50)}), title="补贴发放"
    )
    again = Profile.from_json(json.loads(json.dumps(found.as_json(), ensure_ascii=False)))
    assert again == found
    assert isinstance(again.columns[0].proposal.level, Level)
    for column in found.columns:
        assert len(column.proposal.reasons) >= 3
        assert all(re.search("[一-鿿]", reason) for reason in column.proposal.reasons)
    assert any("GB 11643" in reason for reason in found.columns[0].proposal.reasons)
