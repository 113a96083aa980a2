"""The few effects that these contexts need; the node's own table stands above them, in journeys."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType

from gongshu_server.accounts.actors import Actor
from gongshu_server.journal.recording import Recorded
from gongshu_server.operation import queries
from gongshu_server.operation.models import Agreement, Scenario
from gongshu_server.usage import actions as usage
from gongshu_server.usage.models import GrantRow


def ceilings(*, recorded: Recorded, by: Actor, at: datetime) -> None:
    agreement = Agreement.objects.get(pk=recorded.event.subject[1])
    for grant in queries.ceiling_grants(agreement, at=at):
        usage.issue(grant=grant, giver=agreement.implementing_body_id, by=by, at=at)


def grants(*, recorded: Recorded, by: Actor, at: datetime) -> None:
    scenario = Scenario.objects.get(pk=recorded.event.subject[1])
    for grant in queries.scenario_grants(scenario, at=at):
        usage.issue(grant=grant, giver=scenario.agreement.implementing_body_id, by=by, at=at)


def end(*, recorded: Recorded, by: Actor, at: datetime) -> None:
    case = recorded.event.details["case"]
    for row in GrantRow.objects.filter(case=case, revoked_at__isnull=True):
        usage.withdraw(row, reason=recorded.event.name, by=by, at=at)


EFFECTS = MappingProxyType(
    {
        "agreement.activated": (ceilings,),
        "agreement.terminated": (end,),
        "agreement.expired": (end,),
        "scenario.approved": (grants,),
        "scenario.ended": (end,),
    }
)
