"""Scenario applications: inside the agreement, with every provider's consent, one grant each."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gongshu.policy import GrantIndex, Use, contained, decide
from gongshu.vocabulary.errors import (
    Conflict,
    DomainError,
    Invalid,
    InvalidTransition,
    NotFound,
    NotPermitted,
)
from gongshu_server.accounts.models import Organisation
from gongshu_server.cases.engine import add_party
from gongshu_server.cases.models import Case
from gongshu_server.journal.models import Entry
from gongshu_server.operation import actions, queries
from gongshu_server.operation.models import ProviderOpinion, Scenario
from gongshu_server.usage import queries as usage
from gongshu_server.usage.models import GrantRow
from integration.operation.world import (
    World,
    active_agreement,
    application,
    approved_scenario,
    filed_agreement,
    submitted_scenario,
)

pytestmark = pytest.mark.django_db


def refused(
    world: World, error: type[DomainError], *, by: Any = "operator", **changed: Any
) -> DomainError:
    agreement = active_agreement(world)
    with pytest.raises(error) as caught:
        world.do(
            actions.submit_scenario,
            by=by,
            agreement_id=agreement.pk,
            application=application(world, **changed),
        )
    assert not Scenario.objects.exists()
    return caught.value


@pytest.mark.clause("opinions-3.4", "27-5")
def test_a_scenario_yields_one_grant_a_resource_under_its_ceiling(world: World) -> None:
    agreement = active_agreement(world)
    scenario = approved_scenario(world, agreement)
    rows = GrantRow.objects.filter(grantee=world.organisations["lab"])
    assert rows.count() == 2
    for row in rows:
        grant = usage.live_grant(row.pk, at=world.at)
        ceiling = usage.live_grant(grant.parent or "", at=world.at)
        assert ceiling.grantee == agreement.pk
        assert grant.scenario == scenario.pk
        assert contained(grant, ceiling).allowed
    assert [u.zh for u in grant.undertakings] == ["只用于本场景"]


def test_the_grant_is_good_for_the_scenario_only(world: World) -> None:
    scenario = approved_scenario(world, active_agreement(world))
    lab = world.organisations["lab"]
    thing = f"resource:{world.resources['arrears']}"
    use = Use(
        party=lab,
        object=thing,
        action="query",
        items=frozenset({"税种"}),
        purpose="industry",
        business="resource_development",
        region=None,
        at=world.at,
        minimum=10,
        rows=1,
        scenario=scenario.pk,
    )
    index: GrantIndex = usage.index_for({lab}, {thing}, at=world.at)
    assert decide(index, use, {}).allowed
    for changed, limit in (
        ({"scenario": None}, "scenario"),
        ({"purpose": "public_governance"}, "purpose"),
        ({"business": "product_operation"}, "business"),
        ({"action": "build"}, "action"),
        ({"at": scenario.valid_until}, "period"),
    ):
        reasons = decide(index, replace(use, **changed), {}).reasons
        assert [reason.limit for reason in reasons] == [limit]


@pytest.mark.clause("27-21")
def test_beyond_the_agreement_every_broken_limit_is_named(world: World) -> None:
    agreement = active_agreement(
        world, scope=world.scope("arrears"), regions=("139901",), minimum=20, max_rows=100
    )
    wide = application(
        world,
        scope=(*world.scope("arrears", exits=("export", "service")), *world.scope("licences")),
        purpose="sector",
        businesses=("resource_development", "technical_service"),
        regions=("139902",),
        minimum=10,
        max_rows=1000,
        valid_until=agreement.valid_until + timedelta(days=1),
    )
    with pytest.raises(NotPermitted) as caught:
        world.do(
            actions.submit_scenario, by="operator", agreement_id=agreement.pk, application=wide
        )
    error = caught.value
    assert error.code == "beyond_agreement"
    assert {reason.limit for reason in error.details} == {
        "no_grant",
        "action",
        "purpose",
        "business",
        "region",
        "minimum",
        "rows",
        "period",
    }
    assert all(reason.sentence in error.sentence for reason in error.details)
    denial = Entry.objects.filter(event="denied").latest("sequence")
    assert all(reason.limit in (denial.body or "") for reason in error.details)
    assert not Scenario.objects.exists()


def test_an_item_that_the_agreement_leaves_out_is_named(world: World) -> None:
    (entry,) = world.scope("arrears")
    agreement = active_agreement(world, scope=(replace(entry, items=("税种",)),))
    with pytest.raises(NotPermitted) as caught:
        submitted_scenario(world, agreement, scope=(entry,))
    (reason,) = caught.value.details
    assert (reason.limit, reason.clause) == ("items", "27-21")
    assert "统一社会信用代码" in reason.sentence


@pytest.mark.parametrize(
    ("by", "error"),
    [
        ("other_operator", NotFound),
        ("lab", NotFound),
        ("bureau", NotPermitted),
        (("operator", "auditor"), NotPermitted),
    ],
)
def test_only_the_agreements_operator_applies(
    world: World, by: Any, error: type[DomainError]
) -> None:
    refused(world, error, by=by)


def test_faults_are_listed_at_once(world: World) -> None:
    error = refused(
        world,
        Invalid,
        title=" ",
        developer=world.organisations["tax"],
        purpose="audit",
        scope=(),
        valid_until=world.at,
        minimum=5,
    )
    assert {fault.code for fault in error.details} == {
        "title",
        "valid_until",
        "role.developer",
        "purposes",
        "scope.empty",
        "minimum",
    }


@pytest.mark.clause("opinions-11.1")
def test_a_developer_under_the_reviewers_control_is_refused(world: World) -> None:
    group = Organisation.objects.get(pk=world.organisations["sector"]).control_group
    Organisation.objects.filter(pk=world.organisations["lab"]).update(control_group=group)
    error = refused(world, Invalid)
    assert (error.code, error.clause) == ("developer.reviewed", "opinions-11.1")


def test_the_agreement_must_be_in_force(world: World) -> None:
    filed = filed_agreement(world)
    with pytest.raises(Conflict, match="不在履行期内"):
        submitted_scenario(world, filed)
    world.do(actions.activate_agreement, by="bureau", agreement_id=filed.pk)
    world.do(
        actions.terminate_agreement, by=("bureau", "head"), agreement_id=filed.pk, reason="违约"
    )
    with pytest.raises(Conflict, match="不在履行期内"):
        submitted_scenario(world, filed)


def test_an_agreement_past_its_term_carries_nothing(world: World) -> None:
    agreement = active_agreement(world)
    world.later(days=3 * 365)
    with pytest.raises(Conflict, match="不在履行期内"):
        submitted_scenario(world, agreement)


@pytest.mark.clause("27-5")
def test_no_approval_without_every_providers_consent(world: World) -> None:
    scenario = submitted_scenario(world, active_agreement(world))
    named = {"scenario_id": scenario.pk}
    head = ("bureau", "head")
    with pytest.raises(Invalid) as nobody:
        world.do(actions.approve_scenario, by=head, **named)
    assert set(nobody.value.details) == {"emergency单位", "tax单位"}
    assert (nobody.value.code, nobody.value.clause) == ("provider_consent", "27-5")
    world.do(actions.give_opinion, by="tax", agreed=True, **named)
    with pytest.raises(Invalid, match="emergency单位") as one:
        world.do(actions.approve_scenario, by=head, **named)
    assert one.value.details == ("emergency单位",)
    assert not GrantRow.objects.filter(grantee=world.organisations["lab"]).exists()


@pytest.mark.clause("27-5")
def test_a_provider_that_refuses_stops_the_scenario(world: World) -> None:
    scenario = submitted_scenario(world, active_agreement(world))
    named = {"scenario_id": scenario.pk}
    with pytest.raises(Invalid, match="理由"):
        world.do(actions.give_opinion, by="tax", agreed=False, opinion="", **named)
    world.do(actions.give_opinion, by="tax", agreed=False, opinion="涉及未结案件", **named)
    world.do(actions.give_opinion, by="emergency", agreed=True, **named)
    with pytest.raises(Invalid, match="不同意：tax单位"):
        world.do(actions.approve_scenario, by=("bureau", "head"), **named)
    world.do(actions.refuse_scenario, by=("bureau", "head"), reason="数据提供单位不同意", **named)
    assert queries.state(scenario) == "refused"
    assert not GrantRow.objects.filter(grantee=world.organisations["lab"]).exists()


def test_a_provider_speaks_once(world: World) -> None:
    scenario = submitted_scenario(world, active_agreement(world))
    world.do(actions.give_opinion, by="tax", scenario_id=scenario.pk, agreed=False, opinion="否")
    with pytest.raises(Conflict, match="已经出具过意见"):
        world.do(actions.give_opinion, by="tax", scenario_id=scenario.pk, agreed=True)
    assert ProviderOpinion.objects.get(scenario=scenario).agreed is False


@pytest.mark.parametrize(
    ("by", "error"),
    [
        ("industry", NotFound),  # A provider, but not of this data.
        (("tax", "developer"), NotPermitted),
        ("lab", NotPermitted),
        ("operator", NotPermitted),
        ("bureau", NotPermitted),
    ],
)
def test_only_a_provider_of_the_data_speaks(
    world: World, by: Any, error: type[DomainError]
) -> None:
    scenario = submitted_scenario(world, active_agreement(world))
    with pytest.raises(error):
        world.do(actions.give_opinion, by=by, scenario_id=scenario.pk, agreed=True)
    assert not ProviderOpinion.objects.exists()


def test_a_provider_that_takes_part_for_other_reasons_does_not_speak(world: World) -> None:
    scenario = submitted_scenario(world, active_agreement(world))
    case = Case.objects.get(pk=scenario.case)
    add_party(case, world.organisations["industry"], "consulted")
    with pytest.raises(NotPermitted) as caught:
        world.do(actions.give_opinion, by="industry", scenario_id=scenario.pk, agreed=True)
    assert caught.value.code == "not_a_provider"


@pytest.mark.parametrize(
    ("by", "error"),
    [
        ("bureau", NotPermitted),
        (("operator", "head"), NotPermitted),
        (("tax", "head"), NotPermitted),
        (("other_bureau", "head"), NotFound),
        (("audit", "head"), NotPermitted),
    ],
)
def test_only_the_implementing_bodys_head_or_reviewer_approves(
    world: World, by: Any, error: type[DomainError]
) -> None:
    scenario = submitted_scenario(world, active_agreement(world))
    for provider in ("tax", "emergency"):
        world.do(actions.give_opinion, by=provider, scenario_id=scenario.pk, agreed=True)
    with pytest.raises(error):
        world.do(actions.approve_scenario, by=by, scenario_id=scenario.pk)
    assert queries.state(scenario) == "submitted"


def test_a_scenario_is_decided_once(world: World) -> None:
    scenario = approved_scenario(world, active_agreement(world))
    rows = GrantRow.objects.count()
    with pytest.raises(InvalidTransition):
        world.do(actions.approve_scenario, by=("bureau", "head"), scenario_id=scenario.pk)
    with pytest.raises(InvalidTransition):
        world.do(
            actions.refuse_scenario, by=("bureau", "head"), scenario_id=scenario.pk, reason="改主意"
        )
    assert GrantRow.objects.count() == rows


def test_an_agreement_that_ended_meanwhile_yields_nothing(world: World) -> None:
    agreement = active_agreement(world)
    scenario = submitted_scenario(world, agreement)
    for provider in ("tax", "emergency"):
        world.do(actions.give_opinion, by=provider, scenario_id=scenario.pk, agreed=True)
    world.do(
        actions.terminate_agreement, by=("bureau", "head"), agreement_id=agreement.pk, reason="违约"
    )
    with pytest.raises(Conflict, match="不在履行期内"):
        world.do(actions.approve_scenario, by=("bureau", "head"), scenario_id=scenario.pk)


def test_ending_a_scenario_revokes_its_grants(world: World) -> None:
    scenario = approved_scenario(world, active_agreement(world))
    with pytest.raises(Invalid, match="理由"):
        world.do(actions.end_scenario, by="operator", scenario_id=scenario.pk, reason="")
    with pytest.raises(NotPermitted):
        world.do(actions.end_scenario, by="tax", scenario_id=scenario.pk, reason="停")
    world.do(actions.end_scenario, by="operator", scenario_id=scenario.pk, reason="任务完成")
    live = GrantRow.objects.filter(grantee=world.organisations["lab"], revoked_at__isnull=True)
    assert not live.exists()


def test_a_terminated_agreement_takes_the_scenarios_grants_with_it(world: World) -> None:
    agreement = active_agreement(world)
    approved_scenario(world, agreement)
    world.do(
        actions.terminate_agreement, by=("bureau", "head"), agreement_id=agreement.pk, reason="违约"
    )
    assert not GrantRow.objects.filter(revoked_at__isnull=True).exists()


def test_who_sees_a_scenario_and_its_opinions(world: World) -> None:
    scenario = submitted_scenario(world, active_agreement(world))
    world.do(actions.give_opinion, by="tax", scenario_id=scenario.pk, agreed=True)
    for code in ("operator", "lab", "tax", "emergency", "bureau", "audit"):
        assert len(queries.opinions(scenario.pk, by=world.actor(code))) == 1
    for code in ("other_operator", "other_lab", "industry", "sector"):
        with pytest.raises(NotFound):
            queries.opinions(scenario.pk, by=world.actor(code))
