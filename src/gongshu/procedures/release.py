"""Release 出域: 安全审核 and 业务规范性审核 by different mandates, then the responsible head signs.

While only one vote is in, the case stays in the same state as with none, so that neither the state
nor a transition tells the second reviewer how the first one voted; both are opened together.
"""

from __future__ import annotations

from gongshu.workflow.procedure import Procedure, Transition

PROCEDURE = Procedure(
    code="release",
    zh="出域审核",
    en="Release from the clean room",
    subject="release",
    initial="draft",
    states={
        "draft": "拟稿",
        "in_review": "双审核中",
        "passed": "双审核通过",
        "rejected": "审核不通过",
        "signed_off": "负责人已签批",
        "released": "已出域",
        "withdrawn": "已撤回",
    },
    terminal=frozenset({"rejected", "released", "withdrawn"}),
    transitions=(
        Transition(
            name="submit",
            zh="提交出域审核",
            source=("draft",),
            target="in_review",
            permission="release.submit",
            event="release.submitted",
            clause="27-14",
        ),
        Transition(
            name="security_vote",
            zh="安全审核投票",
            source=("in_review",),
            target="in_review",
            permission="release.security_vote",
            event="release.security_voted",
            clause="opinions-12.5",
            once=True,
        ),
        Transition(
            name="compliance_vote",
            zh="业务规范性审核投票",
            source=("in_review",),
            target="in_review",
            permission="release.compliance_vote",
            event="release.compliance_voted",
            clause="opinions-12.5",
            once=True,
        ),
        Transition(
            name="both_passed",
            zh="双审核通过",
            source=("in_review",),
            target="passed",
            permission="release.open_votes",
            event="release.passed",
            clause="opinions-12.5",
            requires=("security_vote", "compliance_vote"),
        ),
        Transition(
            name="reject",
            zh="审核不通过",
            source=("in_review",),
            target="rejected",
            permission="release.open_votes",
            event="release.rejected",
            clause="opinions-12.5",
            requires=("security_vote", "compliance_vote"),
            reason_required=True,
        ),
        Transition(
            name="sign_off",
            zh="负责人签批",
            source=("passed",),
            target="signed_off",
            permission="release.sign_off",
            event="release.signed_off",
            clause="opinions-12.5",
        ),
        Transition(
            name="release",
            zh="出域",
            source=("signed_off",),
            target="released",
            permission="release.release",
            event="release.released",
            clause="opinions-12.7",
        ),
        Transition(
            name="withdraw",
            zh="撤回",
            source=("in_review", "passed", "signed_off"),
            target="withdrawn",
            permission="release.withdraw",
            event="release.withdrawn",
            clause="27-14",
            reason_required=True,
            at_will=("in_review", "passed", "signed_off"),
        ),
    ),
)
