"""The same thing twice at once: one is done, the other refused, nothing is done double."""

from __future__ import annotations

from functools import partial

import pytest

from gongshu.vocabulary.errors import Conflict, DomainError, InvalidTransition
from gongshu_server.journal.models import Entry
from gongshu_server.operation import actions
from gongshu_server.operation.models import ProviderOpinion
from gongshu_server.usage.models import GrantRow
from integration.operation.races import at_once
from integration.operation.world import (
    World,
    active_agreement,
    filed_agreement,
    submitted_scenario,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_agreement_comes_into_force_once(world: World) -> None:
    agreement = filed_agreement(world)
    by, at = world.actor("bureau"), world.later()
    activate = partial(actions.activate_agreement, agreement_id=agreement.pk, by=by, at=at)
    answers = at_once(activate, activate)
    assert sorted(isinstance(answer, InvalidTransition) for answer in answers) == [False, True]
    assert GrantRow.objects.filter(grantee=agreement.pk).count() == 2
    assert Entry.objects.filter(event="agreement.activated").count() == 1
    assert Entry.objects.filter(event="denied").count() == 1


def test_a_provider_speaks_once(world: World) -> None:
    scenario = submitted_scenario(world, active_agreement(world))
    by, at = world.actor("tax"), world.later()
    answers = at_once(
        partial(actions.give_opinion, scenario_id=scenario.pk, agreed=True, by=by, at=at),
        partial(
            actions.give_opinion, scenario_id=scenario.pk, agreed=False, opinion="否", by=by, at=at
        ),
    )
    refused = [answer for answer in answers if isinstance(answer, DomainError)]
    assert [type(answer) for answer in refused] == [Conflict]
    assert ProviderOpinion.objects.filter(scenario=scenario).count() == 1


def test_approval_and_termination_leave_no_live_grant(world: World) -> None:
    """Whichever comes first, an ended agreement has no grant under it."""
    agreement = active_agreement(world)
    scenario = submitted_scenario(world, agreement)
    for provider in ("tax", "emergency"):
        world.do(actions.give_opinion, by=provider, scenario_id=scenario.pk, agreed=True)
    head, at = world.actor("bureau", "head"), world.later()
    at_once(
        partial(actions.approve_scenario, scenario_id=scenario.pk, by=head, at=at),
        partial(
            actions.terminate_agreement, agreement_id=agreement.pk, reason="违约", by=head, at=at
        ),
    )
    assert not GrantRow.objects.filter(revoked_at__isnull=True).exists()
