"""The engine: it opens a case of any procedure and advances it by the procedure's table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from gongshu.procedures import procedure
from gongshu.vocabulary.errors import Conflict, Invalid, InvalidTransition, NotFound, NotPermitted
from gongshu.workflow.procedure import Procedure, Transition
from gongshu_server.accounts.actors import NODE, Actor
from gongshu_server.accounts.models import Organisation
from gongshu_server.accounts.permissions import require
from gongshu_server.cases import clocks, documents, staleness, substeps
from gongshu_server.cases.documents import Paper
from gongshu_server.cases.models import Case, Number, Party, Step
from gongshu_server.cases.notices import notify_parties
from gongshu_server.journal.actions import journal
from gongshu_server.journal.ids import ulid
from gongshu_server.journal.recording import Event


def open_case(
    code: str,
    *,
    subject: tuple[str, str],
    title: str,
    handler: str,
    consulted: Iterable[str] = (),
    since: Mapping[str, datetime] | None = None,
    by: Actor,
    at: datetime,
) -> Case:
    """Open a case of the procedure in its initial state; the actor's organisation applies.

    `since` names limits that run from a fact before the case (a delivery), with its time. Opening
    records nothing by itself: the first transition does.
    """
    table = procedure(code)
    _known({handler, *consulted})
    case = Case.objects.create(
        id=ulid(at),
        number=_number(table, at),
        procedure=code,
        subject_kind=subject[0],
        subject_id=subject[1],
        title=title[:200],
        state=table.initial,
        opened_at=at,
        entered_at=at,
    )
    clocks.open_with(case, table, since, at=at)
    add_party(case, by.organisation, "applicant")
    add_party(case, handler, "handler")
    for organisation in consulted:
        add_party(case, organisation, "consulted")
    return case


def _known(organisations: set[str]) -> None:
    asked = organisations - {NODE, ""}
    if Organisation.objects.filter(pk__in=asked).count() != len(asked):
        raise NotFound("没有这个承办机构，请从机构名单中选择。", code="organisation_not_found")


def add_party(case: Case, organisation: str, part: str) -> None:
    """Let an organisation take part in the case; the node itself is not an organisation row."""
    if organisation and organisation != NODE:
        Party.objects.get_or_create(case=case, organisation_id=organisation, part=part)


def _number(table: Procedure, at: datetime) -> str:
    year = at.year
    series, _ = Number.objects.select_for_update().get_or_create(procedure=table.code, year=year)
    series.last += 1
    series.save(update_fields=["last"])
    return f"{table.zh}〔{year}〕{series.last}号"


def locked(case_id: str, *, by: Actor) -> Case:
    """Return the case, locked; NotFound when it does not exist or the actor may not see it.

    Raises Stale when the caller's door said which version they saw and it is no longer so.
    """
    case = Case.objects.visible_to(by).locked().filter(pk=case_id).first()
    if case is None:
        raise NotFound("没有这个办件，或您所在机构不是办件的当事方。", code="case_not_found")
    staleness.verify(case)
    return case


def advance(
    case: Case,
    name: str,
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    papers: Iterable[Paper] = (),
    details: Mapping[str, Any] | None = None,
) -> Step:
    """Take one step of the case: check, change state, run clocks, file papers, journal, notify.

    Raises InvalidTransition when the state does not allow the step, NotPermitted when the step is
    another role's or another organisation's, Invalid listing everything that is missing at once.
    """
    table = procedure(case.procedure)
    transition = table.follow(case.state, name)
    require(by, transition.permission, clause=transition.clause)
    require_party(case, by, wanting=transition.zh, clause=transition.clause)
    _in_order(case, table, transition)
    clocks.in_time(case, table, transition, at=at)
    filed = documents.file(case, papers, by=by, at=at)
    _complete(case, table, transition, reason=reason)
    substeps.require_done(case, transition, by=by)
    source, case.state = case.state, transition.target
    if source != case.state:
        case.entered_at = at
    late = clocks.apply(case, table, transition, at=at)
    if case.state in table.terminal:
        case.closed_at = at
        clocks.stop_all(case, table, at=at)
    case.save(update_fields=["state", "entered_at", "closed_at"])
    said = {"reason": reason, "documents": filed, "late": late, **(details or {})}
    step = _record(case, transition, source, said, by=by, at=at)
    text = f"{case.title}：{transition.zh}，现为“{table.states[case.state]}”。"
    notify_parties(case, text=text, but=by.organisation, at=at)
    return step


def _record(
    case: Case,
    transition: Transition,
    source: str,
    said: Mapping[str, Any],
    *,
    by: Actor,
    at: datetime,
) -> Step:
    """Journal the step and put it on the timeline."""
    details = {
        "case": case.pk,
        "number": case.number,
        "transition": transition.name,
        "from": source,
        "to": case.state,
        **said,
    }
    event = Event(
        transition.event, (case.subject_kind, case.subject_id), transition.clause, details
    )
    recorded = journal(event, by=by, at=at)
    return Step.objects.create(
        case=case,
        transition=transition.name,
        source=source,
        target=case.state,
        at=recorded.at,
        actor=by.text_id,
        organisation=by.organisation,
        clause=transition.clause,
        reason=said["reason"],
        documents=said["documents"],
        entry=recorded.entry,
    )


def _in_order(case: Case, table: Procedure, transition: Transition) -> None:
    """Refuse a step that others must precede in this stay, or that is taken once in it."""
    stay = Step.objects.filter(case=case, at__gte=case.entered_at, source=case.state)
    taken = set(stay.values_list("transition", flat=True))
    missing = [table.transition(name).zh for name in transition.requires if name not in taken]
    if missing:
        raise InvalidTransition(
            f"须先办理：{'、'.join(missing)}。", code="step_missing", clause=transition.clause
        )
    if transition.once and transition.name in taken:
        raise Conflict(f"“{transition.zh}”已经办过。", code="step_taken", clause=transition.clause)


def require_party(case: Case, by: Actor, *, wanting: str, clause: str | None = None) -> None:
    """Raise NotPermitted unless the actor's organisation takes part; supervisors only look on."""
    if "system" in by.duties:
        return
    if not Party.objects.filter(case=case, organisation_id=by.organisation).exists():
        raise NotPermitted(
            f"“{wanting}”只能由本办件的当事机构办理，监督机构只能查看。",
            code="not_a_party",
            clause=clause,
        )


def _complete(case: Case, table: Procedure, transition: Transition, *, reason: str) -> None:
    present = documents.kinds_present(case)
    missing = [kind for kind in transition.documents if kind not in present]
    faults = [f"缺少材料：{table.documents[kind].zh}" for kind in missing]
    if transition.reason_required and not reason.strip():
        faults.append(f"“{transition.zh}”必须写明理由")
    if faults:
        raise Invalid(
            "；".join(faults) + "。请一次补齐后再办理。",
            code="incomplete",
            clause=transition.clause,
            details=tuple(missing),
        )
