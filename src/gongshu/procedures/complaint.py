"""Complaint 投诉举报: anybody reports an operator, a department or a price; whoever is named is no
party and cannot read who reported.

The Opinions and 790号 第20条 ask for an open channel and for timely handling; neither gives days.
"""

from __future__ import annotations

from gongshu.workflow.procedure import Procedure, Transition

PROCEDURE = Procedure(
    code="complaint",
    zh="投诉举报",
    en="Complaint",
    subject="complaint",
    initial="draft",
    states={
        "draft": "拟稿",
        "submitted": "已提出",
        "accepted": "已受理",
        "handled": "已查办",
        "answered": "已答复",
        "rejected": "不予受理",
        "closed": "已办结",
    },
    terminal=frozenset({"rejected", "closed"}),
    transitions=(
        Transition(
            name="submit",
            zh="提出投诉举报",
            source=("draft",),
            target="submitted",
            permission="complaint.submit",
            event="complaint.submitted",
            clause="opinions-5.4",
        ),
        Transition(
            name="transfer",
            zh="转办投诉举报",
            source=("submitted", "accepted"),
            target="submitted",
            permission="complaint.handle",
            event="complaint.transferred",
            clause="opinions-5.4",
            at_will=("submitted", "accepted"),
            reason_required=True,
        ),
        Transition(
            name="accept",
            zh="受理投诉举报",
            source=("submitted",),
            target="accepted",
            permission="complaint.handle",
            event="complaint.accepted",
            clause="790-20",
        ),
        Transition(
            name="reject",
            zh="不予受理投诉举报",
            source=("submitted",),
            target="rejected",
            permission="complaint.decide",
            event="complaint.rejected",
            clause="opinions-5.4",
            reason_required=True,
        ),
        Transition(
            name="handle",
            zh="记录查办情况",
            source=("accepted",),
            target="handled",
            permission="complaint.handle",
            event="complaint.handled",
            clause="790-20",
            reason_required=True,
        ),
        Transition(
            name="answer",
            zh="答复投诉举报",
            source=("handled",),
            target="answered",
            permission="complaint.decide",
            event="complaint.answered",
            clause="790-20",
            reason_required=True,
        ),
        Transition(
            name="close",
            zh="办结投诉举报",
            source=("answered",),
            target="closed",
            permission="complaint.handle",
            event="complaint.closed",
            clause="opinions-5.4",
        ),
    ),
)
