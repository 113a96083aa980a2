"""Plans: the twelve items, the collective decision, the filing, the approval (27号 9–11)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gongshu.procedures.operation_plan import MANDATORY_ITEMS
from gongshu.vocabulary.errors import Conflict, Invalid, InvalidTransition, NotFound, NotPermitted
from gongshu_server.journal.models import Entry
from gongshu_server.operation import actions, queries
from gongshu_server.operation.models import Plan
from integration.operation.world import FULL_PLAN, World, approved_plan, drafted_plan, paper

pytestmark = pytest.mark.django_db


def last_denial() -> Entry:
    denial = Entry.objects.filter(event="denied").order_by("-sequence").first()
    assert denial is not None
    return denial


@pytest.mark.clause("27-9", "27-11", "opinions-3.3")
def test_a_plan_goes_the_whole_way(world: World) -> None:
    plan = approved_plan(world)
    assert queries.state(plan) == "approved"
    events = Entry.objects.filter(subject_id=plan.pk).order_by("sequence")
    assert list(events.values_list("event", flat=True)) == [
        "plan.drafted",
        "plan.submitted",
        "plan.decided",
        "plan.filed",
        "plan.approved",
    ]


@pytest.mark.clause("27-9")
def test_missing_items_are_all_listed_at_once(world: World) -> None:
    short = {code: text for code, text in FULL_PLAN.items() if code not in {"mode", "security"}}
    plan = drafted_plan(world, short | {"term": "  "})
    with pytest.raises(Invalid) as refused:
        world.do(actions.submit_plan, by="bureau", plan_id=plan.pk)
    assert [fault.code for fault in refused.value.details] == [
        "item.mode",
        "item.term",
        "item.security",
    ]
    for code in ("mode", "term", "security"):
        assert MANDATORY_ITEMS[code] in refused.value.sentence
    assert refused.value.clause == "27-9"
    assert queries.state(plan) == "draft"
    assert last_denial().subject_id == plan.pk


def test_a_draft_is_amended_and_then_submitted(world: World) -> None:
    plan = drafted_plan(world, {})
    world.do(actions.amend_plan, by="bureau", plan_id=plan.pk, contents=FULL_PLAN)
    world.do(actions.submit_plan, by="bureau", plan_id=plan.pk)
    assert Plan.objects.get(pk=plan.pk).contents == FULL_PLAN
    with pytest.raises(Conflict, match="不能擅自变更") as refused:
        world.do(actions.amend_plan, by="bureau", plan_id=plan.pk, contents={})
    assert refused.value.clause == "27-11"
    assert Plan.objects.get(pk=plan.pk).contents == FULL_PLAN


def test_a_plan_is_submitted_once(world: World) -> None:
    plan = drafted_plan(world)
    world.do(actions.submit_plan, by="bureau", plan_id=plan.pk)
    with pytest.raises(InvalidTransition, match="已报请审议"):
        world.do(actions.submit_plan, by="bureau", plan_id=plan.pk)


@pytest.mark.parametrize(
    ("who", "error"),
    [
        (("other_bureau", "handler"), NotFound),
        (("operator", "handler"), NotFound),
        (("audit", "handler"), NotPermitted),
        (("government", "handler"), NotPermitted),
        (("bureau", "developer"), NotPermitted),
    ],
)
def test_only_the_implementing_body_submits(
    world: World, who: tuple[str, str], error: type[Exception]
) -> None:
    plan = drafted_plan(world)
    with pytest.raises(error):
        world.do(actions.submit_plan, by=who, plan_id=plan.pk)
    assert queries.state(plan) == "draft"


@pytest.mark.parametrize("who", [("bureau", "head"), ("government", "reviewer")])
def test_only_the_authorising_body_decides(world: World, who: tuple[str, str]) -> None:
    plan = drafted_plan(world)
    world.do(actions.submit_plan, by="bureau", plan_id=plan.pk)
    decision = [paper("collective_decision")]
    with pytest.raises(NotPermitted):
        world.do(actions.record_plan_decision, by=who, plan_id=plan.pk, papers=decision)
    with pytest.raises(NotFound):
        world.do(
            actions.record_plan_decision, by="other_government", plan_id=plan.pk, papers=decision
        )


def test_a_decision_without_its_document_or_number_is_not_recorded(world: World) -> None:
    plan = drafted_plan(world)
    world.do(actions.submit_plan, by="bureau", plan_id=plan.pk)
    with pytest.raises(Invalid, match="集体决策文件"):
        world.do(actions.record_plan_decision, by="government", plan_id=plan.pk, papers=[])
    vague = replace(paper("collective_decision"), number="", dated=None)
    with pytest.raises(Invalid, match=r"文号.*日期") as refused:
        world.do(actions.record_plan_decision, by="government", plan_id=plan.pk, papers=[vague])
    assert refused.value.clause == "27-11"
    assert queries.state(plan) == "submitted"


def test_a_filing_needs_its_receipt(world: World) -> None:
    plan = drafted_plan(world)
    world.do(actions.submit_plan, by="bureau", plan_id=plan.pk)
    world.do(
        actions.record_plan_decision,
        by="government",
        plan_id=plan.pk,
        papers=[paper("collective_decision")],
    )
    unreceipted = replace(paper("filing_receipt"), receipt="")
    with pytest.raises(Invalid, match="回执编号"):
        world.do(actions.file_plan, by="bureau", plan_id=plan.pk, papers=[unreceipted])
    with pytest.raises(InvalidTransition):
        world.do(actions.approve_plan, by=("government", "head"), plan_id=plan.pk)


def test_only_the_head_approves(world: World) -> None:
    plan = drafted_plan(world)
    world.do(actions.submit_plan, by="bureau", plan_id=plan.pk)
    world.do(
        actions.record_plan_decision,
        by="government",
        plan_id=plan.pk,
        papers=[paper("collective_decision")],
    )
    world.do(actions.file_plan, by="bureau", plan_id=plan.pk, papers=[paper("filing_receipt")])
    with pytest.raises(NotPermitted):
        world.do(actions.approve_plan, by="government", plan_id=plan.pk)


def test_a_plan_may_be_refused_with_reasons_only(world: World) -> None:
    plan = drafted_plan(world)
    world.do(actions.submit_plan, by="bureau", plan_id=plan.pk)
    with pytest.raises(Invalid, match="理由"):
        world.do(actions.refuse_plan, by="government", plan_id=plan.pk, reason=" ")
    world.do(actions.refuse_plan, by="government", plan_id=plan.pk, reason="论证不充分")
    assert queries.state(plan) == "refused"


def test_an_unknown_mode_and_a_body_that_cannot_authorise_are_refused(world: World) -> None:
    said = {"title": "方案", "contents": FULL_PLAN}
    with pytest.raises(Invalid, match="整体授权"):
        world.do(
            actions.draft_plan,
            by="bureau",
            mode="monopoly",
            authority=world.organisations["government"],
            **said,
        )
    with pytest.raises(Invalid, match="不是授权主体"):
        world.do(
            actions.draft_plan,
            by="bureau",
            mode="whole",
            authority=world.organisations["operator"],
            **said,
        )
    assert not Plan.objects.exists()


def test_who_sees_a_plan(world: World) -> None:
    plan = drafted_plan(world)
    for code in ("bureau", "government", "audit"):
        assert queries.plan(plan.pk, by=world.actor(code)) == plan
    for code in ("other_bureau", "operator", "tax"):
        with pytest.raises(NotFound):
            queries.plan(plan.pk, by=world.actor(code))
