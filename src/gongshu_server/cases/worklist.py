"""What waits for whom: the cases in which it is a reader's turn, the nearest limit first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import DateTimeField, Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from gongshu.procedures import all_procedures, procedure
from gongshu.workflow.procedure import Transition
from gongshu_server.accounts.actors import Actor
from gongshu_server.cases.models import Case, Clock, Party, Step
from gongshu_server.cases.queries import ClockView, clock_view

# The end of no limit: beyond every other.
NEVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row of the inbox: the case, what the reader may do, and the limit that runs out first."""

    case: Case
    procedure: str
    state: str
    steps: tuple[Transition, ...]
    clock: ClockView | None
    sender: str


def mine(*, by: Actor) -> QuerySet[Case]:
    """Return the open cases in which it is the actor's turn (not those it may only end at will)."""
    wanted = Q(pk__in=[])
    for table in all_procedures():
        for transition in table.transitions:
            states = set(transition.source) - set(transition.at_will)
            if states and by.may(transition.permission):
                wanted |= Q(procedure=table.code, state__in=states) & _not_taken(transition, by)
    party = Party.objects.filter(case=OuterRef("pk"), organisation_id=by.organisation)
    return Case.objects.filter(wanted, Exists(party), closed_at__isnull=True)


def _not_taken(transition: Transition, by: Actor) -> Q:
    """Return which cases a step still waits in: one that changes no state, until it was taken."""
    if transition.target not in transition.source:
        return Q()
    taken = Step.objects.filter(
        case=OuterRef("pk"),
        transition=transition.name,
        organisation=by.organisation,
        at__gte=OuterRef("entered_at"),
    )
    return ~Q(Exists(taken))


def awaiting(*, by: Actor, at: datetime, overdue: bool = False) -> QuerySet[Case]:
    """Return the cases that wait for the actor, with the end of the nearest limit as `due`.

    A case without a running limit has an end beyond every other.
    """
    running = Clock.objects.filter(case=OuterRef("pk"), stopped_at__isnull=True, paused_at=None)
    due = Subquery(running.order_by("due").values("due")[:1])
    rows = mine(by=by)
    if overdue:
        rows = rows.annotate(nearest=due).filter(nearest__lte=at)
    return rows.annotate(due=Coalesce(due, Value(NEVER, output_field=DateTimeField())))


def waiting_views(shown: Sequence[Case], *, by: Actor, at: datetime) -> list[Waiting]:
    """Return what is to be done in each case, with its nearest limit and who sent it."""
    nearest: dict[str, ClockView] = {}
    running = Clock.objects.filter(case__in=shown, stopped_at__isnull=True).order_by("-due")
    procedures = {row.pk: procedure(row.procedure) for row in shown}
    for clock in running:
        nearest[clock.case_id] = clock_view(clock, procedures[clock.case_id], at)
    senders = Party.objects.filter(case__in=shown, part="applicant").select_related("organisation")
    names = {party.case_id: party.organisation.short_name for party in senders}
    return [
        Waiting(
            case=row,
            procedure=procedures[row.pk].zh,
            state=procedures[row.pk].states[row.state],
            steps=tuple(t for t in procedures[row.pk].awaited(row.state) if by.may(t.permission)),
            clock=nearest.get(row.pk),
            sender=names.get(row.pk, ""),
        )
        for row in shown
    ]
