"""Audit access 审计查阅: an auditor reads data content for a stated reason, object and period.

Catalogue, cases, grants and ledger are open to audit bodies anyway; content is not. The audited
unit must supply what belongs to the audit (审计法 第34条), so it acknowledges or sends back what
goes beyond the audit notice; where it stays silent the data authority acknowledges in its stead.
The auditor's own office never does. No rule gives days.
"""

from __future__ import annotations

from gongshu.workflow.procedure import DocumentKind, Procedure, Transition

PROCEDURE = Procedure(
    code="audit_access",
    zh="审计查阅",
    en="Audit access",
    subject="audit_access",
    initial="draft",
    states={
        "draft": "拟稿",
        "applied": "已提出",
        "returned": "已退回修改",
        "open": "查阅中",
        "withdrawn": "已撤回",
        "closed": "查阅已结束",
    },
    terminal=frozenset({"withdrawn", "closed"}),
    documents={"audit_notice": DocumentKind("审计通知书", "auditlaw-34")},
    transitions=(
        Transition(
            name="apply",
            zh="提出审计查阅",
            source=("draft",),
            target="applied",
            permission="audit.apply",
            event="audit.applied",
            clause="auditlaw-34",
            documents=("audit_notice",),
            reason_required=True,
        ),
        Transition(
            name="return",
            zh="退回审计查阅",
            source=("applied",),
            target="returned",
            permission="audit.acknowledge",
            event="audit.returned",
            clause="auditlaw-34",
            at_will=("applied",),
            reason_required=True,
        ),
        Transition(
            name="reapply",
            zh="修改后再次提出",
            source=("returned",),
            target="applied",
            permission="audit.apply",
            event="audit.reapplied",
            clause="auditlaw-34",
            reason_required=True,
        ),
        Transition(
            name="acknowledge",
            zh="确认审计查阅",
            source=("applied",),
            target="open",
            permission="audit.acknowledge",
            event="audit.acknowledged",
            clause="auditlaw-34",
        ),
        Transition(
            name="withdraw",
            zh="撤回审计查阅",
            source=("applied", "returned"),
            target="withdrawn",
            permission="audit.apply",
            event="audit.withdrawn",
            clause="auditlaw-34",
            at_will=("applied", "returned"),
            reason_required=True,
        ),
        Transition(
            name="close",
            zh="结束审计查阅",
            source=("open",),
            target="closed",
            permission="audit.apply",
            event="audit.closed",
            clause="opinions-17.2",
            at_will=("open",),
        ),
        Transition(
            name="expire",
            zh="查阅期限届满",
            source=("open",),
            target="closed",
            permission="audit.expire",
            event="audit.expired",
            clause="opinions-17.2",
        ),
    ),
)
