"""How much an organisation has under way: open cases and limits run out, by procedure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef

from gongshu.procedures import all_procedures
from gongshu.vocabulary.permissions import PERMISSIONS
from gongshu.workflow.limits import Limit
from gongshu.workflow.procedure import Procedure, Transition
from gongshu_server.accounts.actors import Actor
from gongshu_server.cases.models import Case, Clock, Party


@dataclass(frozen=True, slots=True)
class Duty:
    """One procedure in which the organisation has steps of its own, with what is under way."""

    procedure: Procedure
    steps: tuple[Transition, ...]
    limits: tuple[Limit, ...]
    open: int
    overdue: int


def duties(*, by: Actor, at: datetime) -> list[Duty]:
    """Return what the organisation's roles oblige it to, from the procedures, with two counts each.

    Two queries. Steps that only the platform takes are nobody's duty.
    """
    party = Party.objects.filter(case=OuterRef("pk"), organisation_id=by.organisation)
    cases = Case.objects.filter(Exists(party), closed_at__isnull=True)
    waiting = cases.order_by().values("procedure").annotate(n=Count("pk"))
    open_ = dict(waiting.values_list("procedure", "n"))
    running = Clock.objects.filter(case__in=cases, stopped_at__isnull=True, paused_at__isnull=True)
    late = running.filter(due__lte=at).order_by().values("case__procedure")
    counted = late.annotate(n=Count("case", distinct=True))
    overdue = dict(counted.values_list("case__procedure", "n"))
    found = []
    for table in all_procedures():
        steps = tuple(t for t in table.transitions if _ours(t, by))
        named = {code for step in steps for code in step.stops}
        limits = tuple(limit for limit in table.limits if limit.code in named)
        if steps:
            count = open_.get(table.code, 0), overdue.get(table.code, 0)
            found.append(Duty(table, steps, limits, *count))
    return found


def _ours(step: Transition, by: Actor) -> bool:
    # "node" alone takes the steps of the platform; everybody may object, which is no duty.
    roles = PERMISSIONS[step.permission].organisation_roles
    return bool(roles & by.roles) and len(roles) < 8
