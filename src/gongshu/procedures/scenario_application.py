"""Scenario application 场景申请: the agreement is the ceiling, each grant comes from one."""

from __future__ import annotations

from collections.abc import Mapping

from gongshu.vocabulary.errors import Invalid
from gongshu.workflow.procedure import Procedure, Transition

PROCEDURE = Procedure(
    code="scenario_application",
    zh="场景申请",
    en="Scenario application",
    subject="scenario",
    initial="draft",
    states={
        "draft": "拟稿",
        "submitted": "征求数据提供单位意见中",
        "approved": "已批准",
        "refused": "不予批准",
        "ended": "已结束",
    },
    terminal=frozenset({"refused", "ended"}),
    transitions=(
        Transition(
            name="submit",
            zh="提出场景申请",
            source=("draft",),
            target="submitted",
            permission="scenario.submit",
            event="scenario.submitted",
            clause="opinions-3.4",
        ),
        # One opinion per provider: the case stays where it is until the implementing body decides.
        Transition(
            name="provider_opinion",
            zh="数据提供单位出具意见",
            source=("submitted",),
            target="submitted",
            permission="scenario.provider_opinion",
            event="scenario.opinion_given",
            clause="27-5",
        ),
        Transition(
            name="approve",
            zh="批准",
            source=("submitted",),
            target="approved",
            permission="scenario.approve",
            event="scenario.approved",
            clause="opinions-3.4",
            requires=("provider_opinion",),
        ),
        Transition(
            name="refuse",
            zh="不予批准",
            source=("submitted",),
            target="refused",
            permission="scenario.refuse",
            event="scenario.refused",
            clause="27-21",
            reason_required=True,
        ),
        Transition(
            name="end",
            zh="结束",
            source=("approved",),
            target="ended",
            permission="scenario.end",
            event="scenario.ended",
            clause="27-14",
            reason_required=True,
            at_will=("approved",),
        ),
    ),
)


def check_opinions(*, providers: Mapping[str, str], opinions: Mapping[str, bool]) -> None:
    """Raise Invalid unless every provider of the data has agreed (27号 第5条).

    `providers` maps each provider's id to its name, `opinions` each id to agreed or refused; the
    error names every provider that is missing or has refused.
    """
    missing = [name for code, name in providers.items() if code not in opinions]
    against = [name for code, name in providers.items() if opinions.get(code) is False]
    faults = []
    if missing:
        faults.append(f"还缺少数据提供单位的意见：{'、'.join(missing)}")
    if against:
        faults.append(f"数据提供单位不同意：{'、'.join(against)}，请缩小申请范围后重新提出")
    if faults:
        raise Invalid(
            "；".join(faults) + "。",
            code="provider_consent",
            clause="27-5",
            details=(*missing, *against),
        )
