"""Society and audit look on: a complaint without its complainant, an auditor's way to content."""

from __future__ import annotations

from datetime import timedelta

from gongshu_server.cases.documents import Paper
from gongshu_server.cases.models import Case
from gongshu_server.catalogue import queries as catalogue
from gongshu_server.demo.stage import Scene, Stage, assure, refused
from gongshu_server.journal.models import Entry
from gongshu_server.oversight import actions, audit_access, complaints
from gongshu_server.oversight.audit_access import Application
from gongshu_server.oversight.complaints import Statement
from gongshu_server.oversight.models import Complaint


def complaint(stage: Stage) -> str:
    """A citizen complains about the operator; the answer comes, and nothing says who asked."""
    stage.time.before_the_end(10)
    by = stage.actor("citizen", "subject")
    statement = Statement(
        about_kind="organisation",
        about_id=stage.organisation("operator"),
        text="同样的核验服务，对不同客户收费不一样。",
    )
    lodged = actions.submit_complaint(statement=statement, by=by, at=stage.time.at)
    row = Complaint.objects.get(case=_case(lodged.number))
    said = {"complaint_id": row.pk}
    refused(
        lambda: actions.accept_complaint(
            **said, by=stage.actor("operator"), at=stage.time.minutes(1)
        ),
        "not_permitted",
    )
    head = stage.actor("bureau", "head")
    actions.accept_complaint(**said, by=head, at=stage.time.minutes(1))
    stage.time.working_days(3)
    findings = "已调取收费记录，对照上限收费标准核查，收费一致。"
    actions.handle_complaint(**said, findings=findings, by=head, at=stage.time.at)
    answer = "经核查，同类客户收费一致，均不高于上限收费标准。"
    actions.answer_complaint(**said, answer=answer, by=head, at=stage.time.minutes(1))
    actions.close_complaint(**said, by=head, at=stage.time.minutes(1))
    assure(complaints.progress(lodged.token).answer == answer, "查询码查不到答复")
    entries = Entry.objects.filter(subject_kind="complaint", subject_id=row.pk)
    named = [e for e in entries if by.person in f"{e.actor}{e.body}"]
    assure(not named, "流水里出现了投诉人")
    return "凭查询码查到答复；经过和流水里没有投诉人"


def _case(number: str) -> str:
    return Case.objects.get(number=number).pk


def audit(stage: Stage) -> str:
    """An auditor reads some rows after the audited unit has acknowledged, and not before."""
    stage.time.before_the_end(4)
    resource = stage.resource("safety_licences")
    source = stage.tables["safety_licences"].department
    by = stage.actor("audit", "auditor")
    columns = tuple(item.name for item in catalogue.items(resource)[:2])
    until = stage.time.at + timedelta(days=30)
    access = actions.apply_for_audit_access(
        application=Application(resource, columns, "许可数据质量专项审计", until),
        papers=[Paper(kind="audit_notice", title="审计通知书", number="临审通〔2026〕7号")],
        by=by,
        at=stage.time.at,
    )

    def look() -> audit_access.Content:
        return audit_access.view(access.pk, columns=columns, by=by, at=stage.time.minutes(1))

    refused(look, "access_not_open")
    actions.acknowledge_audit_access(
        access_id=access.pk, by=stage.actor(source, "head"), at=stage.time.minutes(1)
    )
    rows = len(look().rows)
    assure(rows > 0, "确认后仍看不到内容")
    actions.close_audit_access(access_id=access.pk, by=by, at=stage.time.minutes(1))
    refused(look, "access_not_open")
    return f"被审计单位确认后查看 {rows} 行并留痕；确认前和结束后不能查看"


SCENES = (
    Scene(
        "投诉：受理、查办、答复，不留投诉人",
        ("opinions-5.4", "790-20"),
        "凭查询码查到答复",
        complaint,
    ),
    Scene(
        "审计查阅：确认之后才看得到内容，每次留痕",
        ("auditlaw-34", "opinions-17.2"),
        "只在查阅期间可看",
        audit,
        ("safety_licences",),
    ),
)
