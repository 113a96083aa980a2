"""Authorised operation: plan, agreement, scenario application, grants under the ceiling."""

from __future__ import annotations

from datetime import date, timedelta

from gongshu.policy import Undertaking
from gongshu.procedures import agreement as agreement_table
from gongshu.procedures import operation_plan as plan_table
from gongshu_server.cases.documents import Paper
from gongshu_server.demo.stage import Scene, Stage, assure, refused
from gongshu_server.demo.timeline import ZONE
from gongshu_server.operation import actions
from gongshu_server.operation.actions import Application, ScopeEntry, Terms
from gongshu_server.operation.models import Scenario
from gongshu_server.usage.models import GrantRow

TERM = timedelta(days=3 * 365)


def _today(stage: Stage) -> date:
    return stage.time.at.astimezone(ZONE).date()


def _paper(stage: Stage, kind: str, title: str, issuer: str, number: str) -> Paper:
    year = _today(stage).year
    return Paper(
        kind=kind,
        title=title,
        text=title,
        number=f"{number}〔{year}〕17号",
        issuer=issuer,
        dated=_today(stage),
        receipt=f"回执-{year}-0017",
    )


def plan(stage: Stage) -> str:
    """The plan lists everything, rests on the government's collective decision, and is filed."""
    contents = {code: f"{zh}：见方案正文。" for code, zh in plan_table.MANDATORY_ITEMS.items()}
    short = {code: text for code, text in contents.items() if code not in {"mode", "security"}}
    bureau = stage.actor("bureau")
    draft = actions.draft_plan(
        title="临澜市企业安全生产风险公共数据授权运营实施方案",
        mode="scenario",
        contents=short,
        authority=stage.organisation("government"),
        by=bureau,
        at=stage.time.working_days(1),
    )
    missing = refused(
        lambda: actions.submit_plan(plan_id=draft.pk, by=bureau, at=stage.time.at),
        "incomplete",
        naming=("授权模式", "数据安全"),
    )
    actions.amend_plan(plan_id=draft.pk, contents=contents, by=bureau, at=stage.time.minutes())
    actions.submit_plan(plan_id=draft.pk, by=bureau, at=stage.time.minutes())
    decision = _paper(
        stage, "collective_decision", "市政府常务会议纪要", "临澜市人民政府", "临政纪"
    )
    actions.record_plan_decision(
        plan_id=draft.pk,
        papers=[decision],
        by=stage.actor("government"),
        at=stage.time.working_days(2),
    )
    receipt = _paper(stage, "filing_receipt", "备案回执", "省数据局", "省数备")
    actions.file_plan(plan_id=draft.pk, papers=[receipt], by=bureau, at=stage.time.working_days(1))
    actions.approve_plan(
        plan_id=draft.pk, by=stage.actor("government", "head"), at=stage.time.minutes()
    )
    stage.ids["plan"] = draft.pk
    return f"缺 {len(missing.details)} 项时一次列明；补齐后经集体决策、备案、批准"


def agreement(stage: Stage) -> str:
    """The agreement has its mandatory items, its own decision, five years at most; a ceiling."""
    bureau = stage.actor("bureau")
    start = stage.time.working_days(1)
    six_years = _terms(stage, timedelta(days=6 * 366))
    refused(
        lambda: actions.draft_agreement(
            plan_id=stage.ids["plan"], terms=six_years, by=bureau, at=start
        ),
        "term.too_long",
        clause="27-14",
    )
    draft = actions.draft_agreement(
        plan_id=stage.ids["plan"], terms=_terms(stage, TERM), by=bureau, at=start
    )
    decision = _paper(stage, "body_decision", "数据局党组会议纪要", "临澜市数据局", "临数纪")
    actions.record_agreement_decision(
        agreement_id=draft.pk, papers=[decision], by=bureau, at=stage.time.minutes()
    )
    signed = _paper(stage, "signed_agreement", "授权运营协议", "双方", "临数协")
    actions.sign_agreement(
        agreement_id=draft.pk,
        papers=[signed],
        by=stage.actor("bureau", "head"),
        at=stage.time.minutes(),
    )
    receipt = _paper(stage, "filing_receipt", "备案回执", "省数据局", "省数备")
    actions.file_agreement(
        agreement_id=draft.pk, papers=[receipt], by=bureau, at=stage.time.working_days(1)
    )
    actions.activate_agreement(agreement_id=draft.pk, by=bureau, at=stage.time.minutes())
    stage.ids["agreement"] = draft.pk
    ceilings = GrantRow.objects.filter(grantee=draft.pk).count()
    assure(ceilings == len(SCOPE), f"应有 {len(SCOPE)} 项上限，实际 {ceilings} 项")
    return f"超过 5 年被拒；协议经实施机构决策、签订、备案后生效，形成 {ceilings} 项授权上限"


# What the agreement covers: table → exits; insured staff stays outside every scenario.
SCOPE = {
    "safety_licences": ("export", "service"),
    "inspections": ("export",),
    "tax_arrears": ("export",),
    "insured_staff": ("export", "service"),
}
SCENARIO = ("safety_licences", "inspections", "tax_arrears", "insured_staff")
# Of the insured staff the scenario asks for one item, for the service alone: the rest is beyond it.
NARROW = "insured_staff"


def _entries(stage: Stage, keys: tuple[str, ...]) -> tuple[ScopeEntry, ...]:
    return tuple(
        ScopeEntry(
            resource=stage.resource(key), items=tuple(stage.tables[key].items), exits=SCOPE[key]
        )
        for key in keys
    )


def _asked(stage: Stage) -> tuple[ScopeEntry, ...]:
    first = stage.tables[NARROW].items[0]
    narrow = ScopeEntry(resource=stage.resource(NARROW), items=(first,), exits=("service",))
    return (*_entries(stage, tuple(k for k in SCENARIO if k != NARROW)), narrow)


def _terms(stage: Stage, term: timedelta) -> Terms:
    contents = {code: f"{zh}：见协议正文。" for code, zh in agreement_table.MANDATORY_ITEMS.items()}
    return Terms(
        operator=stage.organisation("operator"),
        selection="open_tender",
        selection_record="临公资〔中标〕2025-88号",
        security_bodies=(stage.organisation("cyberspace"), stage.organisation("secrecy")),
        compliance_bodies=(stage.organisation("sector"),),
        contents=contents,
        scope=_entries(stage, tuple(SCOPE)),
        purposes=("industry", "public_governance"),
        businesses=("resource_development", "product_operation"),
        products=({"title": "企业安全生产风险画像"}, {"title": "安全生产许可证核验"}),
        valid_from=stage.time.at,
        valid_until=stage.time.at + term,
        minimum=10,
    )


def _application(stage: Stage, purpose: str) -> Application:
    return Application(
        title="企业安全生产风险画像",
        developer=stage.organisation("developer"),
        purpose=purpose,
        scope=_asked(stage),
        valid_until=stage.time.at + TERM - timedelta(days=60),
        undertakings=(
            Undertaking("purpose", "只用于企业安全生产风险画像", "27-21"),
            Undertaking("deletion", "场景结束后删除中间结果", "27-14"),
        ),
        minimum=10,
    )


def _submit(stage: Stage, purpose: str) -> Scenario:
    return actions.submit_scenario(
        agreement_id=stage.ids["agreement"],
        application=_application(stage, purpose),
        by=stage.actor("operator"),
        at=stage.time.minutes(),
    )


def scenario(stage: Stage) -> str:
    """A scenario inside the agreement gets the providers' opinions and yields the grants."""
    stage.time.working_days(1)
    beyond = refused(lambda: _submit(stage, "public_welfare"), "beyond_agreement")
    row = _submit(stage, "industry")
    refused(
        lambda: actions.approve_scenario(
            scenario_id=row.pk, by=stage.actor("bureau", "head"), at=stage.time.at
        ),
        "provider_consent",
        clause="27-5",
    )
    stage.time.working_days(2)
    for code in sorted({stage.tables[key].department for key in SCENARIO}):
        actions.give_opinion(
            scenario_id=row.pk, agreed=True, by=stage.actor(code, "head"), at=stage.time.minutes()
        )
    actions.approve_scenario(
        scenario_id=row.pk, by=stage.actor("bureau", "head"), at=stage.time.working_days(1)
    )
    stage.ids["scenario"] = row.pk
    grants = GrantRow.objects.filter(grantee=stage.organisation("developer"))
    assure(grants.count() == len(SCENARIO), f"应得 {len(SCENARIO)} 项许可，实际 {grants.count()}")
    assure(all(g.parent for g in grants), "许可没有挂在协议上限之下")
    return (
        f"用途超出协议被拒（{len(beyond.details)} 条理由）；缺提供单位意见不能批准；"
        f"批准后产生 {grants.count()} 项用数许可，都在协议上限之内"
    )


SCENES = (
    Scene(
        "授权运营：实施方案经集体决策和备案",
        ("27-9", "27-11", "opinions-3.3"),
        "缺项一次列明；补齐后批准",
        plan,
    ),
    Scene(
        "授权运营：协议是上限，期限不超过五年",
        ("27-13", "27-14"),
        "超过五年被拒；生效后形成上限",
        agreement,
    ),
    Scene(
        "场景申请：企业安全生产风险画像",
        ("27-5", "opinions-3.4", "opinions-3.2"),
        "超出协议被拒；取得提供单位意见后产生许可",
        scenario,
        SCENARIO,
    ),
)
