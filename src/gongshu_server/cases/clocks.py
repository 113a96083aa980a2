"""Clocks of a case: started, paused, resumed and stopped by transitions; watched by one job."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time

from gongshu.procedures import procedure
from gongshu.vocabulary.errors import InvalidTransition
from gongshu.workflow.calendar import ONE_DAY, add_working_days
from gongshu.workflow.limits import SHANGHAI, Due, Light, Limit, Unit, due, working_days_between
from gongshu.workflow.procedure import Procedure, Transition
from gongshu_server.cases.models import Case, Clock

# The lights of a limit, and the share of it that is used up when each comes on.
SHARES: Mapping[Light, float] = {Light.half: 0.5, Light.late: 0.8, Light.overdue: 1.0}


def open_with(
    case: Case, table: Procedure, since: Mapping[str, datetime] | None, *, at: datetime
) -> None:
    """Start the limits that already run when the case is opened, from the fact they rest on.

    Raises KeyError for a limit that the procedure does not open with.
    """
    for code, start in (since or {}).items():
        if code not in table.opens:
            raise KeyError(code)
        _start(case, table, code, at=min(start, at))


def _start(case: Case, table: Procedure, code: str, *, at: datetime) -> None:
    limit = table.limit(code)
    ends = due(limit, at)
    Clock.objects.create(
        case=case,
        limit=code,
        started_at=at,
        due=ends.at,
        provisional=ends.provisional,
        light_at=light_ahead(limit, table, since=at, until=ends.at),
    )


def light_ahead(
    limit: Limit, table: Procedure, *, since: datetime, until: datetime, noted: str = ""
) -> datetime | None:
    """Return when the light after the one `noted` comes on; None after the last.

    A period that must run out before a step, and a standing limit, hurry nobody: they are only
    noted when they end.
    """
    shares = {str(light): share for light, share in SHARES.items()}
    if limit.standing or awaited(limit, table):
        shares = {str(Light.overdue): 1.0}
    past = SHARES[Light(noted)] if noted else 0.0
    ahead = [share for share in shares.values() if share > past]
    return since + (until - since) * ahead[0] if ahead else None


def awaited(limit: Limit, table: Procedure) -> bool:
    """Tell whether the limit is a period that must have run out before a step is taken."""
    return any(limit.code in transition.after for transition in table.transitions)


def in_time(case: Case, table: Procedure, transition: Transition, *, at: datetime) -> None:
    """Refuse a step that comes before a period has run out, or after one that bounds it.

    Raises InvalidTransition naming the limit and the day.
    """
    named = {*transition.after, *transition.within}
    for clock in Clock.objects.filter(case=case, stopped_at__isnull=True, limit__in=named):
        limit = table.limit(clock.limit)
        day = f"{clock.due.astimezone(SHANGHAI):%Y年%m月%d日}"
        if clock.limit in transition.after and at < clock.due:
            raise InvalidTransition(
                f"“{limit.zh}”要到{day}零时届满，此前不能“{transition.zh}”。",
                code="too_early",
                clause=limit.clause,
            )
        if clock.limit in transition.within and at >= clock.due:
            raise InvalidTransition(
                f"“{limit.zh}”已于{day}零时届满，不能再“{transition.zh}”。",
                code="too_late",
                clause=limit.clause,
            )


def apply(case: Case, table: Procedure, transition: Transition, *, at: datetime) -> list[str]:
    """Stop, pause, resume and start clocks as the transition says; return the overdue codes."""
    running = Clock.objects.filter(case=case, stopped_at__isnull=True)
    stopping = running.filter(limit__in=transition.stops)
    kept = set(transition.after)
    late = [
        clock.limit
        for clock in stopping.filter(due__lte=at, paused_at__isnull=True)
        if clock.limit not in kept
    ]
    stopping.update(stopped_at=at)
    running.filter(limit__in=transition.pauses, paused_at__isnull=True).update(paused_at=at)
    for clock in running.filter(limit__in=transition.resumes, paused_at__isnull=False):
        _resume(clock, table.limit(clock.limit), at=at)
        _look_ahead(clock, table)
        clock.save(update_fields=["light_at"])
    for code in transition.starts:
        _start(case, table, code, at=at)
    return late


def _resume(clock: Clock, limit: Limit, *, at: datetime) -> None:
    """Let a paused clock go on with what was left of it, counted in the limit's own unit.

    The day of the pause is used up, the day of the resumption is not counted: so the date does not
    move when both are one day. What was overdue before the pause stays overdue.
    """
    paused = clock.paused_at or at
    clock.paused_at = None
    if paused < clock.due:
        if limit.unit is Unit.working_day:
            clock.used += _working_days(clock, limit, until=paused)
            clock.resumed_at = at
            ends = _ends(clock, limit)
            clock.due, clock.provisional = ends.at, ends.provisional
        elif limit.unit is Unit.hour:
            clock.due += at - paused
        else:
            clock.due += at.astimezone(SHANGHAI).date() - paused.astimezone(SHANGHAI).date()
    clock.save(update_fields=["due", "provisional", "paused_at", "resumed_at", "used"])


def _look_ahead(clock: Clock, table: Procedure) -> None:
    """Set when the next light comes on, for the end that the clock has now."""
    clock.light_at = light_ahead(
        table.limit(clock.limit),
        table,
        since=clock.started_at,
        until=clock.due,
        noted=clock.light,
    )


def _working_days(clock: Clock, limit: Limit, *, until: datetime) -> int:
    """Return the working days that the clock has used up since it began or was resumed."""
    since = (clock.resumed_at or clock.started_at).astimezone(SHANGHAI).date()
    if clock.resumed_at is None and limit.starts == "same_instant":
        since -= ONE_DAY
    return working_days_between(since, until.astimezone(SHANGHAI).date())[0]


def _ends(clock: Clock, limit: Limit) -> Due:
    """Return when the clock runs out, by the calendar as it is known now."""
    if clock.resumed_at is None:
        return due(limit, clock.started_at)
    resumed = clock.resumed_at.astimezone(SHANGHAI).date()
    last, provisional = add_working_days(resumed, max(0, limit.amount - clock.used))
    return Due(datetime.combine(last + ONE_DAY, time(), SHANGHAI), provisional)


def stop_all(case: Case, table: Procedure, *, at: datetime) -> None:
    """Stop what still runs because the case has ended; standing limits (a validity) run on."""
    standing = [limit.code for limit in table.limits if limit.standing]
    running = Clock.objects.filter(case=case, stopped_at__isnull=True)
    running.exclude(limit__in=standing).update(stopped_at=at)


def recompute_provisional(*, at: datetime) -> int:
    """Recompute provisional dates once the holiday calendar is loaded; return how many changed."""
    changed = 0
    waiting = Clock.objects.filter(provisional=True, stopped_at__isnull=True, due__gt=at)
    for clock in waiting.select_related("case"):
        table = procedure(clock.case.procedure)
        ends = _ends(clock, table.limit(clock.limit))
        if (ends.at, ends.provisional) != (clock.due, clock.provisional):
            clock.due, clock.provisional = ends.at, ends.provisional
            _look_ahead(clock, table)
            clock.save(update_fields=["due", "provisional", "light_at"])
            changed += 1
    return changed
