"""Objection 数据异议: the disputed record is suspended, then corrected at the source or dismissed.

The source answers within 10 working days, the number of 809号 第26条 for corrections; the
Opinions give none of their own.
"""

from __future__ import annotations

from gongshu.procedures.limits import CORRECTION
from gongshu.workflow.procedure import Procedure, Transition

PROCEDURE = Procedure(
    code="objection",
    zh="数据异议",
    en="Objection",
    subject="objection",
    initial="draft",
    states={
        "draft": "拟稿",
        "submitted": "已提出",
        "accepted": "已受理",
        "suspended": "异议处理中",
        "upheld": "异议成立",
        "corrected": "已从源头更正",
        "dismissed": "异议不成立",
        "closed": "已办结",
    },
    terminal=frozenset({"closed"}),
    limits=(CORRECTION,),
    transitions=(
        Transition(
            name="submit",
            zh="提出异议",
            source=("draft",),
            target="submitted",
            permission="objection.submit",
            event="objection.submitted",
            clause="opinions-4.6",
            reason_required=True,
        ),
        Transition(
            name="accept",
            zh="受理异议",
            source=("submitted",),
            target="accepted",
            permission="objection.accept",
            event="objection.accepted",
            clause="opinions-4.6",
            starts=("share.correct",),
        ),
        Transition(
            name="suspend_record",
            zh="暂停使用争议记录",
            source=("accepted",),
            target="suspended",
            permission="objection.suspend_record",
            event="objection.record_suspended",
            clause="opinions-4.6",
        ),
        Transition(
            name="uphold",
            zh="认定异议成立",
            source=("suspended",),
            target="upheld",
            permission="objection.uphold",
            event="objection.upheld",
            clause="809-26",
            reason_required=True,
        ),
        Transition(
            name="correct_at_source",
            zh="从源头更正",
            source=("upheld",),
            target="corrected",
            permission="objection.correct_at_source",
            event="objection.corrected",
            clause="809-26",
            stops=("share.correct",),
        ),
        Transition(
            name="dismiss",
            zh="认定异议不成立",
            source=("submitted", "accepted", "suspended"),
            target="dismissed",
            permission="objection.dismiss",
            event="objection.dismissed",
            clause="opinions-4.6",
            stops=("share.correct",),
            reason_required=True,
        ),
        Transition(
            name="close",
            zh="办结",
            source=("corrected", "dismissed"),
            target="closed",
            permission="objection.close",
            event="objection.closed",
            clause="opinions-4.6",
        ),
    ),
)
