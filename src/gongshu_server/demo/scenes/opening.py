"""Opening: the outpatient file is refused, the enterprise register is opened."""

from __future__ import annotations

from gongshu_server.cases.documents import Paper
from gongshu_server.cases.models import Case
from gongshu_server.demo.stage import Scene, Stage, assure
from gongshu_server.opening import actions


def refuse_outpatients(stage: Stage) -> str:
    """The health commission applies to open outpatient visits; the machine check refuses."""
    table = stage.tables["outpatient_visits"]
    review = actions.apply(
        resource_id=stage.resource("outpatient_visits"),
        items=list(table.items),
        authority=stage.organisation("bureau"),
        by=stage.actor(table.department),
        at=stage.time.minutes(10),
    )
    case = Case.objects.get(pk=review.case)
    assure(case.state == "refused", f"应不予开放，实际为 {case.state}")
    finding = next(f for f in review.findings if f["kind"] == "citizen_id")
    assure(finding["item"] == "证件号码" and finding["count"] > 0, "没有指明证件号码一列和个数")
    return (
        f"不予开放：“{finding['item']}”一列有 {finding['count']} 个公民身份号码，"
        f"另有 {len(review.findings) - 1} 处发现；依据 {finding['clause']}"
    )


def open_register(stage: Stage) -> str:
    """The register of enterprises passes the machine check and a person opens it."""
    table = stage.tables["enterprises"]
    review = actions.apply(
        resource_id=stage.resource("enterprises"),
        items=list(table.items),
        authority=stage.organisation("bureau"),
        by=stage.actor(table.department),
        at=stage.time.minutes(10),
    )
    state = Case.objects.get(pk=review.case).state
    assure(state == "checked", f"机器检查应通过，实际为 {state}：{review.findings}")
    stage.time.working_days(1)
    paper = Paper(kind="secrecy_review", title="开放前保密审查意见", text="不涉及国家秘密。")
    actions.approve(
        review_id=review.pk,
        papers=[paper],
        by=stage.actor("bureau", "head"),
        at=stage.time.minutes(10),
    )
    return f"机器检查通过，数据管理部门同意开放 {len(table.items)} 个数据项"


SCENES = (
    Scene(
        "拒绝开放：门诊就诊记录",
        ("opinions-2.2",),
        "不予开放，指明列、个数和依据",
        refuse_outpatients,
        ("outpatient_visits",),
    ),
    Scene(
        "依法开放：企业登记信息",
        ("opinions-2.1", "opinions-2.2"),
        "机器检查通过，人来批准",
        open_register,
        ("enterprises",),
    ),
)
