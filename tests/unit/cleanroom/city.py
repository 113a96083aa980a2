"""A small town's departments for the clean-room tests: sources, grants, and one door to `check`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from gongshu.cleanroom import ItemRule, Lattice, SecondOpinion, Source, Verdict, check
from gongshu.policy import Grant, GrantIndex
from gongshu.vocabulary.levels import IdentifierClass, Regime, SubjectKind

AT = datetime(2026, 9, 1, 4, tzinfo=UTC)
DEVELOPER = "org:developer"
OUTSIDER = "org:outsider"
BANDS = Lattice.of_bands([0, 100, 1000, Decimal("5000.5")])


def item(
    name: str,
    type: str = "text",
    *,
    regime: Regime = Regime.entity,
    identifier: IdentifierClass = IdentifierClass.other,
    opened: bool = False,
    subject: SubjectKind = SubjectKind.enterprise,
    lattice: Lattice | None = None,
) -> ItemRule:
    return ItemRule(
        name=name,
        type=type,
        regime=Regime.open if opened else regime,
        identifier=identifier,
        opened=opened,
        grade=1 if opened else 2,
        subject=subject,
        lattice=lattice,
        clause="open-3" if opened else "class-2",
    )


def direct(name: str, *, opened: bool = False) -> ItemRule:
    return item(name, identifier=IdentifierClass.direct, opened=opened)


ENTERPRISES = {SubjectKind.enterprise: "主体_企业"}

LICENCES = Source(
    resource="resource:licences",
    table="安全生产许可证",
    title="安全生产许可证",
    items=(
        direct("统一社会信用代码"),
        direct("企业名称"),
        item("许可范围"),
        item("许可状态", lattice=Lattice.of_values(["有效", "暂扣", "注销"])),
        item("有效期起", "date"),
        item("有效期止", "date", lattice=Lattice.of_months()),
        item("行政区划代码", opened=True),
        item("企业规模", lattice=Lattice.of_values(["大", "中", "小", "微"])),
        item("注册资本(万元)", "decimal(18,2)", lattice=BANDS),
        item("从业人数", "integer"),
        item("是否危化", "boolean", lattice=Lattice.of_values([True, False])),
    ),
    subjects=ENTERPRISES,
    snapshot="resource:licences@1",
    region_item="行政区划代码",
)
ARREARS = Source(
    resource="resource:arrears",
    table="欠税",
    title="欠税公告",
    items=(
        direct("统一社会信用代码"),
        item("税种", lattice=Lattice.of_values(["增值税", "企业所得税", "印花税"])),
        item("欠税余额", "number", lattice=Lattice.of_bands([0, 10000, 100000])),
    ),
    subjects=ENTERPRISES,
    snapshot="resource:arrears@1",
)
INSPECTIONS = Source(
    resource="resource:inspections",
    table="执法检查",
    title="执法检查",
    items=(
        direct("统一社会信用代码"),
        item("检查日期", "date", lattice=Lattice.of_months()),
        item("检查结果", lattice=Lattice.of_values(["合格", "不合格"])),
        item("检查街道"),
    ),
    subjects=ENTERPRISES,
    snapshot="resource:inspections@1",
)
OPENED = Source(
    resource="resource:smes",
    table="科技型中小企业",
    title="科技型中小企业",
    items=(
        direct("统一社会信用代码", opened=True),
        direct("企业名称", opened=True),
        item("行政区划代码", opened=True),
        item("统计年份", "integer", opened=True),
        item("入库日期", "date", opened=True),
    ),
    subjects=ENTERPRISES,
    snapshot="resource:smes@1",
    region_item="行政区划代码",
)
VISITS = Source(
    resource="resource:visits",
    table="门诊",
    title="门诊就诊",
    items=(
        item(
            "身份证号",
            regime=Regime.statistical,
            identifier=IdentifierClass.direct,
            subject=SubjectKind.person,
        ),
        item(
            "诊断",
            regime=Regime.statistical,
            identifier=IdentifierClass.sensitive,
            subject=SubjectKind.person,
            lattice=Lattice.of_values(["感冒", "高血压", "糖尿病"]),
        ),
        item("性别", regime=Regime.statistical, lattice=Lattice.of_values(["男", "女"])),
        item("收入", "number", regime=Regime.statistical, subject=SubjectKind.person),
        item("基因", regime=Regime.sealed, subject=SubjectKind.person),
        item("统一社会信用代码", identifier=IdentifierClass.direct),
    ),
    subjects={SubjectKind.person: "主体_个人", SubjectKind.enterprise: "主体_企业"},
    snapshot="resource:visits@1",
)
LEVELS = Source(
    resource="resource:reservoirs",
    table="水库水位",
    title="水库水位",
    items=(
        item("水库", opened=True, subject=SubjectKind.thing),
        item("水位", "number", subject=SubjectKind.thing, lattice=Lattice.of_bands([0, 10, 20])),
    ),
    subjects={},
    snapshot="resource:reservoirs@1",
)
HIDDEN = Source(
    resource="resource:hidden",
    table="涉密名录",
    title="涉密名录",
    items=(item("编号"),),
    subjects=ENTERPRISES,
    snapshot="resource:hidden@1",
)
SOURCES = (LICENCES, ARREARS, INSPECTIONS, OPENED, VISITS, LEVELS, HIDDEN)


def grant(source: Source, **changes: Any) -> Grant:
    body: dict[str, Any] = {
        "id": f"grant:{source.table}",
        "grantee": DEVELOPER,
        "object": source.resource,
        "actions": frozenset({"query", "export", "build"}),
        "items": frozenset(i.name for i in source.items),
        "purposes": frozenset({"industry"}),
        "businesses": frozenset({"resource_development"}),
        "regions": frozenset(),
        "valid_from": datetime(2026, 1, 1, tzinfo=UTC),
        "valid_until": datetime(2027, 1, 1, tzinfo=UTC),
        "quota": None,
        "minimum": 0,
        "max_rows": None,
        "subject_authorisation": False,
        "undertakings": (),
        "clause": "27-14",
        "clauses": {},
        "case": "case:1",
        "parent": None,
        "scenario": None,
    }
    return Grant(**{**body, **changes})


def grants(**changes: Mapping[str, Any]) -> GrantIndex:
    """Give the developer a grant on every source but the hidden one; `changes` by table name."""
    return GrantIndex.build(
        grant(source, **changes.get(source.table, {})) for source in SOURCES if source is not HIDDEN
    )


INDEX = grants()
OPINION = SecondOpinion(SOURCES)


def ask(sql: str, **changes: Any) -> Verdict:
    facts: dict[str, Any] = {
        "sources": SOURCES,
        "index": INDEX,
        "party": DEVELOPER,
        "purpose": "industry",
        "business": "resource_development",
        "region": None,
        "at": AT,
        "spent": {},
        "exit": "export",
        "scenario": None,
        "second_opinion": OPINION,
    }
    return check(sql, **{**facts, **changes})


def codes(verdict: Verdict) -> set[str]:
    return {finding.code for finding in verdict.findings}
