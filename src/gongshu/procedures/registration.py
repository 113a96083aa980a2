"""First registration 首次登记 of a resource or product: 申请、受理、形式审核、公示、赋码 (26号).

Change, correction, renewal, cancellation and revocation are procedures of their own.
"""

from __future__ import annotations

from datetime import datetime

from gongshu.procedures.limits import (
    REGISTRATION_ACCEPT,
    REGISTRATION_FIRST_FILE,
    REGISTRATION_PUBLICITY,
    REGISTRATION_REVIEW,
    REGISTRATION_VALIDITY,
)
from gongshu.workflow.limits import due
from gongshu.workflow.procedure import APPLICANT, DocumentKind, Procedure, Transition

MATERIALS = (
    "registrant",
    "lawful_source",
    "resource_description",
    "evidence",
    "product_description",
    "scenario",
    "risk_assessment",
)

PROCEDURE = Procedure(
    code="registration",
    zh="首次登记",
    en="First registration",
    subject="registration",
    initial="draft",
    states={
        "draft": "拟稿",
        "submitted": "已申请",
        "incomplete": "待补正",
        "accepted": "已受理",
        "rejected": "不予受理",
        "review_passed": "形式审核通过",
        "review_failed": "形式审核不通过",
        "publicised": "公示中",
        "objected": "异议复核中",
        "terminated": "终止登记",
        "registered": "已赋码",
    },
    terminal=frozenset({"rejected", "review_failed", "terminated", "registered"}),
    limits=(
        REGISTRATION_FIRST_FILE,
        REGISTRATION_ACCEPT,
        REGISTRATION_REVIEW,
        REGISTRATION_PUBLICITY,
        REGISTRATION_VALIDITY,
    ),
    opens=("reg.first.file",),
    documents={
        "business_review": DocumentKind("登记前内部业务审核意见", "26-7"),
        "registrant": DocumentKind("登记主体信息", "26-9", (APPLICANT,)),
        "lawful_source": DocumentKind("数据合法合规来源材料", "26-9", (APPLICANT,)),
        "resource_description": DocumentKind("数据资源情况", "26-9", (APPLICANT,)),
        "evidence": DocumentKind("存证情况", "26-9", (APPLICANT,)),
        "product_description": DocumentKind("产品和服务信息", "26-9", (APPLICANT,)),
        "scenario": DocumentKind("应用场景信息", "26-9", (APPLICANT,)),
        "risk_assessment": DocumentKind("数据安全风险评估", "26-9", (APPLICANT,)),
        "objection_evidence": DocumentKind("实名异议及证据", "26-12"),
    },
    transitions=(
        # Incomplete materials do not stop an application: they lead to the one-time list.
        Transition(
            name="submit",
            zh="提出登记申请",
            source=("draft",),
            target="submitted",
            permission="registration.submit",
            event="registration.submitted",
            clause="26-8",
            stops=("reg.first.file",),
            starts=("reg.accept",),
            documents=("business_review",),
        ),
        Transition(
            name="notify_incomplete",
            zh="一次性告知补正",
            source=("submitted",),
            target="incomplete",
            permission="registration.notify_incomplete",
            event="registration.incomplete_notified",
            clause="26-10",
            stops=("reg.accept",),
            reason_required=True,
        ),
        Transition(
            name="resubmit",
            zh="补正后再次申请",
            source=("incomplete",),
            target="submitted",
            permission="registration.resubmit",
            event="registration.resubmitted",
            clause="26-10",
            starts=("reg.accept",),
        ),
        Transition(
            name="accept",
            zh="受理",
            source=("submitted",),
            target="accepted",
            permission="registration.accept",
            event="registration.accepted",
            clause="26-10",
            stops=("reg.accept",),
            starts=("reg.review",),
            documents=MATERIALS,
        ),
        Transition(
            name="reject",
            zh="不予受理",
            source=("submitted",),
            target="rejected",
            permission="registration.reject",
            event="registration.rejected",
            clause="26-10",
            stops=("reg.accept",),
            reason_required=True,
        ),
        Transition(
            name="pass_review",
            zh="形式审核通过",
            source=("accepted",),
            target="review_passed",
            permission="registration.pass_review",
            event="registration.review_passed",
            clause="26-11",
            stops=("reg.review",),
        ),
        # 26号 gives no extension: the explanation is recorded and the clock runs on.
        Transition(
            name="explain_delay",
            zh="说明审核未完成的理由",
            source=("accepted",),
            target="accepted",
            permission="registration.explain_delay",
            event="registration.delay_explained",
            clause="26-11",
            reason_required=True,
            at_will=("accepted",),
        ),
        Transition(
            name="fail_review",
            zh="形式审核不通过",
            source=("accepted",),
            target="review_failed",
            permission="registration.fail_review",
            event="registration.review_failed",
            clause="26-11",
            stops=("reg.review",),
            reason_required=True,
        ),
        Transition(
            name="publicise",
            zh="公示",
            source=("review_passed",),
            target="publicised",
            permission="registration.publicise",
            event="registration.publicised",
            clause="26-12",
            starts=("reg.publicity",),
        ),
        Transition(
            name="object",
            zh="公示期内提出异议",
            source=("publicised",),
            target="objected",
            permission="registration.object",
            event="registration.objected",
            clause="26-12",
            documents=("objection_evidence",),
            reason_required=True,
            within=("reg.publicity",),
            at_will=("publicised",),
        ),
        Transition(
            name="terminate",
            zh="异议成立，终止登记",
            source=("objected",),
            target="terminated",
            permission="registration.terminate",
            event="registration.terminated",
            clause="26-12",
            stops=("reg.publicity",),
            reason_required=True,
        ),
        Transition(
            name="dismiss_objection",
            zh="异议不成立",
            source=("objected",),
            target="publicised",
            permission="registration.dismiss_objection",
            event="registration.objection_dismissed",
            clause="26-12",
            reason_required=True,
        ),
        Transition(
            name="assign_code",
            zh="赋予登记结果查询码",
            source=("publicised",),
            target="registered",
            permission="registration.assign_code",
            event="registration.code_assigned",
            clause="26-13",
            after=("reg.publicity",),
            stops=("reg.publicity",),
            starts=("reg.validity",),
        ),
    ),
)


def valid_until(*, code_at: datetime, operating_until: datetime | None = None) -> datetime:
    """Return when a registration ends (half-open): 3 years from the code (26号 第15条).

    A product or service under authorised operation whose operating term ends earlier is valid for
    that term only; `operating_until` is its half-open end.
    """
    longest = due(REGISTRATION_VALIDITY, code_at).at
    return longest if operating_until is None else min(longest, operating_until)
