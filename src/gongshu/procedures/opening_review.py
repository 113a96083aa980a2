"""Opening review 开放审查: a machine check, then a human decision (《意见》（二）（十二）)."""

from __future__ import annotations

from gongshu.workflow.procedure import APPLICANT, DocumentKind, Procedure, Transition

PROCEDURE = Procedure(
    code="opening_review",
    zh="开放审查",
    en="Opening review",
    subject="resource",
    initial="draft",
    states={
        "draft": "拟稿",
        "applied": "已申请",
        "checked": "机器检查通过",
        "approved": "同意开放",
        "refused": "不予开放",
    },
    terminal=frozenset({"approved", "refused"}),
    documents={
        "secrecy_review": DocumentKind(
            "开放前保密审查意见", "opinions-12.8", (APPLICANT, "security_reviewer")
        )
    },
    transitions=(
        Transition(
            name="apply",
            zh="申请开放",
            source=("draft",),
            target="applied",
            permission="opening.apply",
            event="opening.applied",
            clause="opinions-2.1",
        ),
        Transition(
            name="machine_check_pass",
            zh="机器检查通过",
            source=("applied",),
            target="checked",
            permission="opening.machine_check",
            event="opening.machine_passed",
            clause="opinions-2.2",
        ),
        Transition(
            name="machine_check_refuse",
            zh="机器检查不予通过",
            source=("applied",),
            target="refused",
            permission="opening.machine_check",
            event="opening.machine_refused",
            clause="opinions-2.2",
            reason_required=True,
        ),
        Transition(
            name="approve",
            zh="同意开放",
            source=("checked",),
            target="approved",
            permission="opening.approve",
            event="opening.approved",
            clause="opinions-2.2",
            documents=("secrecy_review",),
        ),
        Transition(
            name="refuse",
            zh="不予开放",
            source=("checked",),
            target="refused",
            permission="opening.refuse",
            event="opening.refused",
            clause="opinions-2.1",
            reason_required=True,
        ),
    ),
)
