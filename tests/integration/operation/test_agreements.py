"""Agreements: thirteen items, five years, own decision, filing; in force they are a ceiling."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from gongshu.policy import Use, decide
from gongshu.vocabulary.errors import (
    Conflict,
    Invalid,
    InvalidTransition,
    NotFound,
    NotPermitted,
    Unavailable,
)
from gongshu_server.accounts.actors import node
from gongshu_server.accounts.models import Organisation
from gongshu_server.cases.models import Clock
from gongshu_server.catalogue.models import Item
from gongshu_server.operation import actions, queries
from gongshu_server.operation.models import Agreement
from gongshu_server.usage import queries as usage
from gongshu_server.usage.models import GrantRow
from integration.operation.world import (
    FULL_AGREEMENT,
    START,
    World,
    active_agreement,
    approved_plan,
    drafted_agreement,
    drafted_plan,
    filed_agreement,
    paper,
    terms,
    utc,
)

pytestmark = pytest.mark.django_db


def refused_terms(world: World, **changed: Any) -> Invalid:
    plan = approved_plan(world)
    with pytest.raises(Invalid) as refused:
        world.do(
            actions.draft_agreement, by="bureau", plan_id=plan.pk, terms=terms(world, **changed)
        )
    assert not Agreement.objects.exists()
    return refused.value


@pytest.mark.clause("27-13", "27-14")
def test_an_agreement_in_force_yields_ceilings_that_nobody_can_use(world: World) -> None:
    agreement = active_agreement(world)
    assert queries.state(agreement) == "active"
    rows = GrantRow.objects.filter(grantee=agreement.pk)
    assert {row.object for row in rows} == {
        f"resource:{world.resources[key]}" for key in ("licences", "arrears")
    }
    index = usage.full_index(at=world.at)
    for party in (world.organisations["operator"], world.organisations["lab"]):
        use = Use(
            party=party,
            object=f"resource:{world.resources['arrears']}",
            action="query",
            items=frozenset({"税种"}),
            purpose="industry",
            business="resource_development",
            region=None,
            at=world.at,
            minimum=10,
            rows=1,
        )
        assert not decide(index, use, {}).allowed


@pytest.mark.clause("27-14")
def test_missing_items_are_all_listed_at_once(world: World) -> None:
    short = {code: text for code, text in FULL_AGREEMENT.items() if code not in {"breach", "other"}}
    refused = refused_terms(world, contents=short | {"evaluation": ""})
    codes = [fault.code for fault in refused.details]
    assert codes == ["item.evaluation", "item.breach", "item.other"]
    assert refused.code == "incomplete"
    assert all(text in refused.sentence for text in ("效果评估", "违约责任", "其他事项"))


@pytest.mark.clause("27-14")
def test_more_than_five_years_is_refused(world: World) -> None:
    begin = START
    refused = refused_terms(world, valid_from=begin, valid_until=begin.replace(year=2030, minute=1))
    assert (refused.code, refused.clause) == ("term.too_long", "27-14")
    assert "5年" in refused.sentence


def test_five_years_to_the_minute_are_allowed(world: World) -> None:
    agreement = drafted_agreement(world, valid_from=START, valid_until=START.replace(year=2030))
    assert queries.state(agreement) == "draft"


def test_five_years_from_a_leap_day(world: World) -> None:
    leap = START.replace(year=2028, month=2, day=29)
    after = leap.replace(year=2033, month=3, day=1)
    refused = refused_terms(world, valid_from=leap, valid_until=after + timedelta(days=1))
    assert refused.code == "term.too_long"


def test_everything_wrong_is_told_together_with_its_clause(world: World) -> None:
    refused = refused_terms(
        world,
        contents={},
        valid_until=START + timedelta(days=6 * 365),
        operator=world.organisations["lab"],
        selection="lottery",
        selection_record="",
        scope=(),
        purposes=("audit",),
        businesses=(),
        products=(),
        regions=("99",),
        minimum=3,
        max_rows=0,
    )
    clauses = {fault.code: fault.clause for fault in refused.details}
    assert len(clauses) == 13 + 11
    assert clauses["term.too_long"] == "27-14"
    assert clauses["role.operator"] == "27-3"
    assert clauses["selection"] == "27-12"
    assert clauses["businesses"] == "opinions-3.8"
    assert clauses["minimum"] == "dc-4"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"level": "core"}, "scope.level"),
        ({"level": "important"}, "scope.level"),
        ({"grade": 4}, "scope.level"),
        ({"confirmed_by": ""}, "scope.level"),
    ],
)
@pytest.mark.clause("opinions-3.2")
def test_levels_that_may_not_be_authorised(
    world: World, changed: dict[str, Any], code: str
) -> None:
    Item.objects.filter(resource_id=world.resources["arrears"], name="税种").update(**changed)
    refused = refused_terms(world)
    assert [(fault.code, fault.clause) for fault in refused.details] == [(code, "opinions-3.2")]
    assert "税种" in refused.sentence


def test_grade_four_may_serve_inside_the_domain(world: World) -> None:
    Item.objects.filter(resource_id=world.resources["arrears"], name="税种").update(grade=4)
    scope = world.scope("arrears", exits=("service",))
    assert queries.state(drafted_agreement(world, scope=scope)) == "draft"


def test_scope_faults_name_resource_and_item(world: World) -> None:
    (entry,) = world.scope("arrears")
    refused = refused_terms(
        world,
        scope=(
            replace(entry, items=("税种", "户籍"), exits=("leak",)),
            replace(entry, resource="NOSUCH"),
        ),
    )
    assert "户籍" in refused.sentence
    assert "NOSUCH" in refused.sentence
    assert "结果出域、域内服务" in refused.sentence


def test_the_two_reviews_need_two_bodies_apart_from_the_operator(world: World) -> None:
    def join(code: str, group_of: str) -> None:
        group = Organisation.objects.get(pk=world.organisations[group_of]).control_group
        Organisation.objects.filter(pk=world.organisations[code]).update(control_group=group)

    join("sector", "cyberspace")
    assert refused_terms(world).code == "reviewers.same"
    join("sector", "operator")
    assert refused_terms(world).code == "reviewers.operator"


def test_reviewers_must_be_reviewers(world: World) -> None:
    refused = refused_terms(
        world,
        security_bodies=(world.organisations["sector"],),
        compliance_bodies=(),
    )
    assert [fault.code for fault in refused.details] == [
        "role.security_reviewer",
        "role.sector_authority",
    ]


def test_an_agreement_rests_on_an_approved_plan_of_the_same_body(world: World) -> None:
    draft = drafted_plan(world)
    with pytest.raises(Conflict, match="还没有批准"):
        world.do(actions.draft_agreement, by="bureau", plan_id=draft.pk, terms=terms(world))
    plan = approved_plan(world)
    for code, error in (
        ("other_bureau", NotFound),
        ("operator", NotFound),
        ("government", NotPermitted),
    ):
        with pytest.raises(error):
            world.do(actions.draft_agreement, by=code, plan_id=plan.pk, terms=terms(world))


@pytest.mark.clause("27-13")
def test_it_is_signed_after_the_bodys_own_decision_by_its_head(world: World) -> None:
    agreement = drafted_agreement(world)
    signed = {"agreement_id": agreement.pk, "papers": [paper("signed_agreement")]}
    with pytest.raises(InvalidTransition, match="拟稿"):
        world.do(actions.sign_agreement, by=("bureau", "head"), **signed)
    with pytest.raises(Invalid, match="集体决策文件"):
        world.do(
            actions.record_agreement_decision, by="bureau", agreement_id=agreement.pk, papers=[]
        )
    world.do(
        actions.record_agreement_decision,
        by="bureau",
        agreement_id=agreement.pk,
        papers=[paper("body_decision")],
    )
    with pytest.raises(NotPermitted):
        world.do(actions.sign_agreement, by="bureau", **signed)
    with pytest.raises(NotPermitted):
        world.do(actions.sign_agreement, by=("operator", "head"), **signed)
    with pytest.raises(NotFound):
        world.do(actions.sign_agreement, by=("other_bureau", "head"), **signed)
    world.do(actions.sign_agreement, by=("bureau", "head"), **signed)
    assert queries.state(agreement) == "signed"


@pytest.mark.clause("opinions-3.3")
def test_nothing_is_granted_before_the_filing(world: World) -> None:
    agreement = drafted_agreement(world)
    with pytest.raises(InvalidTransition):
        world.do(actions.activate_agreement, by="bureau", agreement_id=agreement.pk)
    assert not GrantRow.objects.exists()


def test_it_comes_into_force_once_and_not_after_its_term(world: World) -> None:
    agreement = filed_agreement(world)
    world.do(actions.activate_agreement, by="bureau", agreement_id=agreement.pk)
    ceilings = GrantRow.objects.count()
    with pytest.raises(InvalidTransition):
        world.do(actions.activate_agreement, by="bureau", agreement_id=agreement.pk)
    assert GrantRow.objects.count() == ceilings
    late = filed_agreement(world)
    world.later(days=4 * 365)
    with pytest.raises(Conflict, match="期限已过"):
        world.do(actions.activate_agreement, by="bureau", agreement_id=late.pk)


def test_its_term_ends_where_it_says(world: World) -> None:
    agreement = active_agreement(world)
    clock = Clock.objects.get(case=agreement.case, limit="op.term")
    assert clock.due == utc(agreement.valid_until)


def expire(agreement: Agreement, at: datetime) -> None:
    actions.expire_agreement(agreement_id=agreement.pk, by=node(), at=at)


def test_it_expires_at_its_end_and_not_before(world: World) -> None:
    agreement = active_agreement(world)
    end = agreement.valid_until
    assert queries.expired_agreements(end - timedelta(seconds=1)) == []
    with pytest.raises(InvalidTransition):
        expire(agreement, end - timedelta(seconds=1))
    assert queries.expired_agreements(end) == [agreement]
    with pytest.raises(NotPermitted):
        actions.expire_agreement(
            agreement_id=agreement.pk, by=world.actor("bureau", "head"), at=end
        )
    expire(agreement, end)
    assert queries.active_agreements() == []


def test_termination_needs_reasons_and_ends_the_ceilings(world: World) -> None:
    agreement = active_agreement(world)
    named = {"agreement_id": agreement.pk}
    with pytest.raises(Invalid, match="理由"):
        world.do(actions.terminate_agreement, by=("bureau", "head"), reason="", **named)
    with pytest.raises(NotPermitted):
        world.do(actions.terminate_agreement, by=("operator", "head"), reason="不想做了", **named)
    world.do(actions.terminate_agreement, by=("bureau", "head"), reason="严重违约", **named)
    assert not GrantRow.objects.filter(grantee=agreement.pk, revoked_at__isnull=True).exists()


def test_who_sees_an_agreement(world: World) -> None:
    agreement = drafted_agreement(world)
    for code in ("bureau", "operator", "audit"):
        assert queries.agreement(agreement.pk, by=world.actor(code)) == agreement
    for code in ("other_bureau", "other_operator", "lab", "tax"):
        with pytest.raises(NotFound):
            queries.agreement(agreement.pk, by=world.actor(code))


def test_a_ceiling_edited_by_sql_counts_for_nothing(world: World) -> None:
    agreement = active_agreement(world)
    row = GrantRow.objects.filter(grantee=agreement.pk).first()
    assert row is not None
    GrantRow.objects.filter(pk=row.pk).update(body=row.body.replace("industry", "sector"))
    with pytest.raises(Unavailable):
        usage.live_grant(row.pk, at=world.at)
