"""Clocks of a case: started, paused, resumed and stopped by transitions; watched by one job."""

from __future__ import annotations

from datetime import datetime

from gongshu.procedures import procedure
from gongshu.workflow.limits import due
from gongshu.workflow.procedure import Procedure, Transition
from gongshu_server.cases.models import Case, Clock


def apply(case: Case, table: Procedure, transition: Transition, *, at: datetime) -> list[str]:
    """Stop, pause, resume and start clocks as the transition says; return the overdue codes.

    A resumed clock starts anew with what was left of its days; the pause does not count.
    """
    running = Clock.objects.filter(case=case, stopped_at__isnull=True)
    stopping = running.filter(limit__in=transition.stops)
    late = list(stopping.filter(due__lte=at, paused_at__isnull=True).values_list("limit", flat=True))
    stopping.update(stopped_at=at)
    running.filter(limit__in=transition.pauses, paused_at__isnull=True).update(paused_at=at)
    for clock in running.filter(limit__in=transition.resumes, paused_at__isnull=False):
        clock.due += at - clock.paused_at
        clock.paused_at = None
        clock.save(update_fields=["due", "paused_at"])
    for code in transition.starts:
        limit = table.limit(code)
        ends = due(limit, at)
        Clock.objects.create(
            case=case, limit=code, started_at=at, due=ends.at, provisional=ends.provisional
        )
    return late


def stop_all(case: Case, *, at: datetime) -> None:
    """Stop what still runs, because the case has ended."""
    Clock.objects.filter(case=case, stopped_at__isnull=True).update(stopped_at=at)


def recompute_provisional(*, at: datetime) -> int:
    """Recompute provisional dates once the holiday calendar is loaded; return how many changed."""
    changed = 0
    for clock in Clock.objects.filter(provisional=True, stopped_at__isnull=True, due__gt=at):
        table = procedure(Case.objects.get(pk=clock.case_id).procedure)
        ends = due(table.limit(clock.limit), clock.started_at)
        if (ends.at, ends.provisional) != (clock.due, clock.provisional):
            clock.due, clock.provisional = ends.at, ends.provisional
            clock.save(update_fields=["due", "provisional"])
            changed += 1
    return changed
