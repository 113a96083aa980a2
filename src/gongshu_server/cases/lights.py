"""The lights of running limits: at 50, 80 and 100 % those concerned are told, once each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gongshu.procedures import procedure
from gongshu.vocabulary.permissions import PERMISSIONS
from gongshu.workflow.limits import SHANGHAI, Light, Limit, light
from gongshu.workflow.procedure import Procedure
from gongshu_server.accounts.actors import NODE, Actor
from gongshu_server.accounts.models import OrganisationRole
from gongshu_server.accounts.permissions import require
from gongshu_server.cases import clocks
from gongshu_server.cases.models import Case, Clock, Party
from gongshu_server.cases.notices import notify
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.recording import Event

AT_ONCE = 200
_SAID: Mapping[Light, str] = {
    Light.half: "“{zh}”已用去一半，{day}到期",
    Light.late: "“{zh}”已用去八成，{day}到期，请尽快办理",
    Light.overdue: "“{zh}”已逾期，请立即办理并说明原因",
}
_ENDED = "“{zh}”已届满，可以办理下一环节"


@action
def note_lights(*, by: Actor, at: datetime) -> int:
    """Record each light that a running limit has reached since the last look, once, and tell.

    The earlier lights are told to those whose step stops the limit; that it has run out is told to
    every party. After a standstill only the last light of a limit counts.
    """
    require(by, "job.run")
    clocks.recompute_provisional(at=at)
    running = Clock.objects.filter(stopped_at__isnull=True, paused_at__isnull=True)
    lit = running.filter(light_at__lte=at).select_for_update(of=("self",))
    rows = list(lit.select_related("case").order_by("light_at", "id")[:AT_ONCE])
    parties = Parties.of([row.case_id for row in rows])
    for row in rows:
        _note(row, parties, by=by, at=at)
    return len(rows)


def _note(row: Clock, parties: Parties, *, by: Actor, at: datetime) -> None:
    table = procedure(row.case.procedure)
    limit = table.limit(row.limit)
    now = light(row.started_at, row.due, at)
    row.light = str(now)
    row.light_at = clocks.light_ahead(
        limit, table, since=row.started_at, until=row.due, noted=row.light
    )
    row.save(update_fields=["light", "light_at"])
    ended = clocks.awaited(limit, table)
    names = {Light.overdue: "case.overdue"} if not ended else {Light.overdue: "case.period_ended"}
    details = {"case": row.case_id, "limit": row.limit, "due": row.due.isoformat()}
    subject = (row.case.subject_kind, row.case.subject_id)
    event = Event(names.get(now, "case.light"), subject, limit.clause, details | {"light": now})
    journal(event, by=by, at=at)
    day = f"{row.due.astimezone(SHANGHAI):%Y年%m月%d日}"
    text = (_ENDED if ended else _SAID[now]).format(zh=limit.zh, day=day)
    told = parties.everybody(row.case_id)
    if now is not Light.overdue:
        told = parties.bound_by(row.case, table, limit) or told
    notify(told, case=row.case, text=f"{row.case.title}：{text}。", at=at)


@dataclass(frozen=True, slots=True)
class Parties:
    """Who takes part in some cases, and in which roles: two queries however many cases."""

    of_case: Mapping[str, tuple[str, ...]]
    roles: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, cases: Collection[str]) -> Parties:
        """Return the parties of the cases with the roles that they hold."""
        of_case: dict[str, tuple[str, ...]] = {}
        pairs = Party.objects.filter(case_id__in=cases).order_by("id")
        for case, organisation in pairs.values_list("case_id", "organisation_id"):
            of_case[case] = (*of_case.get(case, ()), organisation)
        roles: dict[str, frozenset[str]] = {NODE: frozenset({NODE})}
        organisations = {one for some in of_case.values() for one in some}
        held = OrganisationRole.objects.filter(
            organisation_id__in=organisations, valid_until__isnull=True
        )
        for organisation, role in held.values_list("organisation_id", "role"):
            roles[organisation] = roles.get(organisation, frozenset()) | {role}
        return cls(of_case, roles)

    def everybody(self, case: str) -> Sequence[str]:
        """Return all parties of the case."""
        return self.of_case.get(case, ())

    def bound_by(self, case: Case, table: Procedure, limit: Limit) -> Sequence[str]:
        """Return the parties whose step, open in the case's state, stops the limit."""
        steps = [t for t in table.available(case.state) if limit.code in t.stops]
        return self._able(case, [t.permission for t in steps])

    def next_in(self, case: Case, table: Procedure) -> Sequence[str]:
        """Return the parties that may take a step which leads on from the case's state."""
        return self._able(case, [t.permission for t in table.available(case.state)])

    def _able(self, case: Case, permissions: Collection[str]) -> Sequence[str]:
        wanted = frozenset[str]().union(*(PERMISSIONS[p].organisation_roles for p in permissions))
        parties = dict.fromkeys(self.everybody(case.pk))
        return [one for one in parties if not wanted.isdisjoint(self.roles.get(one, ()))]
